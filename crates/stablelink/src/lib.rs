//! Client of the StableLink payment gateway: gets and renews its token, signs every request, tells
//! errors apart.
//!
//! **Unofficial**: this project is not the vendor's; names belong to their owners.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod client;
mod clock;
mod error;
mod reply;
pub mod testing;
mod token;
pub mod webhook;

pub use client::{CredentialSource, Credentials, Environment, Origin, SourceError};
pub use clock::{BoxFuture, Clock, SystemClock};
pub use error::{Ambiguous, Decode, Error, ErrorKind, Refusal};
pub use reply::RawReply;
pub use token::{Lease, MemoryStore, StoreError, StoreKey, StoredToken, TokenSettings, TokenStore};
