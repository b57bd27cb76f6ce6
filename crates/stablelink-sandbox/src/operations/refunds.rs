//! Refund orders of W Checkout.

use serde::{Deserialize, Serialize};

use super::page;
use super::read::{Call, filled, positive};
use crate::Operation;
use crate::clock::iso_local;
use crate::envelope::Reply;
use crate::money::Amount;
use crate::refusal::Refusal;
use crate::state::books::{COIN_DIGITS, Refund, Refunded};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewRefund {
    refund_order_no: String,
    amount: Amount,
    order_no: Option<String>,
    abnormal_payment_no: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    sysid: i64,
    refund_order_no: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_no: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    abnormal_payment_no: Option<&'a str>,
    amount: Amount,
    status: &'a str,
    created_time: String,
    updated_time: String,
}

fn shown(refund: &Refund) -> Shown<'_> {
    let (order_no, abnormal_payment_no) = match &refund.of {
        Refunded::Order(number) => (Some(number.as_str()), None),
        Refunded::AbnormalPayment(number) => (None, Some(number.as_str())),
    };
    Shown {
        sysid: refund.sysid,
        refund_order_no: &refund.number,
        order_no,
        abnormal_payment_no,
        amount: Amount(refund.amount),
        status: &refund.status,
        created_time: iso_local(refund.created),
        updated_time: iso_local(refund.updated),
    }
}

pub(crate) async fn create(call: Call) -> Result<Reply, Refusal> {
    let asked: NewRefund = call.json()?;
    let amount = positive("amount", asked.amount.0)?;
    if amount.normalize().scale() > COIN_DIGITS {
        let rule = format!("amount must have at most {COIN_DIGITS} digits behind the point");
        return Err(Refusal::field(rule));
    }
    let of = match (asked.order_no, asked.abnormal_payment_no) {
        (Some(number), None) => Refunded::Order(number),
        (None, Some(number)) => Refunded::AbnormalPayment(number),
        _ => {
            let rule = "one of orderNo and abnormalPaymentNo is needed, and not both";
            return Err(Refusal::field(rule));
        }
    };
    let operation = Operation::CreateRefundOrder;
    record(&call, asked.refund_order_no, (of, amount), operation)
}

/// Makes the refund, whatever asked for it.
pub(crate) fn record(
    call: &Call,
    number: String,
    (of, amount): (Refunded, rust_decimal::Decimal),
    operation: Operation,
) -> Result<Reply, Refusal> {
    filled("refundOrderNo", &number)?;
    let reject_duplicates = call.gateway.settings().reject_duplicates;
    let now = call.now();
    let mut books = call.books();
    if reject_duplicates && books.refunds.contains_key(&number) {
        return Err(Refusal::duplicate("refundOrderNo"));
    }
    books.refundable(&of, amount)?;
    let refund = Refund {
        sysid: call.gateway.new_id(),
        number: number.clone(),
        of,
        amount,
        status: Refund::PENDING.to_owned(),
        moved: false,
        created: now,
        updated: now,
    };
    let reply = Reply::data(&shown(&refund))?;
    books.effects.made(operation, number);
    books.add_refund(refund);
    Ok(reply)
}

pub(crate) async fn info(call: Call) -> Result<Reply, Refusal> {
    let number = call.parameter("refundOrderNo")?;
    let books = call.books();
    let refund = books.refunds.get(number);
    Reply::data(&shown(
        refund.ok_or_else(|| Refusal::not_found("refundOrderNo"))?,
    ))
}

pub(crate) async fn cancel(call: Call) -> Result<Reply, Refusal> {
    let number = call.parameter("refundOrderNo")?;
    let (now, mut books) = (call.now(), call.books());
    let refund = books.refunds.get(number);
    let refund = refund.ok_or_else(|| Refusal::not_found("refundOrderNo"))?;
    if refund.status != Refund::PENDING {
        let message = format!("a refund that is {} can't be cancelled", refund.status);
        return Err(Refusal::not_now(message));
    }
    books.set_refund(number, Refund::CANCELLED, now);
    books
        .effects
        .made(Operation::CancelRefundOrder, number.to_owned());
    Ok(Reply::DONE)
}

pub(crate) async fn list(call: Call) -> Result<Reply, Refusal> {
    let page = page::Asked::in_body(&call)?;
    let books = call.books();
    let mut refunds: Vec<_> = books.refunds.values().collect();
    refunds.sort_by_key(|refund| refund.sysid);
    page.of(refunds.into_iter(), shown)
}
