//! The command from outside: what people and programs see, against a gateway on localhost.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod demo;
mod generated;
mod golden;
mod operations;
mod sandbox;
mod settings;
mod support;
#[cfg(unix)]
mod terminal;
mod vectors;
mod webhooks;
