//! One request and its answer, watched.

use std::sync::Arc;

use http::Method;
use tracing::Span;
use tracing::field::Empty;

use super::ending::Timed;
use crate::clock::Clock;
use crate::error::Error;
use crate::raw_response::RawResponse;

/// One request and its answer. Dropped before its end, it was cancelled.
pub(crate) struct Attempt {
    timed: Timed,
    ended: bool,
}

impl Attempt {
    pub(crate) fn begin(
        operation: &str,
        method: &Method,
        number: u32,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let span = tracing::debug_span!(
            "stablelink.attempt",
            operation,
            otel.kind = "client",
            attempt = number,
            http.request.method = method.as_str(),
            http.response.status_code = Empty,
            retcode = Empty,
            duration_ms = Empty,
            "error.type" = Empty,
            otel.status_code = Empty,
        );
        Self {
            timed: Timed::begin(span, clock),
            ended: false,
        }
    }

    pub(crate) fn span(&self) -> Span {
        self.timed.span()
    }

    /// It was answered, for good or for ill.
    pub(crate) fn answered(mut self, reply: &RawResponse, error: Option<&'static str>) {
        self.ended = true;
        self.timed.end(Some(reply), error);
    }

    /// It was not, or not to the end.
    pub(crate) fn failed(mut self, error: &Error) {
        self.ended = true;
        self.timed
            .end(error.raw_response(), Some(error.kind().name()));
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if !self.ended {
            self.timed.end(None, Some("cancelled"));
        }
    }
}
