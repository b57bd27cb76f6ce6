//! `cargo xtask interop`: programs in other languages, around clients that the favourite generator of each makes from the
//! documents, run against the gateway on localhost.
//!
//! What a program must prove stands in `tests/interop/README.md`; [`expected`] has it as a list, [`judge`] holds a program's
//! report against it, and [`witness`] asks the gateway whether it saw the same.

mod expected;
mod folder;
mod go;
mod java;
mod judge;
mod language;
mod python;
mod run;
mod table;
mod typescript;
mod witness;

use std::io::{self, Write};
use std::path::Path;

use crate::job::{Job, stop::Stop};
use crate::sandbox;
pub use language::Language;

/// Why the programs did not all pass.
#[derive(Debug, thiserror::Error)]
pub enum InteropError {
    /// What went wrong, each with its language.
    #[error("{}", .0.join("\n"))]
    Problems(Vec<String>),
    /// The report could not be written.
    #[error("the report could not be written: {0}")]
    Report(#[from] io::Error),
}

/// Runs the programs of `named` languages, or of all whose toolchain is on this machine where none is named.
///
/// # Errors
/// [`InteropError::Problems`] after all of them ran.
pub fn run(root: &Path, named: &[Language], out: &mut dyn Write) -> Result<(), InteropError> {
    let mut job = Job::new(root, out);
    if let Err(Stop(reason)) = in_job(&mut job, named) {
        job.problem(reason);
    }
    let finished = job.finish();
    match finished.problems.is_empty() {
        true => Ok(()),
        false => Err(InteropError::Problems(finished.problems)),
    }
}

/// As [`run`], with what goes wrong as problems of `job`.
pub(crate) fn in_job(job: &mut Job<'_>, named: &[Language]) -> Result<(), Stop> {
    sandbox::build(job)?;
    let rows = Language::ALL
        .iter()
        .filter(|language| named.is_empty() || named.contains(language))
        .map(|language| run::one(job, *language, !named.is_empty()))
        .collect::<Result<Vec<_>, _>>()?;
    write!(job.out, "\n{}", table::table(&rows))?;
    job.out.flush()?;
    Ok(())
}
