//! The bearer token: got when it is needed, shared, renewed before it ends.

mod grant;
mod manager;

pub(crate) use grant::{Grant, GrantError, Issued};
pub(crate) use manager::Tokens;
pub use manager::{Bearer, MemoryStore, TokenSettings, TokenStore};
