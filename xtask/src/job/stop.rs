//! Why a piece of work ends early.

use std::io;

/// A reason for which the rest of it can't run.
pub(crate) struct Stop(pub(crate) String);

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}
