//! The texts that the suite prints about its steps.

use std::fmt::Write as _;
use std::time::Duration;

use super::step::Step;
use crate::job::JobReport;

/// The maximum length of a problem in the table, in characters.
const MAX_REMARK: usize = 60;

/// The result of one step.
pub(super) struct StepResult {
    pub(super) step: Step,
    pub(super) report: JobReport,
    pub(super) duration: Duration,
}

impl StepResult {
    pub(super) fn failed(&self) -> bool {
        !self.report.problems.is_empty()
    }

    fn word(&self) -> &'static str {
        if self.failed() { "FAILED" } else { "ok" }
    }

    /// Returns the first problem and the notes on one line.
    fn remark(&self) -> String {
        let problems = &self.report.problems;
        let mut parts = Vec::new();
        if let Some(first) = problems.first() {
            let line = truncate(first.lines().next().unwrap_or_default());
            parts.push(match problems.len() {
                1 => line,
                count => format!("{line} (and {} more)", count - 1),
            });
        }
        parts.extend(self.report.notes.iter().cloned());
        parts.join("; ")
    }
}

/// Shortens a problem for the table. The full text is printed when the step ends.
fn truncate(line: &str) -> String {
    match line.char_indices().nth(MAX_REMARK) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// Returns the text that ends a step: every problem in full, the result and the duration.
pub(super) fn step_end(result: &StepResult) -> String {
    let mut text = String::new();
    for problem in &result.report.problems {
        let _ = writeln!(text, "error: {problem}");
    }
    let _ = writeln!(
        text,
        "-- {}: {}, {} s",
        result.step.name(),
        result.word(),
        seconds(result.duration)
    );
    text
}

/// Returns the final table.
pub(super) fn table(results: &[StepResult]) -> String {
    let mut text = row("step", "result", "seconds", "");
    for result in results {
        text += &row(
            &result.step.name(),
            result.word(),
            &seconds(result.duration),
            &result.remark(),
        );
    }
    let total = results.iter().map(|result| result.duration).sum();
    text + &row("all", "", &seconds(total), "")
}

fn row(step: &str, result: &str, seconds: &str, remark: &str) -> String {
    let line = format!("{step:<10} {result:<6} {seconds:>8}  {remark}");
    format!("{}\n", line.trim_end())
}

fn seconds(duration: Duration) -> String {
    format!("{:.1}", duration.as_secs_f64())
}

/// Returns the error text: the failed steps and how to repeat each of them.
pub(super) fn failure(failed: &[Step], total: usize) -> String {
    let mut text = format!("{} of {total} steps failed; to repeat one:", failed.len());
    for step in failed {
        let _ = write!(text, "\n  cargo xtask test --only {}", step.name());
    }
    text
}

/// Returns the steps and their purposes, one per line.
pub(super) fn list() -> String {
    let mut text = String::new();
    for step in Step::all() {
        let _ = writeln!(text, "{:<10} {}", step.name(), step.purpose());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(step: Step, seconds: f64, problems: &[&str], notes: &[&str]) -> StepResult {
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        StepResult {
            step,
            report: JobReport {
                problems: texts(problems),
                notes: texts(notes),
            },
            duration: Duration::from_secs_f64(seconds),
        }
    }

    #[test]
    fn table_shows_results_durations_and_remarks() {
        let long = "é".repeat(MAX_REMARK + 1);
        let two = ["the first\nwith a second line", "the second"];
        let results = [
            result(Step::Format, 0.64, &[], &[]),
            result(Step::Clippy, 123.45, &two, &[]),
            result(Step::Docs, 0.0, &[&long], &[]),
            result(Step::Tests, 61.0, &[], &["312 passed, 0 failed, 2 ignored"]),
            result(
                Step::Deny,
                4.0,
                &[],
                &["advisories not checked: database unreachable"],
            ),
        ];
        insta::assert_snapshot!(table(&results));
    }

    #[test]
    fn step_end_shows_every_problem_in_full() {
        let problems = ["one\n  help: do this", "two"];
        insta::assert_snapshot!(step_end(&result(Step::Msrv, 1.0, &problems, &[])));
    }

    #[test]
    fn list_names_every_step_once() {
        insta::assert_snapshot!(list());
    }
}
