//! What all calls of a client share.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use stablelink_signature::QueryForm;

use super::environment::Origin;
use super::vault::Vault;
use crate::call::{Budget, Limits, Offset, RetryPolicy};
use crate::clock::Clock;
use crate::error::Refusal;
use crate::token::Tokens;

/// What all calls of a client share.
pub(crate) struct Shared {
    pub(crate) http: reqwest::Client,
    pub(crate) origin: Origin,
    pub(crate) credentials: Arc<Vault>,
    pub(crate) tokens: Tokens,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) offset: Arc<Offset>,
    pub(crate) retry: RetryPolicy,
    pub(crate) budget: Budget,
    pub(crate) query_form: QueryForm,
    pub(crate) deadline: Duration,
    pub(crate) limits: Limits,
    /// Retcodes that say that the token is not good. None is documented.
    pub(crate) token_retcodes: BTreeSet<String>,
}

impl Shared {
    /// Whether the caller said that a refusal like this one is about the token.
    pub(crate) fn renews(&self, refusal: &Refusal) -> bool {
        refusal
            .retcode()
            .is_some_and(|code| self.token_retcodes.contains(code))
    }

    /// From 0 to 1: pauses are drawn at random.
    pub(crate) fn chance(&self) -> f64 {
        fastrand::f64()
    }
}
