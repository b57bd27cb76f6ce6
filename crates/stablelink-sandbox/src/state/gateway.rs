//! All that the parts of one sandbox share.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, RwLock};
use std::sync::{PoisonError, RwLockReadGuard, RwLockWriteGuard};

use super::{Client, RequestLog, TokenGrants};
use crate::faults::Faults;
use crate::settings::Settings;
use crate::{Clock, Credentials, lock};

pub(crate) struct Gateway {
    settings: RwLock<Settings>,
    pub(crate) clock: Clock,
    pub(crate) clients: Vec<Client>,
    pub(crate) requests: RequestLog,
    pub(crate) faults: Faults,
    /// Of token requests that belong to no client.
    refused_grants: Mutex<TokenGrants>,
    last_id: AtomicI64,
}

impl Gateway {
    pub(crate) fn new(settings: Settings, clock: Clock, clients: Vec<Credentials>) -> Self {
        Self {
            settings: RwLock::new(settings),
            clock,
            clients: clients.into_iter().map(Client::new).collect(),
            requests: RequestLog::default(),
            faults: Faults::default(),
            refused_grants: Mutex::default(),
            // Ids of the gateway go beyond 32 bits, and clients must cope.
            last_id: AtomicI64::new(6_000_000_000),
        }
    }

    pub(crate) fn settings(&self) -> RwLockReadGuard<'_, Settings> {
        self.settings.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn settings_mut(&self) -> RwLockWriteGuard<'_, Settings> {
        self.settings
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn refused_grants(&self) -> MutexGuard<'_, TokenGrants> {
        lock(&self.refused_grants)
    }

    /// An id that no other record of this sandbox has.
    pub(crate) fn new_id(&self) -> i64 {
        self.last_id.fetch_add(1, Ordering::Relaxed) + 1
    }
}
