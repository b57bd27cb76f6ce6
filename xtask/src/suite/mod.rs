//! The whole test suite as one command, with its own set-up: `cargo xtask test`.
//!
//! Every step runs, whatever the ones before it said; the table at the end and the error name
//! those that failed. What a step needs beyond cargo goes to `target/tools`, in pinned versions.
//! What lands outside: packages of Debian, where this runs as root (`machine`); with rustup the
//! toolchain of the `msrv` step, the target of the `wasm` step, rustfmt and clippy; and what Go and
//! Maven keep in caches of their own.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod cargo_test;
mod code;
mod deny;
mod machine;
mod msrv;
mod openapi;
mod report;
mod step;
mod unused_snapshots;
mod wasm;

use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use crate::job::{Job, stop::Stop};
use crate::{interop, properties, release};
use report::Outcome;
pub use step::Step;

/// Why the suite did not pass.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// Steps that failed, in the order in which they ran.
    #[error("{}", report::failure(failed, *ran))]
    Failed {
        /// The steps that failed.
        failed: Vec<Step>,
        /// How many steps ran.
        ran: usize,
    },
    /// The report could not be written.
    #[error("the report of the suite could not be written: {0}")]
    Report(#[from] io::Error),
}

/// The steps in their order, one a line, each with its purpose.
#[must_use]
pub fn list() -> String {
    report::list()
}

/// Runs the steps named by `only` (all of them when it is empty) on the workspace at `root`.
///
/// Steps run in their fixed order, whatever the order in `only`. The report goes to `out`; what
/// the commands themselves print goes to the standard output and error of this process.
///
/// # Errors
///
/// [`SuiteError::Failed`] when a step failed, after all of them ran.
pub fn run(root: &Path, only: &[Step], out: &mut dyn Write) -> Result<(), SuiteError> {
    let steps: Vec<Step> = Step::ALL
        .iter()
        .copied()
        .filter(|step| only.is_empty() || only.contains(step))
        .collect();
    run_each(root, &steps, out, execute)
}

/// The `run` of each step.
fn execute(step: Step, job: &mut Job<'_>) -> Result<(), Stop> {
    match step {
        Step::Format => code::format(job),
        Step::Clippy => code::clippy(job),
        Step::Regen => code::regen(job),
        Step::Tests => cargo_test::run(job),
        Step::Docs => code::docs(job),
        Step::Msrv => msrv::run(job),
        Step::Wasm => wasm::run(job),
        Step::Deny => deny::run(job),
        Step::Package => release::package(job),
        Step::Openapi => openapi::run(job, &openapi::DOCUMENTS),
        // All are named: a toolchain that is missing must not pass for a proof.
        Step::Interop => interop::in_job(job, &interop::Language::ALL),
        Step::Properties => properties::in_job(job),
    }
}

fn run_each(
    root: &Path,
    steps: &[Step],
    out: &mut dyn Write,
    mut execute: impl FnMut(Step, &mut Job<'_>) -> Result<(), Stop>,
) -> Result<(), SuiteError> {
    let mut outcomes = Vec::new();
    for step in steps.iter().copied() {
        writeln!(out, "\n== {}: {}", step.name(), step.purpose())?;
        let start = Instant::now();
        let mut job = Job::new(root, out);
        if let Err(Stop(reason)) = execute(step, &mut job) {
            job.problem(reason);
        }
        let outcome = Outcome::new(step, job.finish(), start.elapsed());
        write!(out, "{}", report::verdict(&outcome))?;
        outcomes.push(outcome);
    }
    write!(out, "\n{}", report::table(&outcomes))?;
    out.flush()?;
    let failed: Vec<Step> = outcomes
        .iter()
        .filter(|outcome| outcome.failed())
        .map(|outcome| outcome.step)
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    Err(SuiteError::Failed {
        failed,
        ran: outcomes.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_with(
        steps: &[Step],
        execute: impl FnMut(Step, &mut Job<'_>) -> Result<(), Stop>,
    ) -> (Result<(), SuiteError>, String) {
        let mut out = Vec::new();
        let result = run_each(Path::new("."), steps, &mut out, execute);
        (result, String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_failing_step_hides_none_of_the_later_ones() {
        let mut ran = Vec::new();
        let (result, out) = run_with(&Step::ALL, |step, job| {
            ran.push(step);
            match step {
                Step::Format => Err(Stop("no rustfmt here".to_owned())),
                Step::Docs => {
                    job.problem("a link leads nowhere");
                    Ok(())
                }
                _ => Ok(()),
            }
        });
        assert_eq!(ran, Step::ALL);
        assert!(out.contains("no rustfmt here"), "{out}");
        insta::assert_snapshot!(result.unwrap_err());
    }

    #[test]
    fn all_is_well_when_no_step_has_a_problem() {
        let (result, out) = run_with(&[Step::Deny], |_, job| {
            job.note("advisories: not checked, database unreachable");
            Ok(())
        });
        result.unwrap();
        assert!(out.contains("not checked, database unreachable"), "{out}");
    }
}
