//! A token in memory, ready to be sent.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::refresh_timing::RefreshTiming;
use super::store::StoredToken;
use crate::clock::Clock;
use crate::{Error, ErrorKind};

/// A token that the gateway issued. Clones share its state.
#[derive(Clone)]
pub struct BearerToken(Arc<TokenState>);

struct TokenState {
    header: HeaderValue,
    token: SecretString,
    generation: u64,
    account: String,
    expires_at: SystemTime,
    timing: RefreshTiming,
    rejected: AtomicBool,
}

impl BearerToken {
    /// Creates a token with this remaining lifetime. `random` is between 0 and 1 and decides when an early refresh is due.
    pub(super) fn new(
        account: &str,
        token: &StoredToken,
        lifetime: Duration,
        random: f64,
        clock: &dyn Clock,
    ) -> Result<Self, Error> {
        let secret = token.access_token();
        let mut header = HeaderValue::try_from(format!("Bearer {}", secret.expose_secret()))
            .map_err(|_| {
                Error::new(ErrorKind::Authentication {
                    problem: "the gateway issued a token with characters that are not allowed in a header"
                        .into(),
                    api_error: None,
                })
                .of_token_request(1)
            })?;
        header.set_sensitive(true);
        Ok(Self(Arc::new(TokenState {
            header,
            token: secret.clone(),
            generation: token.generation(),
            account: account.to_owned(),
            expires_at: clock.now() + lifetime,
            timing: RefreshTiming::new(clock.monotonic(), lifetime, random),
            rejected: AtomicBool::new(false),
        })))
    }

    /// Returns the value of the `Authorization` header, marked as sensitive.
    pub(crate) fn header(&self) -> &HeaderValue {
        &self.0.header
    }

    /// Returns the token. Do not log it.
    #[must_use]
    pub fn token(&self) -> &SecretString {
        &self.0.token
    }

    /// Returns the generation, which grows with each refresh in any process that shares the store.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.0.generation
    }

    /// Returns the expiry, on the clock of this machine when the token was obtained.
    #[must_use]
    pub fn expires_at(&self) -> SystemTime {
        self.0.expires_at
    }

    /// Returns whether the token has not expired and was not rejected.
    pub(super) fn is_usable(&self, now: Duration) -> bool {
        !self.0.timing.is_expired(now) && !self.is_rejected()
    }

    pub(super) fn is_refresh_due(&self, now: Duration) -> bool {
        self.0.timing.is_due(now)
    }

    /// Postpones the next early refresh by at most `max_delay`: see [`RefreshTiming::postpone`].
    pub(super) fn postpone_refresh(&self, now: Duration, max_delay: Duration) {
        self.0.timing.postpone(now, max_delay);
    }

    pub(super) fn mark_rejected(&self) {
        self.0.rejected.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_rejected(&self) -> bool {
        self.0.rejected.load(Ordering::Relaxed)
    }

    /// Returns whether the token was issued to the credentials of this account.
    pub(crate) fn is_of(&self, account: &str) -> bool {
        self.0.account == account
    }

    /// Returns whether a stored token of this account replaces this one. Generations of different accounts are not
    /// comparable.
    pub(super) fn is_older_than(&self, account: &str, stored: &StoredToken) -> bool {
        !self.is_of(account) || self.0.generation < stored.generation()
    }

    /// Returns whether this is the stored token. The generation is not enough: another process may reuse the generation of
    /// a token that could not be saved.
    pub(super) fn is_stored_as(&self, stored: &StoredToken) -> bool {
        self.0.generation == stored.generation()
            && self.0.token.expose_secret() == stored.access_token().expose_secret()
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || self.0.generation == other.0.generation
                && self.0.token.expose_secret() == other.0.token.expose_secret()
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerToken")
            .field("generation", &self.0.generation)
            .finish_non_exhaustive()
    }
}
