//! Tokens in memory.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{RefreshLock, StoreFuture, StoreKey, StoredToken, TokenStore};
use crate::clock::{Clock, SystemClock};

/// Stores tokens in memory: the default. Clones share one store. Clients of one account that use the same store share its
/// token.
#[derive(Clone)]
pub struct MemoryStore(Arc<SharedSlots>);

struct SharedSlots {
    slots: Mutex<HashMap<StoreKey, TokenSlot>>,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct TokenSlot {
    token: Option<StoredToken>,
    /// The newest generation of a lock.
    generation: u64,
    /// The owner, and when the lock expires.
    lock: Option<(String, Duration)>,
}

impl MemoryStore {
    /// Creates an empty store whose locks expire by this clock.
    #[must_use]
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(SharedSlots {
            slots: Mutex::default(),
            clock,
        }))
    }

    fn with_slot<T: Send + 'static>(
        &self,
        key: &StoreKey,
        act: impl FnOnce(&mut TokenSlot, Duration) -> T,
    ) -> StoreFuture<'static, T> {
        let now = self.0.clock.monotonic();
        let mut slots = self.0.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let result = act(slots.entry(key.clone()).or_default(), now);
        Box::pin(std::future::ready(Ok(result)))
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::with_clock(Arc::new(SystemClock::default()))
    }
}

impl TokenStore for MemoryStore {
    fn load<'a>(&'a self, key: &'a StoreKey) -> StoreFuture<'a, Option<StoredToken>> {
        self.with_slot(key, |slot, _| slot.token.clone())
    }

    fn lock<'a>(
        &'a self,
        key: &'a StoreKey,
        owner: &'a str,
        ttl: Duration,
    ) -> StoreFuture<'a, Option<RefreshLock>> {
        self.with_slot(key, |slot, now| {
            let is_held =
                |(holder, expires): &(String, Duration)| holder != owner && now < *expires;
            if slot.lock.as_ref().is_some_and(is_held) {
                return None;
            }
            slot.generation += 1;
            slot.lock = Some((owner.to_owned(), now.saturating_add(ttl)));
            Some(RefreshLock::new(owner, slot.generation))
        })
    }

    fn save<'a>(
        &'a self,
        key: &'a StoreKey,
        token: &'a StoredToken,
        lock: &'a RefreshLock,
    ) -> StoreFuture<'a, bool> {
        self.with_slot(key, |slot, _| {
            let is_newest = slot.generation == lock.generation();
            if is_newest {
                slot.token = Some(token.clone());
            }
            is_newest
        })
    }

    fn unlock<'a>(&'a self, key: &'a StoreKey, lock: &'a RefreshLock) -> StoreFuture<'a, ()> {
        self.with_slot(key, |slot, _| {
            slot.lock.take_if(|(owner, _)| *owner == lock.owner());
        })
    }

    fn invalidate<'a>(&'a self, key: &'a StoreKey, generation: u64) -> StoreFuture<'a, ()> {
        self.with_slot(key, |slot, _| {
            if let Some(token) = slot.token.take_if(|token| token.generation() == generation) {
                slot.token = Some(token.expired());
            }
        })
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::contract;
    use super::*;
    use crate::testing::ManualClock;

    fn store() -> (MemoryStore, ManualClock) {
        let clock = ManualClock::new(std::time::UNIX_EPOCH);
        (MemoryStore::with_clock(Arc::new(clock.clone())), clock)
    }

    #[tokio::test]
    async fn memory_store_keeps_the_store_contract() {
        let (store, clock) = store();
        let wait = async || clock.advance(Duration::from_millis(100));
        contract::check(&store, "account", wait).await;
        assert!(!format!("{store:?}").contains("new"));
    }

    #[tokio::test]
    async fn lock_accepts_any_ttl() {
        let (store, clock) = store();
        let key = &StoreKey::new("https://pay.example", "account");
        clock.advance(Duration::from_secs(1));
        for (owner, ttl, expired) in [("a", Duration::ZERO, true), ("b", Duration::MAX, false)] {
            assert!(store.lock(key, owner, ttl).await.unwrap().is_some());
            let other = store.lock(key, "other", Duration::ZERO).await.unwrap();
            assert_eq!(other.is_some(), expired, "{ttl:?}");
        }
    }

    #[tokio::test]
    async fn expired_lock_without_a_newer_one_may_save() {
        let (store, clock) = store();
        let key = &StoreKey::new("https://pay.example", "account");
        let ttl = Duration::from_secs(1);
        let lock = store.lock(key, "a", ttl).await.unwrap().unwrap();
        clock.advance(2 * ttl);
        let token = contract::token(lock.generation(), "late");
        assert!(store.save(key, &token, &lock).await.unwrap());
        assert!(store.clone().load(key).await.unwrap().is_some());
    }
}
