//! The refresh lock of the token store, while one refresh holds it.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tracing::debug;
use uuid::Uuid;

use super::store::{RefreshLock, StoreError, StoreKey, TokenStore};

/// The time for which other processes wait for a process that was killed during a refresh. The lock is extended during the
/// refresh.
pub(super) const LOCK_TTL: Duration = Duration::from_secs(6);

/// The interval at which the lock is extended. A process that is paused for longer than the TTL loses the lock, and its
/// token is not saved.
pub(super) const EXTENSION_INTERVAL: Duration = Duration::from_secs(2);

/// A held lock. It is released when it is dropped, for example because the request panicked.
pub(super) struct RefreshGuard {
    store: Arc<dyn TokenStore>,
    key: StoreKey,
    lock: RefreshLock,
    /// The generation of the lock before it was extended.
    acquired_generation: u64,
    /// Set if the result of the last extension is unknown.
    uncertain: bool,
    released: bool,
}

impl RefreshGuard {
    /// Acquires the lock. Returns `None` if another process holds it.
    pub(super) async fn acquire(
        store: &Arc<dyn TokenStore>,
        key: &StoreKey,
    ) -> Result<Option<Self>, StoreError> {
        // Each refresh is a separate owner: a cancelled one must not release the lock of a later one.
        let owner = Uuid::new_v4().to_string();
        let lock = store.lock(key, &owner, LOCK_TTL).await?;
        Ok(lock.map(|lock| Self {
            store: Arc::clone(store),
            key: key.clone(),
            acquired_generation: lock.generation(),
            lock,
            uncertain: false,
            released: false,
        }))
    }

    pub(super) fn lock(&self) -> &RefreshLock {
        &self.lock
    }

    /// Extends the lock by its TTL. It has a new generation then.
    pub(super) async fn extend(&mut self) {
        let extended = self.store.lock(&self.key, self.lock.owner(), LOCK_TTL);
        let extended = extended.await;
        self.uncertain = extended.is_err();
        match extended {
            Ok(Some(lock)) => self.lock = lock,
            Ok(None) => debug!("another process has taken over the lock of the token store"),
            Err(error) => debug!(%error, "the lock of the token store could not be extended"),
        }
    }

    /// Extends the lock again if the last extension failed: it may have taken effect, and then the generation is not current.
    pub(super) async fn confirm(&mut self) {
        if self.uncertain {
            self.extend().await;
        }
    }

    /// Returns whether another process has saved a token since the lock was acquired. This process was suspended for longer than
    /// the TTL then: its extension acquired the lock that the other process had released.
    pub(super) async fn was_lost(&self) -> bool {
        self.lock.generation() != self.acquired_generation
            && matches!(self.store.load(&self.key).await, Ok(Some(token)) if token.generation() > self.acquired_generation)
    }

    pub(super) async fn release(mut self) {
        unlock(&*self.store, &self.key, &self.lock).await;
        // The flag is set last: if this future is dropped earlier, `drop` releases the lock.
        self.released = true;
    }
}

impl Drop for RefreshGuard {
    fn drop(&mut self) {
        if let (false, Ok(runtime)) = (self.released, Handle::try_current()) {
            let (store, key) = (Arc::clone(&self.store), self.key.clone());
            let lock = self.lock.clone();
            runtime.spawn(async move { unlock(&*store, &key, &lock).await });
        }
    }
}

async fn unlock(store: &dyn TokenStore, key: &StoreKey, lock: &RefreshLock) {
    if let Err(error) = store.unlock(key, lock).await {
        debug!(%error, "the lock of the token store could not be released; it expires");
    }
}
