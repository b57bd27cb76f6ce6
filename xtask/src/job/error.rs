//! The errors of commands that run other programs.

use std::io;

/// The reason why the rest of a job cannot run.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct JobError(pub String);

impl From<io::Error> for JobError {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

/// The problems of a job, in the order in which they were found.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct JobProblems(pub Vec<String>);
