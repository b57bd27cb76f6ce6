//! Client of the StableLink payment gateway: gets and renews its token, signs every request, tells
//! errors apart.
//!
//! **Unofficial**: this project is not the vendor's; names belong to their owners.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod answer;
mod call;
mod client;
mod clock;
mod error;
pub mod observe;
#[cfg(feature = "provisional")]
mod pages;
mod reply;
mod resource;
pub mod testing;
mod token;
#[cfg(feature = "provisional")]
mod upload;
mod wait;
pub mod webhook;

pub use answer::Answer;
pub use call::{Call, Request, RetryPolicy};
pub use client::{
    Client, ClientBuilder, CredentialSource, Credentials, Environment, Origin, SourceError,
};
pub use clock::{BoxFuture, Clock, SystemClock};
pub use error::{Ambiguous, Decode, Error, ErrorKind, Refusal};
#[cfg(feature = "provisional")]
pub use pages::{ListRequest, Pages, Paging};
pub use reply::RawReply;
pub use resource::*;
pub use token::{
    Bearer, Lease, MemoryStore, StoreError, StoreKey, StoredToken, TokenSettings, TokenStore,
};
#[cfg(feature = "provisional")]
pub use upload::{Files, Upload};
pub use wait::Wait;

pub use http::Method;
pub use rust_decimal::Decimal;
/// Values that the gateway may extend: each keeps what it does not know.
pub use stablelink_api::open_enums;
pub use stablelink_api::operations;
/// Exact amounts, local times, JSON as it came.
pub use stablelink_api::scalars;
/// Requests and records of the gateway, as the document describes them.
pub use stablelink_api::types;
pub use stablelink_signature::QueryForm;
