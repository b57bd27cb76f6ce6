//! A token as calls use it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::store::StoredToken;
use crate::clock::Clock;
use crate::{Error, ErrorKind};

/// A token that the gateway gave, ready to be sent. Clones are the same token.
#[derive(Clone)]
pub struct Bearer(Arc<Inner>);

struct Inner {
    header: HeaderValue,
    token: SecretString,
    generation: u64,
    account: String,
    expires_at: SystemTime,
    /// Its end by the monotonic time of the clock.
    ends: Duration,
    /// From when on it is renewed early, in milliseconds of the same time. Moved on when that fails.
    due: AtomicU64,
    refused: AtomicBool,
}

impl Bearer {
    /// Lives for `life` from now on; `early` is the share of it after which it is renewed.
    pub(super) fn new(
        account: &str,
        token: &StoredToken,
        life: Duration,
        early: f64,
        clock: &dyn Clock,
    ) -> Result<Self, Error> {
        let secret = token.access_token();
        let mut header = HeaderValue::try_from(format!("Bearer {}", secret.expose_secret()))
            .map_err(|_| {
                Error::new(ErrorKind::Authentication {
                    problem: "the token that came can't be a header: it has characters that none may have".into(),
                    api_error: None,
                })
            })?;
        header.set_sensitive(true);
        let now = clock.monotonic();
        let early = if life < SHORTEST_WITH_EARLY {
            1.0
        } else {
            early
        };
        Ok(Self(Arc::new(Inner {
            header,
            token: secret.clone(),
            generation: token.generation(),
            account: account.to_owned(),
            expires_at: clock.now() + life,
            ends: now + life,
            due: AtomicU64::new(millis(now + life.mul_f64(early))),
            refused: AtomicBool::new(false),
        })))
    }

    /// The value of the `Authorization` header, marked as sensitive.
    #[must_use]
    pub fn header(&self) -> &HeaderValue {
        &self.0.header
    }

    /// The token itself. Keep it out of logs.
    #[must_use]
    pub fn token(&self) -> &SecretString {
        &self.0.token
    }

    /// Grows with each renewal, over all processes that share the store.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.0.generation
    }

    /// Its end by the time of day at which it was got.
    #[must_use]
    pub fn expires_at(&self) -> SystemTime {
        self.0.expires_at
    }

    /// It has not ended, and the gateway has not refused it.
    pub(super) fn is_good(&self, now: Duration) -> bool {
        now < self.0.ends && !self.0.refused.load(Ordering::Relaxed)
    }

    pub(super) fn is_due(&self, now: Duration) -> bool {
        millis(now) >= self.0.due.load(Ordering::Relaxed)
    }

    /// An early renewal failed: not again before a pause of a share of what is left.
    pub(super) fn put_off(&self, now: Duration, longest: Duration) {
        let left = self.0.ends.saturating_sub(now);
        let pause = (left / 8).min(longest).max(SHORTEST_PAUSE);
        self.0.due.store(millis(now + pause), Ordering::Relaxed);
    }

    pub(super) fn refuse(&self) {
        self.0.refused.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_refused(&self) -> bool {
        self.0.refused.load(Ordering::Relaxed)
    }

    /// Whether it was got for the credentials of this account.
    pub(crate) fn is_of(&self, account: &str) -> bool {
        self.0.account == account
    }

    /// Whether a token that is kept for this account was got after this one. Tokens of another account have nothing to do
    /// with it.
    pub(super) fn is_older_than(&self, account: &str, stored: &StoredToken) -> bool {
        !self.is_of(account) || self.0.generation < stored.generation()
    }

    /// Compares the token too: a token that could not be saved has a generation that another may get as well.
    pub(super) fn is(&self, stored: &StoredToken) -> bool {
        self.0.generation == stored.generation()
            && self.0.token.expose_secret() == stored.access_token().expose_secret()
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || self.0.generation == other.0.generation
                && self.0.token.expose_secret() == other.0.token.expose_secret()
    }
}

/// Renewing a token early that hardly lives would only double the requests.
const SHORTEST_WITH_EARLY: Duration = Duration::from_secs(2);

const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bearer")
            .field("generation", &self.0.generation)
            .finish_non_exhaustive()
    }
}
