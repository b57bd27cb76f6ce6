//! The credentials of an account: `credentials` (the secrets and their source), `credential_cache` (how often it is read),
//! `known_secrets` (what is hidden in texts of the gateway).

mod credential_cache;
mod credentials;
mod known_secrets;

pub(crate) use credential_cache::CredentialCache;
pub(crate) use credentials::ResolvedCredentials;
pub use credentials::{CredentialSource, CredentialSourceError, Credentials, check_secret};
pub(crate) use known_secrets::KnownSecrets;
