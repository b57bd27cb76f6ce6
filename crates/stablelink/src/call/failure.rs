//! How one attempt failed, and what that means for the next one.

use std::time::Duration;

use crate::error::Error;

/// How one attempt failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// Whether the gateway may have acted on it.
    pub(crate) effect: Effect,
    /// Whether another attempt may do better, if the operation allows one.
    pub(crate) again: bool,
}

/// Whether the gateway may have acted on an attempt that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It did not: nothing was sent, or it said no.
    None,
    /// Nobody knows.
    Unknown,
}

impl Failure {
    /// Nothing was sent, and nothing will be at once: an argument, a setting, no token. The error knows whether it may
    /// pass.
    pub(crate) fn final_(error: Error) -> Self {
        Self {
            error,
            effect: Effect::None,
            again: false,
        }
    }

    /// Nothing took effect; another attempt may do better.
    pub(crate) fn passing(error: Error) -> Self {
        Self {
            error: error.retryable(true),
            effect: Effect::None,
            again: true,
        }
    }

    /// It was sent, and no answer that can be understood came back; another attempt may do better.
    pub(crate) fn lost(error: Error) -> Self {
        Self {
            error,
            effect: Effect::Unknown,
            again: true,
        }
    }

    /// The gateway asked to wait that long.
    pub(crate) fn after(mut self, wait: Option<Duration>) -> Self {
        self.error = self.error.after(wait);
        self
    }
}
