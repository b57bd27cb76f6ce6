//! The bearer token: requested when a call needs it, shared by all clients of an account, refreshed before it expires.
//!
//! An account has one valid token at a time: issuing a token invalidates the previous one. So all clients and all processes
//! of an account must share one token through a [`TokenStore`].
//!
//! Read in this order: `manager` (what calls use), `refresher` (one refresh), `cooldown` (when the gateway may be asked),
//! `store` (where the token is stored), `bearer_token` (the token in memory).

mod bearer_token;
mod cooldown;
mod manager;
mod refresher;
mod settings;
mod store;
#[cfg(test)]
mod test_support;

pub use bearer_token::BearerToken;
pub(crate) use manager::TokenManager;
pub(crate) use refresher::{IssuedToken, TokenSource, TokenSourceError};
pub use settings::TokenSettings;
#[cfg(feature = "file-store")]
pub use store::FileStore;
#[cfg(feature = "redis")]
pub use store::RedisStore;
pub use store::{MemoryStore, RefreshLock, StoreError, StoreKey, StoredToken, TokenStore};
