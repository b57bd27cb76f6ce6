//! A string that is never printed.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A token or key that JSON contains in plain text, `Debug` redacts, and `drop` zeroes.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Returns the secret itself. Keep it out of logs and URLs: it authorises API calls.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Returns the secret as the type of the `secrecy` crate.
    #[must_use]
    pub fn into_inner(self) -> SecretString {
        self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<SecretString> for Secret {
    fn from(text: SecretString) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_contains_secret_and_debug_redacts_it() {
        let secret: Secret = serde_json::from_str(r#""Cji8NYO3""#).unwrap();
        assert_eq!(secret.expose(), "Cji8NYO3");
        assert_eq!(serde_json::to_string(&secret).unwrap(), r#""Cji8NYO3""#);
        assert_eq!(format!("{:?}", Some(secret)), "Some(Secret([redacted]))");
    }
}
