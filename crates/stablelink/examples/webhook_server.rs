//! Receives webhooks: verifies each delivery and handles each event once.
//!
//!     cargo run -p stablelink --example webhook_server --features axum
//!
//! It delivers two events to itself, one of them twice, and exits. In production, nest the router at the path of the URL in the
//! dashboard, behind TLS.
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use secrecy::SecretString;
use stablelink::SystemClock;
use stablelink::testing::TestDelivery;
use stablelink::webhook::{
    EventPayload, MemoryDeduplicator, WebhookEvent, WebhookVerifier, axum::router,
};

#[tokio::main]
async fn main() -> support::Outcome {
    let sign_key = SecretString::from("from the dashboard");

    // For a single process. Several processes share a `RedisDeduplicator`.
    let deduplicator = Arc::new(MemoryDeduplicator::new(Arc::new(SystemClock::default())));
    let verifier = WebhookVerifier::new(&sign_key)?;
    let app = Router::new().nest(
        "/webhooks/stablelink",
        router(verifier, deduplicator, handle),
    );

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}/webhooks/stablelink", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, app).await });
    println!("listening at {address}");

    // A proxy in the environment variables cannot reach this address.
    let http = reqwest::Client::builder().no_proxy().build()?;
    for (id, amount) in [("evt_1", "818.89"), ("evt_2", "0.50"), ("evt_1", "818.89")] {
        let delivery = TestDelivery::new("ABNORMAL_PAYMENT")
            .id(id)
            .data(format!(r#"{{"orderNo":"7","amount":"{amount}"}}"#))
            .signed(&sign_key, SystemTime::now())?;
        let response = http
            .post(&address)
            .headers(delivery.headers)
            .body(delivery.body)
            .send()
            .await?;
        println!("{id}: responded {}", response.status());
    }
    Ok(())
}

/// Runs once for each event. After an error the gateway delivers the event again.
async fn handle(event: WebhookEvent) -> support::Outcome {
    match event.payload()? {
        EventPayload::AbnormalPayment(payment) => println!(
            "{}: abnormal payment of {} for order {}",
            event.id().unwrap_or("?"),
            payment
                .amount
                .map_or_else(String::new, |amount| amount.to_string()),
            payment.order_no.as_deref().unwrap_or("?"),
        ),
        // The gateway may add event types.
        _ => println!("{}: {:?}", event.id().unwrap_or("?"), event.event_type()),
    }
    Ok(())
}
