//! The client against the sandbox, over real HTTP.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod calls;
mod clock;
mod deadlines;
mod faults;
#[cfg(feature = "provisional")]
mod provisional;
mod redirects;
mod retries;
mod setup;
#[cfg(feature = "provisional")]
mod uploads;
mod waits;
