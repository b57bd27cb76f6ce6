//! Creates an order, waits for its payment, and handles an unknown outcome.
//!
//!     cargo run -p stablelink --example checkout_order
#![allow(missing_docs, unreachable_pub)]

mod support;

use stablelink_sandbox::SandboxRecordKind;
use std::time::Duration;

use stablelink::open_enums::CheckoutOrderStatus;
use stablelink::{Client, CustomerId, Decimal, MerchantId, NewCheckoutOrder};

#[tokio::main]
async fn main() -> support::Outcome {
    let gateway = support::gateway().await?;
    let client = gateway.client()?;

    // The order number is generated here. Store it with your own record before the call, so that you can look up the order.
    let order = NewCheckoutOrder::usd(
        Decimal::new(50, 2),
        "ETH_USDT",
        CustomerId::new("6"),
        MerchantId::new("1"),
    )
    .expired_in(2_000);

    match client.checkout_orders().create(&order).or_existing().await {
        Ok(order) => match order.existing_status() {
            None | Some(CheckoutOrderStatus::Paying) => println!(
                "pay {} {} to {}",
                order.paying_amount()?,
                order.token.as_ref().map_or("", |token| token.as_str()),
                order.deposit_address()?,
            ),
            Some(status) => println!("do not pay: the order exists and is {status}"),
        },
        Err(error) if error.may_have_taken_effect() => reconcile(&client, order.order_no()).await?,
        Err(error) => return Err(error.into()),
    }

    // No customer pays in the local sandbox, so the example sets the status.
    if let Some(local) = &gateway.local {
        local.set_status(SandboxRecordKind::Order, order.order_no(), "PAID")?;
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

/// Looks up an order with an unknown outcome. Do not create another one before the outcome is known.
async fn reconcile(client: &Client, order_no: &str) -> support::Outcome {
    let found = client.checkout_orders().get(order_no).await?;
    println!(
        "the order exists: {:?}",
        found.order_status.as_ref().map(|status| status.as_str())
    );
    Ok(())
}
