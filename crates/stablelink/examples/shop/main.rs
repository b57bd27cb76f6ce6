//! A web shop that survives crashes, lost responses and repeated webhooks: it takes a payment, marks it paid once, refunds and
//! pays out.
//!
//!     redis-server --port 6399 --save "" &
//!     STABLELINK_REDIS=redis://127.0.0.1:6399/0 cargo run -p stablelink --example shop --features axum,redis,provisional
//!
//! With a local sandbox it buys from itself and exits. With `STABLELINK_API_KEY` it serves on port 3000 until it is stopped.
//! Only refunds and payouts need the feature `provisional`.
#![allow(missing_docs, unreachable_pub)]

mod order_book;
#[allow(clippy::module_inception, reason = "the folder is the example")]
mod shop;
#[path = "../support/mod.rs"]
mod support;
mod web;

use std::time::Duration;

use stablelink::{Client, CustomerId, Decimal, MerchantId, RedisConnection, RedisStore};

use order_book::OrderBook;
use shop::{Checkout, Shop};

#[tokio::main]
async fn main() -> support::Outcome {
    let gateway = support::gateway().await?;
    let redis =
        std::env::var("STABLELINK_REDIS").unwrap_or_else(|_| "redis://127.0.0.1:6379/0".to_owned());
    let shop = Shop {
        environment: gateway.environment.clone(),
        client: Client::builder()
            .environment(gateway.environment.clone())
            .credentials(gateway.credentials.clone())
            // The gateway accepts only the newest token, so all processes share one.
            .token_store(RedisStore::new(RedisConnection::new(&redis)?))
            .build()?,
        orders: OrderBook::new(&redis)?,
        customer: CustomerId::new("6"),
        merchant: MerchantId::new("1"),
    };
    let mut reported = shop.reconcile().await?;
    println!("failures at the start: {reported:?}");
    let reconciled = shop.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(60)).await;
            let failures = match reconciled.reconcile().await {
                Ok(failures) => failures,
                Err(error) => vec![format!("not reconciled: {error}")],
            };
            // A lasting failure is logged once.
            for failure in failures.iter().filter(|new| !reported.contains(new)) {
                eprintln!("{failure}");
            }
            reported = failures;
        }
    });

    let app = web::router(&shop, &gateway.credentials, RedisConnection::new(&redis)?)?;
    let Some(sandbox) = &gateway.local else {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
        return Ok(axum::serve(listener, app).await?);
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, app).await });
    sandbox.set_webhook_url(&format!("{url}/webhooks/stablelink"))?;

    let mut orders = Vec::new();
    for _ in 0..2 {
        let (order_no, checkout) = shop.buy("50.00".parse()?).await?;
        let Checkout::Pay(payment) = checkout else {
            return Err(format!("order {order_no}: {checkout:?}").into());
        };
        println!("pay {} to {}", payment.amount, payment.address);
        sandbox.pay_order(&order_no, payment.amount, "0x1")?;
        orders.push(order_no);
    }
    sandbox.wait_for_deliveries().await;
    let to_ship = shop.orders.to_ship().await?;
    for order_no in &orders {
        let is_paid = to_ship.contains(order_no);
        println!("{url}/orders/{order_no}: to be shipped: {is_paid}");
    }
    shop.refund(&orders[0]).await?;
    let wallet = (
        Decimal::new(10, 0),
        "0x00000000000000000000000000000000000000aa",
    );
    // In production, the name of a payout is for example its date.
    shop.pay_out(&url, wallet, &orders[1..]).await?;
    println!("the first order is refunded, and a part of the second is paid out");
    println!("cases for a person: {:?}", shop.orders.reviews().await?);
    Ok(())
}
