//! The client against the gateway from end to end: every operation, every flow of money, every kind of fault.
//!
//! What single calls do with single faults is proved beside the client (`crates/stablelink/tests/gateway`), and what the gateway
//! does beside the sandbox; here is what becomes of a business that takes several of them. After each the money adds up, nothing
//! was done twice, and the gateway gave no answer that its document does not allow.
//!
//! With the rest of the workspace `serde_json/arbitrary_precision` is on here; the tests of the client run without it too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod checkout;
mod customers;
mod faults;
mod inbox;
mod modes;
mod off_ramp;
mod on_ramp;
mod operations;
mod refunds;
mod refusals;
mod scene;
mod settlements;
mod stage;
mod tokens;
mod webhooks;
