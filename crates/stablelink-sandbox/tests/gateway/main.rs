//! The sandbox over raw HTTP.
//!
//! Requests are signed by the project's signature crate, which the sandbox shares no code with.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod caller;
mod checkout;
mod control;
mod customers;
mod envelopes;
mod faults;
mod limits;
mod server;
mod signatures;
mod steps;
mod tokens;
mod trades;
mod webhooks;
