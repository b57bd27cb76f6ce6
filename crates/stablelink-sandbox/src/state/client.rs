//! One client of the gateway: who it is, its tokens, its records.

use std::sync::{Mutex, MutexGuard};

use super::{Books, Tokens};
use crate::{Credentials, lock};

pub(crate) struct Client {
    credentials: Mutex<Credentials>,
    tokens: Mutex<Tokens>,
    books: Mutex<Books>,
}

impl Client {
    pub(crate) fn new(credentials: Credentials) -> Self {
        Self {
            credentials: Mutex::new(credentials),
            tokens: Mutex::default(),
            books: Mutex::default(),
        }
    }

    pub(crate) fn credentials(&self) -> MutexGuard<'_, Credentials> {
        lock(&self.credentials)
    }

    pub(crate) fn tokens(&self) -> MutexGuard<'_, Tokens> {
        lock(&self.tokens)
    }

    /// Its records as they were last; `Gateway::books` brings them up to date.
    pub(super) fn books(&self) -> MutexGuard<'_, Books> {
        lock(&self.books)
    }
}
