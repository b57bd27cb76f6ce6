//! Which events were handled, so that none is handled twice.

mod key;
mod memory;
#[cfg(feature = "redis")]
mod redis;

use std::fmt;
use std::time::Duration;

pub use key::EventKey;
pub use memory::MemoryGuard;
#[cfg(feature = "redis")]
pub use redis::RedisGuard;
use uuid::Uuid;

use crate::clock::BoxFuture;

/// After which waits the gateway delivers again what was not acknowledged: 14 times within 23.6 hours, according to
/// a page of a sister product: <https://developer.en.wcheckout.app/8061103m0>.
pub const REDELIVERIES: [Duration; 14] = {
    const SECONDS: [u64; 14] = [
        15, 15, 30, 180, 600, 1200, 1800, 1800, 3600, 10_800, 10_800, 10_800, 21_600, 21_600,
    ];
    let mut waits = [Duration::ZERO; 14];
    let mut index = 0;
    while index < SECONDS.len() {
        waits[index] = Duration::from_secs(SECONDS[index]);
        index += 1;
    }
    waits
};

/// How long handled events are remembered by default: 2 days, so longer than [`REDELIVERIES`] go on.
pub(crate) const RETENTION: Duration = Duration::from_secs(2 * 24 * 3600);

/// How long a claim lasts by default: longer than a handler may take, for the gateway waits 15 s.
pub(crate) const LEASE: Duration = Duration::from_secs(60);

/// An error of a [`ReplayGuard`], of any type. Its text is shown: keep secrets out of it.
pub type GuardError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// Remembers which events were handled and which are being handled, so that none is handled twice.
///
/// [`MemoryGuard`] serves one process, `RedisGuard` (feature `redis`) any number. To keep events in the database that
/// the handler writes to, implement this over one table with a unique key.
///
/// A claim ends by itself after a while, its lease: a process that died with one holds nothing up for good. A handler
/// that outlives its lease may run twice; let the lease be longer than a handler may take.
pub trait ReplayGuard: Send + Sync + 'static {
    /// Takes the event for handling, unless it was handled or is being handled. Of any number of callers at once, one
    /// gets [`Claim::New`].
    ///
    /// # Errors
    ///
    /// The place where events are remembered failed, or is full: do not handle the event now.
    fn claim<'a>(&'a self, key: &'a EventKey) -> BoxFuture<'a, Result<Claim, GuardError>>;

    /// Remembers the event as handled. False if meanwhile the claim ended and another took the event: it was handled
    /// twice, or will have been. A claim that ended and that nobody took is committed all the same.
    ///
    /// # Errors
    ///
    /// The place where events are remembered failed.
    fn commit<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<bool, GuardError>>;

    /// Gives the event back, for it was not handled. A claim that another holds by now is left alone.
    ///
    /// # Errors
    ///
    /// The place where events are remembered failed: the claim ends by itself.
    fn release<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<(), GuardError>>;
}

/// What came of asking for an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It is the caller's to handle.
    New(Lease),
    /// Another handles it right now. Answer with a status that is not 2xx: the gateway comes again, and by then it is
    /// known how it went.
    InProgress,
    /// It was handled. Acknowledge it.
    Done,
}

/// The right to handle one event, for a while.
#[derive(Clone, PartialEq, Eq)]
pub struct Lease {
    key: EventKey,
    owner: Uuid,
}

impl Lease {
    /// A new right to this event, with a random owner.
    #[must_use]
    pub fn new(key: EventKey) -> Self {
        Self {
            key,
            owner: Uuid::new_v4(),
        }
    }

    /// The event.
    #[must_use]
    pub const fn key(&self) -> &EventKey {
        &self.key
    }

    /// Who holds it: another text for each claim, so that one that ended is not taken for the one that followed.
    #[must_use]
    pub fn owner(&self) -> String {
        self.owner.simple().to_string()
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lease({})", self.key.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_remembered_for_longer_than_the_gateway_comes() {
        let last: Duration = REDELIVERIES.iter().sum();
        assert_eq!(last, Duration::from_secs(84_840));
        // Each delivery may take 15 s until it counts as failed.
        assert!(last + Duration::from_secs(15 * 15) < RETENTION);
        assert!(LEASE > Duration::from_secs(15));
    }
}
