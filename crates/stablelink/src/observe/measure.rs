//! Counters and times through the `metrics` facade; nothing at all without the feature.

use std::time::Duration;

/// Calls, by `operation` and `outcome`.
#[cfg(feature = "metrics")]
pub const CALLS_TOTAL: &str = "stablelink_calls_total";
/// How long calls took, in seconds, by `operation` and `outcome`.
#[cfg(feature = "metrics")]
pub const CALL_DURATION_SECONDS: &str = "stablelink_call_duration_seconds";
/// Repeats of calls, by `operation` and `reason`.
#[cfg(feature = "metrics")]
pub const RETRIES_TOTAL: &str = "stablelink_retries_total";
/// Tokens asked for, by `grant` and `outcome`.
#[cfg(feature = "metrics")]
pub const TOKEN_RENEWALS_TOTAL: &str = "stablelink_token_renewals_total";

/// Tells the recorder what the metrics are, in units and words. Call it once, after the recorder was installed; recorders that
/// show no descriptions need none.
#[cfg(feature = "metrics")]
pub fn describe_metrics() {
    use metrics::{Unit, describe_counter, describe_histogram};

    describe_counter!(CALLS_TOTAL, Unit::Count, "Calls to the gateway");
    describe_histogram!(
        CALL_DURATION_SECONDS,
        Unit::Seconds,
        "Time of calls: token, attempts and pauses"
    );
    describe_counter!(RETRIES_TOTAL, Unit::Count, "Repeats of calls");
    describe_counter!(TOKEN_RENEWALS_TOTAL, Unit::Count, "Tokens asked for");
}

#[cfg(feature = "metrics")]
pub(super) fn call(operation: &str, outcome: &'static str, took: Duration) {
    let operation = operation.to_owned();
    metrics::counter!(CALLS_TOTAL, "operation" => operation.clone(), "outcome" => outcome)
        .increment(1);
    metrics::histogram!(CALL_DURATION_SECONDS, "operation" => operation, "outcome" => outcome)
        .record(took);
}

#[cfg(feature = "metrics")]
pub(super) fn retry(operation: &str, reason: &'static str) {
    metrics::counter!(RETRIES_TOTAL, "operation" => operation.to_owned(), "reason" => reason)
        .increment(1);
}

#[cfg(feature = "metrics")]
pub(super) fn token_renewal(grant: &'static str, outcome: &'static str) {
    metrics::counter!(TOKEN_RENEWALS_TOTAL, "grant" => grant, "outcome" => outcome).increment(1);
}

#[cfg(not(feature = "metrics"))]
pub(super) fn call(_: &str, _: &'static str, _: Duration) {}

#[cfg(not(feature = "metrics"))]
pub(super) fn retry(_: &str, _: &'static str) {}

#[cfg(not(feature = "metrics"))]
pub(super) fn token_renewal(_: &'static str, _: &'static str) {}
