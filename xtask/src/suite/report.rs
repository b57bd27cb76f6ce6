//! What the suite says about its steps.

use std::fmt::Write as _;
use std::time::Duration;

use super::step::Step;
use crate::job::Finished;

/// Longest problem in the table, in characters.
const REMARK: usize = 60;

/// How one step ended.
pub(super) struct Outcome {
    pub(super) step: Step,
    finished: Finished,
    time: Duration,
}

impl Outcome {
    pub(super) fn new(step: Step, finished: Finished, time: Duration) -> Self {
        Self {
            step,
            finished,
            time,
        }
    }

    pub(super) fn failed(&self) -> bool {
        !self.finished.problems.is_empty()
    }

    fn result(&self) -> &'static str {
        if self.failed() { "FAILED" } else { "ok" }
    }

    /// The first problem and the notes, on one line.
    fn remark(&self) -> String {
        let problems = &self.finished.problems;
        let mut parts = Vec::new();
        if let Some(first) = problems.first() {
            let line = cut(first.lines().next().unwrap_or_default());
            parts.push(match problems.len() {
                1 => line,
                more => format!("{line} (and {} more)", more - 1),
            });
        }
        parts.extend(self.finished.notes.iter().cloned());
        parts.join("; ")
    }
}

/// The table stays readable; the problem stands in full where the step ended.
fn cut(line: &str) -> String {
    match line.char_indices().nth(REMARK) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// The end of one step: every problem in full, the result and the time.
pub(super) fn verdict(outcome: &Outcome) -> String {
    let mut text = String::new();
    for problem in &outcome.finished.problems {
        let _ = writeln!(text, "error: {problem}");
    }
    let _ = writeln!(
        text,
        "-- {}: {}, {} s",
        outcome.step.name(),
        outcome.result(),
        seconds(outcome.time)
    );
    text
}

/// The table at the end, and the count of tests as a line of its own.
pub(super) fn table(outcomes: &[Outcome]) -> String {
    let mut text = row("step", "result", "seconds", "");
    for outcome in outcomes {
        text += &row(
            outcome.step.name(),
            outcome.result(),
            &seconds(outcome.time),
            &outcome.remark(),
        );
    }
    let total = outcomes.iter().map(|outcome| outcome.time).sum();
    text += &row("all", "", &seconds(total), "");
    for outcome in outcomes {
        if let Some(counts) = &outcome.finished.tests {
            let _ = writeln!(text, "\ntests: {counts}");
        }
    }
    text
}

fn row(step: &str, result: &str, seconds: &str, remark: &str) -> String {
    let line = format!("{step:<10} {result:<6} {seconds:>8}  {remark}");
    format!("{}\n", line.trim_end())
}

fn seconds(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64())
}

/// The text of the error: which steps failed and how to repeat each.
pub(super) fn failure(failed: &[Step], ran: usize) -> String {
    let mut text = format!(
        "{} of {ran} steps failed; to repeat one of them:",
        failed.len()
    );
    for step in failed {
        let _ = write!(text, "\n  cargo xtask test --only {}", step.name());
    }
    text
}

/// The steps with their purpose, one a line.
pub(super) fn list() -> String {
    let mut text = String::new();
    for step in Step::ALL {
        let _ = writeln!(text, "{:<10} {}", step.name(), step.purpose());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::counts::Counts;

    fn outcome(step: Step, seconds: f64, finished: Finished) -> Outcome {
        Outcome::new(step, finished, Duration::from_secs_f64(seconds))
    }

    #[test]
    fn the_table_shows_results_times_and_remarks() {
        let outcomes = [
            outcome(Step::Format, 0.64, Finished::default()),
            outcome(
                Step::Clippy,
                123.45,
                Finished {
                    problems: vec!["the first\nwith a second line".into(), "the second".into()],
                    ..Finished::default()
                },
            ),
            outcome(
                Step::Docs,
                0.0,
                Finished {
                    problems: vec!["é".repeat(REMARK + 1)],
                    ..Finished::default()
                },
            ),
            outcome(
                Step::Tests,
                61.0,
                Finished {
                    tests: Some(Counts {
                        passed: 312,
                        failed: 0,
                        skipped: 2,
                    }),
                    ..Finished::default()
                },
            ),
            outcome(
                Step::Deny,
                4.0,
                Finished {
                    notes: vec!["advisories: not checked, database unreachable".into()],
                    ..Finished::default()
                },
            ),
        ];
        insta::assert_snapshot!(table(&outcomes));
    }

    #[test]
    fn the_verdict_gives_every_problem_in_full() {
        let outcome = outcome(
            Step::Msrv,
            1.0,
            Finished {
                problems: vec!["one\n  help: do this".into(), "two".into()],
                ..Finished::default()
            },
        );
        insta::assert_snapshot!(verdict(&outcome));
    }

    #[test]
    fn the_list_names_every_step_once() {
        insta::assert_snapshot!(list());
    }
}
