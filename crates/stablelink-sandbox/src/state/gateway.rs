//! All that the parts of one sandbox share.

use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::Notify;

use super::{Books, Client, Deliveries, Ids, Mismatches, Receiver, RequestLog, TokenGrants};
use crate::faults::Faults;
use crate::settings::SandboxSettings;
use crate::{SandboxClock, SandboxCredentials, lock};

pub(crate) struct Gateway {
    settings: Mutex<Arc<SandboxSettings>>,
    pub(crate) clock: SandboxClock,
    pub(crate) clients: Vec<Client>,
    pub(crate) requests: RequestLog,
    pub(crate) mismatches: Mismatches,
    pub(crate) faults: Faults,
    /// Of token requests that belong to no client.
    refused_grants: Mutex<TokenGrants>,
    ids: Ids,
    pub(crate) deliveries: Deliveries,
    /// Something happened that the worker of webhooks should look at.
    pub(crate) wake: Notify,
}

impl Gateway {
    pub(crate) fn new(
        settings: SandboxSettings,
        clock: SandboxClock,
        clients: Vec<SandboxCredentials>,
    ) -> Self {
        let ids = Ids::default();
        Self {
            settings: Mutex::new(Arc::new(settings)),
            clock,
            clients: clients
                .into_iter()
                .map(|credentials| Client::new(credentials, ids.clone()))
                .collect(),
            requests: RequestLog::default(),
            mismatches: Mismatches::default(),
            faults: Faults::default(),
            refused_grants: Mutex::default(),
            ids,
            deliveries: Deliveries::default(),
            wake: Notify::new(),
        }
    }

    /// The settings as they are now; a change while a request is under way does not reach it.
    pub(crate) fn settings(&self) -> Arc<SandboxSettings> {
        Arc::clone(&lock(&self.settings))
    }

    pub(crate) fn change_settings(&self, change: impl FnOnce(&mut SandboxSettings)) {
        change(Arc::make_mut(&mut lock(&self.settings)));
    }

    pub(crate) fn refused_grants(&self) -> MutexGuard<'_, TokenGrants> {
        lock(&self.refused_grants)
    }

    /// The records of a client, with all steps taken that are due by now.
    pub(crate) fn books(&self, client: usize) -> MutexGuard<'_, Books> {
        let books = self.settled(client);
        // The worker finds the lock taken until the change is made.
        self.wake.notify_one();
        books
    }

    /// The same, for the worker itself.
    pub(crate) fn settled(&self, client: usize) -> MutexGuard<'_, Books> {
        let pace = self.settings().delays;
        let now = self.clock.now_millis();
        let mut books = self.clients[client].books();
        books.settle(now, pace);
        books
    }

    /// Registers where the webhooks of a client go.
    pub(crate) fn set_receiver(&self, client: usize, receiver: Option<Receiver>) {
        let Some(owner) = self.clients.get(client) else {
            return;
        };
        let mut books = self.settled(client);
        // What happened before is told to nobody, or to the receiver of then.
        if owner.receiver().is_none() {
            books.take_outbox();
        }
        *owner.receiver() = receiver.map(Arc::new);
        drop(books);
        self.wake.notify_one();
    }

    /// Sends a webhook once more. `None`: there is no such delivery, or nowhere to send it.
    pub(crate) fn resend(&self, number: u64) -> Option<u64> {
        let (client, event, body) = self.deliveries.again(number)?;
        let receiver = self.clients[client].receiver().clone()?;
        let now = self.clock.now_millis();
        let number = self.deliveries.add((client, receiver), event, body, now);
        self.wake.notify_one();
        Some(number)
    }

    /// Whether nothing is to be sent now.
    pub(crate) fn deliveries_rest(&self) -> bool {
        let told = |client| !self.settled(client).has_outbox();
        (0..self.clients.len()).all(told) && self.deliveries.rest(self.clock.now_millis())
    }

    /// An id that no other record of this sandbox has.
    pub(crate) fn new_id(&self) -> i64 {
        self.ids.next()
    }
}
