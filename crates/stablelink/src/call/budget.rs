//! What keeps a gateway that is down from being flooded with repeats.

use std::sync::atomic::{AtomicU32, Ordering};

/// Repeats that all calls of a client share. A repeat costs [`COST`], a success earns one.
#[derive(Debug)]
pub(crate) struct Budget {
    left: AtomicU32,
    full: u32,
}

const COST: u32 = 5;

impl Budget {
    pub(crate) fn new(repeats: u32) -> Self {
        let full = repeats.saturating_mul(COST);
        Self {
            left: AtomicU32::new(full),
            full,
        }
    }

    /// Takes one repeat, if there is one.
    pub(crate) fn take(&self) -> bool {
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(COST)
            })
            .is_ok()
    }

    pub(crate) fn earn(&self) {
        // A full budget is the usual case: it is only read then.
        if self.left.load(Ordering::Relaxed) < self.full {
            let full = self.full;
            let _ = self
                .left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                    (left < full).then_some(left + 1)
                });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_successes_earn_one_repeat() {
        let budget = Budget::new(2);
        assert!(budget.take() && budget.take() && !budget.take());
        for _ in 0..4 {
            budget.earn();
            assert!(!budget.take());
        }
        budget.earn();
        assert!(budget.take());
        for _ in 0..100 {
            budget.earn();
        }
        assert!(budget.take() && budget.take() && !budget.take());
    }
}
