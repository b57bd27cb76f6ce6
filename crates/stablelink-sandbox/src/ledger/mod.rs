//! The records and accounts of one client.
//!
//! `payments` and `checkout` define the records. `transitions` has every status change, `scheduler`
//! the changes that the clock causes, `order_payments` the payments of orders, and `balances` the
//! accounts. This file has the ledger and its events.

mod balances;
mod checkout;
mod order_payments;
mod payments;
mod scheduler;
mod transitions;
#[cfg(test)]
mod transitions_tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde::Serialize;
use serde_json::value::RawValue;

pub use balances::{Balances, LedgerAccount};
pub(crate) use checkout::{
    AbnormalPaymentRecord, COIN_DIGITS, CheckoutId, OrderRecord, RefundRecord, RefundSource,
    SettlementRecord,
};
pub use payments::SandboxFile;
pub(crate) use payments::{
    Customer, CustomerProfile, Deposit, FeeConfig, RemitFields, RemitRecord, TradeRecord,
    deposit_address,
};
pub(crate) use scheduler::RecordKey;
use scheduler::Scheduler;

use crate::api_error::ApiError;
use crate::effects::Effects;
use crate::settings::Delays;

/// The records of one client, by the key with which they are requested.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) effects: Effects,
    pub(crate) balances: Balances,
    scheduler: Scheduler,
    delays: Delays,
    /// The number of the request that changes the ledger. `None` if the clock or a test does.
    pub(crate) request: Option<u64>,
    /// Idempotency keys of trades and remits.
    request_ids: BTreeSet<String>,
    pub(crate) customers: BTreeMap<i64, Customer>,
    /// The fee configs by customer ID.
    pub(crate) fee_configs: BTreeMap<i64, FeeConfig>,
    pub(crate) trades: BTreeMap<i64, TradeRecord>,
    pub(crate) deposits: BTreeMap<i64, Deposit>,
    pub(crate) remits: BTreeMap<i64, RemitRecord>,
    pub(crate) files: BTreeMap<i64, SandboxFile>,
    /// The latest events.
    pub(crate) events: BTreeMap<i64, LedgerEvent>,
    /// Events for which no webhook delivery exists yet.
    outbox: Vec<LedgerEvent>,
    ids: RecordIds,
    pub(crate) orders: BTreeMap<String, OrderRecord>,
    pub(crate) abnormal_payments: BTreeMap<String, AbnormalPaymentRecord>,
    pub(crate) settlements: BTreeMap<String, SettlementRecord>,
    pub(crate) refunds: BTreeMap<String, RefundRecord>,
}

/// An event that is delivered to webhooks.
#[derive(Clone, Debug)]
pub(crate) struct LedgerEvent {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) product: Product,
    /// The JSON of the record.
    pub(crate) data: Option<Box<RawValue>>,
    pub(crate) simulated: Option<SimulatedEvent>,
    /// The number of the request that caused the event.
    pub(crate) request: Option<u64>,
    /// Milliseconds since the epoch.
    pub(crate) created: i64,
}

/// The product of an event. It determines the form of the webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Product {
    Checkout,
    Payments,
}

/// The request for a simulated event.
#[derive(Clone, Debug)]
pub(crate) struct SimulatedEvent {
    /// The whole body.
    pub(crate) request: Box<RawValue>,
    pub(crate) remark: Option<String>,
    pub(crate) develop_client_id: Option<String>,
}

impl Ledger {
    /// Number of events that are kept.
    const MAX_EVENTS: usize = 1000;

    pub(crate) fn new(ids: RecordIds) -> Self {
        Self {
            ids,
            ..Self::default()
        }
    }

    /// Returns the fee config of a customer. Without one, the fee is zero.
    pub(crate) fn fee_config(&self, customer: Option<i64>) -> FeeConfig {
        let config = customer.and_then(|customer| self.fee_configs.get(&customer));
        config.copied().unwrap_or_default()
    }

    /// Rejects an unknown customer.
    pub(crate) fn require_customer(&self, id: i64) -> Result<(), ApiError> {
        if self.customers.contains_key(&id) {
            Ok(())
        } else {
            Err(ApiError::not_found("clientId"))
        }
    }

    /// Rejects a `requestId` that was used before, unless duplicates are allowed.
    pub(crate) fn use_request_id(
        &mut self,
        request_id: &str,
        reject_duplicates: bool,
    ) -> Result<(), ApiError> {
        if self.request_ids.insert(request_id.to_owned()) || !reject_duplicates {
            Ok(())
        } else {
            Err(ApiError::Duplicate("requestId"))
        }
    }

    /// Returns when the next transition is due, in milliseconds since the epoch.
    pub(crate) fn next_transition(&self) -> Option<i64> {
        self.scheduler.next()
    }

    /// Records an event.
    pub(crate) fn add_event(
        &mut self,
        created: i64,
        name: &str,
        (product, data): (Product, Option<Box<RawValue>>),
        simulated: Option<SimulatedEvent>,
    ) {
        let event = LedgerEvent {
            id: self.ids.next(),
            name: name.to_owned(),
            product,
            data,
            simulated,
            request: self.request,
            created,
        };
        self.outbox.push(event.clone());
        self.events.insert(event.id, event);
        if self.events.len() > Self::MAX_EVENTS {
            self.events.pop_first();
        }
    }

    fn add_abnormal_payment_event(&mut self, number: &str, at: i64) {
        let data = self.abnormal_payments.get(number).and_then(raw);
        self.add_event(at, "ABNORMAL_PAYMENT", (Product::Checkout, data), None);
    }

    /// Takes the events for which no webhook delivery exists yet.
    pub(crate) fn take_outbox(&mut self) -> Vec<LedgerEvent> {
        std::mem::take(&mut self.outbox)
    }

    pub(crate) const fn has_outbox(&self) -> bool {
        !self.outbox.is_empty()
    }
}

fn raw(data: &impl Serialize) -> Option<Box<RawValue>> {
    serde_json::value::to_raw_value(data).ok()
}

/// Generates the ids of records. Clones share the counter.
#[derive(Clone, Debug)]
pub(crate) struct RecordIds(Arc<AtomicI64>);

impl Default for RecordIds {
    fn default() -> Self {
        // Ids of the real gateway exceed 32 bits.
        Self(Arc::new(AtomicI64::new(6_000_000_000)))
    }
}

impl RecordIds {
    pub(crate) fn next(&self) -> i64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}
