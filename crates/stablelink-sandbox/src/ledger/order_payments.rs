//! Payments of orders, and the limits of their refunds.

use bigdecimal::BigDecimal;
use rust_decimal::{Decimal, RoundingStrategy};

use super::{
    AbnormalPaymentRecord, COIN_DIGITS, Ledger, LedgerAccount, OrderRecord, RecordKey,
    RefundRecord, RefundSource,
};
use crate::api_error::ApiError;
use crate::money::{exact, to_decimal};

impl Ledger {
    /// Rejects a refund of more than the remaining amount.
    pub(crate) fn check_refund(
        &self,
        source: &RefundSource,
        amount: Decimal,
    ) -> Result<(), ApiError> {
        let paid = match source {
            RefundSource::Order(number) => {
                let order = self.orders.get(number);
                let order = order.ok_or_else(|| ApiError::not_found("orderNo"))?;
                if !order.was_paid() {
                    let message = format!("an order that is {} cannot be refunded", order.status);
                    return Err(ApiError::InvalidState(message));
                }
                order.paying_amount
            }
            RefundSource::AbnormalPayment(number) => {
                let payment = self.abnormal_payments.get(number);
                payment
                    .ok_or_else(|| ApiError::not_found("abnormalPaymentNo"))?
                    .pending_amount
            }
        };
        let remaining = exact(paid) - self.sum_refunds(source, RefundRecord::is_active);
        if exact(amount) <= remaining {
            return Ok(());
        }
        let remaining = to_decimal(&remaining).unwrap_or_default();
        Err(ApiError::field(format!(
            "amount must not be more than {remaining}"
        )))
    }

    /// Returns the sum of the refunds of a payment that match a filter.
    pub(super) fn sum_refunds(
        &self,
        source: &RefundSource,
        filter: fn(&RefundRecord) -> bool,
    ) -> BigDecimal {
        let refunds = self.refunds.values();
        let matching = refunds.filter(|refund| filter(refund) && refund.source == *source);
        matching.map(|refund| exact(refund.amount)).sum()
    }

    /// Records a payment of an order. Returns `None` if there is no such order. Otherwise returns
    /// the number of the abnormal payment, if the payment does not match the order.
    #[expect(
        clippy::option_option,
        reason = "the outer option is the order, the inner one the abnormal payment"
    )]
    pub(crate) fn pay_order(
        &mut self,
        order_no: &str,
        amount: Decimal,
        hash: &str,
        (number, now): (&str, i64),
    ) -> Option<Option<String>> {
        let amount = amount.round_dp_with_strategy(COIN_DIGITS, RoundingStrategy::ToZero);
        let order = self.orders.get_mut(order_no)?;
        if amount <= Decimal::ZERO {
            return Some(None);
        }
        let (needed, token) = (order.paying_amount, order.token.clone());
        let on_time = order.status == OrderRecord::PAYING;
        let (kind, pending_amount) = if !on_time {
            (AbnormalPaymentRecord::LATE_PAYMENT, amount)
        } else if amount < needed {
            (AbnormalPaymentRecord::UNDER_PAID, amount)
        } else {
            (AbnormalPaymentRecord::OVER_PAID, amount - needed)
        };
        if on_time && amount >= needed {
            order.tx_hash = Some(hash.to_owned());
            let accounts = (LedgerAccount::External, LedgerAccount::Merchant);
            self.balances.transfer(accounts, &token, needed);
            let order = RecordKey::Order(order_no.to_owned());
            self.set_status(&order, OrderRecord::PAID, now);
        }
        if pending_amount.is_zero() {
            return Some(None);
        }
        let accounts = (LedgerAccount::External, LedgerAccount::AbnormalPayments);
        self.balances.transfer(accounts, &token, pending_amount);
        let payment = AbnormalPaymentRecord {
            number: number.to_owned(),
            order_no: order_no.to_owned(),
            token,
            amount,
            pending_amount,
            kind,
            hash: hash.to_owned(),
            status: AbnormalPaymentRecord::PENDING,
            created: now,
            updated: now,
        };
        self.abnormal_payments.insert(number.to_owned(), payment);
        self.add_abnormal_payment_event(number, now);
        Some(Some(number.to_owned()))
    }
}
