//! A store inside this process.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{RefreshLock, StoreError, StoreKey, StoredToken, TokenStore};
use crate::clock::{BoxFuture, Clock, SystemClock};

/// Keeps tokens in this process: the default. Clones are the same store; give one to several clients of an account, and
/// they share its token.
#[derive(Clone)]
pub struct MemoryStore(Arc<Inner>);

struct Inner {
    slots: Mutex<HashMap<StoreKey, Slot>>,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct Slot {
    token: Option<StoredToken>,
    /// The newest generation given out.
    generation: u64,
    lock: Option<(String, Duration)>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::with_clock(Arc::new(SystemClock::default()))
    }

    /// An empty store whose locks expire by this clock.
    #[must_use]
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner {
            slots: Mutex::default(),
            clock,
        }))
    }

    fn with<T: Send + 'static>(
        &self,
        key: &StoreKey,
        act: impl FnOnce(&mut Slot, Duration) -> T,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        let now = self.0.clock.monotonic();
        let mut slots = self.0.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = act(slots.entry(key.clone()).or_default(), now);
        Box::pin(std::future::ready(Ok(answer)))
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl TokenStore for MemoryStore {
    fn load<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<StoredToken>, StoreError>> {
        self.with(key, |slot, _| slot.token.clone())
    }

    fn lock<'a>(
        &'a self,
        key: &'a StoreKey,
        owner: &'a str,
        life: Duration,
    ) -> BoxFuture<'a, Result<Option<RefreshLock>, StoreError>> {
        self.with(key, |slot, now| {
            let taken = |(holder, end): &(String, Duration)| holder != owner && now < *end;
            if slot.lock.as_ref().is_some_and(taken) {
                return None;
            }
            slot.generation += 1;
            slot.lock = Some((owner.to_owned(), now.saturating_add(life)));
            Some(RefreshLock::new(owner, slot.generation))
        })
    }

    fn save<'a>(
        &'a self,
        key: &'a StoreKey,
        token: &'a StoredToken,
        lease: &'a RefreshLock,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.with(key, |slot, _| {
            let newest = slot.generation == lease.generation();
            if newest {
                slot.token = Some(token.clone());
            }
            newest
        })
    }

    fn unlock<'a>(
        &'a self,
        key: &'a StoreKey,
        lease: &'a RefreshLock,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.with(key, |slot, _| {
            slot.lock.take_if(|(owner, _)| *owner == lease.owner());
        })
    }

    fn invalidate<'a>(
        &'a self,
        key: &'a StoreKey,
        generation: u64,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.with(key, |slot, _| {
            if let Some(token) = slot.token.take() {
                slot.token = Some(if token.generation() == generation {
                    token.ended()
                } else {
                    token
                });
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
    async fn it_keeps_the_contract() {
        let (store, clock) = store();
        let pass = async || clock.advance(Duration::from_millis(100));
        contract::holds(&store, "account", pass).await;
        assert!(!format!("{store:?}").contains("new"));
    }

    #[tokio::test]
    async fn a_life_may_be_of_any_length() {
        let (store, clock) = store();
        let key = &StoreKey::new("https://pay.example", "account");
        clock.advance(Duration::from_secs(1));
        for (owner, life, next) in [("a", Duration::ZERO, true), ("b", Duration::MAX, false)] {
            assert!(store.lock(key, owner, life).await.unwrap().is_some());
            let other = store.lock(key, "other", Duration::ZERO).await.unwrap();
            assert_eq!(other.is_some(), next, "{life:?}");
        }
    }

    #[tokio::test]
    async fn a_late_holder_that_nobody_followed_may_save() {
        let (store, clock) = store();
        let key = &StoreKey::new("https://pay.example", "account");
        let life = Duration::from_secs(1);
        let lease = store.lock(key, "a", life).await.unwrap().unwrap();
        clock.advance(2 * life);
        let token = contract::token(lease.generation(), "late");
        assert!(store.save(key, &token, &lease).await.unwrap());
        assert!(store.clone().load(key).await.unwrap().is_some());
    }
}
