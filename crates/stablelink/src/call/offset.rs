//! How far our clock is off, as the gateway's `Date` header tells.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::DATE;
use stablelink_signature::Timestamp;

/// Milliseconds to add to our time for the TIMESTAMP of a request.
#[derive(Debug, Default)]
pub(crate) struct Offset(AtomicI64);

/// Below this the header tells nothing: it has whole seconds, and answers take their time.
const NOISE: i64 = 30_000;
/// Above this it is no clock that runs wrong, but an answer from somewhere else.
const BOUND: i64 = 24 * 60 * 60 * 1_000;

impl Offset {
    /// The offset in use.
    pub(crate) fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Learns from an answer that came at `now`. A header far off, within bounds, corrects the
    /// offset, and one that agrees with our clock takes it back.
    pub(crate) fn learn(&self, headers: &HeaderMap, now: SystemTime) {
        let Some(date) = headers
            .get(DATE)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| httpdate::parse_http_date(text).ok())
        else {
            return;
        };
        let measured = difference(date, now);
        if measured.abs() <= NOISE {
            self.0.store(0, Ordering::Relaxed);
        } else if measured.abs() <= BOUND && (measured - self.get()).abs() > NOISE {
            self.0.store(measured, Ordering::Relaxed);
            tracing::warn!(
                seconds = measured / 1_000,
                "the clock of this machine differs from the gateway's; signatures take that into account"
            );
        }
    }

    /// The TIMESTAMP of a request made at `now`. `None` of a clock before 1970.
    pub(crate) fn stamp(now: SystemTime, offset: i64) -> Option<Timestamp> {
        let shift = Duration::from_millis(offset.unsigned_abs());
        let corrected = if offset < 0 {
            now.checked_sub(shift)
        } else {
            now.checked_add(shift)
        };
        Timestamp::try_from(corrected?).ok()
    }

    /// Whether two offsets differ by more than noise.
    pub(crate) const fn differ(one: i64, other: i64) -> bool {
        (one - other).abs() > NOISE
    }
}

/// `date - now` in milliseconds.
fn difference(date: SystemTime, now: SystemTime) -> i64 {
    let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    match date.duration_since(now) {
        Ok(ahead) => millis(ahead),
        Err(behind) => -millis(behind.duration()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned(offset: &Offset, seconds: i64) -> i64 {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_764_000_000);
        let shift = Duration::from_secs(seconds.unsigned_abs());
        let date = if seconds < 0 {
            now - shift
        } else {
            now + shift
        };
        let mut headers = HeaderMap::new();
        headers.insert(DATE, httpdate::fmt_http_date(date).parse().unwrap());
        offset.learn(&headers, now);
        offset.get() / 1_000
    }

    #[test]
    fn only_what_is_far_off_within_bounds_counts() {
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
            assert_eq!(learned(&Offset::default(), date), then, "{date}");
        }
    }

    #[test]
    fn a_clock_that_was_set_right_is_believed_again() {
        let offset = Offset::default();
        assert_eq!(learned(&offset, 600), 600);
        assert_eq!(learned(&offset, 610), 600, "the noise of one answer");
        assert_eq!(learned(&offset, 5), 0);
    }

    #[test]
    fn a_stamp_never_wraps() {
        let day = Duration::from_secs(24 * 60 * 60);
        let early = SystemTime::UNIX_EPOCH + day;
        assert_eq!(
            Offset::stamp(early, -1_000).unwrap().as_millis(),
            86_399_000
        );
        assert_eq!(Offset::stamp(SystemTime::UNIX_EPOCH, -1), None);
    }
}
