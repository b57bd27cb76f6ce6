//! Tests with a real Redis.
//!
//! They need `redis-server` on the PATH.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/contract.rs"]
mod contract;
#[path = "../support/redis_server.rs"]
mod redis_server;
#[path = "../support/watch.rs"]
mod watch;

mod deduplicator;
mod outages;
#[cfg(all(feature = "axum", feature = "provisional"))]
mod shop;
mod store;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod tls;

// `contract` imports these types from its parent module.
use stablelink::{RefreshLock, StoreKey, StoredToken, TokenStore};
