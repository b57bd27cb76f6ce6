//! Time, as a trait, so that tests need not wait for it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// A future that a trait object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where the client gets its time from: [`SystemClock`] outside of tests,
/// [`ManualClock`](crate::testing::ManualClock) in them.
pub trait Clock: Send + Sync + fmt::Debug + 'static {
    /// The time of day. It may jump, and it may be wrong; the client corrects signatures by the
    /// `Date` header of answers, where that is more than 30 s and no more than a day off.
    fn now(&self) -> SystemTime;

    /// The time since a fixed moment of this process. It never goes back.
    fn monotonic(&self) -> Duration;

    /// Waits before another attempt. A clock for tests may return at once and move its time.
    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()>;

    /// Ends when this much time has passed: for limits, which a clock for tests must not hasten.
    fn alarm(&self, limit: Duration) -> BoxFuture<'static, ()>;
}

/// The clock of the machine, with the timers of tokio: it waits inside a tokio runtime alone.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    start: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(pause))
    }

    fn alarm(&self, limit: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(limit))
    }
}
