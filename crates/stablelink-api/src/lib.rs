//! Low-level client of the StableLink payment gateway, generated from its curated OpenAPI document.
//!
//! **Unofficial**: this project is not the vendor's; names belong to their owners.
//!
//! One method of [`Client`] is one operation of the gateway, one type of [`types`] one schema of
//! the document. It is the layer below: envelopes stay as they are on the wire, and **nothing is
//! signed here**. Signatures, tokens, retries, timeouts that mean something and errors that tell
//! refusals apart come with a [`Transport`](hooks::Transport); the crate `stablelink` has one, and
//! domain values above it. Depend on this crate to put your own in their place.
//!
//! ```no_run
#![doc = include_str!("../examples/client.rs")]
//! ```
//!
//! TLS is reqwest's: this crate turns no backend on, so the one that depends on it does
//! (`reqwest = { version = "0.13", features = ["rustls"] }`).
//!
//! # Building requests, reading answers
//!
//! Types of requests are built by literals that name each field; where all fields are optional,
//! `..Default::default()` fills the rest. Types that are only read are `#[non_exhaustive]`, for the
//! documentation grows fields. To make one in a test, deserialise it from JSON.
//!
//! Amounts are exact ([`scalars`]), values that the gateway may extend are open ([`open_enums`]),
//! and whether a call may be sent again is the document's word ([`operations`]).
//!
//! # Secrets
//!
//! Tokens are [`Secret`](scalars::Secret)s, which `Debug` does not show. What else `Debug` of generated types, and
//! `Display` and `Debug` of [`Error`], print is what they hold: personal data included, and of an answer that
//! could not be read the bytes as they came, with whatever token is in them. [`Client`] prints nothing.
//!
//! # Features
//!
//! | Feature | Default | What it adds |
//! |---|---|---|
//! | `provisional` | no | operations and types that the vendor's pages only name: inferred, may change or be wrong |
//! | `schemars` | no | `schemars::JsonSchema` for every type |
#![forbid(unsafe_code)]
// Which feature an item needs is shown beside it where the documentation is built for all.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod hooks;
#[rustfmt::skip]
pub mod open_enums;
pub mod operations;
pub mod scalars;
#[allow(
    dead_code,
    reason = "the generated code uses it where the document has a `oneOf`"
)]
mod union;

#[rustfmt::skip]
#[allow(
    missing_docs,
    reason = "generated: the pages describe few of their fields, and a made-up sentence says less than none"
)]
mod generated;

pub use generated::{ByteStream, Client, ClientInfo, Error, ResponseValue, types};
