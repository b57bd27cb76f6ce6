//! How long a call and its attempts may take, with one timer for both: each costs every call a little.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::clock::Clock;

/// The time limits of one call. Times are those of the clock's [`monotonic`](Clock::monotonic).
pub(super) struct TimeLimits {
    clock: Arc<dyn Clock>,
    call_ends: Duration,
    attempt: Duration,
    attempt_ends: Mutex<Option<Duration>>,
    attempt_over: Notify,
}

impl TimeLimits {
    /// Of a call that begins now.
    pub(super) fn begin(clock: Arc<dyn Clock>, call: Duration, attempt: Duration) -> Self {
        Self {
            call_ends: clock.monotonic().saturating_add(call),
            clock,
            // With none at all the timer would be renewed without end.
            attempt: attempt.max(Duration::from_millis(1)),
            attempt_ends: Mutex::new(None),
            attempt_over: Notify::new(),
        }
    }

    pub(super) fn attempt_begins(&self) {
        let end = self.clock.monotonic().saturating_add(self.attempt);
        self.set_attempt_ends(Some(end));
    }

    pub(super) fn attempt_ended(&self) {
        self.set_attempt_ends(None);
    }

    /// Ends when the time of the attempt is up, as long as somebody [keeps](Self::keep) the limits.
    pub(super) async fn attempt_is_over(&self) {
        self.attempt_over.notified().await;
    }

    /// Whether a pause leaves time for another attempt.
    pub(super) fn leave(&self, pause: Duration) -> bool {
        self.clock.monotonic().saturating_add(pause) < self.call_ends
    }

    /// Ends when the time of the call is up; ends attempts whose time is. Belongs into the task of the call, and is asked after
    /// it.
    pub(super) async fn keep(&self) {
        loop {
            let now = self.clock.monotonic();
            if now >= self.call_ends {
                return;
            }
            let attempt_ends = match self.attempt_ends() {
                Some(end) if end <= now => {
                    self.attempt_over.notify_waiters();
                    None
                }
                end => end,
            };
            // No attempt that begins after this ends before that.
            let next = attempt_ends.unwrap_or_else(|| now.saturating_add(self.attempt));
            let wait = next.min(self.call_ends).saturating_sub(now);
            self.clock.alarm(wait).await;
        }
    }

    fn attempt_ends(&self) -> Option<Duration> {
        *self
            .attempt_ends
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn set_attempt_ends(&self, end: Option<Duration>) {
        *self
            .attempt_ends
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = end;
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};
    use std::time::SystemTime;

    use super::*;
    use crate::testing::ManualClock;

    fn limits(call: u64, attempt: u64) -> (ManualClock, TimeLimits) {
        let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
        let seconds = Duration::from_secs;
        let limits = TimeLimits::begin(Arc::new(clock.clone()), seconds(call), seconds(attempt));
        (clock, limits)
    }

    #[test]
    fn attempts_end_by_their_own_limit_and_the_call_by_its() {
        let (clock, limits) = limits(60, 20);
        let mut context = Context::from_waker(Waker::noop());
        let mut keeping = pin!(limits.keep());
        // What passes, whether an attempt begins then, and what ends: an attempt, the call.
        for (seconds, begins, attempt_over, call_over) in [
            (0, false, false, false),
            (15, true, false, false),
            (19, false, false, false),
            (1, false, true, false),
            (0, true, false, false),
            (20, false, true, false),
            (4, true, false, false),
            (1, false, false, true),
        ] {
            clock.advance(Duration::from_secs(seconds));
            if begins {
                limits.attempt_begins();
            }
            let mut attempt = pin!(limits.attempt_is_over());
            assert!(attempt.as_mut().poll(&mut context).is_pending());
            let call = keeping.as_mut().poll(&mut context);
            assert_eq!(call.is_ready(), call_over, "call, {seconds} s on");
            let attempt = attempt.as_mut().poll(&mut context);
            assert_eq!(
                attempt == Poll::Ready(()),
                attempt_over,
                "attempt, {seconds} s on"
            );
            if attempt_over {
                limits.attempt_ended();
            }
            if call_over {
                return;
            }
        }
    }
}
