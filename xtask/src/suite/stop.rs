//! Why a step ends early.

use std::io;

/// A reason for which the rest of a step can't run.
pub(super) struct Stop(pub(super) String);

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}
