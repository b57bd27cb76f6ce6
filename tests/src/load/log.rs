//! The lines that clients report.

use serde::{Deserialize, Serialize};
use stablelink::scalars::DecimalString;

use super::LoadStats;

/// A payment that a client reports when its outcome is known.
///
/// Clients do not store entries, so that their memory use stays flat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum LogEntry {
    /// A created trade.
    Trade {
        /// Its `requestId`.
        key: String,
        /// Sold currency.
        sold: String,
        /// Bought currency.
        bought: String,
        /// Sold amount.
        amount: DecimalString,
        /// Fee in the trade's record, if the client read the record.
        fee: Option<DecimalString>,
        /// `txNo` of the trade, if it was confirmed.
        confirmed: Option<String>,
    },
    /// A created checkout order that awaits payment.
    Order {
        /// Order number.
        key: String,
        /// Coin of the payment.
        token: String,
        /// Amount in dollars.
        amount: DecimalString,
        /// Amount in coins in the order's record, if the client read the record.
        paying: Option<DecimalString>,
    },
    /// A created partial refund of a paid order.
    Refund {
        /// Order number.
        key: String,
        /// Coin.
        token: String,
        /// Amount in coins.
        amount: DecimalString,
    },
    /// A created settlement.
    Settlement {
        /// Order number.
        key: String,
        /// Coin.
        token: String,
        /// Amount in coins.
        amount: DecimalString,
    },
    /// An operation that took effect although each call reported no effect.
    Denied {
        /// Name of the operation.
        what: String,
        /// Idempotency key.
        key: String,
    },
    /// An operation whose outcome the client could not determine.
    Unresolved {
        /// Name of the operation.
        what: String,
        /// Idempotency key.
        key: String,
    },
}

/// A line of the log, as JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum LogLine {
    /// A payment of a client.
    Entry(LogEntry),
    /// The last line of a group of clients: its statistics.
    End(LoadStats),
}
