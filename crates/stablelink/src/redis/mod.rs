//! The connection to Redis that the token store and the webhook deduplicator share. Read `connection.rs` first; `tls.rs`
//! holds certificates, `error.rs` the errors without secrets.

mod connection;
mod error;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod tls;

pub use connection::RedisConnection;
pub(crate) use error::RedisCommandError;
use error::is_failover;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
pub use tls::RedisTls;
