//! The spans of calls and attempts, and the fields that are recorded when they end.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use tracing::Span;
use tracing::field::Empty;

use super::{SUCCESS, metrics};
use crate::clock::Clock;
use crate::error::Error;
use crate::response::RawResponse;

/// The `error.type` of a span that was dropped before its end.
const CANCELLED: &str = "cancelled";

/// The span of a call, from its start to its end.
pub(crate) struct CallSpan {
    operation: Cow<'static, str>,
    timer: SpanTimer,
}

impl CallSpan {
    pub(crate) fn start(operation: Cow<'static, str>, clock: Arc<dyn Clock>) -> Self {
        let span = tracing::info_span!(
            "stablelink.call",
            operation = &*operation,
            otel.kind = "client",
            attempts = Empty,
            http.response.status_code = Empty,
            retcode = Empty,
            duration_ms = Empty,
            "error.type" = Empty,
            otel.status_code = Empty,
        );
        Self {
            operation,
            timer: SpanTimer::start(span, clock),
        }
    }

    pub(crate) fn span(&self) -> Span {
        self.timer.span.clone()
    }

    pub(crate) fn succeed(self, attempts: u32, response: Option<&RawResponse>) {
        self.finish(attempts, response, None);
    }

    pub(crate) fn fail(self, attempts: u32, error: &Error) {
        self.finish(attempts, error.raw_response(), Some(error.kind().name()));
    }

    fn finish(
        mut self,
        attempts: u32,
        response: Option<&RawResponse>,
        error: Option<&'static str>,
    ) {
        self.timer.span.record("attempts", attempts);
        let duration = self.timer.finish(response, error);
        metrics::call(&self.operation, error.unwrap_or(SUCCESS), duration);
    }
}

impl Drop for CallSpan {
    fn drop(&mut self) {
        if !self.timer.finished {
            let duration = self.timer.finish(None, Some(CANCELLED));
            metrics::call(&self.operation, CANCELLED, duration);
        }
    }
}

/// The span of one request and its response.
pub(crate) struct AttemptSpan(SpanTimer);

impl AttemptSpan {
    pub(crate) fn start(
        operation: &str,
        method: &Method,
        attempt: u32,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let span = tracing::debug_span!(
            "stablelink.attempt",
            operation,
            otel.kind = "client",
            attempt,
            http.request.method = method.as_str(),
            http.response.status_code = Empty,
            retcode = Empty,
            duration_ms = Empty,
            "error.type" = Empty,
            otel.status_code = Empty,
        );
        Self(SpanTimer::start(span, clock))
    }

    pub(crate) fn span(&self) -> Span {
        self.0.span.clone()
    }

    /// Ends an attempt with a response, which may be an error.
    pub(crate) fn finish(mut self, response: &RawResponse, error: Option<&'static str>) {
        self.0.finish(Some(response), error);
    }

    /// Ends an attempt without a complete response.
    pub(crate) fn fail(mut self, error: &Error) {
        self.0
            .finish(error.raw_response(), Some(error.kind().name()));
    }
}

impl Drop for AttemptSpan {
    fn drop(&mut self) {
        if !self.0.finished {
            self.0.finish(None, Some(CANCELLED));
        }
    }
}

/// A span and its start.
struct SpanTimer {
    span: Span,
    clock: Arc<dyn Clock>,
    /// `None` if nothing records the duration.
    started: Option<Duration>,
    finished: bool,
}

impl SpanTimer {
    fn start(span: Span, clock: Arc<dyn Clock>) -> Self {
        let recorded = cfg!(feature = "metrics") || !span.is_disabled();
        Self {
            started: recorded.then(|| clock.monotonic()),
            span,
            clock,
            finished: false,
        }
    }

    /// Records the result in the span and returns the duration, if it is recorded.
    fn finish(&mut self, response: Option<&RawResponse>, error: Option<&'static str>) -> Duration {
        self.finished = true;
        let Some(started) = self.started else {
            return Duration::ZERO;
        };
        let duration = self.clock.monotonic().saturating_sub(started);
        self.span.record("duration_ms", millis(duration));
        if let Some(response) = response {
            self.span
                .record("http.response.status_code", response.status().as_u16());
            if let Some(code) = response.retcode() {
                self.span.record("retcode", redact_retcode(code));
            }
        }
        if let Some(error) = error {
            self.span.record("error.type", error);
            self.span.record("otel.status_code", "ERROR");
        }
        duration
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Returns the retcode if it looks like a code: any other value may be personal data.
fn redact_retcode(code: &str) -> &str {
    let is_code = code.len() <= 12
        && code
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    if is_code { code } else { "(not a code)" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plausible_retcodes_are_recorded() {
        for (code, text) in [
            ("200", "200"),
            ("00008", "00008"),
            ("E_LIMIT-1.2", "E_LIMIT-1.2"),
            ("leo@business.example", "(not a code)"),
            ("Leo Secretive", "(not a code)"),
            ("Cji8NYO32ugrFJJkG7uCYiX2", "(not a code)"),
        ] {
            assert_eq!(redact_retcode(code), text);
        }
    }

    #[test]
    fn millis_saturate() {
        assert_eq!(millis(Duration::from_micros(1_999)), 1);
        assert_eq!(millis(Duration::MAX), u64::MAX);
    }
}
