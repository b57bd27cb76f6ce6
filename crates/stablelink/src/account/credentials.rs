//! Who calls, and where that is learnt from.

use std::env;
use std::fmt;
use std::future::Future;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use stablelink_signature::SigningKey;

use crate::Error;
use crate::clock::BoxFuture;

/// The three secrets of a developer, made in the dashboard.
///
/// `Debug` shows none of them; they are wiped when the value goes.
#[derive(Clone)]
pub struct Credentials {
    api_key: SecretString,
    api_secret: SecretString,
    sign_key: SecretString,
}

impl Credentials {
    /// From their texts.
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

    /// From `STABLELINK_API_KEY`, `STABLELINK_API_SECRET` and `STABLELINK_SIGN_KEY`.
    ///
    /// # Errors
    ///
    /// Names each variable that is missing, empty or not UTF-8.
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

    /// The secrets made ready for use.
    pub(crate) fn ready(self) -> Result<Ready, Error> {
        if self.api_key.expose_secret().is_empty() || self.api_secret.expose_secret().is_empty() {
            return Err(Error::configuration("the api key or api secret is empty"));
        }
        let sign_key = SigningKey::new(&self.sign_key)
            .map_err(|error| Error::configuration("the sign key is empty").because(error))?;
        let digest = Sha256::digest(self.api_key.expose_secret());
        let account = digest[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(Ready {
            api_key: self.api_key,
            api_secret: self.api_secret,
            sign_key,
            account,
        })
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// Credentials made ready for use.
pub(crate) struct Ready {
    pub(crate) api_key: SecretString,
    pub(crate) api_secret: SecretString,
    pub(crate) sign_key: SigningKey,
    /// A hash of the api key, by which tokens of several accounts are kept apart.
    pub(crate) account: String,
}

/// An error of a [`CredentialSource`].
pub type CredentialSourceError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// Where credentials are learnt from, asked anew from time to time: a vault, a file that is rotated.
///
/// It is asked before each token, and before a call if the last answer is a minute old; one question at a time. A call waits for
/// it within its deadline, and 5 s at most where it gave some before. While it fails or hangs, calls go on with what it gave
/// last, it is asked again every 5 s, and no token is got. Other credentials are in use, with a token of their own, as soon as
/// it gives them.
///
/// Implemented for [`Credentials`] that never change and for functions that give a future:
///
/// ```
/// # use stablelink::{Client, Credentials, Environment};
/// # async fn from_the_vault(name: &str) -> Result<String, std::io::Error> { Ok(name.to_owned()) }
/// # fn example() -> Result<(), stablelink::Error> {
/// let client = Client::builder()
///     .environment(Environment::Sandbox)
///     .credentials(|| async {
///         let api_secret = from_the_vault("api-secret").await?;
///         Ok(Credentials::new("api-key", api_secret, from_the_vault("sign-key").await?))
///     })
///     .build()?;
/// # Ok(())
/// # }
/// ```
pub trait CredentialSource: Send + Sync + 'static {
    /// The credentials of now.
    ///
    /// # Errors
    ///
    /// Whatever keeps the source from giving them. Its text is shown: keep secrets out of it.
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
    fn every_missing_variable_is_named_at_once() {
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
    fn nothing_shows_them_and_accounts_differ() {
        let credentials = Credentials::new("hidden-key", "hidden-secret", "hidden-sign");
        assert!(!format!("{credentials:?}").contains("hidden"));
        let account = credentials.ready().unwrap().account;
        assert_eq!(account.len(), 32);
        let other = Credentials::new("another-key", "hidden-secret", "hidden-sign");
        assert_ne!(other.ready().unwrap().account, account);
        assert!(Credentials::new("a", "b", "").ready().is_err());
        assert!(Credentials::new("", "b", "c").ready().is_err());
    }
}
