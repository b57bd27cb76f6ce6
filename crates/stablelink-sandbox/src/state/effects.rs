//! Which effects the operations had, by idempotency key.

use std::collections::BTreeMap;

use crate::Operation;

/// How often each effect was really made: proof that a payment call had no second one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    counts: BTreeMap<(Operation, String), u64>,
}

/// One effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EffectCount<'a> {
    /// What made it.
    pub operation: Operation,
    /// The idempotency key of the request (`orderNo`, `requestId` …); where the operation has
    /// none, what it acted on.
    pub key: &'a str,
    /// How often it was made.
    pub count: u64,
}

impl Effects {
    /// How often the operation took effect with this key.
    #[must_use]
    pub fn count(&self, operation: Operation, key: &str) -> u64 {
        let key = (operation, key.to_owned());
        self.counts.get(&key).copied().unwrap_or_default()
    }

    /// How often the operation took effect, with any key.
    #[must_use]
    pub fn total(&self, operation: Operation) -> u64 {
        self.iter()
            .filter(|effect| effect.operation == operation)
            .map(|effect| effect.count)
            .sum()
    }

    /// All of them, ordered by operation and key.
    pub fn iter(&self) -> impl Iterator<Item = EffectCount<'_>> {
        self.counts
            .iter()
            .map(|((operation, key), count)| EffectCount {
                operation: *operation,
                key,
                count: *count,
            })
    }

    /// Those that were made more than once. Empty is what a client wants to see.
    pub fn repeated(&self) -> impl Iterator<Item = EffectCount<'_>> {
        self.iter().filter(|effect| effect.count > 1)
    }

    pub(crate) fn made(&mut self, operation: Operation, key: impl Into<String>) {
        *self.counts.entry((operation, key.into())).or_default() += 1;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (key, count) in &other.counts {
            *self.counts.entry(key.clone()).or_default() += count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn are_counted_by_operation_and_key() {
        let mut effects = Effects::default();
        effects.made(Operation::CreateTrade, "a");
        effects.made(Operation::CreateTrade, "b");
        effects.made(Operation::CreateRemit, "a");
        assert_eq!(effects.repeated().count(), 0);
        let mut all = effects.clone();
        all.add(&effects);
        assert_eq!(all.count(Operation::CreateTrade, "a"), 2);
        assert_eq!(all.count(Operation::CreateTrade, "c"), 0);
        assert_eq!(all.total(Operation::CreateTrade), 4);
        assert_eq!(all.repeated().count(), 3);
    }
}
