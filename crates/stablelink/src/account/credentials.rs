//! The credentials of a developer, and their source.

use std::env;
use std::fmt;
use std::future::Future;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use stablelink_signature::SigningKey;

use super::KnownSecrets;
use crate::Error;
use crate::clock::BoxFuture;

/// The three secrets of a developer, which are created in the dashboard.
///
/// `Debug` omits them, and they are overwritten in memory when the value is dropped.
#[derive(Clone)]
pub struct Credentials {
    api_key: SecretString,
    api_secret: SecretString,
    sign_key: SecretString,
}

impl Credentials {
    /// Returns credentials with these secrets.
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

    /// Reads the environment variables `STABLELINK_API_KEY`, `STABLELINK_API_SECRET` and `STABLELINK_SIGN_KEY`.
    ///
    /// # Errors
    ///
    /// Fails if variables are missing, empty or not UTF-8, and names all of them.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_variables(|name| env::var(name).ok())
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let mut missing = Vec::new();
        let mut read = |name: &'static str| {
            let value = variable(name).filter(|value| !value.is_empty());
            if value.is_none() {
                missing.push(name);
            }
            SecretString::from(value.unwrap_or_default())
        };
        let credentials = Self {
            api_key: read("STABLELINK_API_KEY"),
            api_secret: read("STABLELINK_API_SECRET"),
            sign_key: read("STABLELINK_SIGN_KEY"),
        };
        if missing.is_empty() {
            return Ok(credentials);
        }
        Err(Error::configuration(format!(
            "set the environment variables {} to the secrets that the dashboard shows",
            missing.join(", ")
        )))
    }

    pub(super) fn remember_in(&self, secrets: &KnownSecrets) {
        for secret in [&self.api_key, &self.api_secret, &self.sign_key] {
            secrets.remember(secret);
        }
    }

    /// Validates the secrets and prepares them for use.
    pub(crate) fn resolve(self) -> Result<ResolvedCredentials, Error> {
        if self.api_key.expose_secret().is_empty() || self.api_secret.expose_secret().is_empty() {
            return Err(Error::configuration("the api key or api secret is empty"));
        }
        let signing_key = SigningKey::new(&self.sign_key)
            .map_err(|error| Error::configuration("the sign key is empty").because(error))?;
        let digest = Sha256::digest(self.api_key.expose_secret());
        let account = digest[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(ResolvedCredentials {
            api_key: self.api_key,
            api_secret: self.api_secret,
            signing_key,
            account,
        })
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// Credentials that were validated and prepared for use.
pub(crate) struct ResolvedCredentials {
    pub(crate) api_key: SecretString,
    pub(crate) api_secret: SecretString,
    pub(crate) signing_key: SigningKey,
    /// A hash of the api key, which distinguishes the tokens of several accounts.
    pub(crate) account: String,
}

/// An error of a [`CredentialSource`].
pub type CredentialSourceError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// A source of credentials that may change, such as a secret manager or a file that is rotated.
///
/// The source is called before each token request, and before a call if the cached credentials are older than one minute;
/// never concurrently. A call waits for it within its deadline, and for at most 5 s if there are cached credentials. While
/// the source fails or hangs, calls use the cached credentials, the source is called again every 5 s, and no token is
/// requested. New credentials are used as soon as the source returns them, with a separate token.
///
/// Implemented for [`Credentials`], which never change, and for functions that return a future:
///
/// ```
/// # use stablelink::{Client, Credentials, Environment};
/// # async fn read_secret(name: &str) -> Result<String, std::io::Error> { Ok(name.to_owned()) }
/// # fn example() -> Result<(), stablelink::Error> {
/// let client = Client::builder()
///     .environment(Environment::Sandbox)
///     .credentials(|| async {
///         let api_secret = read_secret("api-secret").await?;
///         Ok(Credentials::new("api-key", api_secret, read_secret("sign-key").await?))
///     })
///     .build()?;
/// # Ok(())
/// # }
/// ```
pub trait CredentialSource: Send + Sync + 'static {
    /// Returns the current credentials.
    ///
    /// # Errors
    ///
    /// Fails if the source is unavailable. The text of the error is displayed: it must not contain secrets.
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialSourceError>>;
}

impl CredentialSource for Credentials {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialSourceError>> {
        Box::pin(std::future::ready(Ok(self.clone())))
    }
}

impl<F, A> CredentialSource for F
where
    F: Fn() -> A + Send + Sync + 'static,
    A: Future<Output = Result<Credentials, CredentialSourceError>> + Send + 'static,
{
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialSourceError>> {
        Box::pin(self())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_env_names_all_missing_variables() {
        let error = Credentials::from_variables(|name| {
            (name == "STABLELINK_API_KEY").then(|| "key".to_owned())
        })
        .unwrap_err()
        .to_string();
        assert_eq!(
            error,
            "set the environment variables STABLELINK_API_SECRET, STABLELINK_SIGN_KEY to the secrets that the dashboard shows"
        );
    }

    #[test]
    fn debug_hides_secrets_and_accounts_differ() {
        let credentials = Credentials::new("hidden-key", "hidden-secret", "hidden-sign");
        assert!(!format!("{credentials:?}").contains("hidden"));
        let account = credentials.resolve().unwrap().account;
        assert_eq!(account.len(), 32);
        let other = Credentials::new("another-key", "hidden-secret", "hidden-sign");
        assert_ne!(other.resolve().unwrap().account, account);
        assert!(Credentials::new("a", "b", "").resolve().is_err());
        assert!(Credentials::new("", "b", "c").resolve().is_err());
    }
}
