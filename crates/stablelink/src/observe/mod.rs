//! Spans, events and metrics of the client.
//!
//! None of them contains URLs, headers, bodies, keys or personal data, at any level. The `retcode` of the gateway is recorded
//! if it looks like a code.
//!
//! # Spans
//!
//! `stablelink.call`, at level info, covers one call: token, locks, attempts and delays. `stablelink.attempt`, at level debug
//! and inside of it, covers one request and its response; token requests have one too. Fields have the names of OpenTelemetry
//! if it defines them:
//!
//! | Field | Span | Value |
//! |---|---|---|
//! | `operation` | both | the method of the low-level client, such as `create_checkout_order`; of a raw request its HTTP method |
//! | `otel.kind` | both | `client` |
//! | `attempts` | call | how often the request was sent, or was about to be sent |
//! | `attempt` | attempt | the number of the attempt, from 1 |
//! | `http.request.method` | attempt | `GET`, `POST` … |
//! | `http.response.status_code` | both | the HTTP status of the last response |
//! | `retcode` | both | the retcode of its envelope |
//! | `duration_ms` | both | milliseconds, by the monotonic clock of the client |
//! | `error.type` | both | the [`ErrorKind::name`](crate::ErrorKind::name) of a failure; `cancelled` if the future was dropped |
//! | `otel.status_code` | both | `ERROR` of a failure |
//!
//! Retries and token requests are events at level debug; a clock skew, and a field that cannot be read, at level warn. A call
//! whose future was dropped has no status and no number of attempts.
//!
//! # Metrics
//!
//! With the feature `metrics`, through the facade of the crate `metrics`, for any of its recorders:
//!
//! | Name | Type | Labels |
//! |---|---|---|
//! | `stablelink_calls_total` | counter | `operation`, `outcome`: `success` or the value of `error.type` |
//! | `stablelink_call_duration_seconds` | histogram, seconds | the same |
//! | `stablelink_retries_total` | counter | `operation`, `reason`: the value of `error.type` |
//! | `stablelink_token_refreshes_total` | counter | `grant`: `client_credentials` or `refresh_token`; `outcome` |

mod metrics;
mod span_timer;

use std::time::Duration;

#[cfg(feature = "metrics")]
pub use metrics::describe_metrics;
pub(crate) use span_timer::{AttemptSpan, CallSpan};

use crate::error::Error;

/// The `outcome` of a call or token request that succeeded.
const SUCCESS: &str = "success";

/// Records that a call is retried after a delay.
pub(crate) fn retry(operation: &str, error: &Error, delay: Duration) {
    let reason = error.kind().name();
    let delay_ms = span_timer::millis(delay);
    tracing::debug!(operation, "error.type" = reason, delay_ms, "retrying call");
    metrics::retry(operation, reason);
}

/// Records a field that is read as missing because it does not have its documented form.
pub(crate) fn unreadable_field(operation: &str, path: &str) {
    tracing::warn!(operation, path, "a field does not have its documented form");
}

/// Records a token request.
pub(crate) fn token_refresh<T>(grant: &'static str, result: Result<T, &Error>) {
    let outcome = result.err().map_or(SUCCESS, |error| error.kind().name());
    tracing::debug!(grant, outcome, "token requested");
    metrics::token_refresh(grant, outcome);
}
