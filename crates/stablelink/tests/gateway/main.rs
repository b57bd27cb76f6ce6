//! The client against the sandbox, over real HTTP.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod calls;
mod faults;
#[cfg(feature = "provisional")]
mod provisional;
mod setup;
#[cfg(feature = "provisional")]
mod uploads;
mod waits;
