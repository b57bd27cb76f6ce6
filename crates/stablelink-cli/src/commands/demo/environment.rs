//! The environment of the demo: a local sandbox, a client, and webhook receivers.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header;
use secrecy::ExposeSecret;
use stablelink::testing::ManualClock;
use stablelink::webhook::axum::{DeliveryReceiver, router};
use stablelink::webhook::{MemoryDeduplicator, WebhookEvent, WebhookVerifier};
use stablelink::{Client, Credentials, Environment};
use stablelink_sandbox::{Delivery, Sandbox};
use tokio::net::TcpListener;

use super::sandbox_error;
use crate::commands::webhook::TIMEOUT;
use crate::error::{CliError, root_cause};
use crate::http_server;
use crate::settings::NetworkSettings;

/// The sandbox and everything that talks to it.
pub(super) struct DemoEnvironment {
    pub(super) sandbox: Sandbox,
    pub(super) client: Client,
    pub(super) receiver: WebhookEndpoint,
    /// The same receiver with a clock that is three minutes ahead: it rejects deliveries as replays.
    pub(super) late_receiver: WebhookEndpoint,
    http: reqwest::Client,
}

/// A webhook receiver and the events that its handler received.
pub(super) struct WebhookEndpoint {
    url: String,
    events: Arc<Mutex<Vec<WebhookEvent>>>,
}

/// A delivery of the sandbox as it was sent.
#[derive(Clone)]
pub(super) struct CapturedDelivery {
    pub(super) event: String,
    headers: [(&'static str, String); 2],
    pub(super) body: Bytes,
}

impl CapturedDelivery {
    /// Captures the last attempt of a delivery. Returns `None` if there was none.
    pub(super) fn of(delivery: &Delivery) -> Option<Self> {
        let attempt = delivery.attempts.last()?;
        Some(Self {
            event: delivery.event.clone(),
            headers: [
                ("TIMESTAMP", attempt.timestamp.clone()),
                ("SIGNATURE", attempt.signature.clone()),
            ],
            body: delivery.body.clone(),
        })
    }
}

impl DemoEnvironment {
    pub(super) async fn start() -> Result<Self, CliError> {
        let sandbox = Sandbox::start().await.map_err(sandbox_error)?;
        let secrets = sandbox.credentials();
        let credentials = Credentials::new(
            secrets.api_key().expose_secret(),
            secrets.api_secret().expose_secret(),
            secrets.sign_key().expose_secret(),
        );
        let client = Client::builder()
            .environment(Environment::at(sandbox.url())?)
            .credentials(credentials.clone())
            .build()?;
        let receiver = DeliveryReceiver::new(WebhookVerifier::from_credentials(&credentials)?);
        let late_clock = ManualClock::new(SystemTime::now() + Duration::from_secs(180));
        let late_receiver = receiver.clone().clock(Arc::new(late_clock));
        let deduplicator = Arc::new(MemoryDeduplicator::default());
        let receiver = WebhookEndpoint::start(receiver, Arc::clone(&deduplicator)).await?;
        let late_receiver = WebhookEndpoint::start(late_receiver, deduplicator).await?;
        sandbox
            .set_webhook_url(&receiver.url)
            .map_err(sandbox_error)?;
        Ok(Self {
            sandbox,
            client,
            receiver,
            late_receiver,
            http: NetworkSettings::default().http_client(TIMEOUT)?,
        })
    }

    /// Sends a captured delivery and returns the status of the response.
    pub(super) async fn replay(
        &self,
        delivery: &CapturedDelivery,
        receiver: &WebhookEndpoint,
    ) -> Result<u16, CliError> {
        let mut request = self
            .http
            .post(&receiver.url)
            .header(header::CONTENT_TYPE, "application/json")
            .body(delivery.body.clone());
        for (name, value) in &delivery.headers {
            request = request.header(*name, value);
        }
        let response = request.send().await.map_err(|error| {
            CliError::other(format!(
                "sending the delivery failed: {}",
                root_cause(&error)
            ))
        })?;
        Ok(response.status().as_u16())
    }
}

impl WebhookEndpoint {
    async fn start(
        receiver: DeliveryReceiver,
        deduplicator: Arc<MemoryDeduplicator>,
    ) -> Result<Self, CliError> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let url = format!("http://{}/", listener.local_addr()?);
        let events: Arc<Mutex<Vec<WebhookEvent>>> = Arc::default();
        let handled = Arc::clone(&events);
        let routes = router(receiver, deduplicator, move |event| {
            let handled = Arc::clone(&handled);
            async move {
                let mut handled = handled.lock().unwrap_or_else(PoisonError::into_inner);
                handled.push(event);
                Ok::<(), Infallible>(())
            }
        });
        tokio::spawn(http_server::serve(
            listener,
            routes,
            std::future::pending::<()>(),
        ));
        Ok(Self { url, events })
    }

    pub(super) fn events(&self) -> Vec<WebhookEvent> {
        let events = self.events.lock();
        events.unwrap_or_else(PoisonError::into_inner).clone()
    }
}
