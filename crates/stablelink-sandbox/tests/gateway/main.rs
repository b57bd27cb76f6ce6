//! Tests of the sandbox over raw HTTP.
//!
//! Requests are signed with the project's signature crate, with which the sandbox shares no code.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod caller;
mod checkout;
mod control;
mod customers;
mod envelopes;
mod faults;
mod from_document;
mod limits;
mod server;
mod signatures;
mod tokens;
mod trades;
mod transitions;
mod webhooks;
