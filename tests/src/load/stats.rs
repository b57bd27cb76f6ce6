//! Call counts and latencies.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use stablelink::Error;

/// Statistics of a group of clients. Its size does not grow with the number of calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadStats {
    /// Completed calls, successful or not; a call with retries counts once.
    pub calls: u64,
    /// Number of errors by kind.
    pub errors: BTreeMap<String, u64>,
    /// Payments whose outcome was unknown at some time.
    pub ambiguous: u64,
    /// Ambiguous payments whose outcome became known.
    pub reconciled: u64,
    /// Number of calls by latency in microseconds. Polling for a payment is not included.
    latency: BTreeMap<u64, u64>,
}

/// Longer latencies, in microseconds, are recorded as this value.
const MAX_LATENCY: u64 = 600_000_000;

impl LoadStats {
    pub(super) fn record_call(&mut self, took: Duration, error: Option<&Error>) {
        self.record_poll(error);
        let micros = u64::try_from(took.as_micros()).unwrap_or(MAX_LATENCY);
        *self.latency.entry(round_to_two_digits(micros)).or_default() += 1;
    }

    /// Counts a call that polls; its latency is not recorded.
    pub(super) fn record_poll(&mut self, error: Option<&Error>) {
        self.calls += 1;
        if let Some(error) = error {
            *self
                .errors
                .entry(error.kind().name().to_owned())
                .or_default() += 1;
        }
    }

    /// Adds the statistics of another group.
    pub fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.ambiguous += other.ambiguous;
        self.reconciled += other.reconciled;
        for (kind, count) in &other.errors {
            *self.errors.entry(kind.clone()).or_default() += count;
        }
        for (micros, count) in &other.latency {
            *self.latency.entry(*micros).or_default() += count;
        }
    }

    /// Returns the latency at this quantile (0 to 1), with a precision of two digits.
    #[must_use]
    pub fn latency(&self, quantile: f64) -> Duration {
        // Cannot fail: the bounds are valid.
        let Ok(mut all) = Histogram::<u64>::new_with_bounds(1, MAX_LATENCY, 3) else {
            return Duration::ZERO;
        };
        for (micros, count) in &self.latency {
            all.saturating_record_n(*micros, *count);
        }
        Duration::from_micros(all.value_at_quantile(quantile))
    }
}

/// Rounds to two digits, so that the map holds a few hundred entries at most and memory use stays flat.
fn round_to_two_digits(micros: u64) -> u64 {
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
    fn merge_adds_counts_and_latencies() {
        let mut one = LoadStats::default();
        for millis in 1..=99 {
            one.record_call(Duration::from_millis(millis), None);
        }
        let mut other = LoadStats::default();
        other.record_call(Duration::from_secs(7), None);
        other.record_poll(None);
        one.merge(&other);
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
