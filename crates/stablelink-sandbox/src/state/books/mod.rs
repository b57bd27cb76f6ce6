//! The records of one client.
//!
//! What a record allows in its state stands beside it; the state machines of trades, settlements
//! and KYB, which a clock drives, belong there too.

mod checkout;
mod customer;
mod trade;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use checkout::{AbnormalPayment, Order, Refund, Refunded, Settlement};
pub use customer::UploadedFile;
pub(crate) use customer::{Customer, Profile, Remit};
pub(crate) use trade::{Deposit, Event, FeeConfig, Trade};

use super::Effects;
use crate::refusal::Refusal;

/// The records of one client. Kinds of records have a field each, ordered by the key that they
/// are found by.
#[derive(Default)]
pub(crate) struct Books {
    pub(crate) effects: Effects,
    /// Idempotency keys of trades and remits.
    request_ids: BTreeSet<String>,
    pub(crate) customers: BTreeMap<i64, Customer>,
    /// By the id of the customer.
    pub(crate) fee_configs: BTreeMap<i64, FeeConfig>,
    pub(crate) trades: BTreeMap<i64, Trade>,
    pub(crate) deposits: BTreeMap<i64, Deposit>,
    pub(crate) remits: BTreeMap<i64, Remit>,
    pub(crate) files: BTreeMap<i64, UploadedFile>,
    pub(crate) events: BTreeMap<i64, Event>,
    pub(crate) orders: BTreeMap<String, Order>,
    pub(crate) abnormal_payments: BTreeMap<String, AbnormalPayment>,
    pub(crate) settlements: BTreeMap<String, Settlement>,
    pub(crate) refunds: BTreeMap<String, Refund>,
}

impl Books {
    /// The fee config of a customer; no fee where there is none.
    pub(crate) fn fee_config(&self, customer: Option<i64>) -> FeeConfig {
        let config = customer.and_then(|customer| self.fee_configs.get(&customer));
        config.copied().unwrap_or_default()
    }

    /// Refuses the id of a customer that there is not.
    pub(crate) fn known_customer(&self, id: i64) -> Result<(), Refusal> {
        if self.customers.contains_key(&id) {
            Ok(())
        } else {
            Err(Refusal::not_found("clientId"))
        }
    }

    /// Takes a `requestId`, once.
    pub(crate) fn take_request_id(
        &mut self,
        request_id: &str,
        refuse_duplicates: bool,
    ) -> Result<(), Refusal> {
        if self.request_ids.insert(request_id.to_owned()) || !refuse_duplicates {
            Ok(())
        } else {
            Err(Refusal::duplicate("requestId"))
        }
    }
}
