//! The HTTP interface of the shop: its pages and its receiver of webhooks.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use stablelink::webhook::axum::router as webhooks;
use stablelink::webhook::{RedisDeduplicator, WebhookVerifier};
use stablelink::{Credentials, Decimal, RedisConnection};

use super::shop::{Checkout, Shop};
use super::support::Outcome;

type HttpFailure = (StatusCode, &'static str);

pub fn router(shop: &Shop, credentials: &Credentials, redis: RedisConnection) -> Outcome<Router> {
    let handler = shop.clone();
    let webhooks = webhooks(
        // The events of the sandbox environment are not those of production.
        WebhookVerifier::from_credentials(credentials)?.scope(shop.environment.origin().as_str()),
        Arc::new(RedisDeduplicator::new(redis)),
        move |event| {
            let shop = handler.clone();
            async move { shop.on_event(event).await }
        },
    );
    Ok(Router::new()
        .route("/buy/{amount}", post(buy))
        .route("/orders/{number}", get(status))
        .with_state(shop.clone())
        .nest("/webhooks/stablelink", webhooks))
}

async fn buy(State(shop): State<Shop>, Path(amount): Path<String>) -> Result<String, HttpFailure> {
    let amount: Decimal = amount
        .parse()
        .map_err(|_| (StatusCode::BAD_REQUEST, "not an amount"))?;
    let (order_no, checkout) = shop.buy(amount).await.map_err(failed)?;
    Ok(format!("order {order_no}: {}", describe(checkout)))
}

/// Shows the page of an order, which a customer reloads after "please wait".
async fn status(
    State(shop): State<Shop>,
    Path(number): Path<String>,
) -> Result<String, HttpFailure> {
    let checkout = shop.checkout(&number).await.map_err(failed)?;
    checkout
        .map(describe)
        .ok_or((StatusCode::NOT_FOUND, "no such order"))
}

fn describe(checkout: Checkout) -> String {
    match checkout {
        Checkout::Pay(payment) => format!("pay {} to {}", payment.amount, payment.address),
        Checkout::Wait => "please wait".to_owned(),
        Checkout::Closed(status) => status,
    }
}

/// The reason stays in the log: it is not for the customer.
fn failed(error: Box<dyn std::error::Error + Send + Sync>) -> HttpFailure {
    eprintln!("{error}");
    let text = "this did not work; please try again later";
    (StatusCode::INTERNAL_SERVER_ERROR, text)
}
