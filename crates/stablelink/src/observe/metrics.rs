//! The metrics. Without the feature `metrics` the functions do nothing.

use std::time::Duration;

#[cfg(feature = "metrics")]
const CALLS_TOTAL: &str = "stablelink_calls_total";
#[cfg(feature = "metrics")]
const CALL_DURATION_SECONDS: &str = "stablelink_call_duration_seconds";
#[cfg(feature = "metrics")]
const RETRIES_TOTAL: &str = "stablelink_retries_total";
#[cfg(feature = "metrics")]
const TOKEN_REFRESHES_TOTAL: &str = "stablelink_token_refreshes_total";

/// Registers the units and descriptions of the metrics. Call it once, after the recorder was installed. It is optional.
#[cfg(feature = "metrics")]
pub fn describe_metrics() {
    use metrics::{Unit, describe_counter, describe_histogram};

    describe_counter!(CALLS_TOTAL, Unit::Count, "Calls to the gateway");
    describe_histogram!(
        CALL_DURATION_SECONDS,
        Unit::Seconds,
        "Duration of calls: token, attempts and delays"
    );
    describe_counter!(RETRIES_TOTAL, Unit::Count, "Retries of calls");
    describe_counter!(TOKEN_REFRESHES_TOTAL, Unit::Count, "Token requests");
}

#[cfg(feature = "metrics")]
pub(super) fn call(operation: &str, outcome: &'static str, duration: Duration) {
    let operation = operation.to_owned();
    metrics::counter!(CALLS_TOTAL, "operation" => operation.clone(), "outcome" => outcome)
        .increment(1);
    metrics::histogram!(CALL_DURATION_SECONDS, "operation" => operation, "outcome" => outcome)
        .record(duration);
}

#[cfg(feature = "metrics")]
pub(super) fn retry(operation: &str, reason: &'static str) {
    metrics::counter!(RETRIES_TOTAL, "operation" => operation.to_owned(), "reason" => reason)
        .increment(1);
}

#[cfg(feature = "metrics")]
pub(super) fn token_refresh(grant: &'static str, outcome: &'static str) {
    metrics::counter!(TOKEN_REFRESHES_TOTAL, "grant" => grant, "outcome" => outcome).increment(1);
}

#[cfg(not(feature = "metrics"))]
pub(super) fn call(_: &str, _: &'static str, _: Duration) {}

#[cfg(not(feature = "metrics"))]
pub(super) fn retry(_: &str, _: &'static str) {}

#[cfg(not(feature = "metrics"))]
pub(super) fn token_refresh(_: &'static str, _: &'static str) {}
