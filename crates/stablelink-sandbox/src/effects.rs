//! Counts the effects of operations by idempotency key.

use std::collections::BTreeMap;

use crate::SandboxOperation;

/// The number of effects of each operation by idempotency key. A test uses it to prove that a
/// payment was not executed twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    counts: BTreeMap<(SandboxOperation, String), u64>,
}

/// The number of effects of an operation with one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EffectCount<'a> {
    /// The operation.
    pub operation: SandboxOperation,
    /// The idempotency key of the request (`orderNo`, `requestId` …). For an operation without
    /// one, the key of the record that it changed.
    pub key: &'a str,
    /// The number of effects.
    pub count: u64,
}

impl Effects {
    /// Returns the number of effects of the operation with this key.
    #[must_use]
    pub fn count(&self, operation: SandboxOperation, key: &str) -> u64 {
        let key = (operation, key.to_owned());
        self.counts.get(&key).copied().unwrap_or_default()
    }

    /// Returns the number of effects of the operation with any key.
    #[must_use]
    pub fn total(&self, operation: SandboxOperation) -> u64 {
        let of_operation = self.iter().filter(|effect| effect.operation == operation);
        of_operation.map(|effect| effect.count).sum()
    }

    /// Returns all effects, ordered by operation and key.
    pub fn iter(&self) -> impl Iterator<Item = EffectCount<'_>> {
        let counts = self.counts.iter();
        counts.map(|((operation, key), count)| EffectCount {
            operation: *operation,
            key,
            count: *count,
        })
    }

    /// Returns the effects that occurred more than once. A test of a client expects none.
    pub fn repeated(&self) -> impl Iterator<Item = EffectCount<'_>> {
        self.iter().filter(|effect| effect.count > 1)
    }

    pub(crate) fn record(&mut self, operation: SandboxOperation, key: impl Into<String>) {
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
    fn effects_are_counted_by_operation_and_key() {
        let mut effects = Effects::default();
        effects.record(SandboxOperation::CreateTrade, "a");
        effects.record(SandboxOperation::CreateTrade, "b");
        effects.record(SandboxOperation::CreateRemit, "a");
        assert_eq!(effects.repeated().count(), 0);
        let mut all = effects.clone();
        all.add(&effects);
        assert_eq!(all.count(SandboxOperation::CreateTrade, "a"), 2);
        assert_eq!(all.count(SandboxOperation::CreateTrade, "c"), 0);
        assert_eq!(all.total(SandboxOperation::CreateTrade), 4);
        assert_eq!(all.repeated().count(), 3);
    }
}
