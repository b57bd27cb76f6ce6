//! A receiver of webhooks: the client's own router, on a port of its own.

use std::sync::{Arc, Mutex};

use secrecy::ExposeSecret as _;
use stablelink::webhook::axum::{WebhookReceiver, router};
use stablelink::webhook::{MemoryDeduplicator, WebhookEvent, WebhookVerifier};
use tokio::net::TcpListener;

use crate::stage::Stage;

/// What was received, verified and handled.
#[derive(Clone, Default)]
pub(crate) struct Inbox {
    events: Arc<Mutex<Vec<WebhookEvent>>>,
    /// How many handlers are to fail.
    failures: Arc<Mutex<usize>>,
}

impl Inbox {
    /// Registers one with the gateway.
    pub(crate) async fn of(stage: &Stage) -> Self {
        let inbox = Self::default();
        let key = stage
            .sandbox
            .credentials()
            .sign_key()
            .expose_secret()
            .to_owned();
        let receiver = WebhookReceiver::new(WebhookVerifier::new(&key.into()).unwrap());
        let receiver = receiver.clock(Arc::new(stage.clock.clone()));
        let handler = {
            let inbox = inbox.clone();
            move |event: WebhookEvent| {
                let inbox = inbox.clone();
                async move {
                    if inbox.fails() {
                        return Err("it was told to fail");
                    }
                    inbox.events.lock().unwrap().push(event);
                    Ok(())
                }
            }
        };
        let app = router(receiver, Arc::new(MemoryDeduplicator::default()), handler);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        stage.sandbox.webhook_url(&url).unwrap();
        inbox
    }

    /// Lets the next handlers fail.
    pub(crate) fn fail(&self, times: usize) {
        *self.failures.lock().unwrap() += times;
    }

    fn fails(&self) -> bool {
        let mut left = self.failures.lock().unwrap();
        let fails = *left > 0;
        *left -= usize::from(fails);
        fails
    }

    /// What was handled since the last time, once nothing is due any more.
    pub(crate) async fn take(&self, stage: &Stage) -> Vec<WebhookEvent> {
        stage.sandbox.deliveries_done().await;
        std::mem::take(&mut *self.events.lock().unwrap())
    }
}
