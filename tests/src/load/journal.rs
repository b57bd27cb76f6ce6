//! What the clients tell.

use serde::{Deserialize, Serialize};
use stablelink::scalars::DecimalString;

use super::Figures;

/// One thing that a client believes to have done, told when it knows.
///
/// A client keeps none of them, so that its memory stays flat however long it runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Entry {
    /// A trade that was made.
    Trade {
        /// Its `requestId`.
        key: String,
        /// The currency that is sold.
        sold: String,
        /// The currency that is bought.
        bought: String,
        /// How much is sold.
        amount: DecimalString,
        /// The fee that its record shows, if it was seen.
        fee: Option<DecimalString>,
        /// Its `txNo`, if it was confirmed.
        confirmed: Option<String>,
    },
    /// A checkout order that was made, and waits for its payment.
    Order {
        /// Its number.
        key: String,
        /// The coin that it is paid in.
        token: String,
        /// In dollars.
        amount: DecimalString,
        /// In coins, as its record shows.
        paying: Option<DecimalString>,
    },
    /// A refund of a part of a paid order.
    Refund {
        /// Its number.
        key: String,
        /// The coin.
        token: String,
        /// In coins.
        amount: DecimalString,
    },
    /// A settlement that was made.
    Settlement {
        /// Its number.
        key: String,
        /// The coin.
        token: String,
        /// In coins.
        amount: DecimalString,
    },
    /// Something that took effect although each call was said to have had none.
    Denied {
        /// What it was.
        what: String,
        /// Its key.
        key: String,
    },
    /// Something that the client gave up, without knowing its outcome.
    Open {
        /// What it was.
        what: String,
        /// Its key.
        key: String,
    },
}

/// A line that a crew writes, as JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Line {
    /// What one of its clients did.
    Entry(Entry),
    /// The last line: what it counted.
    End(Figures),
}
