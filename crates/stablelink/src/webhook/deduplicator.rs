//! Records of handled events, so that each event is handled once.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::clock::BoxFuture;

pub(super) type DeduplicatorFuture<'a, T> = BoxFuture<'a, Result<T, DeduplicatorError>>;

/// The default time for which handled events are remembered. It is longer than the 23.6 hours of redeliveries.
pub(super) const RETENTION: Duration = Duration::from_secs(2 * 24 * 3600);

/// The default TTL of a claim: longer than the 15 s that the gateway waits for a response.
pub(super) const CLAIM_TTL: Duration = Duration::from_secs(60);

/// An error of a [`Deduplicator`], of any type. The error message is logged, so it must not contain secrets.
pub type DeduplicatorError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// Remembers which events were handled and which are being handled, so that each is handled once.
///
/// [`MemoryDeduplicator`](super::MemoryDeduplicator) serves one process, `RedisDeduplicator` (feature `redis`) any number of
/// processes. To record events in the database that the handler writes to, implement this trait with a table that has a unique
/// key.
///
/// A claim has a TTL, so that a process that dies with a claim does not block the event for good. A handler that runs longer than
/// the TTL may run twice: set a TTL that is longer than any handler.
pub trait Deduplicator: Send + Sync + 'static {
    /// Claims the event, unless it was handled or is claimed. Of several concurrent callers, one gets
    /// [`ClaimResult::Claimed`].
    ///
    /// # Errors
    ///
    /// The storage failed or is full. The caller must not handle the event.
    fn claim<'a>(&'a self, key: &'a EventKey) -> DeduplicatorFuture<'a, ClaimResult>;

    /// Records the event as handled. Returns `false` if the claim expired and another receiver claimed the event: it is
    /// handled twice. An expired claim without a successor is accepted.
    ///
    /// # Errors
    ///
    /// The storage failed.
    fn commit<'a>(&'a self, claim: &'a EventClaim) -> DeduplicatorFuture<'a, bool>;

    /// Releases a claim whose event was not handled. A newer claim of another receiver is not changed.
    ///
    /// # Errors
    ///
    /// The storage failed. The claim expires.
    fn release<'a>(&'a self, claim: &'a EventClaim) -> DeduplicatorFuture<'a, ()>;
}

/// The result of [`Deduplicator::claim`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimResult {
    /// The caller must handle the event.
    Claimed(EventClaim),
    /// Another receiver is handling the event. Respond with a status other than 2xx, so that the gateway delivers again when
    /// the result is known.
    InProgress,
    /// The event was handled. Acknowledge the delivery.
    Handled,
}

/// The right to handle one event until the claim expires.
#[derive(Clone, PartialEq, Eq)]
pub struct EventClaim {
    key: EventKey,
    owner: Uuid,
}

impl EventClaim {
    /// Creates a claim with a random owner, for implementations of [`Deduplicator`].
    #[must_use]
    pub fn new(key: EventKey) -> Self {
        Self {
            key,
            owner: Uuid::new_v4(),
        }
    }

    /// Returns the key of the event.
    #[must_use]
    pub const fn key(&self) -> &EventKey {
        &self.key
    }

    /// Returns the owner, which is different for each claim of the same event.
    #[must_use]
    pub fn owner(&self) -> String {
        self.owner.simple().to_string()
    }
}

impl fmt::Debug for EventClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventClaim({})", self.key.as_str())
    }
}

/// Identifies an event: a scope, and a hash of the `eventId` or, without one, of the whole body.
///
/// The hash keeps the key short and free of personal data. Two deliveries without an id are the same event if their bodies are
/// identical. If the gateway changed the body of a redelivery, for example its `timestamp`, it would count as another event.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventKey(Arc<str>);

impl EventKey {
    pub(crate) fn from_id(scope: &str, id: &str) -> Self {
        Self::new(scope, "id", id.as_bytes())
    }

    pub(crate) fn from_body(scope: &str, body: &[u8]) -> Self {
        Self::new(scope, "body", body)
    }

    fn new(scope: &str, kind: &str, content: &[u8]) -> Self {
        let hash = Sha256::digest(content);
        let hash: String = hash[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        // The scope is last, because it may contain colons.
        Self(format!("{kind}:{hash}:{scope}").into())
    }

    /// Returns the key as text, such as `id:6b86b273ff34fce19d6b804eff5a3f57:` followed by the scope.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The delays of the gateway's redeliveries, in seconds: <https://developer.en.wcheckout.app/8061103m0>.
    const REDELIVERY_DELAYS: [u64; 14] = [
        15, 15, 30, 180, 600, 1200, 1800, 1800, 3600, 10_800, 10_800, 10_800, 21_600, 21_600,
    ];

    #[test]
    fn retention_is_longer_than_the_redeliveries() {
        let total = REDELIVERY_DELAYS.iter().sum();
        assert_eq!(total, 84_840);
        let total = Duration::from_secs(total);
        // Each delivery may take 15 s before it fails.
        assert!(total + Duration::from_secs(15 * 15) < RETENTION);
        assert!(CLAIM_TTL > Duration::from_secs(15));
    }

    #[test]
    fn key_text_is_stable() {
        // Stored keys outlive versions of this crate: with a different text, handled events would run again.
        assert_eq!(
            EventKey::from_id("", "1").as_str(),
            "id:6b86b273ff34fce19d6b804eff5a3f57:"
        );
        assert_eq!(
            EventKey::from_body("https://pay.example", b"1").as_str(),
            "body:6b86b273ff34fce19d6b804eff5a3f57:https://pay.example"
        );
    }
}
