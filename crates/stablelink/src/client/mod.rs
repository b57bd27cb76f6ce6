//! The client and what it is made of.

mod credentials;
mod environment;

pub use credentials::{CredentialSource, Credentials, SourceError};
pub use environment::{Environment, Origin};
