//! When a token is refreshed: a margin before it expires, and later again if that refresh failed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The share of its lifetime after which a token is refreshed, and the maximum random addition to it, so that processes do not
/// refresh at the same time: the refresh margin is 10 % to 20 % of the lifetime.
const REFRESH_AFTER: f64 = 0.8;
const REFRESH_JITTER: f64 = 0.1;

/// A token with a shorter lifetime is not refreshed early, because that would double the number of requests.
const MIN_LIFETIME_FOR_EARLY_REFRESH: Duration = Duration::from_secs(2);

const MIN_REFRESH_DELAY: Duration = Duration::from_secs(1);

/// The expiry of a token and the time of its next refresh. All times are on the monotonic clock.
pub(super) struct RefreshTiming {
    expires: Duration,
    /// The time at which an early refresh is due, in milliseconds. It is postponed when that refresh fails.
    due: AtomicU64,
}

impl RefreshTiming {
    /// Returns the timing of a token with this remaining lifetime. `random` is between 0 and 1 and decides about the margin.
    pub(super) fn new(now: Duration, lifetime: Duration, random: f64) -> Self {
        let refresh_after = if lifetime < MIN_LIFETIME_FOR_EARLY_REFRESH {
            1.0
        } else {
            REFRESH_AFTER + REFRESH_JITTER * random
        };
        Self {
            expires: now + lifetime,
            due: AtomicU64::new(millis(now + lifetime.mul_f64(refresh_after))),
        }
    }

    pub(super) fn is_expired(&self, now: Duration) -> bool {
        now >= self.expires
    }

    pub(super) fn is_due(&self, now: Duration) -> bool {
        millis(now) >= self.due.load(Ordering::Relaxed)
    }

    /// Postpones the next early refresh by an eighth of the remaining lifetime, at least 1 s and at most `max_delay`.
    pub(super) fn postpone(&self, now: Duration, max_delay: Duration) {
        let remaining = self.expires.saturating_sub(now);
        let delay = (remaining / 8).min(max_delay).max(MIN_REFRESH_DELAY);
        self.due.store(millis(now + delay), Ordering::Relaxed);
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_secs(1_000);

    fn at(seconds: f64) -> Duration {
        START + Duration::from_secs_f64(seconds)
    }

    #[test]
    fn margin_is_10_to_20_percent_of_the_lifetime() {
        for (lifetime, random, due) in [
            (100.0, 0.0, 80.0),
            (100.0, 1.0, 90.0),
            (21_600.0, 0.5, 18_360.0),
            (2.0, 0.0, 1.6),
            // A shorter lifetime has no margin.
            (1.9, 0.0, 1.9),
        ] {
            let timing = RefreshTiming::new(START, Duration::from_secs_f64(lifetime), random);
            assert!(!timing.is_due(at(due - 0.01)), "{lifetime} {random}");
            assert!(timing.is_due(at(due)), "{lifetime} {random}");
            assert!(!timing.is_expired(at(lifetime - 0.01)), "{lifetime}");
            assert!(timing.is_expired(at(lifetime)), "{lifetime}");
        }
    }

    #[test]
    fn failed_refresh_is_postponed_by_an_eighth_of_the_remaining_lifetime() {
        for (max_delay, due) in [(60.0, 82.5), (2.0, 82.0), (0.0, 81.0)] {
            let timing = RefreshTiming::new(START, Duration::from_secs(100), 0.0);
            timing.postpone(at(80.0), Duration::from_secs_f64(max_delay));
            assert!(!timing.is_due(at(due - 0.01)), "{max_delay}");
            assert!(timing.is_due(at(due)), "{max_delay}");
        }
    }
}
