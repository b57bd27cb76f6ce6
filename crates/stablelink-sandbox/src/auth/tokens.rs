//! The tokens of a client, of which only the latest pair is valid.

use serde::Serialize;

use crate::clock::after;
use crate::credentials::{RandomnessError, random_string};
use crate::settings::SandboxSettings;

/// The number of token requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenGrants {
    /// Tokens issued for an API key and API secret.
    pub credentials: u64,
    /// Tokens issued for a refresh token.
    pub refresh: u64,
    /// Rejected requests. Requests that a fault answered before the operation are not counted.
    pub rejected: u64,
}

impl TokenGrants {
    /// Returns the number of issued tokens.
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

/// A token and its expiry in milliseconds since the epoch.
#[derive(Clone)]
struct SandboxToken {
    text: String,
    expires_at: i64,
}

impl SandboxToken {
    fn new(now: i64, lifetime: u64) -> Result<Self, RandomnessError> {
        Ok(Self {
            text: random_string(24)?,
            expires_at: after(now, lifetime),
        })
    }

    fn is_valid(&self, text: &str, now: i64) -> bool {
        self.text == text && now < self.expires_at
    }
}

/// The status of a client's tokens, without the tokens.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TokenStatus {
    /// 0 if no token was issued yet.
    generation: u64,
    /// Expiry of the valid access token in milliseconds since the epoch.
    access_expires_at: Option<i64>,
    refresh_expires_at: Option<i64>,
    calls: u64,
    granted_by_credentials: u64,
    granted_by_refresh: u64,
}

/// The tokens of one client.
#[derive(Default)]
pub(crate) struct Tokens {
    /// Number of issued pairs. The first pair has generation 1.
    pub(crate) generation: u64,
    access: Option<SandboxToken>,
    /// The access token before `access`, during its grace time.
    previous: Option<SandboxToken>,
    refresh: Option<SandboxToken>,
    /// Number of accepted calls with the current access token.
    calls: u64,
    pub(crate) grants: TokenGrants,
}

impl Tokens {
    /// Issues a new pair. The previous pair becomes invalid, except for the grace time of the
    /// access token.
    pub(crate) fn issue(
        &mut self,
        now: i64,
        settings: &SandboxSettings,
    ) -> Result<GrantResponse, RandomnessError> {
        let access = SandboxToken::new(now, settings.token_lifetime)?;
        let refresh = SandboxToken::new(now, settings.refresh_token_lifetime)?;
        let response = GrantResponse {
            access_token: access.text.clone(),
            token_type: "bearer",
            expires_in: settings.token_lifetime,
            refresh_token: refresh.text.clone(),
            rt_expires_in: settings.refresh_token_lifetime,
        };
        self.generation += 1;
        self.calls = 0;
        let previous = self.access.replace(access);
        self.previous = previous.filter(|_| settings.old_token_grace > 0);
        if let Some(previous) = &mut self.previous {
            let end = after(now, settings.old_token_grace);
            previous.expires_at = previous.expires_at.min(end);
        }
        self.refresh = Some(refresh);
        Ok(response)
    }

    pub(crate) fn status(&self, now: i64) -> TokenStatus {
        let expiry = |token: &Option<SandboxToken>| {
            let valid = token.as_ref().filter(|token| now < token.expires_at);
            valid.map(|token| token.expires_at)
        };
        TokenStatus {
            generation: self.generation,
            access_expires_at: expiry(&self.access),
            refresh_expires_at: expiry(&self.refresh),
            calls: self.calls,
            granted_by_credentials: self.grants.credentials,
            granted_by_refresh: self.grants.refresh,
        }
    }

    pub(crate) fn is_refresh_token(&self, text: &str, now: i64) -> bool {
        let token = self.refresh.as_ref();
        token.is_some_and(|token| token.is_valid(text, now))
    }

    /// Returns the generation of this access token if it is valid.
    pub(crate) fn generation(&self, text: &str, now: i64) -> Option<u64> {
        let is_valid = |token: &Option<SandboxToken>| {
            token
                .as_ref()
                .is_some_and(|token| token.is_valid(text, now))
        };
        if is_valid(&self.access) {
            Some(self.generation)
        } else {
            is_valid(&self.previous).then(|| self.generation - 1)
        }
    }

    /// Counts a call with the token of this generation, and revokes the token after `limit` calls.
    /// Returns false if the token became invalid after it was [checked](Self::generation).
    pub(crate) fn count_call(&mut self, generation: u64, limit: Option<u64>) -> bool {
        if generation != self.generation {
            return self.previous.is_some() && generation + 1 == self.generation;
        }
        if self.access.is_none() {
            return false;
        }
        self.calls += 1;
        if limit.is_some_and(|limit| self.calls >= limit) {
            self.access = None;
        }
        true
    }

    /// Returns the text of each token that is known.
    pub(crate) fn texts(&self) -> impl Iterator<Item = String> {
        let tokens = [&self.access, &self.previous, &self.refresh];
        tokens.into_iter().flatten().map(|token| token.text.clone())
    }

    /// Revokes the access token. The refresh token remains valid.
    pub(crate) fn revoke(&mut self) {
        self.access = None;
        self.previous = None;
    }

    /// Revokes the refresh token. The access token remains valid.
    pub(crate) fn revoke_refresh(&mut self) {
        self.refresh = None;
    }
}

/// The fields of a token response.
#[derive(Serialize)]
pub(crate) struct GrantResponse {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    refresh_token: String,
    rt_expires_in: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_pair_invalidates_the_previous_one() {
        let (mut tokens, settings) = (Tokens::default(), SandboxSettings::default());
        let first = tokens.issue(0, &settings).unwrap();
        assert_eq!(tokens.generation(&first.access_token, 21_599_999), Some(1));
        assert_eq!(tokens.generation(&first.access_token, 21_600_000), None);
        assert!(tokens.is_refresh_token(&first.refresh_token, 43_199_999));
        assert!(!tokens.is_refresh_token(&first.refresh_token, 43_200_000));
        assert!(!tokens.is_refresh_token(&first.access_token, 0));
        let second = tokens.issue(1, &settings).unwrap();
        assert_eq!(tokens.generation(&first.access_token, 1), None);
        assert!(!tokens.is_refresh_token(&first.refresh_token, 1));
        assert_eq!(tokens.generation(&second.access_token, 1), Some(2));
        tokens.revoke();
        assert_eq!(tokens.generation(&second.access_token, 1), None);
        assert!(tokens.is_refresh_token(&second.refresh_token, 1));
        tokens.revoke_refresh();
        assert!(!tokens.is_refresh_token(&second.refresh_token, 1));
    }

    #[test]
    fn previous_access_token_is_valid_during_its_grace_time() {
        let settings = SandboxSettings {
            token_lifetime: 10,
            old_token_grace: 3,
            ..SandboxSettings::default()
        };
        let mut tokens = Tokens::default();
        let first = tokens.issue(0, &settings).unwrap();
        let second = tokens.issue(1_000, &settings).unwrap();
        assert_eq!(tokens.generation(&first.access_token, 3_999), Some(1));
        assert_eq!(tokens.generation(&first.access_token, 4_000), None);
        assert_eq!(tokens.generation(&second.access_token, 4_000), Some(2));
        assert!(!tokens.is_refresh_token(&first.refresh_token, 1_000));
        assert!(tokens.count_call(1, Some(1)) && tokens.count_call(1, Some(1)));
        assert_eq!(tokens.calls, 0, "the limit is for the new token");
        // The grace time does not extend the lifetime, and does not accumulate.
        let third = tokens.issue(9_000, &settings).unwrap();
        assert_eq!(tokens.generation(&first.access_token, 9_000), None);
        assert_eq!(tokens.generation(&second.access_token, 10_999), Some(2));
        assert_eq!(tokens.generation(&second.access_token, 11_000), None);
        tokens.revoke();
        assert_eq!(tokens.generation(&second.access_token, 9_000), None);
        assert_eq!(tokens.generation(&third.access_token, 9_000), None);
        assert!(!tokens.count_call(2, None));
    }

    #[test]
    fn lifetime_of_zero_expires_at_once() {
        let settings = SandboxSettings {
            token_lifetime: 0,
            refresh_token_lifetime: u64::MAX,
            ..SandboxSettings::default()
        };
        let mut tokens = Tokens::default();
        let issued = tokens.issue(5, &settings).unwrap();
        assert_eq!(tokens.generation(&issued.access_token, 5), None);
        assert!(tokens.is_refresh_token(&issued.refresh_token, i64::MAX - 1));
    }

    #[test]
    fn token_is_revoked_after_the_call_limit() {
        let (mut tokens, settings) = (Tokens::default(), SandboxSettings::default());
        let issued = tokens.issue(0, &settings).unwrap();
        assert!(tokens.count_call(1, Some(2)));
        assert!(tokens.generation(&issued.access_token, 0).is_some());
        assert!(tokens.count_call(1, Some(2)));
        assert!(tokens.generation(&issued.access_token, 0).is_none());
        assert!(!tokens.count_call(1, None), "checked before the revocation");
        tokens.issue(0, &settings).unwrap();
        assert!(
            !tokens.count_call(1, None),
            "not counted for the next token"
        );
        assert_eq!(tokens.calls, 0);
    }
}
