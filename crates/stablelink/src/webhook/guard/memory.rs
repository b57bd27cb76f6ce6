//! Events remembered in this process.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::ready;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{Claim, EventKey, GuardError, LEASE, Lease, RETENTION, ReplayGuard};
use crate::clock::{BoxFuture, Clock, SystemClock};

/// Remembers events in this process: for a receiver that runs once, and for tests.
///
/// A restart forgets all. It holds 65,536 events at most, about 200 bytes each; when it is full, the one that was
/// handled longest ago is forgotten early, but none that is being handled.
pub struct MemoryGuard {
    clock: Arc<dyn Clock>,
    capacity: usize,
    lease: Duration,
    retention: Duration,
    events: Mutex<Events>,
}

#[derive(Default)]
struct Events {
    states: HashMap<EventKey, State>,
    /// Handled ones, and when to forget them, the next one first.
    handled: VecDeque<(Duration, EventKey)>,
    /// Claims, and when they end, the next one first. Those that were settled are still here.
    claims: VecDeque<(Duration, Lease)>,
}

enum State {
    Claimed(Lease),
    Handled,
}

/// Every event that the guard may hold is being handled.
#[derive(Debug, thiserror::Error)]
#[error("the guard in memory is full of events that are being handled; give it more capacity")]
struct Full;

impl Default for MemoryGuard {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock::default()))
    }
}

/// A claim of no time at all would be given to all who ask.
const SHORTEST: Duration = Duration::from_millis(1);

impl MemoryGuard {
    /// Remembers by this clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            capacity: 65_536,
            lease: LEASE,
            retention: RETENTION,
            events: Mutex::default(),
        }
    }

    /// How many events it holds at most; at least 1.
    #[must_use]
    pub fn capacity(mut self, events: usize) -> Self {
        self.capacity = events.max(1);
        self
    }

    /// How long a claim lasts; 60 s by default, at least 1 ms. More than a handler may take.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease.max(SHORTEST);
        self
    }

    /// How long a handled event is remembered; 2 days by default, at least 1 ms. More than the gateway's
    /// [redeliveries](crate::webhook::REDELIVERIES) go on, and more than the
    /// [tolerance](crate::webhook::Webhooks::tolerance).
    #[must_use]
    pub fn retention(mut self, retention: Duration) -> Self {
        self.retention = retention.max(SHORTEST);
        self
    }

    /// Acts on the events after those were forgotten whose time is up.
    fn with<T>(&self, act: impl FnOnce(&mut Events, Duration) -> T) -> T {
        let now = self.clock.monotonic();
        // A panic under this lock leaves no half-made change that matters: at worst a key is held until its time.
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.forget(now);
        act(&mut events, now)
    }
}

impl Events {
    fn forget(&mut self, now: Duration) {
        while self.handled.front().is_some_and(|(end, _)| *end <= now) {
            self.forget_oldest();
        }
        while let Some((end, lease)) = self.claims.front() {
            if holds(&self.states, lease) {
                if *end > now {
                    break;
                }
                self.states.remove(lease.key());
            }
            self.claims.pop_front();
        }
    }

    fn forget_oldest(&mut self) -> bool {
        match self.handled.pop_front() {
            Some((_, key)) => self.states.remove(&key).is_some(),
            None => false,
        }
    }
}

/// Whether the event is claimed, and by this lease.
fn holds(states: &HashMap<EventKey, State>, lease: &Lease) -> bool {
    matches!(states.get(lease.key()), Some(State::Claimed(current)) if current == lease)
}

impl ReplayGuard for MemoryGuard {
    fn claim<'a>(&'a self, key: &'a EventKey) -> BoxFuture<'a, Result<Claim, GuardError>> {
        let claim = self.with(|events, now| {
            match events.states.get(key) {
                Some(State::Claimed(_)) => return Ok(Claim::InProgress),
                Some(State::Handled) => return Ok(Claim::Done),
                None => {}
            }
            if events.states.len() >= self.capacity && !events.forget_oldest() {
                return Err(Full.into());
            }
            let lease = Lease::new(key.clone());
            events
                .states
                .insert(key.clone(), State::Claimed(lease.clone()));
            let end = now.saturating_add(self.lease);
            events.claims.push_back((end, lease.clone()));
            Ok(Claim::New(lease))
        });
        Box::pin(ready(claim))
    }

    fn commit<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<bool, GuardError>> {
        let committed = self.with(|events, now| {
            match events.states.get(lease.key()) {
                Some(State::Claimed(current)) if current != lease => return false,
                Some(State::Handled) => return true,
                Some(State::Claimed(_)) => {}
                None if events.states.len() >= self.capacity => {
                    events.forget_oldest();
                }
                None => {}
            }
            let key = lease.key().clone();
            events.states.insert(key.clone(), State::Handled);
            let end = now.saturating_add(self.retention);
            events.handled.push_back((end, key));
            true
        });
        Box::pin(ready(Ok(committed)))
    }

    fn release<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<(), GuardError>> {
        self.with(|events, _| {
            if holds(&events.states, lease) {
                events.states.remove(lease.key());
            }
        });
        Box::pin(ready(Ok(())))
    }
}

impl fmt::Debug for MemoryGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryGuard")
            .field("capacity", &self.capacity)
            .field("lease", &self.lease)
            .field("retention", &self.retention)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::testing::ManualClock;

    const SECOND: Duration = Duration::from_secs(1);

    fn key(id: &str) -> EventKey {
        EventKey::of_id("", id)
    }

    struct Fixture {
        clock: ManualClock,
        guard: MemoryGuard,
    }

    impl Fixture {
        fn of(capacity: usize) -> Self {
            let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
            let guard = MemoryGuard::new(Arc::new(clock.clone())).capacity(capacity);
            Self { clock, guard }
        }

        async fn claim(&self, id: &str) -> Claim {
            self.guard.claim(&key(id)).await.unwrap()
        }

        async fn lease(&self, id: &str) -> Lease {
            match self.claim(id).await {
                Claim::New(lease) => lease,
                other => panic!("{other:?}"),
            }
        }

        async fn handled(&self, id: &str) {
            let lease = self.lease(id).await;
            assert!(self.guard.commit(&lease).await.unwrap());
        }
    }

    #[tokio::test]
    async fn a_full_guard_forgets_what_was_handled_longest_ago() {
        let events = Fixture::of(2);
        events.handled("1").await;
        events.clock.advance(SECOND);
        events.handled("2").await;
        let third = events.lease("3").await;
        assert_eq!(events.claim("2").await, Claim::Done);
        let again = events.lease("1").await;
        // Both are being handled now: nothing is left to forget.
        let error = events.guard.claim(&key("4")).await.unwrap_err();
        assert!(error.is::<Full>(), "{error}");
        assert_eq!(events.claim("1").await, Claim::InProgress);
        events.guard.release(&again).await.unwrap();
        assert!(events.guard.commit(&third).await.unwrap());
        events.handled("4").await;
        assert_eq!(events.claim("3").await, Claim::Done);
    }

    #[tokio::test]
    async fn nothing_is_kept_for_ever() {
        let events = Fixture::of(100);
        for round in 0..1_000 {
            let id = round.to_string();
            match round % 3 {
                0 => events.handled(&id).await,
                1 => {
                    let lease = events.lease(&id).await;
                    events.guard.release(&lease).await.unwrap();
                }
                _ => {
                    let lease = events.lease(&id).await;
                    events.clock.advance(LEASE);
                    assert!(events.guard.commit(&lease).await.unwrap());
                }
            }
            events.guard.with(|events, _| {
                assert!(events.states.len() <= 100);
                assert!(events.handled.len() <= 100);
                assert!(events.claims.len() <= 3);
            });
        }
        events.clock.advance(RETENTION);
        events.guard.with(|events, _| {
            assert!(events.states.is_empty() && events.handled.is_empty());
            assert!(events.claims.is_empty());
        });
    }
}
