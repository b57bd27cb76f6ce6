//! End-to-end tests of the client against the sandbox: every operation, every flow of money, every kind of fault.
//!
//! Tests of single calls and single faults are in `crates/stablelink/tests/gateway`, tests of the sandbox in its own crate. The
//! tests here combine several calls into a flow. After each flow the balances are correct, nothing took effect twice, and
//! every response of the sandbox conforms to the OpenAPI document ([`test_env::assert_consistent`]).
//!
//! These tests are built with `serde_json/arbitrary_precision`, which another package of the workspace turns on; the tests of
//! the client also run without it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod checkout;
mod customers;
mod faults;
mod fixtures;
mod off_ramp;
mod on_ramp;
mod operations;
mod refunds;
mod rejections;
mod sandbox_modes;
mod settlements;
mod test_env;
mod tokens;
mod webhook_receiver;
mod webhooks;
