//! The clock of a sandbox, and the formats in which the gateway writes times.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::tz::{self, Offset};
use tokio::sync::watch;

use crate::sync::lock;

/// The offset of times in records, inferred: the `sysid` of an example contains a time that is eight
/// hours before the `createdTime` of the same example.
const RECORD_OFFSET: Offset = tz::offset(8);

/// The clock of one sandbox. Token lifetimes, the tolerance of request timestamps, the `Date`
/// header and the times in records follow it. Clones share the same time.
///
/// It runs at the speed of the machine's clock, shifted by an offset, until it is frozen.
#[derive(Clone, Debug, Default)]
pub struct SandboxClock {
    state: Arc<Mutex<ClockState>>,
    changes: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct ClockState {
    /// The milliseconds that are added to the machine's clock.
    offset: i64,
    /// The machine's time when the clock was frozen. The offset is added to it.
    frozen: Option<i64>,
}

impl SandboxClock {
    /// Returns the time in milliseconds since the epoch.
    #[must_use]
    pub fn now_millis(&self) -> i64 {
        let state = lock(&self.state);
        let base = state.frozen.unwrap_or_else(machine_millis);
        base.saturating_add(state.offset)
    }

    /// Moves the clock forward. Several calls add up.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        let mut state = lock(&self.state);
        state.offset = state.offset.saturating_add(by);
        drop(state);
        self.changes.send_replace(());
    }

    /// Sets the offset from the machine's clock in milliseconds. A negative offset puts the clock
    /// behind. It replaces the offset that [`advance`](Self::advance) added.
    pub fn set_offset(&self, millis: i64) {
        lock(&self.state).offset = millis;
        self.changes.send_replace(());
    }

    /// Returns the offset from the machine's clock in milliseconds.
    #[must_use]
    pub fn offset(&self) -> i64 {
        lock(&self.state).offset
    }

    /// Stops the clock. Only [`advance`](Self::advance) and [`set_offset`](Self::set_offset) move
    /// a frozen clock.
    pub fn freeze(&self) {
        lock(&self.state).frozen.get_or_insert_with(machine_millis);
    }

    /// Lets the clock run again, at the machine's time plus the offset.
    pub fn unfreeze(&self) {
        lock(&self.state).frozen = None;
        self.changes.send_replace(());
    }

    /// Returns true if the clock is frozen.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        lock(&self.state).frozen.is_some()
    }

    /// Notifies of every change of the time by a call, and of the end of a freeze.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }
}

fn machine_millis() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).ok();
    since_epoch
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or_default()
}

/// Adds seconds to a time in milliseconds.
pub(crate) fn after(millis: i64, seconds: u64) -> i64 {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    millis.saturating_add(seconds.saturating_mul(1000))
}

/// Returns the value of a `Date` header.
pub(crate) fn http_date(millis: i64) -> String {
    utc(millis, "%a, %d %b %Y %H:%M:%S GMT")
}

/// Formats a time as most records do: `yyyy-MM-dd HH:mm:ss`, in [`RECORD_OFFSET`].
pub(crate) fn local(millis: i64) -> String {
    in_record_zone(millis, "%Y-%m-%d %H:%M:%S")
}

/// Writes a time in the format of [`local`].
pub(crate) fn as_local<S: serde::Serializer>(millis: &i64, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&local(*millis))
}

/// Writes a time as the responses of checkout do: ISO 8601 with a fraction and without a time
/// zone, in [`RECORD_OFFSET`].
pub(crate) fn as_iso_local<S: serde::Serializer>(millis: &i64, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&in_record_zone(*millis, "%Y-%m-%dT%H:%M:%S%.6f"))
}

/// Formats a time as the number of a trade does: `yyyyMMddHHmmss`, in UTC.
pub(crate) fn compact(millis: i64) -> String {
    utc(millis, "%Y%m%d%H%M%S")
}

fn utc(millis: i64, format: &str) -> String {
    timestamp(millis).strftime(format).to_string()
}

fn in_record_zone(millis: i64, format: &str) -> String {
    let local = RECORD_OFFSET.to_datetime(timestamp(millis));
    local.strftime(format).to_string()
}

/// Converts a time in milliseconds. A time after the year 9999, to which only a test can set the
/// clock, becomes the epoch.
fn timestamp(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_the_formats_of_the_gateway() {
        let millis = 1_758_898_149_294;
        assert_eq!(http_date(millis), "Fri, 26 Sep 2025 14:49:09 GMT");
        assert_eq!(local(millis), "2025-09-26 22:49:09");
        let iso = as_iso_local(&millis, serde_json::value::Serializer).unwrap();
        assert_eq!(iso, "2025-09-26T22:49:09.294000");
        assert_eq!(compact(millis), "20250926144909");
        assert_eq!(local(i64::MAX), "1970-01-01 08:00:00");
    }

    #[test]
    fn clones_share_time_and_offset() {
        let clock = SandboxClock::default();
        let other = clock.clone();
        clock.freeze();
        let start = clock.now_millis();
        other.advance(Duration::from_secs(2));
        assert_eq!(clock.now_millis(), start + 2_000);
        other.set_offset(-500);
        assert_eq!((clock.now_millis(), clock.offset()), (start - 500, -500));
        clock.advance(Duration::MAX);
        assert_eq!(clock.now_millis(), i64::MAX, "no overflow");
        clock.set_offset(0);
        clock.unfreeze();
        assert!(clock.now_millis() >= start);
    }
}
