//! What all calls of a client share.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use stablelink_signature::QueryForm;

use super::{Budget, Limits, Offset, RetryPolicy};
use crate::account::{Ready, Vault};
use crate::clock::Clock;
use crate::environment::Origin;
use crate::error::{ApiError, Error};
use crate::token::{BearerToken, TokenManager};

/// What all calls of a client share.
pub(crate) struct Shared {
    pub(crate) http: reqwest::Client,
    pub(crate) origin: Origin,
    pub(crate) credentials: Arc<Vault>,
    pub(crate) tokens: TokenManager,
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
    /// The token to send now, and the credentials that it was got with.
    ///
    /// The token comes first: a renewal asks for the credentials before it, so that those at hand are never older than it.
    pub(crate) async fn identity(&self) -> Result<(BearerToken, Arc<Ready>), Error> {
        let bearer = self.tokens.current().await?;
        let ready = self.credentials.current().await?;
        if bearer.is_of(&ready.account) {
            return Ok((bearer, ready));
        }
        // It may live on, but the sign key of one account does not go with the token of another.
        let bearer = self.tokens.replace(&bearer).await?;
        let ready = self.owner(&bearer).await?;
        Ok((bearer, ready))
    }

    /// The credentials that a token was got with just now.
    pub(crate) async fn owner(&self, bearer: &BearerToken) -> Result<Arc<Ready>, Error> {
        let ready = self.credentials.current().await?;
        if bearer.is_of(&ready.account) {
            return Ok(ready);
        }
        Err(
            Error::configuration("the credentials changed while a token was got: call again")
                .retryable(true),
        )
    }

    /// Whether the caller said that a refusal like this one is about the token.
    pub(crate) fn renews(&self, refusal: &ApiError) -> bool {
        refusal
            .retcode()
            .is_some_and(|code| self.token_retcodes.contains(code))
    }

    /// From 0 to 1: pauses are drawn at random.
    pub(crate) fn chance(&self) -> f64 {
        fastrand::f64()
    }
}
