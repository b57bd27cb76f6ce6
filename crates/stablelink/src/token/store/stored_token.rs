//! A token in a store, and its JSON form.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::StoreError;

/// A token in a store. `Debug` shows neither the token nor the refresh token.
#[derive(Clone)]
pub struct StoredToken {
    access_token: SecretString,
    refresh_token: Option<SecretString>,
    expires_at: u64,
    refresh_expires_at: Option<u64>,
    generation: u64,
}

/// The JSON form of a [`StoredToken`]. A new field that older versions may ignore needs no new version number.
#[derive(Serialize, Deserialize)]
struct StoredTokenJson<'a> {
    version: u32,
    generation: u64,
    #[serde(borrow)]
    access_token: Cow<'a, str>,
    expires_at_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_expires_at_ms: Option<u64>,
}

#[derive(Deserialize)]
struct JsonVersion {
    version: u32,
}

const VERSION: u32 = 1;

impl StoredToken {
    pub(crate) fn new(generation: u64, access_token: SecretString, expires_at: SystemTime) -> Self {
        Self {
            access_token,
            refresh_token: None,
            expires_at: unix_millis(expires_at),
            refresh_expires_at: None,
            generation,
        }
    }

    pub(crate) fn with_refresh(
        mut self,
        token: SecretString,
        expires_at: Option<SystemTime>,
    ) -> Self {
        self.refresh_token = Some(token);
        self.refresh_expires_at = expires_at.map(unix_millis);
        self
    }

    /// Returns the token that is sent with each call.
    pub(crate) const fn access_token(&self) -> &SecretString {
        &self.access_token
    }

    /// Returns the generation of the [lock](super::RefreshLock) that the token was saved with.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns this token with an expired access token: what a store holds after
    /// [`invalidate`](super::TokenStore::invalidate).
    #[must_use]
    pub fn expired(mut self) -> Self {
        self.expires_at = 0;
        self
    }

    /// Returns this token as [`expired`](Self::expired), with the generation of another lock.
    pub(crate) fn expired_with(self, generation: u64) -> Self {
        Self {
            generation,
            ..self.expired()
        }
    }

    /// Returns when both tokens have expired, in milliseconds since 1970 UTC: a store may delete them then.
    #[must_use]
    pub fn retain_until_ms(&self) -> u64 {
        self.expires_at.max(self.refresh_expires_at.unwrap_or(0))
    }

    /// Returns the remaining lifetime of the access token.
    pub(crate) fn lifetime(&self, now: SystemTime) -> Duration {
        Duration::from_millis(self.expires_at.saturating_sub(unix_millis(now)))
    }

    /// Returns the refresh token if it has not expired.
    pub(crate) fn valid_refresh(&self, now: SystemTime) -> Option<&SecretString> {
        let expired = self
            .refresh_expires_at
            .is_some_and(|end| end <= unix_millis(now));
        self.refresh_token.as_ref().filter(|_| !expired)
    }

    /// Returns the remaining lifetime of the refresh token, if it is known.
    pub(crate) fn refresh_lifetime(&self, now: SystemTime) -> Option<Duration> {
        let end = self.refresh_expires_at?;
        Some(Duration::from_millis(end.saturating_sub(unix_millis(now))))
    }

    /// Returns the token as versioned JSON, for stores that hold text.
    ///
    /// # Errors
    ///
    /// Never fails in practice: strings and numbers always have a JSON form.
    pub fn to_json(&self) -> Result<SecretString, StoreError> {
        serde_json::to_string(&StoredTokenJson {
            version: VERSION,
            generation: self.generation,
            access_token: self.access_token.expose_secret().into(),
            expires_at_ms: self.expires_at,
            refresh_token: self
                .refresh_token
                .as_ref()
                .map(|token| token.expose_secret().into()),
            refresh_expires_at_ms: self.refresh_expires_at,
        })
        .map(SecretString::from)
        .map_err(|_| StoreError::new("a token could not be written as JSON"))
    }

    /// Parses the output of [`to_json`](Self::to_json), of this or another version of this crate. Returns `None` for other
    /// text, which the next saved token replaces.
    ///
    /// # Errors
    ///
    /// Fails for a newer version of the form, because replacing it could break a newer program.
    pub fn from_json(text: &str) -> Result<Option<Self>, StoreError> {
        let Ok(JsonVersion { version }) = serde_json::from_str(text) else {
            return Ok(None);
        };
        if version != VERSION {
            return Err(StoreError::new(format!(
                "the stored token has version {version}, but this program supports version {VERSION}: update the program, or use a separate store"
            ))
            .permanent());
        }
        let Ok(form) = serde_json::from_str::<StoredTokenJson<'_>>(text) else {
            return Ok(None);
        };
        Ok(Some(Self {
            access_token: SecretString::from(form.access_token.into_owned()),
            refresh_token: form
                .refresh_token
                .map(|token| SecretString::from(token.into_owned())),
            expires_at: form.expires_at_ms,
            refresh_expires_at: form.refresh_expires_at_ms,
            generation: form.generation,
        }))
    }
}

/// Returns the milliseconds since 1970 UTC; 0 for earlier times.
pub(super) fn unix_millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Debug for StoredToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredToken")
            .field("generation", &self.generation)
            .field("expires_at_ms", &self.expires_at)
            .field("refresh_expires_at_ms", &self.refresh_expires_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_form_is_versioned_and_round_trips() {
        let bare = StoredToken::new(7, "abc".into(), UNIX_EPOCH + Duration::from_millis(1_500));
        let full = bare
            .clone()
            .with_refresh("r".into(), Some(UNIX_EPOCH + Duration::from_secs(9)));
        let lasting = bare.clone().with_refresh("r".into(), None);
        for (token, text) in [
            (
                bare,
                r#"{"version":1,"generation":7,"access_token":"abc","expires_at_ms":1500}"#,
            ),
            (
                full,
                r#"{"version":1,"generation":7,"access_token":"abc","expires_at_ms":1500,"refresh_token":"r","refresh_expires_at_ms":9000}"#,
            ),
            (
                lasting,
                r#"{"version":1,"generation":7,"access_token":"abc","expires_at_ms":1500,"refresh_token":"r"}"#,
            ),
        ] {
            assert_eq!(token.to_json().unwrap().expose_secret(), text);
            let read = StoredToken::from_json(text).unwrap().unwrap();
            assert_eq!(read.to_json().unwrap().expose_secret(), text);
            assert!(!format!("{read:?}").contains("abc"));
        }
    }

    #[test]
    fn invalid_json_is_ignored_and_newer_version_fails() {
        for text in [
            "",
            "null",
            "rubbish",
            "{}",
            r#"{"version":1}"#,
            r#"{"version":"1"}"#,
            r#"{"version":1,"generation":-1,"access_token":"a","expires_at_ms":1}"#,
            r#"{"version":1,"generation":1,"access_token":null,"expires_at_ms":1}"#,
        ] {
            assert!(StoredToken::from_json(text).unwrap().is_none(), "{text}");
        }
        let error = StoredToken::from_json(r#"{"version":2,"token":"hidden"}"#).unwrap_err();
        assert!(!error.transient && !format!("{error}{error:?}").contains("hidden"));
        let later = r#"{"version":1,"generation":1,"access_token":"a","expires_at_ms":1,"new":[]}"#;
        assert!(StoredToken::from_json(later).unwrap().is_some());
    }

    #[test]
    fn lifetimes_depend_on_the_time_of_day() {
        let second = Duration::from_secs(1);
        let token = StoredToken::new(1, "a".into(), UNIX_EPOCH + 9 * second)
            .with_refresh("r".into(), Some(UNIX_EPOCH + 20 * second));
        assert_eq!(token.lifetime(UNIX_EPOCH + 2 * second), 7 * second);
        assert_eq!(token.lifetime(UNIX_EPOCH + 10 * second), Duration::ZERO);
        assert!(token.valid_refresh(UNIX_EPOCH + 19 * second).is_some());
        assert!(token.valid_refresh(UNIX_EPOCH + 20 * second).is_none());
        assert_eq!(token.retain_until_ms(), 20_000);
        let expired = token.expired();
        assert_eq!(expired.lifetime(UNIX_EPOCH), Duration::ZERO);
        assert!(expired.valid_refresh(UNIX_EPOCH).is_some());
    }
}
