//! The tokens of one client: one access token lives at a time.

use serde::Serialize;

use crate::random::{self, RandomnessError};
use crate::settings::SandboxSettings;

/// How many token requests there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenGrants {
    /// Granted by api key and api secret.
    pub credentials: u64,
    /// Granted by a refresh token.
    pub refresh: u64,
    /// Refused. Requests that a fault answered in place of the operation are not counted.
    pub rejected: u64,
}

impl TokenGrants {
    /// All that were granted.
    #[must_use]
    pub const fn granted(self) -> u64 {
        self.credentials + self.refresh
    }
}

impl std::ops::AddAssign for TokenGrants {
    fn add_assign(&mut self, other: Self) {
        self.credentials += other.credentials;
        self.refresh += other.refresh;
        self.rejected += other.rejected;
    }
}

/// A token and when it ends, in milliseconds since the epoch.
#[derive(Clone)]
struct Token {
    text: String,
    ends: i64,
}

impl Token {
    fn new(now: i64, seconds: u64) -> Result<Self, RandomnessError> {
        let life = i64::try_from(seconds).unwrap_or(i64::MAX);
        Ok(Self {
            text: random::text(24)?,
            ends: now.saturating_add(life.saturating_mul(1000)),
        })
    }

    fn is(&self, text: &str, now: i64) -> bool {
        self.text == text && now < self.ends
    }
}

/// What the answer to a grant is made of.
pub(crate) struct Issued {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) generation: u64,
}

/// The state of a client's tokens, without the tokens.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shown {
    /// 0: there was none yet.
    generation: u64,
    /// When the live one ends, in milliseconds since the epoch; `None`: none lives.
    access_ends: Option<i64>,
    refresh_ends: Option<i64>,
    calls: u64,
    granted_by_credentials: u64,
    granted_by_refresh: u64,
}

/// The tokens of one client.
#[derive(Default)]
pub(crate) struct Tokens {
    /// Grows by one with each grant; the first token is of generation 1.
    generation: u64,
    access: Option<Token>,
    refresh: Option<Token>,
    /// Calls that the live token was good for.
    calls: u64,
    pub(crate) grants: TokenGrants,
}

impl Tokens {
    /// A new pair; the one before ends.
    pub(crate) fn issue(
        &mut self,
        now: i64,
        settings: &SandboxSettings,
    ) -> Result<Issued, RandomnessError> {
        let access = Token::new(now, settings.token_lifetime)?;
        let refresh = Token::new(now, settings.refresh_token_lifetime)?;
        self.generation += 1;
        self.calls = 0;
        let issued = Issued {
            access: access.text.clone(),
            refresh: refresh.text.clone(),
            generation: self.generation,
        };
        (self.access, self.refresh) = (Some(access), Some(refresh));
        Ok(issued)
    }

    /// What may be shown of them.
    pub(crate) fn shown(&self, now: i64) -> Shown {
        let live = |token: &Option<Token>| {
            let token = token.as_ref().filter(|token| now < token.ends);
            token.map(|token| token.ends)
        };
        Shown {
            generation: self.generation,
            access_ends: live(&self.access),
            refresh_ends: live(&self.refresh),
            calls: self.calls,
            granted_by_credentials: self.grants.credentials,
            granted_by_refresh: self.grants.refresh,
        }
    }

    /// A new pair for the live refresh token, which serves once; `None`: this is not the one.
    pub(crate) fn renew(
        &mut self,
        refresh: &str,
        now: i64,
        settings: &SandboxSettings,
    ) -> Option<Result<Issued, RandomnessError>> {
        // Looked at and replaced at once: of two who come with it at the same time one is late.
        self.refreshes(refresh, now)
            .then(|| self.issue(now, settings))
    }

    /// Whether this is the live refresh token.
    fn refreshes(&self, text: &str, now: i64) -> bool {
        self.refresh
            .as_ref()
            .is_some_and(|token| token.is(text, now))
    }

    /// The generation of this access token, if it is the live one.
    pub(crate) fn live(&self, text: &str, now: i64) -> Option<u64> {
        let live = self.access.as_ref().filter(|token| token.is(text, now));
        live.map(|_| self.generation)
    }

    /// Counts a call with the token of this generation, and ends it after so many of them. False: it
    /// has ended since it was [looked at](Self::live).
    pub(crate) fn used(&mut self, generation: u64, revoke_after_calls: Option<u64>) -> bool {
        if self.access.is_none() || self.generation != generation {
            return false;
        }
        self.calls += 1;
        if revoke_after_calls.is_some_and(|every| self.calls >= every) {
            self.access = None;
        }
        true
    }

    /// Ends the live access token. The refresh token stays.
    pub(crate) fn revoke(&mut self) {
        self.access = None;
    }

    /// Ends the refresh token. The access token stays.
    pub(crate) fn revoke_refresh(&mut self) {
        self.refresh = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_access_token_lives_at_a_time() {
        let (mut tokens, settings) = (Tokens::default(), SandboxSettings::default());
        let first = tokens.issue(0, &settings).unwrap();
        assert_eq!(tokens.live(&first.access, 21_599_999), Some(1));
        assert_eq!(
            tokens.live(&first.access, 21_600_000),
            None,
            "its life is over"
        );
        assert!(tokens.refreshes(&first.refresh, 43_199_999));
        assert!(!tokens.refreshes(&first.refresh, 43_200_000));
        assert!(!tokens.refreshes(&first.access, 0));
        let second = tokens.issue(1, &settings).unwrap();
        assert_eq!(tokens.live(&first.access, 1), None, "the new one ends it");
        assert!(!tokens.refreshes(&first.refresh, 1));
        assert_eq!(tokens.live(&second.access, 1), Some(2));
        tokens.revoke();
        assert_eq!(tokens.live(&second.access, 1), None);
        assert!(tokens.refreshes(&second.refresh, 1));
        tokens.revoke_refresh();
        assert!(!tokens.refreshes(&second.refresh, 1));
    }

    #[test]
    fn a_life_of_no_seconds_is_over_at_once() {
        let settings = SandboxSettings {
            token_lifetime: 0,
            refresh_token_lifetime: u64::MAX,
            ..SandboxSettings::default()
        };
        let mut tokens = Tokens::default();
        let issued = tokens.issue(5, &settings).unwrap();
        assert_eq!(tokens.live(&issued.access, 5), None);
        assert!(tokens.refreshes(&issued.refresh, i64::MAX - 1));
    }

    #[test]
    fn ends_after_so_many_calls() {
        let (mut tokens, settings) = (Tokens::default(), SandboxSettings::default());
        let issued = tokens.issue(0, &settings).unwrap();
        assert!(tokens.used(1, Some(2)));
        assert!(tokens.live(&issued.access, 0).is_some());
        assert!(tokens.used(1, Some(2)));
        assert!(tokens.live(&issued.access, 0).is_none());
        assert!(
            !tokens.used(1, None),
            "who looked before it ended comes too late"
        );
        tokens.issue(0, &settings).unwrap();
        assert!(!tokens.used(1, None), "and does not use up the next one");
        assert_eq!(tokens.calls, 0);
    }
}
