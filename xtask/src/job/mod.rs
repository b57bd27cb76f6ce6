//! A job runs commands, prints them with their durations, and collects problems.
//!
//! Reading order: `command` (one command line), `process` (a program in the background), `install` (folders below `target`
//! with pinned versions), `tools` (cargo, npm and Python packages), `debian` (packages of the system).

pub(crate) mod command;
pub(crate) mod debian;
pub(crate) mod error;
pub(crate) mod install;
pub(crate) mod process;
pub(crate) mod tools;

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use command::CommandLine;
use error::{JobError, JobProblems};

/// The result of a job.
#[derive(Default)]
pub(crate) struct JobReport {
    /// Each problem fails the job.
    pub(crate) problems: Vec<String>,
    /// Notes for the final table. They are not failures.
    pub(crate) notes: Vec<String>,
}

/// A job in progress.
pub(crate) struct Job<'a> {
    pub(crate) root: &'a Path,
    pub(crate) out: &'a mut dyn Write,
    report: JobReport,
}

impl<'a> Job<'a> {
    pub(crate) fn new(root: &'a Path, out: &'a mut dyn Write) -> Self {
        Self {
            root,
            out,
            report: JobReport::default(),
        }
    }

    pub(crate) fn problem(&mut self, text: impl Into<String>) {
        self.report.problems.push(text.into());
    }

    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.report.notes.push(text.into());
    }

    pub(crate) fn has_problems(&self) -> bool {
        !self.report.problems.is_empty()
    }

    /// Adds the error that ended the job early, if any, and returns the report.
    pub(crate) fn finish(mut self, result: Result<(), JobError>) -> JobReport {
        if let Err(JobError(reason)) = result {
            self.problem(reason);
        }
        self.report
    }

    /// Returns the same as [`Self::finish`], with the problems as an error.
    pub(crate) fn into_result(self, result: Result<(), JobError>) -> Result<(), JobProblems> {
        match self.finish(result).problems {
            problems if problems.is_empty() => Ok(()),
            problems => Err(JobProblems(problems)),
        }
    }

    /// Prints the command line before and the duration after `run`.
    pub(crate) fn timed<T>(
        &mut self,
        command: &CommandLine,
        run: impl FnOnce(&mut Self) -> Result<T, JobError>,
    ) -> Result<T, JobError> {
        writeln!(self.out, "$ {command}")?;
        // The child process writes to the same terminal directly.
        self.out.flush()?;
        let start = Instant::now();
        let result = run(self)?;
        writeln!(self.out, "  ({:.1} s)", start.elapsed().as_secs_f64())?;
        Ok(result)
    }

    /// Runs a command. A failure is a problem, and the job continues.
    pub(crate) fn check(&mut self, command: &CommandLine) -> Result<(), JobError> {
        let passed = self.timed(command, |job| command.run(job.root))?;
        if !passed {
            self.problem(format!("failed: {command}"));
        }
        Ok(())
    }

    /// Runs a command that the rest of the job depends on. A failure ends the job.
    pub(crate) fn require(
        &mut self,
        command: &CommandLine,
        help: impl fmt::Display,
    ) -> Result<(), JobError> {
        let passed = self.timed(command, |job| command.run(job.root))?;
        if passed {
            return Ok(());
        }
        Err(JobError(format!("failed: {command}\n  help: {help}")))
    }
}

/// Reads a file below `root`.
pub(crate) fn read(root: &Path, file: &str) -> Result<String, JobError> {
    fs::read_to_string(root.join(file)).map_err(|error| JobError(format!("{file}: {error}")))
}

/// Creates the folder, or deletes everything in it.
pub(crate) fn recreate_folder(folder: &Path) -> Result<(), JobError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    Ok(fs::create_dir_all(folder)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_failed_command_is_a_problem_and_the_job_continues() {
        let mut out = Vec::new();
        let mut job = Job::new(Path::new("."), &mut out);
        job.check(&CommandLine::new("false", ["--a b"])).unwrap();
        assert!(job.has_problems());
        assert_eq!(job.finish(Ok(())).problems, ["failed: false '--a b'"]);
    }

    #[test]
    fn check_missing_program_ends_the_job_and_is_named() {
        let mut out = Vec::new();
        let mut job = Job::new(Path::new("."), &mut out);
        let command = CommandLine::new("a-program-that-is-not-there", [""; 0]);
        let JobError(reason) = job.check(&command).unwrap_err();
        assert!(reason.contains("a-program-that-is-not-there"), "{reason}");
    }
}
