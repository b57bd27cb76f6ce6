//! `cargo xtask release`: whether the crates that people depend on can be published as they are, and what that would break.

mod package;
mod published;
mod semver;

use std::io::Write;
use std::path::Path;

use crate::job::{Job, stop::Stop};
pub(crate) use package::in_job as package;

/// Why the crates should not be published.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// What stands against it.
    #[error("{}", .0.join("\n"))]
    Problems(Vec<String>),
}

/// Compares the interfaces with those of the revision `against`, the last tag where none is named, and packages the crates.
/// Nothing is uploaded.
///
/// # Errors
/// [`ReleaseError::Problems`] after all crates were looked at.
pub fn run(root: &Path, against: Option<&str>, out: &mut dyn Write) -> Result<(), ReleaseError> {
    let mut job = Job::new(root, out);
    // Both are told, whatever the first one says.
    if let Err(Stop(reason)) = semver::in_job(&mut job, against) {
        job.problem(reason);
    }
    let packaged = package(&mut job);
    job.ended(packaged).map_err(ReleaseError::Problems)
}
