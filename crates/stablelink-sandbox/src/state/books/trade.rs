//! Records of trades: fees, trades, what customers deposit.

use rust_decimal::Decimal;
use serde::Serialize;

use crate::clock::local;
use crate::money::Amount;
use crate::refusal::Refusal;

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

/// An on-ramp or off-ramp trade.
#[derive(Clone, Debug)]
pub(crate) struct Trade {
    pub(crate) id: i64,
    pub(crate) tx_no: String,
    pub(crate) client_id: i64,
    pub(crate) request_id: String,
    pub(crate) from_currency: String,
    pub(crate) to_currency: String,
    pub(crate) amount: Decimal,
    pub(crate) total_fee: Decimal,
    pub(crate) request_type: &'static str,
    pub(crate) status: String,
    /// Whether its money has moved.
    pub(crate) moved: bool,
    /// Milliseconds since the epoch.
    pub(crate) created: i64,
}

impl Trade {
    pub(crate) const ON_RAMP: &'static str = "OnRamp";
    pub(crate) const OFF_RAMP: &'static str = "OffRamp";
    pub(crate) const PENDING: &'static str = "Pending";
    pub(crate) const PROCESSING: &'static str = "Processing";
    pub(crate) const COMPLETED: &'static str = "Completed";
    pub(crate) const FAILED: &'static str = "Failed";
    pub(crate) const EXPIRED: &'static str = "Expired";

    /// The record as answers and events have it.
    pub(crate) fn shown(&self) -> Shown<'_> {
        Shown {
            id: self.id,
            tx_no: &self.tx_no,
            client_id: self.client_id,
            request_id: &self.request_id,
            from_currency: &self.from_currency,
            to_currency: &self.to_currency,
            amount: Amount(self.amount),
            really_amount: Amount(self.amount - self.total_fee),
            total_fee: Amount(self.total_fee),
            request_type: self.request_type,
            status: &self.status,
            created_at: local(self.created),
        }
    }
}

/// A trade as answers and events have it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shown<'a> {
    id: i64,
    tx_no: &'a str,
    client_id: i64,
    request_id: &'a str,
    from_currency: &'a str,
    to_currency: &'a str,
    amount: Amount,
    really_amount: Amount,
    total_fee: Amount,
    request_type: &'static str,
    status: &'a str,
    created_at: String,
}

/// Coins that arrived at a customer's deposit address.
#[derive(Clone, Debug)]
pub(crate) struct Deposit {
    pub(crate) id: i64,
    pub(crate) client_id: i64,
    pub(crate) currency: String,
    pub(crate) network: String,
    pub(crate) amount: Decimal,
    pub(crate) address: String,
    /// Milliseconds since the epoch.
    pub(crate) created: i64,
}
