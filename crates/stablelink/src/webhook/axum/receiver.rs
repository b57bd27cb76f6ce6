//! How deliveries are received.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, SystemClock};
use crate::webhook::Webhooks;

/// How deliveries are received: the checks, their clock, and limits.
///
/// It is the state that [`VerifiedEvent`](super::VerifiedEvent) asks for, and a router that is ready takes it in place
/// of [`Webhooks`].
#[derive(Clone)]
pub struct Receiver {
    pub(super) webhooks: Webhooks,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) body_limit: usize,
    pub(super) read_limit: Duration,
    pub(super) time_limit: Duration,
}

impl Receiver {
    /// With the machine's clock and the limits below.
    #[must_use]
    pub fn new(webhooks: Webhooks) -> Self {
        Self {
            webhooks,
            clock: Arc::new(SystemClock::default()),
            body_limit: 1 << 20,
            read_limit: Duration::from_secs(3),
            time_limit: Duration::from_secs(10),
        }
    }

    /// What time it is: for tests.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// How large a body may be, in bytes; 1 MiB by default.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// How long the body of a delivery may take to come; 3 s by default.
    #[must_use]
    pub fn read_limit(mut self, limit: Duration) -> Self {
        self.read_limit = limit;
        self
    }

    /// How long the handler of the ready router may take; 10 s by default. Together with
    /// [`read_limit`](Self::read_limit) it belongs below the 15 s that the gateway waits, and below the lease of the
    /// guard.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }
}

impl From<Webhooks> for Receiver {
    fn from(webhooks: Webhooks) -> Self {
        Self::new(webhooks)
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("webhooks", &self.webhooks)
            .field("clock", &self.clock)
            .field("body_limit", &self.body_limit)
            .field("read_limit", &self.read_limit)
            .field("time_limit", &self.time_limit)
            .finish()
    }
}
