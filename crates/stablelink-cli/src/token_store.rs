//! The token store of the CLI: it announces a new token and a long wait, and releases its lock when the command is stopped.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use stablelink::{BoxFuture, RefreshLock, StoreError, StoreKey, StoredToken, TokenStore};

use crate::output::CliOutput;

/// A token store whose lock can be released from outside of the call that holds it. Clones share the lock.
#[derive(Clone, Debug)]
pub(crate) struct CliTokenStore {
    store: Arc<dyn TokenStore>,
    /// The file or the server that stores the token. It is shown in notes.
    place: String,
    out: CliOutput,
    lock: Arc<Mutex<LockState>>,
}

#[derive(Debug, Default)]
struct LockState {
    /// The lock that was requested last, and that was not released yet.
    held: Option<(StoreKey, RefreshLock)>,
    waiting_since: Option<Instant>,
    is_wait_announced: bool,
}

/// The time after which a wait for another process is announced.
const SILENT_WAIT: Duration = Duration::from_secs(1);

impl CliTokenStore {
    pub(crate) fn new(store: impl TokenStore, place: impl Into<String>, out: &CliOutput) -> Self {
        Self {
            store: Arc::new(store),
            place: place.into(),
            out: out.clone(),
            lock: Arc::default(),
        }
    }

    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// Releases the lock of a token request that was interrupted.
    pub(crate) async fn release(&self) {
        let held = self.state().held.take();
        if let Some((key, lock)) = held {
            let unlock = self.store.unlock(&key, &lock);
            // After an error or a timeout the lock expires.
            let _ = tokio::time::timeout(Duration::from_secs(2), unlock).await;
        }
    }

    fn state(&self) -> MutexGuard<'_, LockState> {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn announce_wait(&self) {
        let mut state = self.state();
        state.held = None;
        let since = *state.waiting_since.get_or_insert_with(Instant::now);
        if since.elapsed() >= SILENT_WAIT && !state.is_wait_announced {
            state.is_wait_announced = true;
            let place = &self.place;
            self.out.note(format!(
                "waiting for another process that is refreshing the token in {place}"
            ));
        }
    }
}

impl TokenStore for CliTokenStore {
    fn load<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<StoredToken>, StoreError>> {
        self.store.load(key)
    }

    fn lock<'a>(
        &'a self,
        key: &'a StoreKey,
        owner: &'a str,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Option<RefreshLock>, StoreError>> {
        Box::pin(async move {
            // The lock is recorded before the request, because the request may take effect after it is interrupted. A
            // release needs only the owner.
            let recorded = (key.clone(), RefreshLock::new(owner, 0));
            let previous = self.state().held.replace(recorded.clone());
            let lock = self.store.lock(key, owner, ttl).await?;
            if lock.is_some() {
                // The same owner locks again to extend its lock.
                if previous == Some(recorded) {
                    return Ok(lock);
                }
                self.out.note(
                    "requesting a new token, which invalidates the current token of these credentials",
                );
            } else {
                self.announce_wait();
            }
            Ok(lock)
        })
    }

    fn save<'a>(
        &'a self,
        key: &'a StoreKey,
        token: &'a StoredToken,
        lock: &'a RefreshLock,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.store.save(key, token, lock)
    }

    fn unlock<'a>(
        &'a self,
        key: &'a StoreKey,
        lock: &'a RefreshLock,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.store.unlock(key, lock).await?;
            self.state().held = None;
            Ok(())
        })
    }

    fn invalidate<'a>(
        &'a self,
        key: &'a StoreKey,
        generation: u64,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.store.invalidate(key, generation)
    }
}
