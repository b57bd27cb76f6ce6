//! The client against the sandbox, over real HTTP.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod calls;
mod capture;
mod clock;
mod credentials;
mod deadlines;
mod doubt;
mod faults;
mod keys;
mod leaks;
mod limits;
mod load;
mod local_times;
mod money;
mod observe;
#[cfg(feature = "provisional")]
mod provisional;
mod raw;
mod redirects;
mod responses;
mod retries;
mod settings;
mod setup;
mod sizes;
mod token;
#[cfg(feature = "provisional")]
mod uploads;
mod waits;
#[path = "../support/watch.rs"]
mod watch;
mod wire;
