//! The records of one client.
//!
//! What a record allows in its state stands beside it; how it moves from one to the next is in
//! `steps`, and when by itself in `agenda`.

mod agenda;
mod checkout;
mod customer;
pub(crate) mod event;
mod ledger;
mod steps;
mod trade;

use std::collections::{BTreeMap, BTreeSet};

use agenda::Agenda;
pub(crate) use agenda::Record;
pub(crate) use checkout::{AbnormalPayment, COIN_DIGITS, Order, Refund, Refunded, Settlement};
pub use customer::UploadedFile;
pub(crate) use customer::{Customer, Profile, Remit};
pub(crate) use event::Event;
pub use ledger::{Balances, LedgerAccount};
pub(crate) use trade::{Deposit, FeeConfig, Trade};

use super::{Effects, Ids};
use crate::delays::Delays;
use crate::refusal::Refusal;

/// The records of one client. Kinds of records have a field each, ordered by the key that they
/// are found by.
#[derive(Default)]
pub(crate) struct Books {
    pub(crate) effects: Effects,
    pub(crate) balances: Balances,
    pub(crate) agenda: Agenda,
    pace: Delays,
    /// Idempotency keys of trades and remits.
    request_ids: BTreeSet<String>,
    pub(crate) customers: BTreeMap<i64, Customer>,
    /// By the id of the customer.
    pub(crate) fee_configs: BTreeMap<i64, FeeConfig>,
    pub(crate) trades: BTreeMap<i64, Trade>,
    pub(crate) deposits: BTreeMap<i64, Deposit>,
    pub(crate) remits: BTreeMap<i64, Remit>,
    pub(crate) files: BTreeMap<i64, UploadedFile>,
    /// The latest of them.
    pub(crate) events: BTreeMap<i64, Event>,
    /// Those that nobody was told of yet.
    outbox: Vec<Event>,
    ids: Ids,
    pub(crate) orders: BTreeMap<String, Order>,
    pub(crate) abnormal_payments: BTreeMap<String, AbnormalPayment>,
    pub(crate) settlements: BTreeMap<String, Settlement>,
    pub(crate) refunds: BTreeMap<String, Refund>,
}

impl Books {
    pub(crate) fn new(ids: Ids) -> Self {
        Self {
            ids,
            ..Self::default()
        }
    }

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

    /// Refuses a customer whose KYB is not approved, where that is needed.
    pub(crate) fn kyb_allows(&self, id: i64, needed: bool) -> Result<(), Refusal> {
        let status = self.customers.get(&id).map(|c| c.kyb_status.as_str());
        if !needed || status == Some(Customer::APPROVED) {
            return Ok(());
        }
        Err(Refusal::not_now(
            "the KYB of clientId must be approved before a trade",
        ))
    }

    /// Takes a `requestId`, once.
    pub(crate) fn take_request_id(
        &mut self,
        request_id: &str,
        reject_duplicates: bool,
    ) -> Result<(), Refusal> {
        if self.request_ids.insert(request_id.to_owned()) || !reject_duplicates {
            Ok(())
        } else {
            Err(Refusal::duplicate("requestId"))
        }
    }
}
