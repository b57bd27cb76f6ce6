//! A call that is ready to be made.

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use stablelink_api::operations::{OperationInfo, RetrySafety};

use super::{Plan, Run, Shared};
use crate::clock::BoxFuture;
use crate::error::Error;
use crate::response::Response;

/// What makes the call with the generated client.
type Make<R, T> = for<'a> fn(&'a Run, &'a R) -> BoxFuture<'a, Result<Response<T>, Error>>;

/// A call that is ready to be made: `.await` makes it.
///
/// Until then its optional arguments can be given, here and at the methods of each operation. Nothing is sent
/// before it is awaited. A call whose future is dropped may have been sent: what is known of it then is its key, which stands
/// in the value that it was made of.
#[must_use = "a call is made when it is awaited"]
pub struct Call<R, T> {
    shared: Arc<Shared>,
    pub(crate) request: R,
    facts: &'static OperationInfo,
    key: Option<String>,
    deadline: Option<Duration>,
    attempts: Option<u32>,
    attempt_time: Option<Duration>,
    make: Make<R, T>,
}

impl<R, T> Call<R, T> {
    pub(crate) fn new(
        shared: impl Into<Arc<Shared>>,
        facts: &'static OperationInfo,
        request: R,
        make: Make<R, T>,
    ) -> Self {
        Self {
            shared: shared.into(),
            request,
            facts,
            key: None,
            deadline: None,
            attempts: None,
            attempt_time: None,
            make,
        }
    }

    pub(crate) fn keyed(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// The same call once more.
    #[cfg(feature = "provisional")]
    pub(crate) fn again(&self) -> Self
    where
        R: Clone,
    {
        Self {
            shared: Arc::clone(&self.shared),
            request: self.request.clone(),
            key: self.key.clone(),
            ..*self
        }
    }

    /// How long the call may take in all: token, locks, attempts and pauses. That of the client unless set.
    ///
    /// What was sent when the time is up is ambiguous, unless the operation only reads.
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = Some(limit);
        self
    }

    /// How long one attempt may take, from its connection to the end of its answer. That of the client unless set.
    pub fn attempt_timeout(mut self, limit: Duration) -> Self {
        self.attempt_time = Some(limit);
        self
    }

    /// How many attempts it may have, the first one included; 0 counts as 1. That of the client's
    /// [`RetryPolicy`](crate::RetryPolicy) unless set. An operation that must not be repeated has one, whatever is said here.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.attempts = Some(attempts.max(1));
        self
    }

    /// What the document says of the operation: evidence, and whether it may be repeated.
    #[must_use]
    pub const fn operation(&self) -> &'static OperationInfo {
        self.facts
    }

    /// The request as it will be sent.
    #[must_use]
    pub const fn request(&self) -> &R {
        &self.request
    }
}

impl<R, T> IntoFuture for Call<R, T>
where
    R: Send + Sync + 'static,
    T: Send + 'static,
{
    type Output = Result<Response<T>, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let plan = Plan {
                operation: self.facts.id.into(),
                retry: self.facts.retry,
                key: self.key,
                attempts: self.attempts,
                attempt_time: self.attempt_time,
                deadline: self.deadline.unwrap_or(self.shared.deadline),
            };
            debug_assert_eq!(
                plan.key.is_some(),
                matches!(plan.retry, RetrySafety::Keyed { .. }),
                "{}: keyed operations, and only they, have a key",
                self.facts.id,
            );
            let run = Run::new(self.shared, plan);
            run.within((self.make)(&run, &self.request)).await
        })
    }
}

impl<R, T> fmt::Debug for Call<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Requests hold personal data.
        f.debug_struct("Call")
            .field("operation", &self.facts.id)
            .finish_non_exhaustive()
    }
}
