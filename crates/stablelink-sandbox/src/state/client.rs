//! One client of the gateway: who it is, its tokens, its records.

use std::sync::{Arc, Mutex, MutexGuard};

use super::{Books, Ids, Receiver, Tokens};
use crate::{SandboxCredentials, lock};

pub(crate) struct Client {
    credentials: Mutex<SandboxCredentials>,
    tokens: Mutex<Tokens>,
    books: Mutex<Books>,
    receiver: Mutex<Option<Arc<Receiver>>>,
}

impl Client {
    pub(crate) fn new(credentials: SandboxCredentials, ids: Ids) -> Self {
        Self {
            credentials: Mutex::new(credentials),
            tokens: Mutex::default(),
            books: Mutex::new(Books::new(ids)),
            receiver: Mutex::default(),
        }
    }

    pub(crate) fn credentials(&self) -> MutexGuard<'_, SandboxCredentials> {
        lock(&self.credentials)
    }

    pub(crate) fn tokens(&self) -> MutexGuard<'_, Tokens> {
        lock(&self.tokens)
    }

    /// Where its webhooks go; `None`: nowhere.
    pub(crate) fn receiver(&self) -> MutexGuard<'_, Option<Arc<Receiver>>> {
        lock(&self.receiver)
    }

    /// Its records as they were last; `Gateway::books` brings them up to date.
    pub(super) fn books(&self) -> MutexGuard<'_, Books> {
        lock(&self.books)
    }
}
