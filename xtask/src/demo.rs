//! `cargo xtask demo`: regenerates the client from the captured pages, then runs the demo of the CLI.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::job::command::CommandLine;
use crate::job::error::JobError;

/// The parts after `regen`: name, heading and cargo arguments. The CLI is a child process, because this package must build
/// when the generated code does not.
const PARTS: [(&str, &str, &str); 2] = [
    (
        "build",
        "Build the `stablelink` command, which contains the client and the sandbox",
        "build --locked -p stablelink-cli",
    ),
    (
        "walk",
        "Run the demo",
        "run --quiet --locked -p stablelink-cli -- demo",
    ),
];

/// Runs `regen`, builds the CLI, runs its demo, and writes the duration of each part to `out`.
///
/// # Errors
/// The error of the first part that fails.
pub fn run(
    root: &Path,
    out: &mut dyn Write,
    regen: impl FnOnce() -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    heading(
        out,
        "Generate the documents and the client from the captured pages",
    )?;
    regen()?;
    let mut durations = vec![("regen", start.elapsed())];
    for (name, title, arguments) in PARTS {
        let start = Instant::now();
        heading(out, title)?;
        cargo(root, arguments)?;
        durations.push((name, start.elapsed()));
    }
    write!(out, "{}", table(&durations))?;
    Ok(())
}

fn heading(out: &mut dyn Write, text: &str) -> Result<(), JobError> {
    writeln!(out, "\n== {text}")?;
    // The child process writes to the same terminal directly.
    Ok(out.flush()?)
}

fn cargo(root: &Path, arguments: &str) -> Result<(), JobError> {
    let command = CommandLine::cargo(arguments);
    match command.run(root)? {
        true => Ok(()),
        false => Err(JobError(format!(
            "`{command}` failed; see its output above"
        ))),
    }
}

fn table(durations: &[(&str, Duration)]) -> String {
    let mut text = "\n== All parts passed\n".to_owned();
    for (part, duration) in durations {
        text.push_str(&format!("  {part:<6} {:>8.2} s\n", duration.as_secs_f64()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_failing_regen_ends_the_demo() {
        let mut out = Vec::new();
        let result = run(Path::new("."), &mut out, || Err("stale".into()));
        assert_eq!(result.unwrap_err().to_string(), "stale");
        let out = String::from_utf8(out).unwrap();
        assert!(!out.contains("Build") && !out.contains("passed"), "{out}");
    }

    #[test]
    fn cargo_failing_command_is_named() {
        let error = cargo(Path::new("."), "no-such-command --locked").unwrap_err();
        assert_eq!(
            error.to_string(),
            "`cargo no-such-command --locked` failed; see its output above"
        );
    }

    #[test]
    fn table_shows_the_duration_of_each_part() {
        let durations = [
            ("regen", Duration::from_millis(310)),
            ("walk", Duration::from_secs(4)),
        ];
        assert_eq!(
            table(&durations),
            "\n== All parts passed\n  regen      0.31 s\n  walk       4.00 s\n"
        );
    }
}
