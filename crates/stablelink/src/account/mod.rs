//! Who calls.

mod credentials;
mod vault;

pub(crate) use credentials::Ready;
pub use credentials::{CredentialSource, CredentialSourceError, Credentials};
pub(crate) use vault::Vault;
