//! Ids of records.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Gives each record of a sandbox an id of its own. Clones count together.
#[derive(Clone, Debug)]
pub(crate) struct Ids(Arc<AtomicI64>);

impl Default for Ids {
    fn default() -> Self {
        // Ids of the gateway go beyond 32 bits, and clients must cope.
        Self(Arc::new(AtomicI64::new(6_000_000_000)))
    }
}

impl Ids {
    pub(crate) fn next(&self) -> i64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}
