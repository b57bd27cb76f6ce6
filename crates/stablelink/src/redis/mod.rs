//! The connection to Redis, for tokens and for webhooks.

mod failure;
mod link;
#[cfg(feature = "rustls")]
mod roots;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod tls;

pub(crate) use failure::LinkError;
pub(crate) use link::Link;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
pub use tls::RedisTls;
