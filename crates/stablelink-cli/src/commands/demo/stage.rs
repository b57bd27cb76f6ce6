//! What the walk goes through: a gateway, a client, and a receiver of webhooks.

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
use stablelink_sandbox::{Delivery, Sandbox, UnknownRecord};
use tokio::net::TcpListener;

use crate::commands::webhook::http;
use crate::failure::Failure;

/// What the walk goes through.
pub(super) struct Stage {
    pub(super) sandbox: Sandbox,
    pub(super) client: Client,
    pub(super) receiver: Post,
    /// The same receiver three minutes later: older deliveries are replays there.
    pub(super) receiver_later: Post,
    http: reqwest::Client,
}

/// A receiver of webhooks, and what its handler was given.
pub(super) struct Post {
    url: String,
    events: Arc<Mutex<Vec<WebhookEvent>>>,
}

/// A delivery of the gateway as it went over the wire.
#[derive(Clone)]
pub(super) struct Copy {
    pub(super) event: String,
    headers: [(&'static str, String); 2],
    pub(super) body: Bytes,
}

impl Copy {
    /// As its last attempt was sent, if there was one.
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

impl Stage {
    pub(super) async fn set() -> Result<Self, Failure> {
        let sandbox = Sandbox::start()
            .await
            .map_err(|error| Failure::other(error.to_string()))?;
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
        let later = ManualClock::new(SystemTime::now() + Duration::from_secs(180));
        let guard = Arc::new(MemoryDeduplicator::default());
        let stage = Self {
            sandbox,
            client,
            receiver: Post::open(receiver.clone(), Arc::clone(&guard)).await?,
            receiver_later: Post::open(receiver.clock(Arc::new(later)), guard).await?,
            http: http()?,
        };
        stage
            .sandbox
            .set_webhook_url(&stage.receiver.url)
            .map_err(|error| Failure::other(error.to_string()))?;
        Ok(stage)
    }

    /// Carries a delivery by hand, and gives the status of the answer.
    pub(super) async fn carry(&self, delivery: &Copy, to: &Post) -> Result<u16, Failure> {
        let mut request = self
            .http
            .post(&to.url)
            .header(header::CONTENT_TYPE, "application/json")
            .body(delivery.body.clone());
        for (name, value) in &delivery.headers {
            request = request.header(*name, value);
        }
        let answer = request.send().await.map_err(|error| {
            Failure::other(format!("the delivery did not come through: {error}"))
        })?;
        Ok(answer.status().as_u16())
    }
}

impl Post {
    async fn open(
        receiver: DeliveryReceiver,
        guard: Arc<MemoryDeduplicator>,
    ) -> Result<Self, Failure> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let url = format!("http://{}/", listener.local_addr()?);
        let events: Arc<Mutex<Vec<WebhookEvent>>> = Arc::default();
        let told = Arc::clone(&events);
        let routes = router(receiver, guard, move |event| {
            let told = Arc::clone(&told);
            async move {
                told.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(event);
                Ok::<(), std::convert::Infallible>(())
            }
        });
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(Self { url, events })
    }

    pub(super) fn events(&self) -> Vec<WebhookEvent> {
        self.events
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// What the world outside did to a record.
pub(super) fn moved(outcome: Result<(), UnknownRecord>) -> Result<(), Failure> {
    outcome.map_err(|error| Failure::other(error.to_string()))
}
