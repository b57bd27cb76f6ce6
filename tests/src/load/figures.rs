//! What a crew counts.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use stablelink::Error;

/// What a crew counts. Its size does not grow with the number of calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Calls that were awaited, whatever came of them; one with repeats inside is one.
    pub calls: u64,
    /// Errors by their kind.
    pub errors: BTreeMap<String, u64>,
    /// Calls that moved money, or were to, and whose outcome was not known for a while.
    pub doubtful: u64,
    /// Those of them whose outcome became known.
    pub reconciled: u64,
    /// How long calls took: microseconds, and how many took so long. Waits for a payment are left out.
    latency: BTreeMap<u64, u64>,
}

/// Microseconds beyond which a call counts as this long.
const LONGEST: u64 = 600_000_000;

impl Figures {
    pub(super) fn called(&mut self, took: Duration, error: Option<&Error>) {
        self.waited(error);
        let micros = u64::try_from(took.as_micros()).unwrap_or(LONGEST);
        *self.latency.entry(rounded(micros)).or_default() += 1;
    }

    /// A call that mostly waits for something else.
    pub(super) fn waited(&mut self, error: Option<&Error>) {
        self.calls += 1;
        if let Some(error) = error {
            *self
                .errors
                .entry(error.kind().name().to_owned())
                .or_default() += 1;
        }
    }

    /// Adds what others counted.
    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.doubtful += other.doubtful;
        self.reconciled += other.reconciled;
        for (kind, count) in &other.errors {
            *self.errors.entry(kind.clone()).or_default() += count;
        }
        for (micros, count) in &other.latency {
            *self.latency.entry(*micros).or_default() += count;
        }
    }

    /// The time within which this share of the calls, from 0 to 1, came to their end; to two digits.
    #[must_use]
    pub fn latency(&self, share: f64) -> Duration {
        // The bounds are good ones: the error that there could be is about others.
        let Ok(mut all) = Histogram::<u64>::new_with_bounds(1, LONGEST, 3) else {
            return Duration::ZERO;
        };
        for (micros, count) in &self.latency {
            all.saturating_record_n(*micros, *count);
        }
        Duration::from_micros(all.value_at_quantile(share))
    }
}

/// To two digits, so that a few hundred values at most are kept: the memory of a client must not grow for this.
fn rounded(micros: u64) -> u64 {
    let mut unit = 1;
    while micros / unit >= 100 {
        unit *= 10;
    }
    (micros + unit / 2) / unit * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_several_counted_is_one() {
        let mut one = Figures::default();
        for millis in 1..=99 {
            one.called(Duration::from_millis(millis), None);
        }
        let mut other = Figures::default();
        other.called(Duration::from_secs(7), None);
        other.waited(None);
        one.add(&other);
        assert_eq!(one.calls, 101);
        let within = |share: f64, expected: u64| {
            let millis = one.latency(share).as_millis();
            assert!(millis.abs_diff(u128::from(expected)) <= 1, "{millis}");
        };
        assert!(one.latency.len() <= 100, "{one:?}");
        within(0.5, 50);
        within(0.99, 99);
        assert!(one.latency(1.0) >= Duration::from_millis(6_990));
    }
}
