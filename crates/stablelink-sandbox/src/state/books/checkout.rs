//! Records of W Checkout.

use rust_decimal::Decimal;

use super::Books;
use crate::refusal::Refusal;

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
    pub(crate) const PARTIAL_REFUNDED: &'static str = "PARTIAL_REFUNDED";
    pub(crate) const REFUNDED: &'static str = "REFUNDED";

    /// Its status at this time: an order that waits for its payment too long has timed out.
    pub(crate) fn status_at(&self, now: i64) -> &str {
        if self.status == Self::PAYING && now >= self.ends() {
            Self::TIMEOUT
        } else {
            &self.status
        }
    }

    fn ends(&self) -> i64 {
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
    /// Milliseconds since the epoch.
    pub(crate) created: i64,
    /// Milliseconds since the epoch.
    pub(crate) updated: i64,
}

impl Settlement {
    pub(crate) const PENDING: &'static str = "PENDING_SETTLEMENT";
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
                if ![Order::PAID, Order::PARTIAL_REFUNDED].contains(&order.status.as_str()) {
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
        let taken: Decimal = self
            .refunds
            .values()
            .filter(|refund| refund.counts() && refund.of == *of)
            .map(|refund| refund.amount)
            .sum();
        if taken.checked_add(amount).is_some_and(|sum| sum <= paid) {
            Ok(())
        } else {
            let rule = format!("amount must not be more than {}", paid - taken);
            Err(Refusal::field(rule))
        }
    }

    /// Gives a refund a status. `REFUNDED` moves the money: the order or the abnormal payment
    /// behind it follows. False: there is no such refund.
    pub(crate) fn set_refund_status(&mut self, number: &str, status: String, now: i64) -> bool {
        let Some(refund) = self.refunds.get_mut(number) else {
            return false;
        };
        let paid_back = status == Refund::REFUNDED && refund.status != Refund::REFUNDED;
        refund.status = status;
        refund.updated = now;
        if !paid_back {
            return true;
        }
        match &refund.of {
            Refunded::Order(order) => {
                if let Some(order) = self.orders.get_mut(order) {
                    order.refunded_amount += refund.amount;
                    order.updated = now;
                    let whole = order.refunded_amount >= order.paying_amount;
                    let status = if whole {
                        Order::REFUNDED
                    } else {
                        Order::PARTIAL_REFUNDED
                    };
                    status.clone_into(&mut order.status);
                }
            }
            Refunded::AbnormalPayment(payment) => {
                if let Some(payment) = self.abnormal_payments.get_mut(payment) {
                    payment.status = AbnormalPayment::HANDLED;
                    payment.updated = now;
                }
            }
        }
        true
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
        let order = self.orders.get_mut(order_no)?;
        let needed = order.paying_amount;
        let on_time = order.status_at(now) == Order::PAYING;
        let (kind, pending_amount) = if !on_time {
            (AbnormalPayment::LATE_PAYMENT, amount)
        } else if amount < needed {
            (AbnormalPayment::UNDER_PAID, amount)
        } else {
            (AbnormalPayment::OVER_PAID, amount - needed)
        };
        if on_time && amount >= needed {
            Order::PAID.clone_into(&mut order.status);
            order.tx_hash = Some(hash.to_owned());
            order.updated = now;
        }
        if pending_amount.is_zero() {
            return Some(None);
        }
        let payment = AbnormalPayment {
            number: number.to_owned(),
            order_no: order_no.to_owned(),
            token: order.token.clone(),
            amount,
            pending_amount,
            kind,
            hash: hash.to_owned(),
            status: AbnormalPayment::PENDING,
            created: now,
            updated: now,
        };
        self.abnormal_payments.insert(number.to_owned(), payment);
        Some(Some(number.to_owned()))
    }
}
