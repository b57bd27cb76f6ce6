//! Runs the `stablelink` binary against a local sandbox and checks what users and programs see.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod demo;
mod generated;
mod golden;
mod network;
mod operations;
mod outcomes;
mod probe;
#[path = "../../../stablelink/tests/support/redis_server.rs"]
mod redis_server;
mod sandbox;
mod settings;
mod support;
#[cfg(unix)]
mod terminal;
mod vectors;
mod webhooks;
