//! The schedule of the status changes that the clock causes.

use std::collections::{BTreeMap, BTreeSet};

/// The key of a record with a status.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RecordKey {
    /// The KYB of a customer.
    Kyb(i64),
    Trade(i64),
    Order(String),
    Refund(String),
    Settlement(String),
}

/// The next transition of each record, ordered by time.
#[derive(Debug, Default)]
pub(crate) struct Scheduler {
    due: BTreeSet<(i64, RecordKey)>,
    times: BTreeMap<RecordKey, i64>,
}

impl Scheduler {
    /// Schedules the next transition of a record. It replaces the previous one. With `None`, the
    /// record has no next transition.
    pub(super) fn schedule(&mut self, record: RecordKey, at: Option<i64>) {
        if let Some(previous) = self.times.remove(&record) {
            self.due.remove(&(previous, record.clone()));
        }
        if let Some(at) = at {
            self.times.insert(record.clone(), at);
            self.due.insert((at, record));
        }
    }

    /// Returns when the next transition is due, in milliseconds since the epoch.
    pub(super) fn next(&self) -> Option<i64> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Takes the first transition that is due.
    pub(super) fn take_due(&mut self, now: i64) -> Option<(i64, RecordKey)> {
        self.due.first().filter(|(at, _)| *at <= now)?;
        let (at, record) = self.due.pop_first()?;
        self.times.remove(&record);
        Some((at, record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transitions_are_taken_once_in_order_of_time() {
        let mut scheduler = Scheduler::default();
        let [one, two] = [RecordKey::Trade(1), RecordKey::Trade(2)];
        scheduler.schedule(one.clone(), Some(30));
        scheduler.schedule(two.clone(), Some(20));
        scheduler.schedule(one.clone(), Some(10));
        scheduler.schedule(RecordKey::Kyb(1), Some(15));
        scheduler.schedule(RecordKey::Kyb(1), None);
        assert_eq!(scheduler.next(), Some(10));
        assert_eq!(scheduler.take_due(9), None);
        assert_eq!(scheduler.take_due(30), Some((10, one)));
        assert_eq!(scheduler.take_due(30), Some((20, two)));
        assert_eq!((scheduler.take_due(30), scheduler.next()), (None, None));
    }
}
