//! What a client of the gateway is known by.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use crate::random::{self, RandomnessError};

/// Api key, api secret and sign key of one client.
///
/// Worth nothing outside the sandbox, and hidden by `Debug` all the same: a program under test
/// should show them nowhere.
#[derive(Clone)]
pub struct SandboxCredentials {
    api_key: SecretString,
    api_secret: SecretString,
    sign_key: SecretString,
}

impl SandboxCredentials {
    /// SandboxCredentials of the caller's choice.
    #[must_use]
    pub fn new(
        api_key: impl Into<SecretString>,
        api_secret: impl Into<SecretString>,
        sign_key: impl Into<SecretString>,
    ) -> Self {
        Self {
            api_key: api_key.into(),
            api_secret: api_secret.into(),
            sign_key: sign_key.into(),
        }
    }

    /// New credentials that nobody else has.
    ///
    /// # Errors
    ///
    /// The operating system gives no random bytes.
    pub fn random() -> Result<Self, RandomnessError> {
        Ok(Self::new(
            format!("sandbox-key-{}", random::text(16)?),
            format!("sandbox-secret-{}", random::text(24)?),
            format!("sandbox-sign-{}", random::text(24)?),
        ))
    }

    /// The api key.
    #[must_use]
    pub const fn api_key(&self) -> &SecretString {
        &self.api_key
    }

    /// The api secret.
    #[must_use]
    pub const fn api_secret(&self) -> &SecretString {
        &self.api_secret
    }

    /// The sign key.
    #[must_use]
    pub const fn sign_key(&self) -> &SecretString {
        &self.sign_key
    }

    pub(crate) fn are(&self, api_key: &str, api_secret: &str) -> bool {
        self.api_key.expose_secret() == api_key && self.api_secret.expose_secret() == api_secret
    }
}

impl fmt::Debug for SandboxCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxCredentials").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn are_unlike_each_other_and_hidden() {
        let (a, b) = (
            SandboxCredentials::random().unwrap(),
            SandboxCredentials::random().unwrap(),
        );
        for of in [
            SandboxCredentials::api_key,
            SandboxCredentials::api_secret,
            SandboxCredentials::sign_key,
        ] {
            assert_ne!(of(&a).expose_secret(), of(&b).expose_secret());
        }
        assert_eq!(format!("{a:?}"), "SandboxCredentials { .. }");
    }
}
