//! A web shop that survives crashes, lost responses and repeated webhooks: it takes a payment, marks it paid once, refunds and
//! pays out.
//!
//!     redis-server --port 6399 --save "" &
//!     STABLELINK_REDIS=redis://127.0.0.1:6399/0 cargo run -p stablelink --example shop --features axum,redis,provisional
//!
//! With a local sandbox it buys from itself and exits. With `STABLELINK_API_KEY` it serves on port 3000 until it is stopped.
//! Only `refund` needs the feature `provisional`, and `or_existing` of a payout.
#![allow(missing_docs, unreachable_pub)]

mod order_book;
#[allow(clippy::module_inception, reason = "the folder is the example")]
mod shop;
#[path = "../support/mod.rs"]
mod support;
mod web;

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
        orders: OrderBook::connect(&redis).await?,
        customer: CustomerId::new("6"),
        merchant: MerchantId::new("1"),
    };
    let failed = shop.reconcile().await?;
    println!("reconciled; orders that failed: {failed}");

    let app = web::router(&shop, &gateway.credentials, RedisConnection::new(&redis)?)?;
    let Some(sandbox) = &gateway.local else {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
        return Ok(axum::serve(listener, app).await?);
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, app).await });
    sandbox.set_webhook_url(&format!("{url}/webhooks/stablelink"))?;

    let (order_no, checkout) = shop.buy("50.00".parse()?).await?;
    let Checkout::Pay { amount, address } = checkout else {
        return Err(format!("order {order_no}: {checkout:?}").into());
    };
    println!("pay {amount} to {address}; {url}/orders/{order_no} shows the status");
    sandbox.pay_order(&order_no, amount, "0x1")?;
    sandbox.wait_for_deliveries().await;
    println!("ship {:?}", shop.orders.to_ship().await?);
    println!("refund {}", shop.refund(&order_no).await?);
    // The name of a payout is used once; in production, it is the date.
    let wallet = (
        Decimal::new(10, 0),
        "0x00000000000000000000000000000000000000aa",
    );
    println!("payout {}", shop.pay_out(&url, wallet, &[order_no]).await?);
    Ok(())
}
