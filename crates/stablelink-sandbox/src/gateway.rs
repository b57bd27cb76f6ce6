//! The state of one sandbox, shared by its parts.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::Notify;

use crate::auth::{TokenGrants, Tokens};
use crate::faults::FaultList;
use crate::ledger::{Ledger, RecordIds};
use crate::request_log::RequestLog;
use crate::sync::lock;
use crate::webhooks::{Deliveries, ReceiverAddress};
use crate::{SandboxClock, SandboxCredentials, SandboxSettings, SchemaMismatch};

pub(crate) struct GatewayState {
    settings: Mutex<Arc<SandboxSettings>>,
    pub(crate) clock: SandboxClock,
    pub(crate) clients: Vec<GatewayClient>,
    pub(crate) requests: RequestLog,
    /// Length of the bodies of all open requests.
    pub(crate) open_body_bytes: AtomicUsize,
    pub(crate) faults: FaultList,
    pub(crate) deliveries: Deliveries,
    mismatches: Mutex<Vec<SchemaMismatch>>,
    /// Token requests that cannot be attributed to a client.
    rejected_grants: Mutex<TokenGrants>,
    ids: RecordIds,
    /// Wakes the webhook worker.
    pub(crate) wake: Notify,
}

/// A client of the gateway: its credentials, its tokens and its records.
pub(crate) struct GatewayClient {
    credentials: Mutex<SandboxCredentials>,
    tokens: Mutex<Tokens>,
    ledger: Mutex<Ledger>,
    receiver: Mutex<Option<Arc<ReceiverAddress>>>,
}

impl GatewayClient {
    pub(crate) fn credentials(&self) -> MutexGuard<'_, SandboxCredentials> {
        lock(&self.credentials)
    }

    pub(crate) fn tokens(&self) -> MutexGuard<'_, Tokens> {
        lock(&self.tokens)
    }

    /// Returns the receiver of the webhooks of this client, if one is registered.
    pub(crate) fn receiver(&self) -> MutexGuard<'_, Option<Arc<ReceiverAddress>>> {
        lock(&self.receiver)
    }
}

impl GatewayState {
    /// The maximum number of mismatches that are kept. The first ones usually explain the others.
    const MAX_MISMATCHES: usize = 100;

    pub(crate) fn new(
        settings: SandboxSettings,
        clock: SandboxClock,
        clients: Vec<SandboxCredentials>,
    ) -> Self {
        let ids = RecordIds::default();
        let client = |credentials| GatewayClient {
            credentials: Mutex::new(credentials),
            tokens: Mutex::default(),
            ledger: Mutex::new(Ledger::new(ids.clone())),
            receiver: Mutex::default(),
        };
        Self {
            settings: Mutex::new(Arc::new(settings)),
            clock,
            clients: clients.into_iter().map(client).collect(),
            requests: RequestLog::default(),
            open_body_bytes: AtomicUsize::default(),
            faults: FaultList::default(),
            deliveries: Deliveries::default(),
            mismatches: Mutex::default(),
            rejected_grants: Mutex::default(),
            ids,
            wake: Notify::new(),
        }
    }

    /// Returns the current settings. A request uses the same settings to its end.
    pub(crate) fn settings(&self) -> Arc<SandboxSettings> {
        Arc::clone(&lock(&self.settings))
    }

    pub(crate) fn update_settings(&self, change: impl FnOnce(&mut SandboxSettings)) {
        change(Arc::make_mut(&mut lock(&self.settings)));
    }

    pub(crate) fn rejected_grants(&self) -> MutexGuard<'_, TokenGrants> {
        lock(&self.rejected_grants)
    }

    pub(crate) fn add_mismatch(&self, mismatch: SchemaMismatch) {
        let mut mismatches = lock(&self.mismatches);
        if mismatches.len() < Self::MAX_MISMATCHES {
            mismatches.push(mismatch);
        }
    }

    pub(crate) fn mismatches(&self) -> Vec<SchemaMismatch> {
        lock(&self.mismatches).clone()
    }

    /// Returns the ledger of a client after the transitions that are due, for a change.
    pub(crate) fn ledger(&self, client: usize) -> MutexGuard<'_, Ledger> {
        let ledger = self.current_ledger(client);
        // The worker waits for the lock, so it sees the change.
        self.wake.notify_one();
        ledger
    }

    /// Returns the ledger of a client after the transitions that are due, without waking the
    /// webhook worker.
    pub(crate) fn current_ledger(&self, client: usize) -> MutexGuard<'_, Ledger> {
        let delays = self.settings().delays;
        let now = self.clock.now_millis();
        let mut ledger = lock(&self.clients[client].ledger);
        ledger.apply_due(now, delays);
        ledger
    }

    /// Calls a function for the ledger of each client.
    pub(crate) fn read_ledgers(&self, mut read: impl FnMut(&Ledger)) {
        for client in 0..self.clients.len() {
            read(&self.ledger(client));
        }
    }

    /// Registers the webhook receiver of a client. An unknown client is ignored.
    pub(crate) fn set_receiver(&self, client: usize, receiver: Option<ReceiverAddress>) {
        let Some(owner) = self.clients.get(client) else {
            return;
        };
        let mut ledger = self.current_ledger(client);
        // Earlier events are not sent to a receiver that is registered later.
        if owner.receiver().is_none() {
            ledger.take_outbox();
        }
        *owner.receiver() = receiver.map(Arc::new);
        drop(ledger);
        self.wake.notify_one();
    }

    /// Sends a webhook again. Returns `None` if there is no such delivery or no receiver.
    pub(crate) fn resend(&self, number: u64) -> Option<u64> {
        let (client, event) = self.deliveries.event(number)?;
        let receiver = self.clients[client].receiver().clone()?;
        let now = self.clock.now_millis();
        let number = self.deliveries.add((client, receiver), event, now);
        self.wake.notify_one();
        Some(number)
    }

    /// Returns true if no webhook is due or in progress.
    pub(crate) fn deliveries_are_idle(&self) -> bool {
        let is_empty = |client| !self.current_ledger(client).has_outbox();
        (0..self.clients.len()).all(is_empty) && self.deliveries.is_idle(self.clock.now_millis())
    }

    /// Returns an id that no other record of this sandbox has.
    pub(crate) fn new_id(&self) -> i64 {
        self.ids.next()
    }
}
