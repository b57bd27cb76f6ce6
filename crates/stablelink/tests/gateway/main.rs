//! The client against the sandbox, over real HTTP.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod calls;
mod faults;
mod setup;
mod waits;
