//! Which faults are due.

use std::sync::{Mutex, MutexGuard};

use super::{Fault, InvalidFault, Kind, Stage};
use crate::{Operation, lock};

/// Names a fault that was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FaultId(u64);

impl FaultId {
    /// Its number: faults are counted from 1 in the order they were added.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// A fault as the list of them shows it.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) id: FaultId,
    /// What it was made of, if it was made of a text.
    pub(crate) text: Option<String>,
    pub(crate) injections: u64,
}

/// The faults of one sandbox, in the order they were added.
///
/// A request meets the first one that is due and wants it. Latency, a skewed date and a changed
/// member let it go on to the next.
#[derive(Debug, Default)]
pub struct Faults {
    plan: Mutex<Plan>,
}

#[derive(Debug, Default)]
struct Plan {
    added: u64,
    faults: Vec<Planned>,
}

#[derive(Debug)]
struct Planned {
    id: FaultId,
    fault: Fault,
    met: u64,
    strikes: u64,
    text: Option<String>,
}

impl Faults {
    /// Adds a fault behind those that are there.
    pub fn add(&self, fault: Fault) -> FaultId {
        self.add_with(fault, None)
    }

    /// Adds a fault that is written as text, behind those that are there. [`Fault`] says how.
    ///
    /// # Errors
    ///
    /// It is no such text.
    pub fn add_text(&self, text: &str) -> Result<FaultId, InvalidFault> {
        Ok(self.add_with(text.parse()?, Some(text.to_owned())))
    }

    fn add_with(&self, fault: Fault, text: Option<String>) -> FaultId {
        let mut plan = self.plan();
        plan.added += 1;
        let id = FaultId(plan.added);
        plan.faults.push(Planned {
            id,
            fault,
            met: 0,
            strikes: 0,
            text,
        });
        id
    }

    /// All of them, in the order they were added.
    pub(crate) fn list(&self) -> Vec<Listed> {
        let plan = self.plan();
        let listed = plan.faults.iter().map(|planned| Listed {
            id: planned.id,
            text: planned.text.clone(),
            injections: planned.strikes,
        });
        listed.collect()
    }

    /// Takes the fault with this number away. False: it was not there.
    pub(crate) fn remove_number(&self, number: u64) -> bool {
        self.remove(FaultId(number))
    }

    /// Takes a fault away. False: it was not there.
    pub fn remove(&self, id: FaultId) -> bool {
        let mut plan = self.plan();
        let before = plan.faults.len();
        plan.faults.retain(|planned| planned.id != id);
        plan.faults.len() < before
    }

    /// Takes all faults away.
    pub fn clear(&self) {
        self.plan().faults.clear();
    }

    /// How often a fault struck; 0 for one that was taken away.
    #[must_use]
    pub fn injections(&self, id: FaultId) -> u64 {
        let plan = self.plan();
        let planned = plan.faults.iter().find(|planned| planned.id == id);
        planned.map_or(0, |planned| planned.strikes)
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        lock(&self.plan)
    }

    /// The faults that strike a request now: any number that let it go on, then at most one that
    /// does not.
    pub(crate) fn due(
        &self,
        stage: Stage,
        operation: Option<Operation>,
        path: &str,
    ) -> Vec<(FaultId, Kind)> {
        let mut due = Vec::new();
        for planned in &mut self.plan().faults {
            if planned.fault.stage != stage || !planned.fault.target.includes(operation, path) {
                continue;
            }
            if planned.strikes_now() {
                let kind = planned.fault.kind.clone();
                let goes_on = kind.goes_on();
                due.push((planned.id, kind));
                if !goes_on {
                    break;
                }
            }
        }
        due
    }
}

impl Planned {
    fn strikes_now(&mut self) -> bool {
        if self.fault.limit.is_some_and(|limit| self.strikes >= limit) {
            return false;
        }
        self.met += 1;
        if self.met <= self.fault.skipped {
            return false;
        }
        let hits = match &mut self.fault.chance {
            Some((parts, random)) => random.hits(*parts),
            None => true,
        };
        self.strikes += u64::from(hits);
        hits
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const ORDER: Option<Operation> = Some(Operation::CreateCheckoutOrder);
    const TOKEN: Option<Operation> = Some(Operation::IssueAccessToken);

    fn pattern(fault: Fault, requests: usize) -> String {
        let faults = Faults::default();
        faults.add(fault);
        let strikes = |_| match faults.due(Stage::Before, ORDER, "/p").len() {
            0 => '-',
            _ => 'x',
        };
        (0..requests).map(strikes).collect()
    }

    #[test]
    fn strike_as_often_as_asked() {
        for (fault, expected) in [
            (Fault::reset(), "x-----"),
            (Fault::reset().times(3), "xxx---"),
            (Fault::reset().times(0), "------"),
            (Fault::reset().always(), "xxxxxx"),
            (Fault::reset().skip(2), "--x---"),
            (Fault::reset().skip(2).times(2), "--xx--"),
            (Fault::reset().rate(1.0, 7), "xxxxxx"),
            (Fault::reset().rate(0.0, 7), "------"),
            (Fault::reset().rate(f64::NAN, 7), "------"),
            (Fault::reset().rate(1.0, 7).times(2), "xx----"),
        ] {
            assert_eq!(pattern(fault.clone(), 6), expected, "{fault:?}");
        }
        let seeded = |seed| pattern(Fault::reset().rate(0.5, seed), 60);
        assert_eq!(seeded(1), seeded(1));
        assert_ne!(seeded(1), seeded(2));
    }

    #[test]
    fn strike_what_they_were_made_for() {
        for (fault, strikes) in [
            (Fault::reset(), [true, true, true]),
            (Fault::reset().on_calls(), [true, false, true]),
            (Fault::reset().on_token(), [false, true, false]),
            (
                Fault::reset().on(Operation::CreateCheckoutOrder),
                [true, false, false],
            ),
            (Fault::reset().on_path("/nowhere"), [false, false, true]),
        ] {
            let faults = Faults::default();
            let id = faults.add(fault.always());
            let requests = [(ORDER, "/o"), (TOKEN, "/t"), (None, "/nowhere")];
            let struck = requests
                .map(|(operation, path)| !faults.due(Stage::Before, operation, path).is_empty());
            assert_eq!(struck, strikes);
            assert!(faults.due(Stage::After, ORDER, "/o").is_empty());
            let count = strikes.iter().filter(|strikes| **strikes).count();
            assert_eq!(faults.injections(id), count as u64);
            assert!(faults.remove(id) && !faults.remove(id));
            assert_eq!(faults.injections(id), 0);
        }
    }

    #[test]
    fn only_the_first_that_stops_the_request_strikes() {
        let faults = Faults::default();
        let late = faults.add(Fault::latency(Duration::ZERO));
        let first = faults.add(Fault::reset());
        let second = faults.add(Fault::stall());
        let due = |()| {
            let due = faults.due(Stage::Before, ORDER, "/p");
            due.into_iter().map(|(id, _)| id).collect::<Vec<_>>()
        };
        assert_eq!([(); 3].map(due), [vec![late, first], vec![second], vec![]]);
        faults.add(Fault::reset());
        faults.clear();
        assert!(due(()).is_empty());
    }

    #[test]
    fn what_spoils_an_answer_needs_one() {
        for fault in [
            Fault::truncate(),
            Fault::stall_within_body(),
            Fault::null("retdata"),
        ] {
            assert_eq!(fault.before_effect().stage, Stage::After);
        }
        assert_eq!(
            Fault::reset().after_effect().before_effect().stage,
            Stage::Before
        );
    }
}
