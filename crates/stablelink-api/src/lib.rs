//! Low-level client of the StableLink payment gateway, generated from an OpenAPI document.
//!
//! **Unofficial**: this project is not affiliated with the vendor; names belong to their owners.
//!
//! Each method of [`Client`] is one operation of the gateway, and each type of [`types`] one schema
//! of the document. Envelopes are returned as received, and **nothing is signed here**: a
//! [`Transport`](hooks::Transport) adds signatures, tokens, retries, timeouts and typed errors. The
//! crate `stablelink` has such a transport and a higher-level API; depend on this crate only to
//! write your own transport.
//!
//! ```no_run
#![doc = include_str!("../examples/client.rs")]
//! ```
//!
//! This crate enables no TLS backend of reqwest. Enable one in your crate:
//! `reqwest = { version = "0.13", features = ["rustls"] }`.
//!
//! # Building requests and reading responses
//!
//! Build a request type with a struct literal that names each field. If all fields are optional,
//! `..Default::default()` fills the rest. Types that only occur in responses are
//! `#[non_exhaustive]`, because the documentation may add fields; in tests, deserialise them from
//! JSON.
//!
//! Amounts are exact ([`scalars`]), enums accept values that the gateway adds ([`open_enums`]), and
//! [`operations`] states for each operation whether it may be retried.
//!
//! # Secrets
//!
//! Tokens are [`Secret`](scalars::Secret)s, which `Debug` redacts. The `Debug` output of other
//! generated types contains their values, personal data included. `Display` and `Debug` of
//! [`Error`] contain the bytes of a response that could not be parsed, including any token in them.
//! `Debug` of [`Client`] prints no fields.
//!
//! # Features
//!
//! | Feature | Default | What it adds |
//! |---|---|---|
//! | `provisional` | no | operations and types that the vendor's pages only name: inferred, may change or be wrong |
//! | `schemars` | no | `schemars::JsonSchema` for every type |
#![forbid(unsafe_code)]
// docs.rs shows the feature that an item needs.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod hooks;
#[rustfmt::skip]
pub mod open_enums;
pub mod operations;
pub mod scalars;
#[allow(
    dead_code,
    reason = "used by the generated code only if the document has a `oneOf`"
)]
mod union;

#[rustfmt::skip]
#[allow(
    missing_docs,
    reason = "generated: the pages describe few fields, and an invented description would mislead"
)]
mod generated;

pub use generated::{ByteStream, Client, ClientInfo, Error, ResponseValue, types};
