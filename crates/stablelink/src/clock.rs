//! Time as a trait, so that tests do not wait.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// A boxed future, as returned by the methods of a trait object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The clock of a client: [`SystemClock`], or [`ManualClock`](crate::testing::ManualClock) in tests.
pub trait Clock: Send + Sync + fmt::Debug + 'static {
    /// Returns the time of day. It may jump and may be wrong: the client corrects timestamps by the `Date` header of
    /// responses, if the difference is more than 30 s and at most one day.
    fn now(&self) -> SystemTime;

    /// Returns the time since a fixed moment of this process. It never decreases.
    fn monotonic(&self) -> Duration;

    /// Waits between two attempts. A clock for tests may complete immediately and advance its time.
    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()>;

    /// Completes after this duration. It is used for deadlines and timeouts, so a clock for tests must not complete early.
    fn alarm(&self, limit: Duration) -> BoxFuture<'static, ()>;
}

/// The clock of the machine. It waits with the timers of tokio, which requires a tokio runtime.
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
