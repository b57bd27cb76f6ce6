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
    /// Fails if variables are missing, empty or not UTF-8, and names all of them. Fails if a secret has whitespace, a byte
    /// order mark or quotation marks around it: an editor or a shell added them, and they would be sent with the secret.
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
            check_secret("STABLELINK_API_KEY", &credentials.api_key)?;
            check_secret("STABLELINK_API_SECRET", &credentials.api_secret)?;
            check_secret("STABLELINK_SIGN_KEY", &credentials.sign_key)?;
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

/// Fails if the secret begins or ends with a character that an editor, a shell or a file added. `name` is the name of the
/// secret in the error. Public for the CLI, which also reads secrets from a file and a terminal.
///
/// # Errors
///
/// [`Configuration`](crate::ErrorKind::Configuration), without the secret.
pub fn check_secret(name: &str, secret: &SecretString) -> Result<(), Error> {
    let (first, last) = (
        secret.expose_secret().chars().next(),
        secret.expose_secret().chars().next_back(),
    );
    for (letter, verb) in [(first, "begins"), (last, "ends")] {
        let problem = match letter {
            Some('\n' | '\r') => "a line break",
            Some('\u{feff}') => "a byte order mark",
            Some('"' | '\'' | '`' | '\u{2018}'..='\u{201f}') => "a quotation mark",
            Some(letter) if letter.is_whitespace() || letter == '\u{200b}' => "whitespace",
            Some(letter) if letter.is_control() => "a control character",
            _ => continue,
        };
        return Err(Error::configuration(format!(
            "{name} {verb} with {problem}, which is not part of the secret: remove it"
        )));
    }
    Ok(())
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
/// The trait is implemented for [`Credentials`], which never change, and for functions that return a future:
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
    /// Fails if the source is unavailable. The error message is displayed, so it must not contain secrets.
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
    fn from_env_rejects_characters_around_a_secret() {
        for (odd, problem) in [
            ("secret\n", "ends with a line break"),
            ("secret\r\n", "ends with a line break"),
            ("\nsecret", "begins with a line break"),
            (" secret", "begins with whitespace"),
            ("secret\t", "ends with whitespace"),
            ("secret\u{a0}", "ends with whitespace"),
            ("\u{feff}secret", "begins with a byte order mark"),
            ("\"secret\"", "begins with a quotation mark"),
            ("'secret", "begins with a quotation mark"),
            ("secret\u{201d}", "ends with a quotation mark"),
            ("\u{1b}[200~secret", "begins with a control character"),
        ] {
            for name in [
                "STABLELINK_API_KEY",
                "STABLELINK_API_SECRET",
                "STABLELINK_SIGN_KEY",
            ] {
                let error = Credentials::from_variables(|asked| {
                    Some(
                        if asked == name {
                            odd
                        } else {
                            "good \"inside\" x"
                        }
                        .to_owned(),
                    )
                });
                let error = error.unwrap_err().to_string();
                assert_eq!(
                    error,
                    format!("{name} {problem}, which is not part of the secret: remove it")
                );
            }
        }
        assert!(Credentials::from_variables(|_| Some("good \"inside\" x".to_owned())).is_ok());
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
