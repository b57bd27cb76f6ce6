//! The credentials of an account: `credentials` (the secrets and their source), `credential_cache`
//! (how often the source is called), `known_secrets` (the secrets that are redacted in messages of
//! the gateway).

mod credential_cache;
mod credentials;
mod known_secrets;

pub(crate) use credential_cache::CredentialCache;
pub(crate) use credentials::ResolvedCredentials;
pub use credentials::{CredentialSource, CredentialSourceError, Credentials, check_secret};
pub(crate) use known_secrets::KnownSecrets;
