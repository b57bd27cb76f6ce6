//! Receives webhooks: checked before they are read, each event handled once.
//!
//!     cargo run -p stablelink --example webhook_server --features axum
//!
//! It delivers two events to itself, one of them twice, and ends. In earnest, nest the router where the URL in the dashboard
//! points to, behind TLS.
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

    // One process. Several share a RedisDeduplicator.
    let guard = Arc::new(MemoryDeduplicator::new(Arc::new(SystemClock::default())));
    let webhooks = WebhookVerifier::new(&sign_key)?;
    let app = Router::new().nest("/webhooks/stablelink", router(webhooks, guard, handle));

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}/webhooks/stablelink", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, app).await });
    println!("listening at {address}");

    // A proxy of the environment does not know this address.
    let http = reqwest::Client::builder().no_proxy().build()?;
    for (id, amount) in [("evt_1", "818.89"), ("evt_2", "0.50"), ("evt_1", "818.89")] {
        let delivery = TestDelivery::new("ABNORMAL_PAYMENT")
            .id(id)
            .data(format!(r#"{{"orderNo":"7","amount":"{amount}"}}"#))
            .signed(&sign_key, SystemTime::now())?;
        let answer = http
            .post(&address)
            .headers(delivery.headers)
            .body(delivery.body)
            .send()
            .await?;
        println!("{id}: answered {}", answer.status());
    }
    Ok(())
}

/// Runs once for each event. An error gives the event back: the gateway delivers it again.
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
        // New kinds come without notice.
        _ => println!("{}: {:?}", event.id().unwrap_or("?"), event.event_type()),
    }
    Ok(())
}
