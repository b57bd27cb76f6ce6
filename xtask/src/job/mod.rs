//! A piece of work that runs commands, shows them, and gathers what it found.

pub(crate) mod call;
pub(crate) mod cargo_tool;
pub(crate) mod counts;
pub(crate) mod debian;
pub(crate) mod install;
pub(crate) mod node;
pub(crate) mod python;
pub(crate) mod running;
pub(crate) mod stop;

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use call::Call;
use counts::Counts;
use stop::Stop;

/// What a piece of work leaves behind.
#[derive(Default)]
pub(crate) struct Finished {
    /// Each makes it fail.
    pub(crate) problems: Vec<String>,
    /// What the table must say although it is no failure.
    pub(crate) notes: Vec<String>,
    /// How many tests ran.
    pub(crate) tests: Option<Counts>,
}

/// The state of the work that runs.
pub(crate) struct Job<'a> {
    pub(crate) root: &'a Path,
    pub(crate) out: &'a mut dyn Write,
    finished: Finished,
}

impl<'a> Job<'a> {
    pub(crate) fn new(root: &'a Path, out: &'a mut dyn Write) -> Self {
        Self {
            root,
            out,
            finished: Finished::default(),
        }
    }

    pub(crate) fn problem(&mut self, text: impl Into<String>) {
        self.finished.problems.push(text.into());
    }

    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.finished.notes.push(text.into());
    }

    pub(crate) fn add_tests(&mut self, counts: Counts) {
        let total = self.finished.tests.get_or_insert_default();
        *total = total.plus(counts);
    }

    /// Ends the work with what went wrong, the reason why it stopped among it.
    pub(crate) fn ended(mut self, work: Result<(), Stop>) -> Result<(), Vec<String>> {
        if let Err(Stop(reason)) = work {
            self.problem(reason);
        }
        match self.is_clean() {
            true => Ok(()),
            false => Err(self.finished.problems),
        }
    }

    pub(crate) fn finish(self) -> Finished {
        self.finished
    }

    /// Whether nothing went wrong so far.
    pub(crate) fn is_clean(&self) -> bool {
        self.finished.problems.is_empty()
    }

    /// Prints the command line, then the time that `run` took.
    pub(crate) fn timed<T>(
        &mut self,
        call: &Call,
        run: impl FnOnce(&mut Self) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        writeln!(self.out, "$ {call}")?;
        // The child writes to the same place by itself.
        self.out.flush()?;
        let start = Instant::now();
        let result = run(self)?;
        writeln!(self.out, "  ({:.1} s)", start.elapsed().as_secs_f64())?;
        Ok(result)
    }

    /// Runs a command whose failure is a problem of the work, which goes on.
    pub(crate) fn check(&mut self, call: &Call) -> Result<(), Stop> {
        let passed = self.timed(call, |job| call.status(job.root))?;
        if !passed {
            self.problem(format!("failed: {call}"));
        }
        Ok(())
    }

    /// Runs a command that the rest of the work needs.
    pub(crate) fn need(&mut self, call: &Call, help: impl fmt::Display) -> Result<(), Stop> {
        let passed = self.timed(call, |job| call.status(job.root))?;
        if passed {
            return Ok(());
        }
        Err(Stop(format!("failed: {call}\n  help: {help}")))
    }
}

/// The text of a file below `root`.
pub(crate) fn read(root: &Path, file: &str) -> Result<String, Stop> {
    fs::read_to_string(root.join(file)).map_err(|error| Stop(format!("{file}: {error}")))
}

/// Makes the folder, or empties it.
pub(crate) fn empty(folder: &Path) -> Result<(), Stop> {
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
    fn a_failed_command_is_a_problem_and_the_step_goes_on() {
        let mut out = Vec::new();
        let mut job = Job::new(Path::new("."), &mut out);
        job.check(&Call::new("false", ["--a b"])).ok().unwrap();
        assert!(!job.is_clean());
        assert_eq!(job.finish().problems, ["failed: false '--a b'"]);
    }

    #[test]
    fn a_command_that_is_missing_stops_the_step_with_its_name() {
        let mut out = Vec::new();
        let mut job = Job::new(Path::new("."), &mut out);
        let Err(Stop(reason)) = job.check(&Call::new("a-program-that-is-not-there", [""; 0]))
        else {
            panic!("ran");
        };
        assert!(reason.contains("a-program-that-is-not-there"), "{reason}");
    }
}
