//! Answers that were not what the document says.

use std::fmt;
use std::sync::Mutex;

use crate::{Operation, lock};

/// An answer of the sandbox that the document does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SchemaMismatch {
    /// What was answered.
    pub operation: Operation,
    /// The field and the rule that it broke; no value.
    pub rule: String,
}

impl fmt::Display for SchemaMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, rule } = self;
        write!(
            f,
            "the answer of {operation} is not what the document says: {rule}"
        )
    }
}

/// The first mismatches: with one, all that follow are of little use.
#[derive(Debug, Default)]
pub(crate) struct Mismatches {
    kept: Mutex<Vec<SchemaMismatch>>,
}

impl Mismatches {
    const KEPT: usize = 100;

    pub(crate) fn add(&self, mismatch: SchemaMismatch) {
        let mut kept = lock(&self.kept);
        if kept.len() < Self::KEPT {
            kept.push(mismatch);
        }
    }

    pub(crate) fn kept(&self) -> Vec<SchemaMismatch> {
        lock(&self.kept).clone()
    }
}
