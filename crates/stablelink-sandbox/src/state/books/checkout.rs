//! Records of W Checkout.

use rust_decimal::{Decimal, RoundingStrategy};

use serde::Serialize;

use super::{Books, LedgerAccount};
use crate::clock::iso_local;
use crate::exact::Exact;
use crate::money::AmountText;
use crate::refusal::Refusal;

/// Digits behind the point that a stablecoin has.
pub(crate) const COIN_DIGITS: u32 = 6;

/// An order.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) sysid: i64,
    pub(crate) order_no: String,
    pub(crate) order_amount: Decimal,
    pub(crate) paying_amount: Decimal,
    pub(crate) refunded_amount: Decimal,
    pub(crate) customer_id: String,
    pub(crate) merchant_id: String,
    /// Seconds from its creation.
    pub(crate) expired_in: i64,
    pub(crate) token: String,
    pub(crate) deposit_address: String,
    pub(crate) tx_hash: Option<String>,
    pub(crate) status: String,
    /// Milliseconds since the epoch.
    pub(crate) created: i64,
    /// Milliseconds since the epoch.
    pub(crate) updated: i64,
}

impl Order {
    pub(crate) const PAYING: &'static str = "PAYING";
    pub(crate) const PAID: &'static str = "PAID";
    pub(crate) const CANCELLED: &'static str = "CANCELLED";
    pub(crate) const TIMEOUT: &'static str = "TIMEOUT";
    pub(crate) const REFUNDING: &'static str = "REFUNDING";
    pub(crate) const PARTIAL_REFUNDED: &'static str = "PARTIAL_REFUNDED";
    pub(crate) const REFUNDED: &'static str = "REFUNDED";

    /// Whether it was paid, whatever was given back since.
    pub(crate) fn was_paid(&self) -> bool {
        let paid = [
            Self::PAID,
            Self::REFUNDING,
            Self::PARTIAL_REFUNDED,
            Self::REFUNDED,
        ];
        paid.contains(&self.status.as_str())
    }

    /// When it times out, in milliseconds since the epoch.
    pub(super) fn ends(&self) -> i64 {
        self.created
            .saturating_add(self.expired_in.saturating_mul(1000))
    }
}

/// A payment that does not fit its order.
#[derive(Clone, Debug)]
pub(crate) struct AbnormalPayment {
    pub(crate) number: String,
    pub(crate) order_no: String,
    pub(crate) token: String,
    /// What was paid.
    pub(crate) amount: Decimal,
    /// What waits for a decision: all that the order does not need.
    pub(crate) pending_amount: Decimal,
    pub(crate) kind: &'static str,
    pub(crate) hash: String,
    pub(crate) status: &'static str,
    /// Milliseconds since the epoch.
    pub(crate) created: i64,
    /// Milliseconds since the epoch.
    pub(crate) updated: i64,
}

impl AbnormalPayment {
    pub(crate) const OVER_PAID: &'static str = "OVER_PAID";
    pub(crate) const UNDER_PAID: &'static str = "UNDER_PAID";
    pub(crate) const LATE_PAYMENT: &'static str = "LATE_PAYMENT";
    pub(crate) const PENDING: &'static str = "PENDING";
    pub(crate) const HANDLED: &'static str = "HANDLED";

    /// The record as answers and events have it.
    pub(crate) fn shown(&self) -> Shown<'_> {
        Shown {
            abnormal_payment_no: &self.number,
            order_no: &self.order_no,
            token: &self.token,
            amount: AmountText(self.amount),
            pending_amount: AmountText(self.pending_amount),
            hash: &self.hash,
            kind: self.kind,
            status: self.status,
            created_time: iso_local(self.created),
            updated_time: iso_local(self.updated),
        }
    }
}

/// An abnormal payment as answers and events have it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shown<'a> {
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

/// A settlement order.
#[derive(Clone, Debug)]
pub(crate) struct Settlement {
    pub(crate) sysid: i64,
    pub(crate) number: String,
    pub(crate) merchant_id: Option<String>,
    pub(crate) token: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) amount: Option<Decimal>,
    pub(crate) order_nos: Vec<String>,
    pub(crate) status: String,
    /// Whether its money has moved.
    pub(crate) moved: bool,
    /// Milliseconds since the epoch.
    pub(crate) created: i64,
    /// Milliseconds since the epoch.
    pub(crate) updated: i64,
}

impl Settlement {
    pub(crate) const PENDING: &'static str = "PENDING_SETTLEMENT";
    pub(crate) const SETTLING: &'static str = "SETTLING";
    pub(crate) const SETTLED: &'static str = "SETTLED";
    pub(crate) const FAILED: &'static str = "FAILED";
    pub(crate) const CANCELLED: &'static str = "CANCELLED";
}

/// A refund order.
#[derive(Clone, Debug)]
pub(crate) struct Refund {
    pub(crate) sysid: i64,
    pub(crate) number: String,
    pub(crate) of: Refunded,
    /// In the coin that was paid.
    pub(crate) amount: Decimal,
    pub(crate) status: String,
    /// Whether its money has moved.
    pub(crate) moved: bool,
    /// Milliseconds since the epoch.
    pub(crate) created: i64,
    /// Milliseconds since the epoch.
    pub(crate) updated: i64,
}

/// What a refund gives back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refunded {
    /// A part of the payment of this order.
    Order(String),
    /// A part of what waits of this abnormal payment.
    AbnormalPayment(String),
}

impl Refund {
    pub(crate) const PENDING: &'static str = "PENDING_REFUND";
    pub(crate) const REFUNDING: &'static str = "REFUNDING";
    pub(crate) const REFUNDED: &'static str = "REFUNDED";
    pub(crate) const CANCELLED: &'static str = "CANCELLED";
    pub(crate) const FAILED: &'static str = "FAILED";

    /// Whether its money is given back or set aside for that.
    fn counts(&self) -> bool {
        self.status != Self::CANCELLED && self.status != Self::FAILED
    }
}

impl Books {
    /// Refuses a refund of more than is left.
    pub(crate) fn refundable(&self, of: &Refunded, amount: Decimal) -> Result<(), Refusal> {
        let paid = match of {
            Refunded::Order(number) => {
                let order = self.orders.get(number);
                let order = order.ok_or_else(|| Refusal::not_found("orderNo"))?;
                if !order.was_paid() {
                    let message = format!("an order that is {} can't be refunded", order.status);
                    return Err(Refusal::not_now(message));
                }
                order.paying_amount
            }
            Refunded::AbnormalPayment(number) => {
                let payment = self.abnormal_payments.get(number);
                payment
                    .ok_or_else(|| Refusal::not_found("abnormalPaymentNo"))?
                    .pending_amount
            }
        };
        let taken: Exact = self
            .refunds
            .values()
            .filter(|refund| refund.counts() && refund.of == *of)
            .map(|refund| Exact::from(refund.amount))
            .sum();
        let left = Exact::from(paid) - taken;
        if Exact::from(amount) <= left {
            return Ok(());
        }
        let left = left.to_decimal().unwrap_or_default();
        let rule = format!("amount must not be more than {left}");
        Err(Refusal::field(rule))
    }

    /// Takes a payment of an order at this time. Gives the number of the abnormal payment that it
    /// leaves, if it leaves one; nothing at all if there is no such order.
    #[expect(
        clippy::option_option,
        reason = "whether there is an order, and whether something is left"
    )]
    pub(crate) fn pay(
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
        let on_time = order.status == Order::PAYING;
        let (kind, pending_amount) = if !on_time {
            (AbnormalPayment::LATE_PAYMENT, amount)
        } else if amount < needed {
            (AbnormalPayment::UNDER_PAID, amount)
        } else {
            (AbnormalPayment::OVER_PAID, amount - needed)
        };
        if on_time && amount >= needed {
            order.tx_hash = Some(hash.to_owned());
            let way = (LedgerAccount::External, LedgerAccount::Merchant);
            self.balances.transfer(way, &token, needed);
            self.set_order(order_no, Order::PAID, now);
        }
        if pending_amount.is_zero() {
            return Some(None);
        }
        let way = (LedgerAccount::External, LedgerAccount::AbnormalPayments);
        self.balances.transfer(way, &token, pending_amount);
        let payment = AbnormalPayment {
            number: number.to_owned(),
            order_no: order_no.to_owned(),
            token,
            amount,
            pending_amount,
            kind,
            hash: hash.to_owned(),
            status: AbnormalPayment::PENDING,
            created: now,
            updated: now,
        };
        self.abnormal_payments.insert(number.to_owned(), payment);
        self.tell_abnormal(number, now);
        Some(Some(number.to_owned()))
    }
}
