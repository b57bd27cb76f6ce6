//! A client of the StableLink payment gateway: it requests, shares and refreshes the token, signs every request, and returns
//! errors that state what the caller can do.
//!
//! **Unofficial**: this project is not affiliated with the vendor; names belong to their owners. It was never tested against the
//! live service.
//!
//! ```no_run
//! use stablelink::{Client, Credentials, CustomerId, Decimal, Environment, MerchantId, NewCheckoutOrder};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder()
//!     .environment(Environment::Sandbox)
//!     .credentials(Credentials::from_env()?)
//!     .build()?;
//!
//! // 50.00 US dollars, paid with USDT on Ethereum by the customer 6 to the merchant 1.
//! let (customer, merchant) = (CustomerId::new("6"), MerchantId::new("1"));
//! let amount: Decimal = "50.00".parse()?;
//! let order = NewCheckoutOrder::usd(amount, "ETH_USDT", customer, merchant);
//! match client.checkout_orders().create(&order).await {
//!     Ok(created) => println!("pay {} to {}", created.paying_amount()?, created.deposit_address()?),
//!     // The order may exist: look it up before you create another one.
//!     Err(error) if error.may_have_taken_effect() => println!("look up {}", order.order_no()),
//!     Err(error) => return Err(error.into()),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Calls
//!
//! A handle such as [`Client::checkout_orders`] returns a [`Call`]. Its methods set optional arguments; `.await` sends it and
//! returns a [`Response`], which dereferences to the record ([`types`]) and keeps the original bytes. Each attempt uses the
//! current token and a new signature. The document specifies which operations may be retried
//! ([`operations::RetrySafety`]): operations that only read, and operations with an idempotency key. The key is generated
//! with the request value (such as [`NewCheckoutOrder`]) and stays the same however often the value is sent.
//!
//! Request values implement `Serialize` and `Deserialize`, so that a program can store them before it sends them. Store them as
//! JSON text: a `serde_json::Value` converts amounts to floats. After a restart, the stored value is sent with the same key.
//! `create(&order).or_existing()` returns the record if an earlier call has created it.
//!
//! [`Client::operation`] calls any operation of the document by its ID, and [`Client::request`] sends any other signed
//! request.
//!
//! # Errors
//!
//! There is one [`Error`], with a [`kind`](Error::kind) to match. [`is_retryable`](Error::is_retryable) is true if the same
//! call may succeed later and can do no harm. [`may_have_taken_effect`](Error::may_have_taken_effect) is true if the record
//! must be looked up before anything else is done with the payment, above all if the outcome of a call is unknown
//! ([`is_ambiguous`](Error::is_ambiguous)). [`phase`](Error::phase) states whether the call was sent. `Display` and `Debug`
//! of all types of this crate hide secrets, tokens, requests and responses, except for the records in [`types`], which are
//! plain data.
//!
//! # Evidence
//!
//! A part of the vendor's documentation is not available. Operations without a page require the feature `provisional` and are
//! **inferred**: their path, method and fields may be wrong. [`operations`] contains the evidence level of each operation.
//!
//! # Features
//!
//! | Feature | Default | What it adds |
//! |---|---|---|
//! | `rustls` | yes | TLS by rustls |
//! | `native-tls` | no | TLS by the library of the operating system |
//! | `provisional` | no | inferred operations, which the pages only name |
//! | `redis` | no | tokens and deduplication of webhooks shared through Redis |
//! | `file-store` | no | a token store in a file that only its owner can read |
//! | `axum` | no | an extractor and a router for webhooks |
//! | `metrics` | no | counters and durations through the facade of the crate `metrics` |
#![forbid(unsafe_code)]
#![warn(clippy::missing_errors_doc)]
// docs.rs shows the feature that an item requires.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod account;
mod backoff;
mod call;
mod client;
mod clock;
mod environment;
mod error;
mod ids;
mod lenient;
pub mod observe;
#[cfg(feature = "provisional")]
mod pages;
mod poller;
#[cfg(feature = "file-store")]
#[doc(hidden)]
pub mod private_file;
mod raw_object;
#[cfg(feature = "redis")]
mod redis;
mod resource;
mod response;
pub mod testing;
mod token;
#[cfg(feature = "provisional")]
mod upload;
pub mod webhook;

#[doc(hidden)]
pub use account::check_secret;
pub use account::{CredentialSource, CredentialSourceError, Credentials};
pub use call::{Call, RawRequest, RetryPolicy};
#[doc(hidden)]
pub use client::closest;
pub use client::{Client, ClientBuilder, OperationRequest};
pub use clock::{BoxFuture, Clock, SystemClock};
pub use environment::{Environment, Origin};
pub use error::{Ambiguous, ApiError, CallPhase, Conflict, DecodeError, Error, ErrorKind};
pub use ids::{CustomerId, MerchantId, OrderNo};
#[cfg(feature = "provisional")]
pub use pages::{Pages, Pagination, Records};
pub use poller::Poller;
#[doc(hidden)]
pub use raw_object::RawObject;
#[cfg(feature = "redis")]
pub use redis::RedisConnection;
#[cfg(all(feature = "redis", any(feature = "rustls", feature = "native-tls")))]
pub use redis::RedisTls;
pub use resource::*;
pub use response::{RawResponse, Response};
#[cfg(feature = "file-store")]
pub use token::FileStore;
#[cfg(feature = "redis")]
pub use token::RedisStore;
pub use token::{
    BearerToken, MemoryStore, RefreshLock, StoreError, StoreKey, StoredToken, TokenStore,
};
#[cfg(feature = "provisional")]
pub use upload::{Files, Upload};

pub use http::Method;
pub use rust_decimal::Decimal;
/// Enums that the gateway may extend: unknown values are kept as strings.
pub use stablelink_api::open_enums;
pub use stablelink_api::operations;
/// Exact amounts, local times and raw JSON.
pub use stablelink_api::scalars;
/// The requests and records of the gateway, generated from the document.
pub use stablelink_api::types;
pub use stablelink_signature::QueryForm;

/// Compiles the code of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
