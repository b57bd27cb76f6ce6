//! A whole documentation site, pulled and checked over loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod changes;
mod followed;
mod refused;
mod shared;
mod support;
mod variants;
mod whole;
