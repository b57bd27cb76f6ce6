//! Runs commands of other ecosystems with a time limit, and reads the output of generators.

use std::time::Duration;

use crate::job::command::{CommandLine, LimitedOutput};
use crate::job::{Job, error::JobError};

/// The time limit of each command, so that a command that hangs does not block the suite.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(300);

/// Runs a generator and returns the lines that it printed, without colours. `log` is relative to the root.
pub(super) fn run_generator(
    job: &mut Job<'_>,
    command: &CommandLine,
    log: &str,
) -> Result<Vec<String>, JobError> {
    let log = job.root.join(log);
    let output = job.timed(command, |job| {
        command.run_limited(job.root, TIME_LIMIT, &log)
    })?;
    let (success, text) = exited(command, output)?;
    let text = strip_colours(&text);
    job.out.write_all(text.as_bytes())?;
    if !success {
        // The output is printed above; its lines are not warnings.
        return Err(JobError(format!("failed: {command}")));
    }
    Ok(text.lines().map(str::to_owned).collect())
}

/// Returns whether the command succeeded, and its output. A timeout is an error.
pub(super) fn exited(
    command: &CommandLine,
    output: LimitedOutput,
) -> Result<(bool, String), JobError> {
    match output {
        LimitedOutput::Exited { success, text } => Ok((success, text)),
        LimitedOutput::TimedOut => Err(JobError(format!(
            "killed after {} s: {command}",
            TIME_LIMIT.as_secs()
        ))),
    }
}

/// Removes the escape sequences of terminal colours (ESC, `[`, numbers, `m`), which some generators print to files too.
fn strip_colours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit() && c != ';');
        let rest = end.map_or("", |end| &part[end..]);
        plain.push_str(rest.strip_prefix('m').unwrap_or(rest));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strip_colours_removes_escape_sequences_only() {
        for (text, plain) in [
            ("plain [1;2m", "plain [1;2m"),
            (
                "\u{1b}[0m\u{1b}[0m# thanks\n\u{1b}[1;33mWARN\u{1b}[m x",
                "# thanks\nWARN x",
            ),
            ("cut \u{1b}[", "cut "),
        ] {
            assert_eq!(strip_colours(text), plain);
        }
    }
}
