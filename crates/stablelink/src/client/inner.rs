//! The state that all calls of a client share.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use stablelink_signature::QueryForm;

use super::ClockSkew;
use crate::account::{CredentialCache, KnownSecrets, ResolvedCredentials};
use crate::call::{RetryBudget, RetryPolicy};
use crate::clock::Clock;
use crate::environment::Origin;
use crate::error::{ApiError, Error};
use crate::token::{BearerToken, TokenManager};

/// The state that all calls of a client share.
pub(crate) struct ClientInner {
    pub(crate) http: reqwest::Client,
    /// Closes connections that were idle for more than a few seconds: for calls that are never retried.
    pub(crate) fresh_http: reqwest::Client,
    pub(crate) origin: Origin,
    pub(crate) credentials: Arc<CredentialCache>,
    pub(crate) secrets: Arc<KnownSecrets>,
    pub(crate) tokens: TokenManager,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) clock_skew: Arc<ClockSkew>,
    pub(crate) retry: RetryPolicy,
    pub(crate) retry_budget: RetryBudget,
    pub(crate) query_form: QueryForm,
    pub(crate) deadline: Duration,
    pub(crate) attempt_timeout: Duration,
    /// The maximum size of a response body, in bytes.
    pub(crate) max_response_size: usize,
    /// The retcodes that mean that the token is invalid. None is documented.
    pub(crate) token_retcodes: BTreeSet<String>,
}

impl ClientInner {
    /// Returns the current token and the credentials it was issued for.
    ///
    /// The token is read first: a refresh reads the credentials before it, so that the cached ones are never older than the
    /// token.
    pub(crate) async fn bearer_and_credentials(
        &self,
    ) -> Result<(BearerToken, Arc<ResolvedCredentials>), Error> {
        let bearer = self.tokens.current().await?;
        let credentials = self.credentials.current().await?;
        if bearer.is_of(&credentials.account) {
            return Ok((bearer, credentials));
        }
        // The token may still be valid, but a request with the token of one account and the sign key of another
        // is rejected.
        let bearer = self.tokens.replace(&bearer).await?;
        let credentials = self.credentials_of(&bearer).await?;
        Ok((bearer, credentials))
    }

    /// Returns the credentials for which a token was just issued.
    pub(crate) async fn credentials_of(
        &self,
        bearer: &BearerToken,
    ) -> Result<Arc<ResolvedCredentials>, Error> {
        let credentials = self.credentials.current().await?;
        if bearer.is_of(&credentials.account) {
            return Ok(credentials);
        }
        Err(
            Error::configuration("the credentials changed during a token refresh; repeat the call")
                .retryable(true),
        )
    }

    /// Returns whether the retcode of this rejection is one that the user configured for an invalid token.
    pub(crate) fn is_token_rejection(&self, error: &ApiError) -> bool {
        error
            .retcode()
            .is_some_and(|code| self.token_retcodes.contains(code))
    }
}
