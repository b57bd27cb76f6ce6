//! Rules that both documents keep to.

pub(super) mod references;
pub(super) mod unions;
pub(super) mod words;
