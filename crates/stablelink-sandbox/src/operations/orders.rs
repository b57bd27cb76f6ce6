//! Orders of W Checkout.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use super::page;
use super::read::{Call, checkout_token, filled, positive};
use crate::Operation;
use crate::clock::iso_local;
use crate::envelope::Reply;
use crate::money::Amount;
use crate::refusal::Refusal;
use crate::state::books::{COIN_DIGITS, Order};

/// Coins for one dollar: the sandbox's choice, that of the page's example.
const EXCHANGE_RATE: Decimal = Decimal::from_parts(101, 0, 0, false, 2);

/// Seconds, where the request names none. The sandbox's choice.
const EXPIRED_IN: i64 = 1800;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewOrder {
    order_no: String,
    order_amount: Amount,
    customer_id: String,
    merchant_id: String,
    token: String,
    expired_in: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Created<'a> {
    sysid: i64,
    order_no: &'a str,
    paying_amount: Amount,
    token: &'a str,
    coin_address: &'a str,
    exchange_rate: Amount,
    deposit_address: &'a str,
    payment_url: String,
    expired_in: i64,
    customer_id: &'a str,
    merchant_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Info<'a> {
    sysid: i64,
    order_no: &'a str,
    order_amount: Amount,
    paying_amount: Amount,
    customer_id: &'a str,
    merchant_id: &'a str,
    expired_in: i64,
    token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tx_hash: Option<&'a str>,
    deposit_address: &'a str,
    order_status: &'a str,
    created_time: String,
    updated_time: String,
    refunded_amount: Amount,
}

pub(crate) async fn create(call: Call) -> Result<Reply, Refusal> {
    let asked: NewOrder = call.json()?;
    // Observed live, the code and the text.
    let plain = asked
        .order_no
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric());
    if asked.order_no.is_empty() || !plain {
        let rule = "orderNo must contain only letters and numbers";
        return Err(Refusal::field(rule));
    }
    filled("customerId", &asked.customer_id)?;
    filled("merchantId", &asked.merchant_id)?;
    positive("orderAmount", asked.order_amount.0)?;
    let expired_in = asked.expired_in.unwrap_or(EXPIRED_IN);
    if expired_in <= 0 {
        return Err(Refusal::field("expiredIn must be greater than 0"));
    }
    checkout_token(&asked.token)?;
    let paying_amount = asked
        .order_amount
        .0
        .checked_mul(EXCHANGE_RATE)
        .ok_or_else(|| Refusal::field("orderAmount is too large"))?
        .round_dp_with_strategy(COIN_DIGITS, RoundingStrategy::AwayFromZero)
        .normalize();
    let settings = call.gateway.settings();
    let now = call.now();
    let sysid = call.gateway.new_id();
    let enabled = !settings.disabled_tokens.contains(&asked.token);
    let order = Order {
        sysid,
        order_no: asked.order_no,
        order_amount: asked.order_amount.0,
        paying_amount,
        refunded_amount: Decimal::ZERO,
        customer_id: asked.customer_id,
        merchant_id: asked.merchant_id,
        expired_in,
        deposit_address: deposit_address(enabled, sysid),
        token: asked.token,
        tx_hash: None,
        status: Order::PAYING.to_owned(),
        created: now,
        updated: now,
    };
    let mut books = call.books();
    if settings.reject_duplicates && books.orders.contains_key(&order.order_no) {
        return Err(Refusal::duplicate("orderNo"));
    }
    let reply = Reply::data(&Created {
        sysid,
        order_no: &order.order_no,
        paying_amount: Amount(order.paying_amount),
        token: &order.token,
        coin_address: &order.deposit_address,
        exchange_rate: Amount(EXCHANGE_RATE),
        deposit_address: &order.deposit_address,
        payment_url: format!("https://checkout.invalid/pay/{sysid}"),
        expired_in,
        customer_id: &order.customer_id,
        merchant_id: &order.merchant_id,
    })?;
    // The observed answer is an apparent success: whether a record is left behind is not known.
    if enabled {
        books
            .effects
            .made(Operation::CreateCheckoutOrder, order.order_no.clone());
        books.add_order(order);
    }
    Ok(reply)
}

fn deposit_address(enabled: bool, sysid: i64) -> String {
    if enabled {
        format!("0x{sysid:040x}")
    } else {
        "-1".to_owned()
    }
}

pub(crate) async fn info(call: Call) -> Result<Reply, Refusal> {
    let order_no = call.parameter("orderNo")?;
    let books = call.books();
    let order = books
        .orders
        .get(order_no)
        .ok_or_else(|| Refusal::not_found("orderNo"))?;
    Reply::data(&shown(order))
}

pub(crate) fn shown(order: &Order) -> Info<'_> {
    Info {
        sysid: order.sysid,
        order_no: &order.order_no,
        order_amount: Amount(order.order_amount),
        paying_amount: Amount(order.paying_amount),
        customer_id: &order.customer_id,
        merchant_id: &order.merchant_id,
        expired_in: order.expired_in,
        token: &order.token,
        tx_hash: order.tx_hash.as_deref(),
        deposit_address: &order.deposit_address,
        order_status: &order.status,
        created_time: iso_local(order.created),
        updated_time: iso_local(order.updated),
        refunded_amount: Amount(order.refunded_amount),
    }
}

pub(crate) async fn cancel(call: Call) -> Result<Reply, Refusal> {
    let order_no = call.parameter("orderNo")?;
    let (now, mut books) = (call.now(), call.books());
    let order = books
        .orders
        .get(order_no)
        .ok_or_else(|| Refusal::not_found("orderNo"))?;
    if order.status != Order::PAYING {
        let message = format!("an order that is {} can't be cancelled", order.status);
        return Err(Refusal::not_now(message));
    }
    books.set_order(order_no, Order::CANCELLED, now);
    books
        .effects
        .made(Operation::CancelCheckoutOrder, order_no.to_owned());
    Ok(Reply::DONE)
}

pub(crate) async fn list(call: Call) -> Result<Reply, Refusal> {
    let page = page::Asked::in_body(&call)?;
    let books = call.books();
    let mut orders: Vec<_> = books.orders.values().collect();
    orders.sort_by_key(|order| order.sysid);
    page.of(orders.into_iter(), shown)
}
