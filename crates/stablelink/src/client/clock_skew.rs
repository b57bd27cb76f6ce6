//! The difference between our clock and the gateway's, measured by its `Date` header.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::DATE;
use stablelink_signature::Timestamp;

/// The milliseconds to add to our time to get the `TIMESTAMP` of a request.
#[derive(Debug, Default)]
pub(crate) struct ClockSkew(AtomicI64);

/// A smaller difference is ignored: the header has a resolution of one second, and responses take time.
const MIN_SKEW: i64 = 30_000;
/// A larger difference is ignored: the response is probably from another source, such as a cache.
const MAX_SKEW: i64 = 24 * 60 * 60 * 1_000;
/// An accepted `TIMESTAMP` is at most this far from the gateway's time: two minutes (documented) and the tolerance above.
const ACCEPTED_SKEW: i64 = 120_000 + MIN_SKEW;

impl ClockSkew {
    /// Returns the skew in use, in milliseconds.
    pub(crate) fn millis(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Updates the skew from a response that was received at `now`. A `Date` that differs from our clock by more than
    /// [`MIN_SKEW`] and at most [`MAX_SKEW`] sets the skew. A `Date` that agrees with our clock resets it.
    ///
    /// `accepted` is the skew of a `TIMESTAMP` that the gateway accepted. A `Date` that contradicts it is not written by the
    /// gateway's clock, but by something in between, and is ignored.
    pub(crate) fn update(&self, headers: &HeaderMap, now: SystemTime, accepted: Option<i64>) {
        let Some(date) = headers
            .get(DATE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| httpdate::parse_http_date(value).ok())
        else {
            return;
        };
        let measured = difference_millis(date, now);
        if accepted.is_some_and(|used| measured.saturating_sub(used).abs() > ACCEPTED_SKEW) {
            return;
        }
        if measured.abs() <= MIN_SKEW {
            self.0.store(0, Ordering::Relaxed);
        } else if measured.abs() <= MAX_SKEW && (measured - self.millis()).abs() > MIN_SKEW {
            self.0.store(measured, Ordering::Relaxed);
            tracing::warn!(
                seconds = measured / 1_000,
                "clock skew: the clock of this machine differs from the gateway's; timestamps are corrected"
            );
        }
    }

    /// Returns the `TIMESTAMP` of a request signed at `now`; `None` for a time before 1970.
    pub(crate) fn timestamp(now: SystemTime, skew_millis: i64) -> Option<Timestamp> {
        let shift = Duration::from_millis(skew_millis.unsigned_abs());
        let corrected = if skew_millis < 0 {
            now.checked_sub(shift)
        } else {
            now.checked_add(shift)
        };
        Timestamp::try_from(corrected?).ok()
    }

    /// Returns whether there is another skew to try after a `TIMESTAMP` with this one was rejected. A measured skew that was
    /// rejected is reset: the source of the `Date` header may be wrong, and our clock right.
    pub(crate) fn has_alternative_to(&self, rejected: i64) -> bool {
        let current = self.millis();
        if (current - rejected).abs() > MIN_SKEW {
            return true;
        }
        self.0.store(0, Ordering::Relaxed);
        rejected.abs() > MIN_SKEW
    }
}

/// Returns `date - now` in milliseconds.
fn difference_millis(date: SystemTime, now: SystemTime) -> i64 {
    let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    match date.duration_since(now) {
        Ok(ahead) => millis(ahead),
        Err(behind) => -millis(behind.duration()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measure_accepted(skew: &ClockSkew, seconds: i64, accepted: Option<i64>) -> i64 {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_764_000_000);
        let shift = Duration::from_secs(seconds.unsigned_abs());
        let date = if seconds < 0 {
            now - shift
        } else {
            now + shift
        };
        let mut headers = HeaderMap::new();
        headers.insert(DATE, httpdate::fmt_http_date(date).parse().unwrap());
        skew.update(&headers, now, accepted.map(|seconds| seconds * 1_000));
        skew.millis() / 1_000
    }

    fn measure(skew: &ClockSkew, seconds: i64) -> i64 {
        measure_accepted(skew, seconds, None)
    }

    #[test]
    fn skew_is_set_only_within_bounds() {
        let day = 24 * 60 * 60;
        for (date, then) in [
            (0, 0),
            (30, 0),
            (-30, 0),
            (31, 31),
            (-3_600, -3_600),
            (day, day),
            (day + 1, 0),
            (-day - 1, 0),
        ] {
            assert_eq!(measure(&ClockSkew::default(), date), then, "{date}");
        }
    }

    #[test]
    fn skew_is_reset_when_clocks_agree() {
        let skew = ClockSkew::default();
        assert_eq!(measure(&skew, 600), 600);
        assert_eq!(measure(&skew, 610), 600, "within the tolerance");
        assert_eq!(measure(&skew, 5), 0);
    }

    #[test]
    fn date_that_contradicts_accepted_timestamp_is_ignored() {
        for (date, accepted, then) in [
            (3_600, 0, 0),
            (-3_600, 0, 0),
            (100, 0, 100),
            (3_600, 3_600, 3_600),
            (0, 3_600, 3_600),
        ] {
            let skew = ClockSkew(AtomicI64::new(accepted * 1_000));
            assert_eq!(
                measure_accepted(&skew, date, Some(accepted)),
                then,
                "{date} {accepted}"
            );
        }
    }

    #[test]
    fn rejected_skew_is_replaced_or_reset() {
        for (now, rejected, alternative, then) in [
            (0, 0, false, 0),
            (600, 0, true, 600),
            (0, 600, true, 0),
            (600, 600, true, 0),
            (610, 600, true, 0),
        ] {
            let skew = ClockSkew(AtomicI64::new(now * 1_000));
            assert_eq!(
                skew.has_alternative_to(rejected * 1_000),
                alternative,
                "{now} {rejected}"
            );
            assert_eq!(skew.millis(), then * 1_000, "{now} {rejected}");
        }
    }

    #[test]
    fn timestamp_never_wraps() {
        let day = Duration::from_secs(24 * 60 * 60);
        let early = SystemTime::UNIX_EPOCH + day;
        assert_eq!(
            ClockSkew::timestamp(early, -1_000).unwrap().as_millis(),
            86_399_000
        );
        assert_eq!(ClockSkew::timestamp(SystemTime::UNIX_EPOCH, -1), None);
    }
}
