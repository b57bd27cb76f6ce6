//! What is to happen when.

use std::collections::{BTreeMap, BTreeSet};

/// A record that moves by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Record {
    /// The KYB of a customer.
    Kyb(i64),
    Trade(i64),
    Order(String),
    Refund(String),
    Settlement(String),
}

/// The next step of each record that has one, in the order of their times.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    due: BTreeSet<(i64, Record)>,
    of: BTreeMap<Record, i64>,
}

impl Agenda {
    /// Plans the next step of a record, in place of the one that was planned.
    pub(super) fn plan(&mut self, record: Record, at: Option<i64>) {
        if let Some(before) = self.of.remove(&record) {
            self.due.remove(&(before, record.clone()));
        }
        if let Some(at) = at {
            self.of.insert(record.clone(), at);
            self.due.insert((at, record));
        }
    }

    /// When something is due next, in milliseconds since the epoch.
    pub(crate) fn next(&self) -> Option<i64> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Takes the first step that is due by now.
    pub(super) fn take(&mut self, now: i64) -> Option<(i64, Record)> {
        self.due.first().filter(|(at, _)| *at <= now)?;
        let (at, record) = self.due.pop_first()?;
        self.of.remove(&record);
        Some((at, record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_each_record_once_in_the_order_of_time() {
        let mut agenda = Agenda::default();
        agenda.plan(Record::Trade(1), Some(30));
        agenda.plan(Record::Trade(2), Some(20));
        agenda.plan(Record::Trade(1), Some(10));
        agenda.plan(Record::Kyb(1), Some(15));
        agenda.plan(Record::Kyb(1), None);
        assert_eq!(agenda.next(), Some(10));
        assert_eq!(agenda.take(9), None);
        assert_eq!(agenda.take(30), Some((10, Record::Trade(1))));
        assert_eq!(agenda.take(30), Some((20, Record::Trade(2))));
        assert_eq!((agenda.take(30), agenda.next()), (None, None));
    }
}
