//! The deadline of a call and the timeout of its attempts, with one timer for both: each timer adds to the duration of every
//! call.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::clock::Clock;

/// The time limits of one call, in the [monotonic](Clock::monotonic) time of the clock.
pub(super) struct Timeouts {
    clock: Arc<dyn Clock>,
    deadline: Duration,
    attempt_timeout: Duration,
    attempt_deadline: Mutex<Option<Duration>>,
    attempt_timed_out: Notify,
}

impl Timeouts {
    /// Returns the limits of a call that starts now.
    pub(super) fn start(clock: Arc<dyn Clock>, call: Duration, attempt: Duration) -> Self {
        Self {
            deadline: clock.monotonic().saturating_add(call),
            clock,
            // With a timeout of zero, `run` would loop without waiting.
            attempt_timeout: attempt.max(Duration::from_millis(1)),
            attempt_deadline: Mutex::new(None),
            attempt_timed_out: Notify::new(),
        }
    }

    pub(super) fn start_attempt(&self) {
        let deadline = self.clock.monotonic().saturating_add(self.attempt_timeout);
        *self.attempt_deadline() = Some(deadline);
    }

    pub(super) fn end_attempt(&self) {
        *self.attempt_deadline() = None;
    }

    /// Completes when the current attempt times out, provided that [`run`](Self::run) is polled.
    pub(super) async fn attempt_timed_out(&self) {
        self.attempt_timed_out.notified().await;
    }

    /// Returns whether there is time for another attempt after this delay.
    pub(super) fn allow_delay(&self, delay: Duration) -> bool {
        self.clock.monotonic().saturating_add(delay) < self.deadline
    }

    /// Completes at the deadline of the call, and ends attempts that time out. Must be polled by the task of the call, after
    /// the call itself.
    pub(super) async fn run(&self) {
        loop {
            let now = self.clock.monotonic();
            if now >= self.deadline {
                return;
            }
            let attempt_deadline = match *self.attempt_deadline() {
                Some(deadline) if deadline <= now => {
                    self.attempt_timed_out.notify_waiters();
                    None
                }
                deadline => deadline,
            };
            // An attempt that starts later cannot time out before this.
            let next = attempt_deadline.unwrap_or_else(|| now.saturating_add(self.attempt_timeout));
            let wait = next.min(self.deadline).saturating_sub(now);
            self.clock.alarm(wait).await;
        }
    }

    fn attempt_deadline(&self) -> std::sync::MutexGuard<'_, Option<Duration>> {
        self.attempt_deadline
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};
    use std::time::SystemTime;

    use super::*;
    use crate::testing::ManualClock;

    fn timeouts(call: u64, attempt: u64) -> (ManualClock, Timeouts) {
        let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
        let seconds = Duration::from_secs;
        let timeouts = Timeouts::start(Arc::new(clock.clone()), seconds(call), seconds(attempt));
        (clock, timeouts)
    }

    #[test]
    fn attempt_and_call_time_out_independently() {
        let (clock, timeouts) = timeouts(60, 20);
        let mut context = Context::from_waker(Waker::noop());
        let mut running = pin!(timeouts.run());
        // Each entry has the seconds that pass, whether an attempt starts then, and whether the attempt and the call time
        // out.
        for (seconds, starts, attempt_ends, call_ends) in [
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
            if starts {
                timeouts.start_attempt();
            }
            let mut attempt = pin!(timeouts.attempt_timed_out());
            assert!(attempt.as_mut().poll(&mut context).is_pending());
            let call = running.as_mut().poll(&mut context);
            assert_eq!(call.is_ready(), call_ends, "call, {seconds} s on");
            let attempt = attempt.as_mut().poll(&mut context);
            assert_eq!(
                attempt == Poll::Ready(()),
                attempt_ends,
                "attempt, {seconds} s on"
            );
            if attempt_ends {
                timeouts.end_attempt();
            }
            if call_ends {
                return;
            }
        }
    }
}
