//! `cargo xtask test`: the whole test suite, including its setup.
//!
//! Every step runs, also after a step that failed. The tools that a step needs beyond cargo are installed in pinned versions into
//! `target/tools`. Outside `target` it installs only Debian packages (as root), the Rust toolchain of the `msrv` step, the
//! Rust target of the `wasm` step, rustfmt, clippy, and what Go and Maven keep in their caches.
//!
//! Reading order: `step` (the list of steps), `report` (the printed texts), `rust_checks` (the steps that are plain cargo
//! commands), `cargo_test`, `deny`, `openapi`.

mod cargo_test;
mod deny;
mod openapi;
mod report;
mod rust_checks;
mod step;

use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use crate::job::debian::{self, DebianPackage};
use crate::job::{Job, error::JobError};
use crate::{interop, properties, release};
use report::StepResult;
pub use step::Step;

/// The packages that the Rust steps need beyond the toolchain.
const DEBIAN_PACKAGES: [DebianPackage; 4] = [
    DebianPackage {
        name: "pkg-config",
        probe: ("pkg-config", &["--version"]),
        purpose: "finds the libraries of the system",
    },
    DebianPackage {
        name: "libssl-dev",
        probe: ("pkg-config", &["--exists", "openssl"]),
        purpose: "the feature native-tls links to it",
    },
    DebianPackage {
        name: "redis-server",
        probe: ("redis-server", &["--version"]),
        purpose: "tests start a Redis server",
    },
    DebianPackage {
        name: "chromium",
        probe: ("chromium", &["--version"]),
        purpose: "tests open the pages of the sandbox in a browser",
    },
];

/// The reason why the suite did not pass.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// Some steps failed.
    #[error("{}", report::failure(failed, *total))]
    Failed {
        /// The failed steps, in the order in which they ran.
        failed: Vec<Step>,
        /// The number of steps that ran.
        total: usize,
    },
    /// The report could not be written.
    #[error("the report of the suite could not be written: {0}")]
    Report(#[from] io::Error),
}

/// Returns the steps in their order, one per line, each with its purpose.
#[must_use]
pub fn list() -> String {
    report::list()
}

/// Runs the steps in `only`, or all of them if it is empty, in their fixed order.
///
/// The report is written to `out`. The commands print to the standard output and error of this process.
///
/// # Errors
/// [`SuiteError::Failed`] after all steps ran, if one failed.
pub fn run(root: &Path, only: &[Step], out: &mut dyn Write) -> Result<(), SuiteError> {
    let is_selected = |step: &Step| only.is_empty() || only.contains(step);
    let steps: Vec<Step> = Step::all().iter().copied().filter(is_selected).collect();
    run_steps(root, &steps, out, execute)
}

fn execute(step: Step, job: &mut Job<'_>) -> Result<(), JobError> {
    if matches!(step, Step::Clippy | Step::Tests | Step::Docs | Step::Msrv) {
        debian::ensure(job, &DEBIAN_PACKAGES)?;
    }
    match step {
        Step::Format => rust_checks::format(job),
        Step::Clippy => rust_checks::clippy(job),
        Step::Regen => rust_checks::regen(job),
        Step::Tests => cargo_test::run(job),
        Step::Docs => rust_checks::docs(job),
        Step::Msrv => rust_checks::msrv(job),
        Step::Wasm => rust_checks::wasm(job),
        Step::Deny => deny::run(job),
        Step::Package => release::package(job),
        Step::Openapi => openapi::run(job, &openapi::DOCUMENTS),
        // Every language is required: a missing toolchain fails the step.
        Step::Interop => interop::run_in_job(job, &interop::Language::ALL),
        Step::Properties => properties::run_in_job(job),
    }
}

fn run_steps(
    root: &Path,
    steps: &[Step],
    out: &mut dyn Write,
    mut execute: impl FnMut(Step, &mut Job<'_>) -> Result<(), JobError>,
) -> Result<(), SuiteError> {
    let mut results = Vec::new();
    for step in steps.iter().copied() {
        writeln!(out, "\n== {}: {}", step.name(), step.purpose())?;
        let start = Instant::now();
        let mut job = Job::new(root, out);
        let result = execute(step, &mut job);
        let result = StepResult {
            step,
            report: job.finish(result),
            duration: start.elapsed(),
        };
        write!(out, "{}", report::step_end(&result))?;
        results.push(result);
    }
    write!(out, "\n{}", report::table(&results))?;
    out.flush()?;
    let failed = results.iter().filter(|result| result.failed());
    let failed: Vec<Step> = failed.map(|result| result.step).collect();
    if failed.is_empty() {
        return Ok(());
    }
    let total = results.len();
    Err(SuiteError::Failed { failed, total })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_steps_after_a_failure_runs_the_remaining_steps() {
        let mut ran = Vec::new();
        let mut out = Vec::new();
        let result = run_steps(Path::new("."), Step::all(), &mut out, |step, job| {
            ran.push(step);
            match step {
                Step::Format => return Err(JobError("rustfmt is missing".to_owned())),
                Step::Docs => job.problem("a link is broken"),
                _ => {}
            }
            Ok(())
        });
        assert_eq!(ran, Step::all());
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains("rustfmt is missing"), "{out}");
        insta::assert_snapshot!(result.unwrap_err());
    }

    #[test]
    fn run_steps_without_problems_passes_and_prints_notes() {
        let mut out = Vec::new();
        let note = "advisories not checked: database unreachable";
        let result = run_steps(Path::new("."), &[Step::Deny], &mut out, |_, job| {
            job.note(note);
            Ok(())
        });
        result.unwrap();
        assert!(String::from_utf8(out).unwrap().contains(note));
    }
}
