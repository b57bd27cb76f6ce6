//! Settlement orders of W Checkout.

use serde::{Deserialize, Serialize};

use super::page;
use super::read::{Call, checkout_token, filled, positive};
use crate::Operation;
use crate::clock::iso_local;
use crate::envelope::Reply;
use crate::money::{Amount, AmountText};
use crate::refusal::Refusal;
use crate::state::books::Settlement;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewSettlement {
    settlement_order_no: String,
    merchant_id: Option<String>,
    token: Option<String>,
    address: Option<String>,
    amount: Option<Amount>,
    #[serde(default)]
    order_nos: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    sysid: i64,
    settlement_order_no: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    merchant_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<AmountText>,
    order_nos: &'a [String],
    status: &'a str,
    created_time: String,
    updated_time: String,
}

fn shown(settlement: &Settlement) -> Shown<'_> {
    Shown {
        sysid: settlement.sysid,
        settlement_order_no: &settlement.number,
        merchant_id: settlement.merchant_id.as_deref(),
        token: settlement.token.as_deref(),
        address: settlement.address.as_deref(),
        amount: settlement.amount.map(AmountText),
        order_nos: &settlement.order_nos,
        status: &settlement.status,
        created_time: iso_local(settlement.created),
        updated_time: iso_local(settlement.updated),
    }
}

pub(crate) async fn create(call: Call) -> Result<Reply, Refusal> {
    let asked: NewSettlement = call.json()?;
    let token = asked.token.as_deref();
    checkout_token(token.ok_or_else(|| Refusal::missing_field("token"))?)?;
    filled("address", asked.address.as_deref().unwrap_or_default())?;
    let amount = asked
        .amount
        .ok_or_else(|| Refusal::missing_field("amount"))?;
    positive("amount", amount.0)?;
    record(&call, asked, Operation::CreateSettlementOrder)
}

/// No member of a settlement in fiat but its number is known.
pub(crate) async fn create_fiat(call: Call) -> Result<Reply, Refusal> {
    let asked: NewSettlement = call.json()?;
    record(&call, asked, Operation::CreateFiatSettlementOrder)
}

fn record(call: &Call, asked: NewSettlement, operation: Operation) -> Result<Reply, Refusal> {
    filled("settlementOrderNo", &asked.settlement_order_no)?;
    let reject_duplicates = call.gateway.settings().reject_duplicates;
    let now = call.now();
    let mut books = call.books();
    let number = asked.settlement_order_no;
    if reject_duplicates && books.settlements.contains_key(&number) {
        return Err(Refusal::duplicate("settlementOrderNo"));
    }
    for order_no in &asked.order_nos {
        if !books.orders.contains_key(order_no) {
            return Err(Refusal::not_found(&format!("orderNo {order_no}")));
        }
    }
    let settlement = Settlement {
        sysid: call.gateway.new_id(),
        number: number.clone(),
        merchant_id: asked.merchant_id,
        token: asked.token,
        address: asked.address,
        amount: asked.amount.map(|amount| amount.0),
        order_nos: asked.order_nos,
        status: Settlement::PENDING.to_owned(),
        moved: false,
        created: now,
        updated: now,
    };
    let reply = Reply::data(&shown(&settlement))?;
    books.effects.made(operation, number);
    books.add_settlement(settlement);
    Ok(reply)
}

pub(crate) async fn info(call: Call) -> Result<Reply, Refusal> {
    let number = call.parameter("settlementOrderNo")?;
    let books = call.books();
    let settlement = books.settlements.get(number);
    Reply::data(&shown(
        settlement.ok_or_else(|| Refusal::not_found("settlementOrderNo"))?,
    ))
}

pub(crate) async fn cancel(call: Call) -> Result<Reply, Refusal> {
    let number = call.parameter("settlementOrderNo")?;
    let (now, mut books) = (call.now(), call.books());
    let settlement = books.settlements.get(number);
    let settlement = settlement.ok_or_else(|| Refusal::not_found("settlementOrderNo"))?;
    if settlement.status != Settlement::PENDING {
        let message = format!(
            "a settlement that is {} can't be cancelled",
            settlement.status
        );
        return Err(Refusal::not_now(message));
    }
    books.set_settlement(number, Settlement::CANCELLED, now);
    books
        .effects
        .made(Operation::CancelSettlementOrder, number.to_owned());
    Ok(Reply::DONE)
}

pub(crate) async fn list(call: Call) -> Result<Reply, Refusal> {
    let page = page::Asked::in_body(&call)?;
    let books = call.books();
    let mut settlements: Vec<_> = books.settlements.values().collect();
    settlements.sort_by_key(|settlement| settlement.sysid);
    page.of(settlements.into_iter(), shown)
}
