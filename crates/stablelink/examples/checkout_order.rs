//! Makes an order, waits for its payment, and shows what to do when nobody knows whether it was made.
//!
//!     cargo run -p stablelink --example checkout_order
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::time::Duration;

use stablelink::{Client, Decimal, NewCheckoutOrder};

#[tokio::main]
async fn main() -> support::Outcome {
    let gateway = support::gateway().await?;
    let client = gateway.client()?;

    // Its number is made here. Store it with your own record before the call: by it the order is found again.
    let order = NewCheckoutOrder::usd(Decimal::new(50, 2), "ETH_USDT", "6", "1").expired_in(2_000);

    match client.checkout_orders().create(&order).await {
        Ok(made) => println!(
            "pay {} {} to {}",
            made.paying_amount
                .map_or_else(String::new, |amount| amount.to_string()),
            made.token.as_ref().map_or("", |token| token.as_str()),
            made.deposit_address.as_deref().unwrap_or("?"),
        ),
        Err(error) if error.may_have_taken_effect() => reconcile(&client, order.order_no()).await?,
        Err(error) => return Err(error.into()),
    }

    // On localhost somebody has to pay.
    if let Some(local) = &gateway.local {
        local.set_order_status(order.order_no(), "PAID")?;
    }

    let paid = client
        .checkout_orders()
        .wait(order.order_no())
        .deadline(Duration::from_secs(30))
        .until_final()
        .await?;
    println!(
        "order {} is {}",
        order.order_no(),
        paid.order_status
            .as_ref()
            .map_or("?", |status| status.as_str())
    );
    Ok(())
}

/// The order was sent, and its outcome is not known: never make another one before this is settled.
async fn reconcile(client: &Client, order_no: &str) -> support::Outcome {
    let found = client.checkout_orders().get(order_no).await?;
    println!(
        "it was made: {:?}",
        found.order_status.as_ref().map(|status| status.as_str())
    );
    Ok(())
}
