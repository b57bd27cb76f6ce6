//! Delays between attempts: exponential backoff with jitter, for every loop of this crate that waits.

use std::time::Duration;

/// Exponential backoff: the ceiling of the delay doubles with each attempt, up to a maximum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    initial: Duration,
    max: Duration,
}

impl Backoff {
    pub(crate) const fn new(initial: Duration, max: Duration) -> Self {
        Self { initial, max }
    }

    /// Returns the delay after this attempt, which counts from 1, with full jitter: between 0 and the ceiling. `random` is
    /// between 0 and 1.
    pub(crate) fn full_jitter(self, attempt: u32, random: f64) -> Duration {
        self.scaled(attempt, random.clamp(0.0, 1.0))
    }

    /// Returns the delay with jitter in the upper half: between half the ceiling and the ceiling.
    pub(crate) fn upper_half_jitter(self, attempt: u32, random: f64) -> Duration {
        self.scaled(attempt, 0.5 + random.clamp(0.0, 1.0) / 2.0)
    }

    /// Returns the delay with jitter around the ceiling: between 0.5 and 1.5 times the ceiling.
    pub(crate) fn centered_jitter(self, attempt: u32, random: f64) -> Duration {
        self.scaled(attempt, 0.5 + random.clamp(0.0, 1.0))
    }

    fn scaled(self, attempt: u32, factor: f64) -> Duration {
        let doublings = 2u32.saturating_pow(attempt.saturating_sub(1));
        let ceiling = self.initial.saturating_mul(doublings).min(self.max);
        // `Duration::mul_f64` panics if the product overflows; rounding alone can make `Duration::MAX` overflow.
        Duration::try_from_secs_f64(ceiling.as_secs_f64() * factor).unwrap_or(ceiling)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn ceiling_doubles_up_to_maximum() {
        let backoff = Backoff::new(SECOND, 10 * SECOND);
        let delays: Vec<u64> = (1..8)
            .map(|attempt| backoff.full_jitter(attempt, 1.0).as_secs())
            .collect();
        assert_eq!(delays, [1, 2, 4, 8, 10, 10, 10]);
        assert_eq!(backoff.full_jitter(u32::MAX, 9.0), 10 * SECOND);
        let unbounded = Backoff::new(Duration::MAX, Duration::MAX);
        assert_eq!(unbounded.full_jitter(9, 1.0), Duration::MAX);
        assert_eq!(unbounded.full_jitter(9, f64::NAN), Duration::MAX);
    }

    #[test]
    fn jitter_stays_in_its_range() {
        let backoff = Backoff::new(SECOND, SECOND);
        for (random, full, upper_half, centered) in [
            (0.0, 0, 500, 500),
            (0.25, 250, 625, 750),
            (1.0, 1_000, 1_000, 1_500),
        ] {
            let expected = [full, upper_half, centered].map(Duration::from_millis);
            let delays = [
                backoff.full_jitter(1, random),
                backoff.upper_half_jitter(1, random),
                backoff.centered_jitter(1, random),
            ];
            assert_eq!(delays, expected, "{random}");
        }
    }
}
