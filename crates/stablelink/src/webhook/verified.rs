//! A delivery that is proved to come from the gateway.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use stablelink_signature::Timestamp;

use super::Event;
use crate::Error;

/// A delivery whose signature is right and fresh. Only [`Webhooks::verify`](super::Webhooks::verify) makes one, and
/// only from one an [`Event`] is read.
///
/// `Debug` shows the time and the length of the body alone.
#[derive(Clone)]
pub struct Verified {
    body: Bytes,
    proof: stablelink_signature::VerifiedSignature,
    scope: Arc<str>,
}

impl Verified {
    pub(super) fn new(
        body: Bytes,
        proof: stablelink_signature::VerifiedSignature,
        scope: Arc<str>,
    ) -> Self {
        Self { body, proof, scope }
    }

    /// The body as it came. It may hold personal data: keep it out of logs.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// When it was signed, by the gateway's clock; milliseconds since the epoch.
    #[must_use]
    pub const fn signed_at(&self) -> Timestamp {
        self.proof.timestamp
    }

    /// Which key it was signed with: 0 for the first, then as they were added.
    #[must_use]
    pub const fn key_index(&self) -> usize {
        self.proof.key_index
    }

    /// Reads the body as an event. Any JSON object is one, of a known type or not.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) for a body that is not UTF-8, not JSON or not an object.
    pub fn parse(&self) -> Result<Event, Error> {
        Event::read(&self.body, self.scope.clone())
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("signed_at", &self.signed_at().as_millis())
            .field("key_index", &self.key_index())
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Nothing but a check makes a `Verified`, and nothing but a `Verified` makes an `Event`.
///
/// ```
/// use stablelink::{testing::TestDelivery, webhook::{Event, Verified, Webhooks}};
/// # let (key, now) = ("unit-test-key".into(), std::time::SystemTime::now());
/// # let sent = TestDelivery::raw("{}").signed(&key, now)?;
/// let verified: Verified = Webhooks::new(&key)?.verify(&sent.headers, sent.body, now)?;
/// let event: Event = verified.parse()?;
/// # Ok::<(), stablelink::Error>(())
/// ```
///
/// ```compile_fail,E0624
/// let event = stablelink::webhook::Event::read(b"{}", "".into());
/// ```
///
/// ```compile_fail,E0277
/// let event: stablelink::webhook::Event = serde_json::from_str("{}").unwrap();
/// ```
///
/// ```compile_fail,E0277
/// let event: stablelink::webhook::Event = "{}".parse().unwrap();
/// ```
///
/// ```compile_fail,E0277
/// let event: stablelink::webhook::Event = bytes::Bytes::new().into();
/// ```
///
/// ```compile_fail,E0277
/// let verified: stablelink::webhook::Verified = bytes::Bytes::new().into();
/// ```
///
/// ```compile_fail,E0624
/// fn made(proof: stablelink_signature::VerifiedSignature) -> stablelink::webhook::Verified {
///     stablelink::webhook::Verified::new(bytes::Bytes::new(), proof, "".into())
/// }
/// ```
#[cfg(doctest)]
struct OnlyByACheck;
