//! All that the parts of one sandbox share.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use super::{Books, Client, Mismatches, RequestLog, TokenGrants};
use crate::faults::Faults;
use crate::settings::Settings;
use crate::{Clock, Credentials, lock};

pub(crate) struct Gateway {
    settings: Mutex<Arc<Settings>>,
    pub(crate) clock: Clock,
    pub(crate) clients: Vec<Client>,
    pub(crate) requests: RequestLog,
    pub(crate) mismatches: Mismatches,
    pub(crate) faults: Faults,
    /// Of token requests that belong to no client.
    refused_grants: Mutex<TokenGrants>,
    last_id: AtomicI64,
}

impl Gateway {
    pub(crate) fn new(settings: Settings, clock: Clock, clients: Vec<Credentials>) -> Self {
        Self {
            settings: Mutex::new(Arc::new(settings)),
            clock,
            clients: clients.into_iter().map(Client::new).collect(),
            requests: RequestLog::default(),
            mismatches: Mismatches::default(),
            faults: Faults::default(),
            refused_grants: Mutex::default(),
            // Ids of the gateway go beyond 32 bits, and clients must cope.
            last_id: AtomicI64::new(6_000_000_000),
        }
    }

    /// The settings as they are now; a change while a request is under way does not reach it.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&lock(&self.settings))
    }

    pub(crate) fn change_settings(&self, change: impl FnOnce(&mut Settings)) {
        change(Arc::make_mut(&mut lock(&self.settings)));
    }

    pub(crate) fn refused_grants(&self) -> MutexGuard<'_, TokenGrants> {
        lock(&self.refused_grants)
    }

    /// The records of a client, with all steps taken that are due by now.
    pub(crate) fn books(&self, client: usize) -> MutexGuard<'_, Books> {
        let pace = self.settings().pace;
        let now = self.clock.now_millis();
        let mut books = self.clients[client].books();
        books.settle(now, pace);
        books
    }

    /// An id that no other record of this sandbox has.
    pub(crate) fn new_id(&self) -> i64 {
        self.last_id.fetch_add(1, Ordering::Relaxed) + 1
    }
}
