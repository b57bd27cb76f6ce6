//! Webhooks: from events to deliveries, and from there to the receivers.

mod body;
mod post;
mod worker;

pub(crate) use worker::run;

/// Seconds from a failed attempt to the next. After the last of them it is given up.
const RETRIES: [u64; 14] = [
    15, 15, 30, 180, 600, 1200, 1800, 1800, 3600, 10_800, 10_800, 10_800, 21_600, 21_600,
];
