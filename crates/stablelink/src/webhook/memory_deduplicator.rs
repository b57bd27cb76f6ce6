//! A deduplicator that keeps handled events in memory.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::ready;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::deduplicator::{CLAIM_TTL, DeduplicatorFuture, RETENTION};
use super::{ClaimResult, Deduplicator, EventClaim, EventKey};
use crate::clock::{Clock, SystemClock};

/// Remembers events in memory: for a receiver with one process, and for tests.
///
/// A restart forgets all events. The default capacity is 65,536 events of about 200 bytes. At the limit, the event that was handled
/// longest ago is forgotten early; claimed events are not forgotten.
pub struct MemoryDeduplicator {
    clock: Arc<dyn Clock>,
    capacity: usize,
    claim_ttl: Duration,
    retention: Duration,
    events: Mutex<RememberedEvents>,
}

#[derive(Default)]
struct RememberedEvents {
    states: HashMap<EventKey, EventState>,
    /// Handled events and when they are forgotten, in this order.
    handled: VecDeque<(Duration, EventKey)>,
    /// Claims and when they expire, in this order. Committed and released claims are still included.
    claims: VecDeque<(Duration, EventClaim)>,
}

enum EventState {
    Claimed(EventClaim),
    Handled,
}

#[derive(Debug, thiserror::Error)]
#[error("all events of the in-memory deduplicator are being handled: increase its capacity")]
struct CapacityExceeded;

/// With a TTL of zero every caller would get a claim.
const MIN_TTL: Duration = Duration::from_millis(1);

impl Default for MemoryDeduplicator {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock::default()))
    }
}

impl MemoryDeduplicator {
    /// Creates an empty deduplicator with this clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            capacity: 65_536,
            claim_ttl: CLAIM_TTL,
            retention: RETENTION,
            events: Mutex::default(),
        }
    }

    /// Sets the maximum number of events; at least 1.
    #[must_use]
    pub fn capacity(mut self, events: usize) -> Self {
        self.capacity = events.max(1);
        self
    }

    /// Sets the TTL of a claim, which must be longer than any handler runs. Default: 60 s; at least 1 ms.
    #[must_use]
    pub fn claim_ttl(mut self, ttl: Duration) -> Self {
        self.claim_ttl = ttl.max(MIN_TTL);
        self
    }

    /// Sets how long a handled event is remembered. Default: 2 days; at least 1 ms. It must be longer than the 23.6 hours of
    /// redeliveries, and longer than the [tolerance](super::WebhookVerifier::tolerance).
    #[must_use]
    pub fn retention(mut self, retention: Duration) -> Self {
        self.retention = retention.max(MIN_TTL);
        self
    }

    /// Removes expired events, then calls `act` with the others.
    fn with_events<T>(&self, act: impl FnOnce(&mut RememberedEvents, Duration) -> T) -> T {
        let now = self.clock.monotonic();
        // A panic during a change cannot break the state: at worst a key stays until it expires.
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.remove_expired(now);
        act(&mut events, now)
    }
}

impl RememberedEvents {
    fn remove_expired(&mut self, now: Duration) {
        while self.handled.front().is_some_and(|(end, _)| *end <= now) {
            self.forget_oldest();
        }
        while let Some((end, claim)) = self.claims.front() {
            if self.is_current(claim) {
                if *end > now {
                    break;
                }
                self.states.remove(claim.key());
            }
            self.claims.pop_front();
        }
    }

    /// Forgets the event that was handled longest ago. Returns `false` without such an event.
    fn forget_oldest(&mut self) -> bool {
        match self.handled.pop_front() {
            Some((_, key)) => self.states.remove(&key).is_some(),
            None => false,
        }
    }

    fn is_current(&self, claim: &EventClaim) -> bool {
        matches!(self.states.get(claim.key()), Some(EventState::Claimed(current)) if current == claim)
    }
}

impl Deduplicator for MemoryDeduplicator {
    fn claim<'a>(&'a self, key: &'a EventKey) -> DeduplicatorFuture<'a, ClaimResult> {
        let result = self.with_events(|events, now| {
            match events.states.get(key) {
                Some(EventState::Claimed(_)) => return Ok(ClaimResult::InProgress),
                Some(EventState::Handled) => return Ok(ClaimResult::Handled),
                None => {}
            }
            if events.states.len() >= self.capacity && !events.forget_oldest() {
                return Err(CapacityExceeded.into());
            }
            let claim = EventClaim::new(key.clone());
            events
                .states
                .insert(key.clone(), EventState::Claimed(claim.clone()));
            let end = now.saturating_add(self.claim_ttl);
            events.claims.push_back((end, claim.clone()));
            Ok(ClaimResult::Claimed(claim))
        });
        Box::pin(ready(result))
    }

    fn commit<'a>(&'a self, claim: &'a EventClaim) -> DeduplicatorFuture<'a, bool> {
        let committed = self.with_events(|events, now| {
            match events.states.get(claim.key()) {
                Some(EventState::Claimed(current)) if current != claim => return false,
                Some(EventState::Handled) => return true,
                Some(EventState::Claimed(_)) => {}
                None if events.states.len() >= self.capacity => {
                    events.forget_oldest();
                }
                None => {}
            }
            let key = claim.key().clone();
            events.states.insert(key.clone(), EventState::Handled);
            let end = now.saturating_add(self.retention);
            events.handled.push_back((end, key));
            true
        });
        Box::pin(ready(Ok(committed)))
    }

    fn release<'a>(&'a self, claim: &'a EventClaim) -> DeduplicatorFuture<'a, ()> {
        self.with_events(|events, _| {
            if events.is_current(claim) {
                events.states.remove(claim.key());
            }
        });
        Box::pin(ready(Ok(())))
    }
}

impl fmt::Debug for MemoryDeduplicator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryDeduplicator")
            .field("capacity", &self.capacity)
            .field("claim_ttl", &self.claim_ttl)
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
        EventKey::from_id("", id)
    }

    struct DeduplicatorFixture {
        clock: ManualClock,
        deduplicator: MemoryDeduplicator,
    }

    impl DeduplicatorFixture {
        fn with_capacity(capacity: usize) -> Self {
            let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
            let deduplicator = MemoryDeduplicator::new(Arc::new(clock.clone())).capacity(capacity);
            Self {
                clock,
                deduplicator,
            }
        }

        async fn claim(&self, id: &str) -> ClaimResult {
            self.deduplicator.claim(&key(id)).await.unwrap()
        }

        async fn claimed(&self, id: &str) -> EventClaim {
            match self.claim(id).await {
                ClaimResult::Claimed(claim) => claim,
                other => panic!("{other:?}"),
            }
        }

        async fn handled(&self, id: &str) {
            let claim = self.claimed(id).await;
            assert!(self.deduplicator.commit(&claim).await.unwrap());
        }
    }

    #[tokio::test]
    async fn full_deduplicator_forgets_the_oldest_handled_event() {
        let events = DeduplicatorFixture::with_capacity(2);
        events.handled("1").await;
        events.clock.advance(SECOND);
        events.handled("2").await;
        let third = events.claimed("3").await;
        assert_eq!(events.claim("2").await, ClaimResult::Handled);
        let again = events.claimed("1").await;
        // Both events are claimed: none can be forgotten.
        let error = events.deduplicator.claim(&key("4")).await.unwrap_err();
        assert!(error.is::<CapacityExceeded>(), "{error}");
        assert_eq!(events.claim("1").await, ClaimResult::InProgress);
        events.deduplicator.release(&again).await.unwrap();
        assert!(events.deduplicator.commit(&third).await.unwrap());
        events.handled("4").await;
        assert_eq!(events.claim("3").await, ClaimResult::Handled);
    }

    #[tokio::test]
    async fn memory_use_is_bounded() {
        let events = DeduplicatorFixture::with_capacity(100);
        for round in 0..1_000 {
            let id = round.to_string();
            match round % 3 {
                0 => events.handled(&id).await,
                1 => {
                    let claim = events.claimed(&id).await;
                    events.deduplicator.release(&claim).await.unwrap();
                }
                _ => {
                    let claim = events.claimed(&id).await;
                    events.clock.advance(CLAIM_TTL);
                    assert!(events.deduplicator.commit(&claim).await.unwrap());
                }
            }
            events.deduplicator.with_events(|events, _| {
                assert!(events.states.len() <= 100);
                assert!(events.handled.len() <= 100);
                assert!(events.claims.len() <= 3);
            });
        }
        events.clock.advance(RETENTION);
        events.deduplicator.with_events(|events, _| {
            assert!(events.states.is_empty() && events.handled.is_empty());
            assert!(events.claims.is_empty());
        });
    }
}
