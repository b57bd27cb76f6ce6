//! A token as it is kept.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::StoreError;

/// A token as it is kept. `Debug` shows neither token.
#[derive(Clone)]
pub struct StoredToken {
    access_token: SecretString,
    refresh_token: Option<SecretString>,
    expires_at: u64,
    refresh_expires_at: Option<u64>,
    generation: u64,
}

/// The form of [`StoredToken::to_json`]. A new field that older readers may pass over needs no new version.
#[derive(Serialize, Deserialize)]
struct Form<'a> {
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
struct Version {
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

    /// What is sent with each call.
    #[must_use]
    pub const fn access_token(&self) -> &SecretString {
        &self.access_token
    }

    /// What the next token is got for, if the gateway gave one.
    #[must_use]
    pub const fn refresh_token(&self) -> Option<&SecretString> {
        self.refresh_token.as_ref()
    }

    /// The end of the access token, in milliseconds since 1970 UTC.
    #[must_use]
    pub const fn expires_at_ms(&self) -> u64 {
        self.expires_at
    }

    /// The end of the refresh token, in milliseconds since 1970 UTC, if the gateway gave it.
    #[must_use]
    pub const fn refresh_expires_at_ms(&self) -> Option<u64> {
        self.refresh_expires_at
    }

    /// The number of the [lease](super::RefreshLock) that it was saved with.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// The same with an access token that has ended: what a store keeps of it after
    /// [`invalidate`](super::TokenStore::invalidate).
    #[must_use]
    pub fn ended(mut self) -> Self {
        self.expires_at = 0;
        self
    }

    /// When nothing of it is of use any more, in milliseconds since 1970 UTC: a store may forget it then.
    #[must_use]
    pub fn forget_at_ms(&self) -> u64 {
        self.expires_at.max(self.refresh_expires_at.unwrap_or(0))
    }

    /// How long the access token still lives, by a time of day.
    pub(crate) fn life(&self, now: SystemTime) -> Duration {
        Duration::from_millis(self.expires_at.saturating_sub(unix_millis(now)))
    }

    /// The refresh token, unless it has ended.
    pub(crate) fn live_refresh(&self, now: SystemTime) -> Option<&SecretString> {
        let ended = self
            .refresh_expires_at
            .is_some_and(|end| end <= unix_millis(now));
        self.refresh_token.as_ref().filter(|_| !ended)
    }

    /// How long the refresh token still lives, if that is known.
    pub(crate) fn refresh_life(&self, now: SystemTime) -> Option<Duration> {
        let end = self.refresh_expires_at?;
        Some(Duration::from_millis(end.saturating_sub(unix_millis(now))))
    }

    /// As versioned JSON, for stores that keep text.
    ///
    /// # Errors
    ///
    /// None in practice: text and numbers always have a JSON form.
    pub fn to_json(&self) -> Result<SecretString, StoreError> {
        serde_json::to_string(&Form {
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

    /// Reads what [`to_json`](Self::to_json) wrote, here or in another version of this crate. `None` of what is none:
    /// the next token that is saved replaces it.
    ///
    /// # Errors
    ///
    /// A version that this crate does not know: replacing what a newer one wrote could take the token from it.
    pub fn from_json(text: &str) -> Result<Option<Self>, StoreError> {
        let Ok(Version { version }) = serde_json::from_str(text) else {
            return Ok(None);
        };
        if version != VERSION {
            return Err(StoreError::new(format!(
                "holds a token in version {version} of its form, and this program knows version {VERSION}: update it, or give it a place of its own"
            ))
            .lasting());
        }
        let Ok(form) = serde_json::from_str::<Form<'_>>(text) else {
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

/// Milliseconds since 1970 UTC; 0 before.
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
    fn the_form_is_versioned_and_short() {
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
    fn what_is_none_is_replaced_and_what_is_newer_is_not() {
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
        assert!(!error.is_passing() && !format!("{error}{error:?}").contains("hidden"));
        let later = r#"{"version":1,"generation":1,"access_token":"a","expires_at_ms":1,"new":[]}"#;
        assert!(StoredToken::from_json(later).unwrap().is_some());
    }

    #[test]
    fn ends_are_told_by_the_time_of_day() {
        let second = Duration::from_secs(1);
        let token = StoredToken::new(1, "a".into(), UNIX_EPOCH + 9 * second)
            .with_refresh("r".into(), Some(UNIX_EPOCH + 20 * second));
        assert_eq!(token.life(UNIX_EPOCH + 2 * second), 7 * second);
        assert_eq!(token.life(UNIX_EPOCH + 10 * second), Duration::ZERO);
        assert!(token.live_refresh(UNIX_EPOCH + 19 * second).is_some());
        assert!(token.live_refresh(UNIX_EPOCH + 20 * second).is_none());
        assert_eq!(token.forget_at_ms(), 20_000);
        let ended = token.ended();
        assert_eq!(ended.life(UNIX_EPOCH), Duration::ZERO);
        assert!(ended.live_refresh(UNIX_EPOCH).is_some());
    }
}
