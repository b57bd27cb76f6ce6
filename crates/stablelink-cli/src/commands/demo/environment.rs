//! The environment of the demo: a local sandbox, a client, and a webhook receiver.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use secrecy::ExposeSecret;
use stablelink::webhook::axum::{DeliveryReceiver, router};
use stablelink::webhook::{MemoryDeduplicator, WebhookEvent, WebhookVerifier};
use stablelink::{Client, Credentials, Environment};
use stablelink_sandbox::{Delivery, Sandbox};
use tokio::net::TcpListener;

use crate::commands::webhook::TIMEOUT;
use crate::error::{CliError, root_cause};
use crate::http_server;
use crate::settings::NetworkSettings;

/// The sandbox, the client, and the events that the webhook receiver received.
pub(super) struct DemoEnvironment {
    pub(super) sandbox: Sandbox,
    pub(super) client: Client,
    pub(super) verifier: WebhookVerifier,
    receiver_url: String,
    /// The events that the handler of the receiver received.
    events: Arc<Mutex<Vec<WebhookEvent>>>,
    http: reqwest::Client,
}

/// A delivery of the sandbox: the headers and the body that were sent.
#[derive(Clone)]
pub(super) struct CapturedDelivery {
    pub(super) event: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl CapturedDelivery {
    /// Captures the last attempt of a delivery. Returns `None` if there was none.
    pub(super) fn of(delivery: &Delivery) -> Option<Self> {
        let attempt = delivery.attempts.last()?;
        let mut headers = HeaderMap::new();
        headers.insert("TIMESTAMP", HeaderValue::from_str(&attempt.timestamp).ok()?);
        headers.insert("SIGNATURE", HeaderValue::from_str(&attempt.signature).ok()?);
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        Some(Self {
            event: delivery.event.clone(),
            headers,
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
        let verifier = WebhookVerifier::from_credentials(&credentials)?;
        let events = Arc::default();
        let receiver_url = start_receiver(verifier.clone(), &events).await?;
        let url_set = sandbox.set_webhook_url(&receiver_url);
        url_set.map_err(sandbox_error)?;
        Ok(Self {
            sandbox,
            client,
            verifier,
            receiver_url,
            events,
            http: NetworkSettings::default().http_client(TIMEOUT)?,
        })
    }

    /// Returns the events that the handler of the receiver received.
    pub(super) fn events(&self) -> Vec<WebhookEvent> {
        let events = self.events.lock();
        events.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends a captured delivery to the receiver again and returns the status of the response.
    pub(super) async fn replay(&self, delivery: &CapturedDelivery) -> Result<u16, CliError> {
        let request = self.http.post(&self.receiver_url);
        let request = request.headers(delivery.headers.clone());
        let response = request.body(delivery.body.clone()).send().await;
        let response = response.map_err(|error| {
            let cause = root_cause(&error);
            CliError::other(format!("sending the delivery failed: {cause}"))
        })?;
        Ok(response.status().as_u16())
    }
}

/// Starts a webhook receiver whose handler collects the events. Returns its URL.
async fn start_receiver(
    verifier: WebhookVerifier,
    events: &Arc<Mutex<Vec<WebhookEvent>>>,
) -> Result<String, CliError> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    let url = format!("http://{}/", listener.local_addr()?);
    let (receiver, deduplicator) = (DeliveryReceiver::new(verifier), Arc::default());
    let events = Arc::clone(events);
    let routes = router::<MemoryDeduplicator, _, _, _>(receiver, deduplicator, move |event| {
        let events = Arc::clone(&events);
        async move {
            let mut events = events.lock().unwrap_or_else(PoisonError::into_inner);
            events.push(event);
            Ok::<(), Infallible>(())
        }
    });
    tokio::spawn(http_server::serve(
        listener,
        routes,
        std::future::pending::<()>(),
    ));
    Ok(url)
}

/// Converts an error of the sandbox.
pub(super) fn sandbox_error(error: impl std::fmt::Display) -> CliError {
    CliError::other(error.to_string())
}
