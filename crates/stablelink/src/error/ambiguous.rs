//! A call whose outcome nobody knows.

use std::fmt;
use std::sync::Arc;

use super::Error;

/// A call that was sent, and of which nobody knows if it took effect.
///
/// Do not make it anew with another key: that could pay twice. Making the **same request value** again is safe where it
/// has an idempotency key, for the gateway refuses a repeated one (documented of `requestId`, seen of the numbers of W
/// Checkout); to learn the outcome, look the record up.
#[derive(Clone, Debug)]
pub struct Ambiguous {
    field: Option<&'static str>,
    key: Option<String>,
    cause: Arc<Error>,
}

impl Ambiguous {
    pub(crate) fn new(field: Option<&'static str>, key: Option<String>, cause: Error) -> Self {
        Self {
            field,
            key,
            cause: Arc::new(cause),
        }
    }

    /// The idempotency key that was sent, if the operation has one.
    #[must_use]
    pub fn idempotency_key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The name of the key on the wire, such as `orderNo`.
    #[must_use]
    pub fn key_field(&self) -> Option<&'static str> {
        self.field
    }

    /// What happened at last: of the attempt that was lost, or of one after it that could not settle what became of it.
    #[must_use]
    pub fn cause(&self) -> &Error {
        &self.cause
    }

    /// What to do, without the cause.
    pub(super) fn advice(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sent, but the outcome is not known; ")?;
        match (self.field, &self.key) {
            (Some(field), Some(key)) => write!(f, "look it up by {field} {key:?}"),
            _ => write!(f, "look for its record before you send it again"),
        }
    }
}

impl fmt::Display for Ambiguous {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.advice(f)?;
        write!(f, ": {}", self.cause)
    }
}
