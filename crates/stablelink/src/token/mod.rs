//! The bearer token: got when it is needed, shared, renewed before it ends.
//!
//! Only one token of an account lives at a time: a new one ends the one before, whoever holds it. So all clients of a
//! process, and all processes, must hold the same one, which is what a [`TokenStore`] is for.

mod bearer;
mod grant;
mod manager;
mod pacing;
mod renewal;
mod settings;
mod shared;
mod store;
#[cfg(test)]
mod trial;

pub use bearer::Bearer;
pub(crate) use grant::{Grant, GrantError, Issued};
pub(crate) use manager::Tokens;
pub use settings::TokenSettings;
#[cfg(feature = "file-store")]
pub use store::FileStore;
#[cfg(feature = "redis")]
pub use store::RedisStore;
pub use store::{MemoryStore, RefreshLock, StoreError, StoreKey, StoredToken, TokenStore};
