//! A webhook receiver: the library's axum router on a loopback port.

use std::sync::{Arc, Mutex};

use secrecy::ExposeSecret as _;
use stablelink::webhook::axum::{DeliveryReceiver, router};
use stablelink::webhook::{MemoryDeduplicator, WebhookEvent, WebhookVerifier};
use tokio::net::TcpListener;

use crate::test_env::TestEnv;

/// Collects the events that were verified and handled.
#[derive(Clone, Default)]
pub(crate) struct WebhookReceiver {
    events: Arc<Mutex<Vec<WebhookEvent>>>,
    /// Number of handler calls that still have to fail.
    failures: Arc<Mutex<usize>>,
}

impl WebhookReceiver {
    /// Starts a receiver and registers it with the sandbox.
    pub(crate) async fn start(env: &TestEnv) -> Self {
        let receiver = Self::default();
        let key = env
            .sandbox
            .credentials()
            .sign_key()
            .expose_secret()
            .to_owned();
        let axum_receiver = DeliveryReceiver::new(WebhookVerifier::new(&key.into()).unwrap());
        let axum_receiver = axum_receiver.clock(Arc::new(env.clock.clone()));
        let handler = {
            let receiver = receiver.clone();
            move |event: WebhookEvent| {
                let receiver = receiver.clone();
                async move {
                    if receiver.should_fail() {
                        return Err("the test makes this handler fail");
                    }
                    receiver.events.lock().unwrap().push(event);
                    Ok(())
                }
            }
        };
        let app = router(
            axum_receiver,
            Arc::new(MemoryDeduplicator::default()),
            handler,
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        env.sandbox.set_webhook_url(&url).unwrap();
        receiver
    }

    /// Makes the next `times` handler calls fail.
    pub(crate) fn fail_next(&self, times: usize) {
        *self.failures.lock().unwrap() += times;
    }

    fn should_fail(&self) -> bool {
        let mut remaining = self.failures.lock().unwrap();
        let fails = *remaining > 0;
        *remaining -= usize::from(fails);
        fails
    }

    /// Waits until no delivery is pending, and returns the events handled since the last call.
    pub(crate) async fn take_events(&self, env: &TestEnv) -> Vec<WebhookEvent> {
        env.sandbox.wait_for_deliveries().await;
        std::mem::take(&mut *self.events.lock().unwrap())
    }
}
