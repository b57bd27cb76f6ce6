//! From the captured pages to a walk through the generated client, as one command.

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A command failed; it said why.
    #[error("`{0}` failed; what it says stands above")]
    Failed(String),
    /// Cargo is not there.
    #[error("`{command}` could not be started: {source}\n  help: put cargo on the PATH")]
    NotStarted {
        /// What was to run.
        command: String,
        /// Why it does not.
        source: io::Error,
    },
    /// The times could not be written.
    #[error("the times could not be written: {0}")]
    Report(#[from] io::Error),
}

/// What is built and run: a process of its own, for this package must build when the generated code does not.
const PACKAGE: [&str; 3] = ["--locked", "-p", "stablelink-cli"];

/// Runs `regen` and then the demo of the command, and writes the time that each part took to `out`.
///
/// # Errors
/// The first part that fails ends it.
pub fn run(
    root: &Path,
    out: &mut dyn Write,
    regen: impl FnOnce() -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let mut times = Vec::new();
    heading(
        out,
        "From the captured pages to the documents and the client",
    )?;
    times.push(("regen", timed(regen)?));
    heading(
        out,
        "The command `stablelink`, with the client and the gateway in it, is built",
    )?;
    times.push(("build", timed(|| cargo(root, "build", &[]))?));
    heading(out, "The demo")?;
    times.push((
        "walk",
        timed(|| cargo(root, "run", &["--quiet", "--", "demo"]))?,
    ));
    write!(out, "{}", table(&times))?;
    Ok(())
}

fn heading(out: &mut dyn Write, text: &str) -> Result<(), DemoError> {
    writeln!(out, "\n== {text}")?;
    // What is run now writes to the same place by itself.
    out.flush()?;
    Ok(())
}

fn timed<E>(part: impl FnOnce() -> Result<(), E>) -> Result<Duration, E> {
    let start = Instant::now();
    part()?;
    Ok(start.elapsed())
}

fn cargo(root: &Path, command: &str, arguments: &[&str]) -> Result<(), DemoError> {
    let shown = [&["cargo", command], PACKAGE.as_slice(), arguments]
        .concat()
        .join(" ");
    let status = Command::new("cargo")
        .arg(command)
        .args(PACKAGE)
        .args(arguments)
        .current_dir(root)
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(DemoError::Failed(shown)),
        Err(source) => Err(DemoError::NotStarted {
            command: shown,
            source,
        }),
    }
}

fn table(times: &[(&str, Duration)]) -> String {
    let mut text = "\n== Every part passed\n".to_owned();
    for (part, time) in times {
        text.push_str(&format!("  {part:<6} {:>8.2} s\n", time.as_secs_f64()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_regen_that_fails_ends_it() {
        let mut out = Vec::new();
        let failed = run(Path::new("."), &mut out, || Err("stale".into()));
        assert_eq!(failed.unwrap_err().to_string(), "stale");
        let said = String::from_utf8(out).unwrap();
        assert!(
            !said.contains("built") && !said.contains("passed"),
            "{said}"
        );
    }

    #[test]
    fn a_command_that_fails_is_named() {
        let error = cargo(Path::new("."), "no-such-command", &[]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`cargo no-such-command --locked -p stablelink-cli` failed; what it says stands above"
        );
    }

    #[test]
    fn each_part_has_its_time() {
        let times = [
            ("regen", Duration::from_millis(310)),
            ("walk", Duration::from_secs(4)),
        ];
        assert_eq!(
            table(&times),
            "\n== Every part passed\n  regen      0.31 s\n  walk       4.00 s\n"
        );
    }
}
