//! The credentials of an account: `credentials` (the secrets and their source), `credential_cache` (how often it is read).

mod credential_cache;
mod credentials;

pub(crate) use credential_cache::CredentialCache;
pub(crate) use credentials::ResolvedCredentials;
pub use credentials::{CredentialSource, CredentialSourceError, Credentials, check_secret};
