//! How often, and after what pause, a call that may be repeated is repeated.

use std::time::Duration;

use crate::backoff::Backoff;

/// How often, and after what pause, a call is repeated **that the document allows to repeat**: reads,
/// and calls with an idempotency key. Others are sent once whatever stands here.
///
/// Pauses double from one attempt to the next and are drawn at random between zero and that length, so that
/// clients do not come back together. A `Retry-After` of the gateway is honoured instead, in seconds or as a date; one that
/// is neither is passed over. A pause that would outlast the deadline of the call ends it at once, with the error that
/// it had. All attempts share that deadline, and all calls of a client a budget, so that a gateway that is down is not flooded.
///
/// Not counted here: a call that is sent once more because the gateway refused its token or its timestamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    pub(crate) attempts: u32,
    pub(crate) base: Duration,
    pub(crate) cap: Duration,
    pub(crate) budget: u32,
}

impl Default for RetryPolicy {
    /// Three attempts, pauses up to 0.2 s and 0.4 s, a budget of 100 repeats.
    fn default() -> Self {
        Self {
            attempts: 3,
            base: Duration::from_millis(200),
            cap: Duration::from_secs(5),
            budget: 100,
        }
    }
}

impl RetryPolicy {
    /// One attempt, never a second.
    #[must_use]
    pub fn never() -> Self {
        Self::default().max_attempts(1)
    }

    /// How many attempts a call has, the first one included; 0 counts as 1. 3 unless set.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// The longest first pause. 0.2 s unless set.
    #[must_use]
    pub fn initial_backoff(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }

    /// The longest pause of all. 5 s unless set. A `Retry-After` may be longer.
    #[must_use]
    pub fn max_backoff(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// How many repeats all calls of the client may make before successes earn more: each success earns a
    /// fifth of one. 100 unless set, and never more than that at a time; 0 forbids all repeats.
    #[must_use]
    pub fn retry_budget(mut self, repeats: u32) -> Self {
        self.budget = repeats;
        self
    }

    /// The pause before the attempt after this one, the first being 1. `chance` is from 0 to 1.
    pub(crate) fn pause(&self, attempt: u32, chance: f64) -> Duration {
        Backoff::new(self.base, self.cap).full_jitter(attempt, chance)
    }
    #[cfg(any())]
    fn old(&self, attempt: u32, chance: f64) -> Duration {
        let doubled = 2u32.saturating_pow(attempt.saturating_sub(1));
        let longest = self.base.saturating_mul(doubled).min(self.cap);
        // `mul_f64` panics where the product is no duration, which rounding makes of the longest one.
        Duration::try_from_secs_f64(longest.as_secs_f64() * chance.clamp(0.0, 1.0))
            .unwrap_or(longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_cap() {
        let policy = RetryPolicy::default()
            .initial_backoff(Duration::from_secs(1))
            .max_backoff(Duration::from_secs(10));
        let pauses: Vec<u64> = (1..8).map(|n| policy.pause(n, 1.0).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 10, 10, 10]);
        assert_eq!(policy.pause(1, 0.25), Duration::from_millis(250));
        assert_eq!(policy.pause(u32::MAX, 9.0), Duration::from_secs(10));
        assert_eq!(policy.max_attempts(0).attempts, 1);
        let endless = RetryPolicy::default()
            .initial_backoff(Duration::MAX)
            .max_backoff(Duration::MAX);
        assert_eq!(endless.pause(9, 1.0), Duration::MAX);
        assert_eq!(endless.pause(9, f64::NAN), Duration::MAX);
    }
}
