//! Client of the StableLink payment gateway: gets, shares and renews its token, signs every request,
//! tells errors apart, reads like the domain.
//!
//! **Unofficial**: this project is not the vendor's; names belong to their owners. Nothing here was tried against the
//! live service.
//!
//! ```no_run
//! use stablelink::{Client, Credentials, Decimal, Environment, NewCheckoutOrder};
//!
//! # async fn example() -> Result<(), stablelink::Error> {
//! let client = Client::builder()
//!     .environment(Environment::Sandbox)
//!     .credentials(Credentials::from_env()?)
//!     .build()?;
//!
//! let order = NewCheckoutOrder::usd(Decimal::new(50, 2), "ETH_USDT", "6", "1");
//! match client.checkout_orders().create(&order).await {
//!     Ok(made) => println!("pay to {:?}", made.deposit_address),
//!     // It was sent and may have been made: never make another one before this is settled.
//!     Err(error) if error.may_have_taken_effect() => println!("look up {}", order.order_no()),
//!     Err(error) => return Err(error),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # How a call goes
//!
//! A handle such as [`Client::checkout_orders`] gives a [`Call`]; optional arguments are its methods; `.await` makes it and
//! gives an [`Response`], which derefs to the record of the document ([`types`]) and keeps the bytes that came. Each attempt has a
//! current token and a fresh signature. What may be repeated is the document's word
//! ([`operations::RetrySafety`]): reads, and calls with an idempotency key, which is made with the value (`NewCheckoutOrder`)
//! and stays the same however often that value is sent.
//!
//! [`Client::request`] makes any other signed call.
//!
//! # Errors
//!
//! One [`Error`], with a [`kind`](Error::kind) to match on. [`is_retryable`](Error::is_retryable) is true if the same call may
//! succeed later and can do no harm; [`may_have_taken_effect`](Error::may_have_taken_effect) if its record must be looked up before
//! anything else is done with this payment: above all where it was sent and nobody knows the outcome
//! ([`is_ambiguous`](Error::is_ambiguous)).
//! Neither `Display` nor `Debug` of anything here shows secrets, tokens or what was sent or came; the records of [`types`] alone
//! are plain data and show theirs, so that you print of them what you need.
//!
//! # Evidence
//!
//! Part of the vendor's documentation was never seen. Operations whose page was not seen need the feature `provisional`, and are
//! **inferred**: path, fields and method may be wrong. [`operations`] says for each how much was seen.
//!
//! # Features
//!
//! | Feature | Default | What it adds |
//! |---|---|---|
//! | `rustls` | yes | TLS by rustls |
//! | `native-tls` | no | TLS by the operating system's library |
//! | `provisional` | no | operations that the pages only name: inferred |
//! | `redis` | no | tokens and handled webhooks shared over Redis |
//! | `file-store` | no | a token kept in a file that only its owner can read |
//! | `axum` | no | an extractor and a router for webhooks |
//! | `metrics` | no | counters and times through the facade of the crate `metrics` |
#![forbid(unsafe_code)]
#![warn(clippy::missing_errors_doc)]
// Which feature an item needs is shown beside it where the documentation is built for all.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod account;
mod backoff;
mod call;
mod client;
mod clock;
mod environment;
mod error;
pub mod observe;
#[cfg(feature = "provisional")]
mod pages;
mod poller;
#[cfg(feature = "file-store")]
#[doc(hidden)]
pub mod private_file;
mod raw_object;
mod raw_response;
#[cfg(feature = "redis")]
mod redis;
mod resource;
mod response;
pub mod testing;
mod token;
#[cfg(feature = "provisional")]
mod upload;
pub mod webhook;

pub use account::{CredentialSource, CredentialSourceError, Credentials};
pub use call::{Call, RawRequest, RetryPolicy};
pub use client::{Client, ClientBuilder};
pub use clock::{BoxFuture, Clock, SystemClock};
pub use environment::{Environment, Origin};
pub use error::{Ambiguous, ApiError, DecodeError, Error, ErrorKind};
#[cfg(feature = "provisional")]
pub use pages::{ListRequest, Pages, Pagination};
pub use poller::Poller;
pub use raw_response::RawResponse;
#[cfg(feature = "redis")]
pub use redis::RedisConnection;
#[cfg(all(feature = "redis", any(feature = "rustls", feature = "native-tls")))]
pub use redis::RedisTls;
pub use resource::*;
pub use response::Response;
#[cfg(feature = "file-store")]
pub use token::FileStore;
#[cfg(feature = "redis")]
pub use token::RedisStore;
pub use token::{
    BearerToken, MemoryStore, RefreshLock, StoreError, StoreKey, StoredToken, TokenSettings,
    TokenStore,
};
#[cfg(feature = "provisional")]
pub use upload::{Files, Upload};

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

/// The code of the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
