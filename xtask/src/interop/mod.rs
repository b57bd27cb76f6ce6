//! `cargo xtask interop`: programs in other languages, around clients that the favourite generator of each makes from the
//! documents, run against the gateway on localhost.
//!
//! What a program must prove stands in `tests/interop/README.md`; `expected` has it as a list, `judge` holds a program's
//! report against it, and `witness` asks the gateway whether it saw the same.

mod expected;
mod folder;
mod generator;
mod go;
mod java;
mod judge;
mod language;
mod markdown;
mod python;
mod run;
mod survey;
mod table;
mod toolkit;
mod toolkits;
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

/// Surveys which readers of OpenAPI take the document: see `survey`.
///
/// # Errors
/// [`InteropError::Problems`] after all of them were tried.
pub fn run_survey(root: &Path, out: &mut dyn Write) -> Result<(), InteropError> {
    let mut job = Job::new(root, out);
    let work = survey::in_job(&mut job);
    job.ended(work).map_err(InteropError::Problems)
}

/// Runs the programs of `named` languages, or of all whose toolchain is on this machine where none is named.
///
/// # Errors
/// [`InteropError::Problems`] after all of them ran.
pub fn run(root: &Path, named: &[Language], out: &mut dyn Write) -> Result<(), InteropError> {
    let mut job = Job::new(root, out);
    let work = in_job(&mut job, named);
    job.ended(work).map_err(InteropError::Problems)
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Token and signature of a language are short enough to be read before they are trusted.
    const AUTH_LINES: usize = 59;

    fn auth_files(folder: &Path) -> Vec<std::path::PathBuf> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(auth_files(&path));
            } else if path.file_stem().unwrap().eq_ignore_ascii_case("auth") {
                found.push(path);
            }
        }
        found
    }

    #[test]
    fn token_and_signature_are_one_short_file_in_each_language() {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        for language in Language::ALL {
            let files = auth_files(&root.join(language.source()));
            let [file] = files.as_slice() else {
                panic!("{}: {files:?}", language.title());
            };
            let lines = fs::read_to_string(file).unwrap().lines().count();
            assert!(lines <= AUTH_LINES, "{}: {lines} lines", file.display());
        }
    }
}
