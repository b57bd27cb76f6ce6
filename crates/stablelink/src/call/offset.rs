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
/// A TIMESTAMP that was accepted is no further than this from the gateway's time: two minutes (documented), and noise.
const ACCEPTED: i64 = 120_000 + NOISE;

impl Offset {
    /// The offset in use.
    pub(crate) fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Learns from an answer that came at `now`. A header far off, within bounds, corrects the
    /// offset, and one that agrees with our clock takes it back.
    ///
    /// `accepted` is the offset of a TIMESTAMP that the gateway accepted: a header that says it should not have is not of
    /// its clock, but of something in between that dates answers wrongly, and tells nothing.
    pub(crate) fn learn(&self, headers: &HeaderMap, now: SystemTime, accepted: Option<i64>) {
        let Some(date) = headers
            .get(DATE)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| httpdate::parse_http_date(text).ok())
        else {
            return;
        };
        let measured = difference(date, now);
        if accepted.is_some_and(|used| measured.saturating_sub(used).abs() > ACCEPTED) {
            return;
        }
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

    /// Whether there is another offset to try than the one whose TIMESTAMP was refused. An offset that was learnt and
    /// did not help is given up: what dates the answers may be wrong, and our clock right.
    pub(crate) fn replaces(&self, refused: i64) -> bool {
        let now = self.get();
        if (now - refused).abs() > NOISE {
            return true;
        }
        self.0.store(0, Ordering::Relaxed);
        refused.abs() > NOISE
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

    fn learned_of(offset: &Offset, seconds: i64, accepted: Option<i64>) -> i64 {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_764_000_000);
        let shift = Duration::from_secs(seconds.unsigned_abs());
        let date = if seconds < 0 {
            now - shift
        } else {
            now + shift
        };
        let mut headers = HeaderMap::new();
        headers.insert(DATE, httpdate::fmt_http_date(date).parse().unwrap());
        offset.learn(&headers, now, accepted.map(|seconds| seconds * 1_000));
        offset.get() / 1_000
    }

    fn learned(offset: &Offset, seconds: i64) -> i64 {
        learned_of(offset, seconds, None)
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
    fn a_date_that_contradicts_what_was_accepted_is_no_clock_of_the_gateway() {
        for (date, accepted, then) in [
            (3_600, 0, 0),
            (-3_600, 0, 0),
            (100, 0, 100),
            (3_600, 3_600, 3_600),
            (0, 3_600, 3_600),
        ] {
            let offset = Offset(AtomicI64::new(accepted * 1_000));
            assert_eq!(
                learned_of(&offset, date, Some(accepted)),
                then,
                "{date} {accepted}"
            );
        }
    }

    #[test]
    fn what_was_refused_is_replaced_or_given_up() {
        for (now, refused, replaced, then) in [
            (0, 0, false, 0),
            (600, 0, true, 600),
            (0, 600, true, 0),
            (600, 600, true, 0),
            (610, 600, true, 0),
        ] {
            let offset = Offset(AtomicI64::new(now * 1_000));
            assert_eq!(
                offset.replaces(refused * 1_000),
                replaced,
                "{now} {refused}"
            );
            assert_eq!(offset.get(), then * 1_000, "{now} {refused}");
        }
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
