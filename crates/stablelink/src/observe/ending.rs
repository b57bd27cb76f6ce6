//! What a span gets to know when what it stands for ends.

use std::sync::Arc;
use std::time::Duration;

use tracing::Span;

use crate::clock::Clock;
use crate::raw_response::RawResponse;

/// A span, and when it began.
pub(super) struct Timed {
    span: Span,
    clock: Arc<dyn Clock>,
    /// `None` where nobody wants to know how long it took.
    began: Option<Duration>,
}

impl Timed {
    pub(super) fn begin(span: Span, clock: Arc<dyn Clock>) -> Self {
        let wanted = cfg!(feature = "metrics") || !span.is_disabled();
        let began = wanted.then(|| clock.monotonic());
        Self { span, clock, began }
    }

    pub(super) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Writes into the span how it ended; gives how long it took, if that is wanted.
    pub(super) fn end(&self, reply: Option<&RawResponse>, error: Option<&'static str>) -> Duration {
        let Some(began) = self.began else {
            return Duration::ZERO;
        };
        let took = self.clock.monotonic().saturating_sub(began);
        self.span.record("duration_ms", millis(took));
        if let Some(reply) = reply {
            self.span
                .record("http.response.status_code", reply.status().as_u16());
            if let Some(code) = reply.retcode() {
                self.span.record("retcode", shown(code));
            }
        }
        if let Some(error) = error {
            self.span.record("error.type", error);
            self.span.record("otel.status_code", "ERROR");
        }
        took
    }
}

pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A code as it is; of anything else nobody knows what stands in it.
fn shown(code: &str) -> &str {
    let is_code = code.len() <= 12
        && code
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    if is_code { code } else { "(no code)" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_code_is_shown() {
        for (code, text) in [
            ("200", "200"),
            ("00008", "00008"),
            ("E_LIMIT-1.2", "E_LIMIT-1.2"),
            ("leo@business.example", "(no code)"),
            ("Leo Secretive", "(no code)"),
            ("Cji8NYO32ugrFJJkG7uCYiX2", "(no code)"),
        ] {
            assert_eq!(shown(code), text);
        }
    }

    #[test]
    fn a_very_long_time_is_the_longest_number() {
        assert_eq!(millis(Duration::from_micros(1_999)), 1);
        assert_eq!(millis(Duration::MAX), u64::MAX);
    }
}
