//! `cargo xtask interop`: generates clients in other languages from the documents, and runs a program with each client against
//! the sandbox.
//!
//! `tests/interop/README.md` specifies what a program must check. Reading order: `run` (one language from installation to
//! verification), `toolkit` (the interface of a language) with one file per language, `expectations` (the checks as a list),
//! `verify_report` (compares the report of a program with that list), `verify_server` (compares it with the requests that
//! the sandbox received), `output` (generator output), `table`.

mod expectations;
mod go;
mod java;
mod language;
mod output;
mod python;
mod run;
mod table;
mod toolkit;
mod typescript;
mod verify_report;
mod verify_server;

use std::io::Write;
use std::path::Path;

use crate::job::Job;
use crate::job::error::{JobError, JobProblems};
use crate::sandbox;
pub use language::Language;

/// Verifies the languages in `selected`, or every language with an installed toolchain if it is empty.
///
/// # Errors
/// All problems of all languages.
pub fn run(root: &Path, selected: &[Language], out: &mut dyn Write) -> Result<(), JobProblems> {
    let mut job = Job::new(root, out);
    let result = run_in_job(&mut job, selected);
    job.into_result(result)
}

pub(crate) fn run_in_job(job: &mut Job<'_>, selected: &[Language]) -> Result<(), JobError> {
    sandbox::build(job)?;
    let rows = Language::ALL
        .iter()
        .filter(|language| selected.is_empty() || selected.contains(language))
        .map(|language| run::run_language(job, *language, !selected.is_empty()))
        .collect::<Result<Vec<_>, _>>()?;
    write!(job.out, "\n{}", table::table(&rows))?;
    job.out.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The maximum number of lines of the token and signature code of a language: the code must be short enough to review.
    const MAX_AUTH_LINES: usize = 59;

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
    fn auth_code_is_one_short_file_per_language() {
        let root = crate::workspace::root().unwrap();
        for language in Language::ALL {
            let files = auth_files(&root.join(language.source()));
            let [file] = files.as_slice() else {
                panic!("{}: {files:?}", language.title());
            };
            let lines = fs::read_to_string(file).unwrap().lines().count();
            assert!(lines <= MAX_AUTH_LINES, "{}: {lines} lines", file.display());
        }
    }
}
