//! What those who run a client see of it: spans of `tracing`, and metrics.
//!
//! No address, header, body, key or personal data stands in either, at any level; what the gateway gives as `retcode`
//! is shown where it looks like a code.
//!
//! # Spans
//!
//! [`CALL`], at level info, is one call from its beginning to its end: token, locks, attempts and pauses. [`ATTEMPT`], at
//! level debug and inside it, is one request and its answer; a token request has one too, wherever it is made. Names of fields are those of
//! OpenTelemetry where it has one:
//!
//! | Field | Span | What |
//! |---|---|---|
//! | `operation` | both | the name of the low-level client, such as `create_checkout_order`; of a call by hand its method |
//! | `otel.kind` | both | `client` |
//! | `attempts` | call | how often the request was sent, or tried to be |
//! | `attempt` | attempt | which of them this is, from 1 |
//! | `http.request.method` | attempt | `GET`, `POST` … |
//! | `http.response.status_code` | both | the HTTP status of the last answer |
//! | `retcode` | both | that of its envelope |
//! | `duration_ms` | both | milliseconds, by the monotonic clock of the client |
//! | `error.type` | both | [`ErrorKind::name`](crate::ErrorKind::name) of what failed; `cancelled` if the caller went away |
//! | `otel.status_code` | both | `ERROR` of what failed |
//!
//! A repeat and a token request are events at level debug, a clock that is off one at level warn. Of a call that was left there is
//! neither a status nor the number of attempts.
//!
//! # Metrics
//!
//! With the feature `metrics`, through the facade of the crate `metrics`: any of its recorders gets them.
//!
//! | Name | Kind | Labels |
//! |---|---|---|
//! | `stablelink_calls_total` | counter | `operation`, `outcome`: `success` or what `error.type` is |
//! | `stablelink_call_duration_seconds` | histogram, seconds | the same |
//! | `stablelink_retries_total` | counter | `operation`, `reason`: what `error.type` was |
//! | `stablelink_token_renewals_total` | counter | `grant`: `client_credentials` or `refresh_token`; `outcome` |

mod attempt;
mod call;
mod ending;
mod measure;

use std::time::Duration;

pub(crate) use attempt::Attempt;
pub(crate) use call::Call;
#[cfg(feature = "metrics")]
pub use measure::{
    CALL_DURATION_SECONDS, CALLS_TOTAL, RETRIES_TOTAL, TOKEN_RENEWALS_TOTAL, describe_metrics,
};

use crate::error::Error;

/// The name of the span of a call.
pub const CALL: &str = "stablelink.call";
/// The name of the span of one request and its answer.
pub const ATTEMPT: &str = "stablelink.attempt";

/// The word for a call that went well.
const SUCCESS: &str = "success";

/// A call is made again after a pause.
pub(crate) fn retry(operation: &str, error: &Error, pause: Duration) {
    let reason = error.kind().name();
    let pause_ms = ending::millis(pause);
    tracing::debug!(operation, "error.type" = reason, pause_ms, "sent again");
    measure::retry(operation, reason);
}

/// A token was asked for.
pub(crate) fn token_renewal<T>(grant: &'static str, outcome: Result<T, &Error>) {
    let outcome = outcome.err().map_or(SUCCESS, |error| error.kind().name());
    tracing::debug!(grant, outcome, "token asked for");
    measure::token_renewal(grant, outcome);
}
