//! A clock that moves when it is told to.

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, SystemTime};

use crate::clock::{BoxFuture, Clock};

/// A clock that moves when it is told to, and by pauses between attempts, which take no time.
///
/// Limits do not pass by themselves: [`advance`](Self::advance) lets them end. Clones are the same
/// clock.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use stablelink::{Clock, testing::ManualClock};
///
/// let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
/// clock.advance(Duration::from_secs(7));
/// assert_eq!(clock.now(), SystemTime::UNIX_EPOCH + Duration::from_secs(7));
/// ```
#[derive(Clone)]
pub struct ManualClock(Arc<Mutex<State>>);

struct State {
    start: SystemTime,
    /// What was added to the time of day alone.
    jump: i64,
    passed: Duration,
    pauses: Vec<Duration>,
    wakers: Vec<Waker>,
}

impl ManualClock {
    /// A clock that stands at this time.
    #[must_use]
    pub fn new(start: SystemTime) -> Self {
        Self(Arc::new(Mutex::new(State {
            start,
            jump: 0,
            passed: Duration::ZERO,
            pauses: Vec::new(),
            wakers: Vec::new(),
        })))
    }

    /// Lets this much time pass.
    pub fn advance(&self, by: Duration) {
        let wakers = self.with(|state| {
            state.passed = state.passed.saturating_add(by);
            std::mem::take(&mut state.wakers)
        });
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Sets the time of day forward or back by this many seconds; no time passes. A time of day that the system can't tell is
    /// that of the start.
    pub fn jump(&self, seconds: i64) {
        self.with(|state| state.jump = state.jump.saturating_add(seconds));
    }

    /// The pauses that were made so far, the oldest first.
    #[must_use]
    pub fn pauses(&self) -> Vec<Duration> {
        self.with(|state| state.pauses.clone())
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        self.with(|state| {
            let jump = Duration::from_secs(state.jump.unsigned_abs());
            let time = state.start.checked_add(state.passed).and_then(|time| {
                if state.jump < 0 {
                    time.checked_sub(jump)
                } else {
                    time.checked_add(jump)
                }
            });
            time.unwrap_or(state.start)
        })
    }

    fn monotonic(&self) -> Duration {
        self.with(|state| state.passed)
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()> {
        self.with(|state| state.pauses.push(pause));
        self.advance(pause);
        // Others get a turn, as they would while a real clock waits.
        Box::pin(tokio::task::yield_now())
    }

    fn alarm(&self, limit: Duration) -> BoxFuture<'static, ()> {
        let clock = self.clone();
        let end = self.monotonic().saturating_add(limit);
        Box::pin(poll_fn(move |context| {
            clock.with(|state| {
                if state.passed >= end {
                    return Poll::Ready(());
                }
                state.wakers.push(context.waker().clone());
                Poll::Pending
            })
        }))
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ManualClock({:?})", self.monotonic())
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn no_time_is_too_long_for_it() {
        let day = Duration::from_secs(86_400);
        let start = UNIX_EPOCH + 20_000 * day;
        // What is left open can be told by some systems.
        for (jumps, by, then) in [
            (
                &[3_600][..],
                day,
                Some(start + day + Duration::from_secs(3_600)),
            ),
            (
                &[-3_600],
                day,
                Some(start + day - Duration::from_secs(3_600)),
            ),
            (&[i64::MAX, i64::MAX], day, None),
            (&[i64::MIN, i64::MIN], day, None),
            (&[], Duration::MAX, Some(start)),
        ] {
            let clock = ManualClock::new(start);
            jumps.iter().for_each(|seconds| clock.jump(*seconds));
            clock.advance(by);
            let now = clock.now();
            assert!(then.is_none_or(|then| now == then), "{jumps:?}: {now:?}");
            assert_eq!(clock.monotonic(), by, "{jumps:?}");
            clock.advance(day);
            assert!(clock.monotonic() >= by);
        }
    }
}
