//! The sandbox's own time.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use tokio::sync::watch;

use crate::lock;

/// The clock of one sandbox: token lives, the two minutes of a signature, the `Date` header and
/// the times in records follow it. Clones move together.
///
/// It runs with the clock of the machine, moved by an offset, until it is frozen.
#[derive(Clone, Debug, Default)]
pub struct SandboxClock {
    state: Arc<Mutex<State>>,
    moved: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct State {
    /// Milliseconds added to the machine's clock.
    offset: i64,
    /// The machine's time at the freeze; the offset counts on top of it.
    frozen: Option<i64>,
}

impl SandboxClock {
    /// Milliseconds since the epoch.
    #[must_use]
    pub fn now_millis(&self) -> i64 {
        let state = lock(&self.state);
        state
            .frozen
            .unwrap_or_else(machine_millis)
            .saturating_add(state.offset)
    }

    /// Moves the clock forward, on top of what it was moved before.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        let mut state = lock(&self.state);
        state.offset = state.offset.saturating_add(by);
        drop(state);
        self.moved.send_replace(());
    }

    /// Sets how far the clock is ahead of the machine's, in milliseconds; negative: behind it.
    /// Replaces what [`advance`](Self::advance) added.
    pub fn set_offset(&self, millis: i64) {
        lock(&self.state).offset = millis;
        self.moved.send_replace(());
    }

    /// How far the clock is ahead of the machine's, in milliseconds; negative: behind it.
    #[must_use]
    pub fn offset(&self) -> i64 {
        lock(&self.state).offset
    }

    /// Stops the clock: from now on only [`advance`](Self::advance) and
    /// [`set_offset`](Self::set_offset) move it.
    pub fn freeze(&self) {
        lock(&self.state).frozen.get_or_insert_with(machine_millis);
    }

    /// Lets the clock run again, at the machine's time and the offset.
    pub fn unfreeze(&self) {
        lock(&self.state).frozen = None;
        self.moved.send_replace(());
    }

    /// Whether it is frozen.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        lock(&self.state).frozen.is_some()
    }

    /// Tells of each time that it is moved, by any of its clones, or runs again.
    pub(crate) fn moves(&self) -> watch::Receiver<()> {
        self.moved.subscribe()
    }
}

fn machine_millis() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or_default()
}

/// The value of a `Date` header.
pub(crate) fn http_date(millis: i64) -> String {
    utc(millis, "%a, %d %b %Y %H:%M:%S GMT")
}

/// A time as in most records, `yyyy-MM-dd HH:mm:ss`. No page states the zone: UTC here.
pub(crate) fn local(millis: i64) -> String {
    utc(millis, "%Y-%m-%d %H:%M:%S")
}

/// A time as in the answers of checkout, ISO with a fraction and without a zone. UTC here.
pub(crate) fn iso_local(millis: i64) -> String {
    utc(millis, "%Y-%m-%dT%H:%M:%S%.6f")
}

/// A time as in the number of a trade, `yyyyMMddHHmmss`.
pub(crate) fn compact(millis: i64) -> String {
    utc(millis, "%Y%m%d%H%M%S")
}

fn utc(millis: i64, format: &str) -> String {
    // Out of range is a clock that a test moved past the year 9999; the epoch is as good as any.
    Timestamp::from_millisecond(millis)
        .unwrap_or_default()
        .strftime(format)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_times_in_the_forms_of_the_gateway() {
        let millis = 1_758_898_149_294;
        assert_eq!(http_date(millis), "Fri, 26 Sep 2025 14:49:09 GMT");
        assert_eq!(local(millis), "2025-09-26 14:49:09");
        assert_eq!(iso_local(millis), "2025-09-26T14:49:09.294000");
        assert_eq!(compact(millis), "20250926144909");
        assert_eq!(local(i64::MAX), "1970-01-01 00:00:00");
    }

    #[test]
    fn clones_move_together() {
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
