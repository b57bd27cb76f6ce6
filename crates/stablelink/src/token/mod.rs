//! The bearer token: requested when a call needs it, shared by all clients of an account, refreshed before it expires.
//!
//! An account has one valid token at a time: issuing a token invalidates the previous one. So all clients and all processes
//! of an account must share one token through a [`TokenStore`].
//!
//! Read in this order: `manager` (the interface for calls), `refresher` (one refresh), `refresh_guard` (the lock during a
//! refresh), `refresh_timing` (the refresh margin), `cooldown` (the limits on token requests), `store` (the shared storage of
//! the token), `bearer_token` (the token in memory).

mod bearer_token;
mod cooldown;
mod manager;
mod refresh_guard;
mod refresh_timing;
mod refresher;
mod store;
#[cfg(test)]
mod test_support;

use std::time::Duration;

pub use bearer_token::BearerToken;
pub(crate) use manager::TokenManager;
pub(crate) use refresher::{IssuedToken, TokenSource, TokenSourceError};
#[cfg(feature = "file-store")]
pub use store::FileStore;
#[cfg(feature = "redis")]
pub use store::RedisStore;
pub use store::{MemoryStore, RefreshLock, StoreError, StoreKey, StoredToken, TokenStore};

/// The settings of the token that users can change.
#[derive(Clone, Debug)]
pub(crate) struct TokenSettings {
    /// The time in which no token is requested after the gateway rejected the credentials. It is also the period in which
    /// the number of tokens that replace a rejected one is limited. Zero disables both.
    pub(crate) cooldown: Duration,
    /// Whether this client may use a token that other processes cannot get.
    pub(crate) allow_unshared_token: bool,
}

impl Default for TokenSettings {
    fn default() -> Self {
        Self {
            cooldown: Duration::from_secs(30),
            allow_unshared_token: false,
        }
    }
}
