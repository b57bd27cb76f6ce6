//! Payments that don't fit their orders.

use serde::{Deserialize, Serialize};

use super::read::{Call, checkout_token};
use super::{page, refunds};
use crate::Operation;
use crate::clock::iso_local;
use crate::envelope::Reply;
use crate::money::AmountText;
use crate::refusal::Refusal;
use crate::state::books::{AbnormalPayment, Refunded};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    abnormal_payment_no: &'a str,
    order_no: &'a str,
    token: &'a str,
    amount: AmountText,
    pending_amount: AmountText,
    hash: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    status: &'static str,
    created_time: String,
    updated_time: String,
}

pub(crate) async fn list(call: Call) -> Result<Reply, Refusal> {
    let page = page::Asked::in_body(&call)?;
    let books = call.books();
    let mut payments: Vec<_> = books.abnormal_payments.values().collect();
    payments.sort_by_key(|payment| (payment.created, &payment.number));
    page.of(payments.into_iter(), |payment| Shown {
        abnormal_payment_no: &payment.number,
        order_no: &payment.order_no,
        token: &payment.token,
        amount: AmountText(payment.amount),
        pending_amount: AmountText(payment.pending_amount),
        hash: &payment.hash,
        kind: payment.kind,
        status: payment.status,
        created_time: iso_local(payment.created),
        updated_time: iso_local(payment.updated),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    refund_order_no: String,
    order_no: String,
    tx_hash: String,
    token: Option<String>,
}

/// Gives back all that waits of the payment with this hash.
pub(crate) async fn refund(call: Call) -> Result<Reply, Refusal> {
    let asked: Asked = call.json()?;
    if let Some(token) = &asked.token {
        checkout_token(token)?;
    }
    let payment = {
        let books = call.books();
        let fits = |payment: &&AbnormalPayment| {
            payment.order_no == asked.order_no && payment.hash == asked.tx_hash
        };
        let payment = books.abnormal_payments.values().find(fits);
        let payment = payment
            .ok_or_else(|| Refusal::not_found("an abnormal payment of orderNo with txHash"))?;
        let number = payment.number.clone();
        (Refunded::AbnormalPayment(number), payment.pending_amount)
    };
    let operation = Operation::CreateAbnormalPaymentRefund;
    refunds::record(&call, asked.refund_order_no, payment, operation)
}
