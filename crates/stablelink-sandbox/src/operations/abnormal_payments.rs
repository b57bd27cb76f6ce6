//! Payments that don't fit their orders.

use serde::Deserialize;

use super::read::{Call, checkout_token};
use super::{page, refunds};
use crate::Operation;
use crate::envelope::Reply;
use crate::refusal::Refusal;
use crate::state::books::{AbnormalPayment, Refunded};

pub(crate) async fn list(call: Call) -> Result<Reply, Refusal> {
    let page = page::Asked::in_body(&call)?;
    let books = call.books();
    let mut payments: Vec<_> = books.abnormal_payments.values().collect();
    payments.sort_by_key(|payment| (payment.created, &payment.number));
    page.of(payments.into_iter(), AbnormalPayment::shown)
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
