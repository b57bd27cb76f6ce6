//! One call, watched from its beginning to its end.

use std::borrow::Cow;
use std::sync::Arc;

use tracing::Span;
use tracing::field::Empty;

use super::ending::Timed;
use super::{SUCCESS, measure};
use crate::clock::Clock;
use crate::error::Error;
use crate::raw_response::RawResponse;

/// One call. Dropped before its end, it was cancelled.
pub(crate) struct Call {
    operation: Cow<'static, str>,
    timed: Timed,
    ended: bool,
}

impl Call {
    pub(crate) fn begin(operation: Cow<'static, str>, clock: Arc<dyn Clock>) -> Self {
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
            timed: Timed::begin(span, clock),
            ended: false,
        }
    }

    pub(crate) fn span(&self) -> Span {
        self.timed.span()
    }

    pub(crate) fn succeeded(self, attempts: u32, reply: Option<&RawResponse>) {
        self.end(attempts, reply, None);
    }

    pub(crate) fn failed(self, attempts: u32, error: &Error) {
        self.end(attempts, error.raw_response(), Some(error.kind().name()));
    }

    fn end(mut self, attempts: u32, reply: Option<&RawResponse>, error: Option<&'static str>) {
        self.ended = true;
        self.timed.span().record("attempts", attempts);
        let took = self.timed.end(reply, error);
        measure::call(&self.operation, error.unwrap_or(SUCCESS), took);
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.ended {
            let took = self.timed.end(None, Some("cancelled"));
            measure::call(&self.operation, "cancelled", took);
        }
    }
}
