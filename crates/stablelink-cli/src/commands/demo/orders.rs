//! The steps with checkout orders.

use stablelink::operations as op;
use stablelink::{Decimal, NewCheckoutOrder};
use stablelink_sandbox::Operation;

use super::stage::Stage;
use super::walk::{Walk, check, need};
use crate::failure::Failure;

/// An order that its customer pays.
pub(super) async fn paid(stage: &Stage, walk: &mut Walk<'_>) -> Result<(), Failure> {
    let order = NewCheckoutOrder::usd(Decimal::new(50, 2), "ETH_USDT", "6", "1");
    let made = stage.client.checkout_orders().create(&order).await?;
    let amount = need(made.paying_amount, "payingAmount")?;
    let address = need(made.deposit_address.clone(), "depositAddress")?;
    walk.step(
        "A checkout order",
        &op::CREATE_CHECKOUT_ORDER,
        format!("0.50 USD: {amount} ETH_USDT to {address}"),
    )?;

    let strange = stage
        .sandbox
        .pay_order(order.order_no(), amount.get(), "0x00000000000000")
        .map_err(|error| Failure::other(error.to_string()))?;
    check(strange.is_none(), "it is paid to the digit")?;
    let paid = stage
        .client
        .checkout_orders()
        .wait(order.order_no())
        .until_final()
        .await?;
    let status = need(paid.order_status.as_ref(), "orderStatus")?
        .as_str()
        .to_owned();
    check(status == "PAID", "the order is paid")?;
    walk.step("The customer pays it", &op::GET_CHECKOUT_ORDER, status)
}

/// An order whose answer is lost on the way.
pub(super) async fn lost_answer(stage: &Stage, walk: &mut Walk<'_>) -> Result<(), Failure> {
    let order = NewCheckoutOrder::usd(Decimal::new(100, 2), "TRX_USDT", "6", "1");
    let fault = "reset@createCheckoutOrder:after";
    let added = stage.sandbox.faults().add_text(fault);
    added.map_err(|error| Failure::other(error.to_string()))?;
    let made = stage.client.checkout_orders().create(&order).await?;
    check(
        made.order_no.as_deref() == Some(order.order_no()),
        "the order is the one that was asked for",
    )?;
    let effects = stage
        .sandbox
        .effects()
        .count(Operation::CreateCheckoutOrder, order.order_no());
    check(effects == 1, "the order was made once")?;
    walk.step(
        "The connection breaks after an order was made",
        &op::CREATE_CHECKOUT_ORDER,
        "sent again with the same number, refused as known, found: made once",
    )
}
