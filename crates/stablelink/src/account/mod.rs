//! Who calls.

mod credentials;
mod vault;

pub(crate) use credentials::Ready;
pub use credentials::{CredentialSource, Credentials, SourceError};
pub(crate) use vault::Vault;
