//! Stage 2: repeats failed attempts where the operation and the policy allow it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use stablelink_api::operations::RetrySafety;

use super::attempt::CompletedAttempt;
use super::{CallContext, RequestFactory};
use crate::backoff::Backoff;
use crate::error::Error;
use crate::observe;

/// The number of retries and the delays of a call **if its operation allows retries**: operations that only read, and
/// operations with an idempotency key. All other operations are sent once, regardless of the policy.
///
/// The ceiling of the delay doubles with each attempt, and the delay is random between zero and the ceiling, so that clients
/// do not retry at the same time. A `Retry-After` header in seconds or as a date replaces it; any other value is ignored. If
/// a delay would exceed the deadline of the call, the call fails immediately with the error of its last attempt. All
/// attempts share that deadline, and all calls of a client share a retry budget, so that a gateway that is down is not
/// flooded.
///
/// The policy does not count a call that is sent again because the gateway rejected its token or its timestamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    pub(crate) max_attempts: u32,
    initial_backoff: Duration,
    max_backoff: Duration,
    pub(crate) budget: u32,
}

impl Default for RetryPolicy {
    /// Returns a policy of three attempts with delays of at most 0.2 s and 0.4 s, and a budget of 100 retries.
    fn default() -> Self {
        Self {
            max_attempts: 3,
            initial_backoff: Duration::from_millis(200),
            max_backoff: Duration::from_secs(5),
            budget: 100,
        }
    }
}

impl RetryPolicy {
    /// Sets the maximum number of attempts, including the first; 0 counts as 1. Defaults to 3.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// Sets the ceiling of the first delay. Defaults to 0.2 s.
    #[must_use]
    pub fn initial_backoff(mut self, delay: Duration) -> Self {
        self.initial_backoff = delay;
        self
    }

    /// Sets the ceiling of all delays. Defaults to 5 s. A `Retry-After` may be longer.
    #[must_use]
    pub fn max_backoff(mut self, delay: Duration) -> Self {
        self.max_backoff = delay;
        self
    }

    /// Sets how many retries all calls of the client may use before successful calls refill the budget: each success adds a
    /// fifth of a retry, up to this number. Defaults to 100; 0 disables retries.
    #[must_use]
    pub fn retry_budget(mut self, retries: u32) -> Self {
        self.budget = retries;
        self
    }

    /// Returns the delay after this attempt, which counts from 1.
    pub(crate) fn delay(&self, attempt: u32) -> Duration {
        Backoff::new(self.initial_backoff, self.max_backoff).full_jitter(attempt, fastrand::f64())
    }
}

/// The retries that all calls of a client share. A retry costs [`RETRY_COST`] units, a success adds one.
#[derive(Debug)]
pub(crate) struct RetryBudget {
    units: AtomicU32,
    max_units: u32,
}

const RETRY_COST: u32 = 5;

impl RetryBudget {
    pub(crate) fn new(retries: u32) -> Self {
        let max_units = retries.saturating_mul(RETRY_COST);
        Self {
            units: AtomicU32::new(max_units),
            max_units,
        }
    }

    /// Takes one retry from the budget. Returns `false` if the budget is used up.
    fn take(&self) -> bool {
        self.units
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |units| {
                units.checked_sub(RETRY_COST)
            })
            .is_ok()
    }

    fn refill(&self) {
        // The budget is usually full. In that case it is read but not written.
        if self.units.load(Ordering::Relaxed) < self.max_units {
            let _ = self
                .units
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |units| {
                    (units < self.max_units).then_some(units + 1)
                });
        }
    }
}

/// The error of one attempt, its effect, and whether another attempt may succeed.
#[derive(Debug)]
pub(crate) struct AttemptError {
    pub(crate) error: Error,
    pub(crate) effect: Effect,
    /// Whether another attempt may succeed, if the operation allows one.
    pub(crate) retry: bool,
}

/// Whether the gateway may have acted on a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing was sent, or the gateway rejected the request.
    None,
    /// The outcome is unknown.
    Ambiguous,
}

impl AttemptError {
    /// Creates the error of an attempt that sent nothing and whose repetition would fail as well, for example because of an
    /// invalid argument or a missing token. The error itself states whether the whole call may succeed later.
    pub(crate) fn not_sent(error: Error) -> Self {
        Self {
            error,
            effect: Effect::None,
            retry: false,
        }
    }

    /// Creates the error of an attempt that had no effect. Another attempt may succeed.
    pub(crate) fn no_effect(error: Error) -> Self {
        Self {
            error: error.retryable(true),
            effect: Effect::None,
            retry: true,
        }
    }

    /// Creates the error of an attempt that sent the request and received no readable response. Another attempt may succeed.
    pub(crate) fn ambiguous(error: Error) -> Self {
        Self {
            error,
            effect: Effect::Ambiguous,
            retry: true,
        }
    }
}

impl CallContext {
    /// Sends the request until an attempt succeeds or no retry is allowed. The response is stored in the context; the
    /// returned `reqwest::Response` has no headers and no body left.
    pub(super) async fn send_with_retries(
        &self,
        http: &reqwest::Client,
        mut requests: RequestFactory,
    ) -> Result<reqwest::Response, Error> {
        let client = &self.client;
        let policy = &client.retry;
        let max_attempts = self.options.max_attempts.unwrap_or(policy.max_attempts);
        let mut attempt = 0;
        loop {
            attempt += 1;
            self.count_attempt();
            let failure = match self.attempt(http, &mut requests).await {
                Ok(CompletedAttempt { response, drained }) => {
                    client.retry_budget.refill();
                    self.store_response(response);
                    return Ok(drained);
                }
                Err(failure) => failure,
            };
            self.record_effect(&failure);
            let delay = failure
                .error
                .retry_after()
                .unwrap_or_else(|| policy.delay(attempt));
            // If the deadline is near, the error of the attempt is more informative than a timeout.
            let retry = failure.retry
                && self.options.retry != RetrySafety::Never
                && attempt < max_attempts
                && self.timeouts.allow_delay(delay)
                && client.retry_budget.take();
            if !retry {
                return Err(self.conclude(failure));
            }
            observe::retry(&self.options.operation, &failure.error, delay);
            client.clock.sleep(delay).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budget_gains_one_retry_per_five_successes() {
        let budget = RetryBudget::new(2);
        assert!(budget.take() && budget.take() && !budget.take());
        for _ in 0..4 {
            budget.refill();
            assert!(!budget.take());
        }
        budget.refill();
        assert!(budget.take());
        for _ in 0..100 {
            budget.refill();
        }
        assert!(budget.take() && budget.take() && !budget.take());
    }

    #[test]
    fn policy_has_at_least_one_attempt() {
        assert_eq!(RetryPolicy::default().max_attempts(0).max_attempts, 1);
    }
}
