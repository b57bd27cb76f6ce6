//! Fault injection: the definition of a fault (`fault`), the text form (`parse`), and the faults of
//! a sandbox (this file). `server::fault_injection` applies them to requests.

mod fault;
mod parse;

use std::sync::{Mutex, MutexGuard};

pub use fault::{Fault, InvalidFault};
pub(crate) use fault::{FaultKind, FaultStage};

use crate::SandboxOperation;
use crate::sync::lock;

/// The id of a fault of one sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FaultId(pub(crate) u64);

impl FaultId {
    /// Returns the number of the fault. Faults are numbered from 1 in the order in which they were
    /// added.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// The faults of one sandbox, in the order in which they were added.
///
/// A request is hit by the first fault that is due and matches it. After a latency, a skewed date
/// or a replaced field, the request continues and can be hit by the next fault.
#[derive(Debug, Default)]
pub struct FaultList {
    registry: Mutex<FaultRegistry>,
}

#[derive(Debug, Default)]
struct FaultRegistry {
    added: u64,
    faults: Vec<RegisteredFault>,
}

#[derive(Clone, Debug)]
pub(crate) struct RegisteredFault {
    pub(crate) id: FaultId,
    fault: Fault,
    /// The number of requests that the fault matched, including skipped ones.
    matched: u64,
    pub(crate) injections: u64,
    /// The text form from which the fault was parsed, if any.
    pub(crate) text: Option<String>,
}

impl FaultList {
    /// Adds a fault after the existing ones.
    pub fn add(&self, fault: Fault) -> FaultId {
        self.register(fault, None)
    }

    /// Parses a fault and adds it after the existing ones. [`Fault`] documents the text form.
    ///
    /// # Errors
    ///
    /// Fails if the text is not a valid fault.
    pub fn add_text(&self, text: &str) -> Result<FaultId, InvalidFault> {
        Ok(self.register(text.parse()?, Some(text.to_owned())))
    }

    fn register(&self, fault: Fault, text: Option<String>) -> FaultId {
        let mut registry = self.registry();
        registry.added += 1;
        let id = FaultId(registry.added);
        registry.faults.push(RegisteredFault {
            id,
            fault,
            matched: 0,
            injections: 0,
            text,
        });
        id
    }

    /// Returns all faults, in the order in which they were added.
    pub(crate) fn list(&self) -> Vec<RegisteredFault> {
        self.registry().faults.clone()
    }

    /// Removes a fault. Returns false if it was already removed.
    pub fn remove(&self, id: FaultId) -> bool {
        let mut registry = self.registry();
        let before = registry.faults.len();
        registry.faults.retain(|registered| registered.id != id);
        registry.faults.len() < before
    }

    /// Removes all faults.
    pub fn clear(&self) {
        self.registry().faults.clear();
    }

    /// Returns the number of times that a fault was injected, or 0 if it was removed.
    #[must_use]
    pub fn injections(&self, id: FaultId) -> u64 {
        let registry = self.registry();
        let mut faults = registry.faults.iter();
        let registered = faults.find(|registered| registered.id == id);
        registered.map_or(0, |registered| registered.injections)
    }

    fn registry(&self) -> MutexGuard<'_, FaultRegistry> {
        lock(&self.registry)
    }

    /// Returns the faults to inject into a request: any number after which it continues, then at
    /// most one that ends it.
    pub(crate) fn due(
        &self,
        stage: FaultStage,
        operation: Option<SandboxOperation>,
        path: &str,
    ) -> Vec<(FaultId, FaultKind)> {
        let mut due = Vec::new();
        for registered in &mut self.registry().faults {
            let fault = &registered.fault;
            if fault.stage != stage || !fault.target.matches(operation, path) {
                continue;
            }
            if registered.take_turn() {
                let kind = registered.fault.kind.clone();
                let continues = kind.continues();
                due.push((registered.id, kind));
                if !continues {
                    break;
                }
            }
        }
        due
    }
}

impl RegisteredFault {
    /// Counts a matching request. Returns true if the fault is injected into it.
    fn take_turn(&mut self) -> bool {
        let limit = self.fault.limit;
        if limit.is_some_and(|limit| self.injections >= limit) {
            return false;
        }
        self.matched += 1;
        if self.matched <= self.fault.skip {
            return false;
        }
        let hits = match &mut self.fault.rate {
            Some((millionths, random)) => random.hits(*millionths),
            None => true,
        };
        self.injections += u64::from(hits);
        hits
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const ORDER: Option<SandboxOperation> = Some(SandboxOperation::CreateCheckoutOrder);
    const TOKEN: Option<SandboxOperation> = Some(SandboxOperation::IssueAccessToken);

    fn pattern(fault: Fault, requests: usize) -> String {
        let faults = FaultList::default();
        faults.add(fault);
        let mark = |_| match faults.due(FaultStage::Before, ORDER, "/p").len() {
            0 => '-',
            _ => 'x',
        };
        (0..requests).map(mark).collect()
    }

    #[test]
    fn fault_is_injected_as_often_as_configured() {
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
    fn fault_hits_only_its_target() {
        let order = SandboxOperation::CreateCheckoutOrder;
        for (fault, expected) in [
            (Fault::reset(), [true, true, true]),
            (Fault::reset().on_calls(), [true, false, true]),
            (Fault::reset().on_token(), [false, true, false]),
            (Fault::reset().on(order), [true, false, false]),
            (Fault::reset().on_path("/nowhere"), [false, false, true]),
        ] {
            let faults = FaultList::default();
            let id = faults.add(fault.always());
            let requests = [(ORDER, "/o"), (TOKEN, "/t"), (None, "/nowhere")];
            let hits = requests.map(|(operation, path)| {
                !faults.due(FaultStage::Before, operation, path).is_empty()
            });
            assert_eq!(hits, expected);
            assert!(faults.due(FaultStage::After, ORDER, "/o").is_empty());
            let count = expected.iter().filter(|hit| **hit).count();
            assert_eq!(faults.injections(id), count as u64);
            assert!(faults.remove(id) && !faults.remove(id));
            assert_eq!(faults.injections(id), 0);
        }
    }

    #[test]
    fn only_first_fault_that_ends_the_request_is_due() {
        let faults = FaultList::default();
        let latency = faults.add(Fault::latency(Duration::ZERO));
        let first = faults.add(Fault::reset());
        let second = faults.add(Fault::stall());
        let due = |()| {
            let due = faults.due(FaultStage::Before, ORDER, "/p");
            due.into_iter().map(|(id, _)| id).collect::<Vec<_>>()
        };
        let expected = [vec![latency, first], vec![second], vec![]];
        assert_eq!([(); 3].map(due), expected);
        faults.add(Fault::reset());
        faults.clear();
        assert!(due(()).is_empty());
    }

    #[test]
    fn fault_that_changes_a_response_stays_after_the_effect() {
        for fault in [
            Fault::truncate(),
            Fault::stall_within_body(),
            Fault::null("retdata").unwrap(),
        ] {
            assert_eq!(fault.before_effect().stage, FaultStage::After);
        }
        let reset = Fault::reset().after_effect().before_effect();
        assert_eq!(reset.stage, FaultStage::Before);
    }
}
