//! What an event is remembered by.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

/// What an event is remembered by: its scope, and a hash of its `eventId` or, where it has none, of its whole body.
///
/// The hash keeps the key short and free of whatever an id may hold. Two deliveries without an id are the same event
/// if their bodies are the same to the byte: were the gateway to write a body anew for a second delivery, say with
/// another `timestamp`, it would count as another event.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventKey(Arc<str>);

impl EventKey {
    pub(crate) fn of_id(scope: &str, id: &str) -> Self {
        Self::new(scope, "id", id.as_bytes())
    }

    pub(crate) fn of_body(scope: &str, body: &[u8]) -> Self {
        Self::new(scope, "body", body)
    }

    fn new(scope: &str, kind: &str, what: &[u8]) -> Self {
        let hash = Sha256::digest(what);
        let hash: String = hash[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        // The scope stands last: it may hold colons itself.
        Self(format!("{kind}:{hash}:{scope}").into())
    }

    /// As text, such as `id:6b86b273ff34fce19d6b804eff5a3f57:` and the scope.
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

    #[test]
    fn the_text_stays() {
        // Guards outlive versions of this crate: another text would let handled events in again.
        assert_eq!(
            EventKey::of_id("", "1").as_str(),
            "id:6b86b273ff34fce19d6b804eff5a3f57:"
        );
        assert_eq!(
            EventKey::of_body("https://pay.example", b"1").as_str(),
            "body:6b86b273ff34fce19d6b804eff5a3f57:https://pay.example"
        );
    }
}
