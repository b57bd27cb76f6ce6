//! The records of one client.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::Effects;
use crate::refusal::Refusal;

/// The records of one client. Kinds of records have a field each, ordered by the key that they
/// are found by.
#[derive(Default)]
pub(crate) struct Books {
    pub(crate) effects: Effects,
    pub(crate) orders: BTreeMap<String, Order>,
    /// By the id of the customer.
    pub(crate) fee_configs: BTreeMap<i64, FeeConfig>,
}

impl Books {
    /// The fee config of a customer; no fee where there is none.
    pub(crate) fn fee_config(&self, customer: Option<i64>) -> FeeConfig {
        let config = customer.and_then(|customer| self.fee_configs.get(&customer));
        config.copied().unwrap_or_default()
    }
}

/// The fee that the developer takes of a customer's trades.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FeeConfig {
    pub(crate) fix_amount: Decimal,
    /// A part of the amount: 0.01 is one percent.
    pub(crate) rate: Decimal,
}

impl FeeConfig {
    /// The fee of a trade of this amount, exact.
    pub(crate) fn of(self, amount: Decimal) -> Result<Decimal, Refusal> {
        let fee = amount.checked_mul(self.rate);
        fee.and_then(|fee| fee.checked_add(self.fix_amount))
            .map(|fee| fee.normalize())
            .ok_or_else(|| Refusal::field("amount has too many digits"))
    }
}

/// An order of W Checkout.
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
