//! The client against the sandbox, over real HTTP.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod ambiguous;
mod calls;
mod capture;
mod clock;
mod credentials;
mod deadlines;
mod faults;
mod foreign_responses;
mod hostile;
mod idempotency_keys;
mod interop_table;
mod leaks;
mod limits;
mod load;
mod local_times;
mod money;
mod observe;
mod polling;
#[cfg(feature = "provisional")]
mod provisional;
mod raw_server;
mod redirects;
mod responses;
mod retries;
mod settings;
mod setup;
mod sizes;
mod token;
#[cfg(feature = "provisional")]
mod uploads;
#[path = "../support/watch.rs"]
mod watch;
mod wire;
