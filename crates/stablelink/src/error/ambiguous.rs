//! A call whose outcome is unknown.

use std::fmt;
use std::sync::Arc;

use super::Error;

/// A call that was sent, and of which it is unknown whether it took effect.
///
/// Do not send it again with another key: that could pay twice. Sending the **same request value** again is safe if it has an
/// idempotency key, because the gateway rejects a repeated one (documented for `requestId`, observed for the numbers of W
/// Checkout). To learn the outcome, look up the record.
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

    /// Returns the idempotency key that was sent, if the operation has one.
    #[must_use]
    pub fn idempotency_key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Returns the field of the request that contains the key, such as `orderNo`.
    #[must_use]
    pub fn key_field(&self) -> Option<&'static str> {
        self.field
    }

    /// Returns the error of the last attempt: the one with the unknown outcome, or a later one that did not reveal it.
    #[must_use]
    pub fn cause(&self) -> &Error {
        &self.cause
    }

    /// Writes the recommended action, without the cause.
    pub(super) fn advice(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sent, but the outcome is unknown; ")?;
        match (self.field, &self.key) {
            (Some(field), Some(key)) => write!(f, "look it up by {field} {key:?}"),
            _ => write!(f, "look up the record before you send it again"),
        }
    }
}

impl fmt::Display for Ambiguous {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.advice(f)?;
        write!(f, ": {}", self.cause)
    }
}
