//! A program that runs in the background until its value is dropped.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Child;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::command::CommandLine;
use super::error::JobError;

/// The timeout for the next line of output.
const LINE_TIMEOUT: Duration = Duration::from_secs(120);

/// Kills the program when it is dropped.
pub(crate) struct BackgroundProcess {
    child: Child,
    lines: Receiver<String>,
    command: String,
}

impl BackgroundProcess {
    pub(crate) fn start(command: &CommandLine, root: &Path) -> Result<Self, JobError> {
        let mut child = command.spawn_piped(root)?;
        let (sender, lines) = mpsc::channel();
        if let Some(output) = child.stdout.take() {
            // The output is always read to its end: a full pipe would block the program.
            thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    // The send fails after the receiver is dropped; reading must continue.
                    let _ = sender.send(line);
                }
            });
        }
        Ok(Self {
            child,
            lines,
            command: command.to_string(),
        })
    }

    /// Waits for the next line of the standard output.
    pub(crate) fn next_line(&self) -> Result<String, JobError> {
        self.lines.recv_timeout(LINE_TIMEOUT).map_err(|error| {
            JobError(match error {
                RecvTimeoutError::Disconnected => format!("exited too early: {}", self.command),
                RecvTimeoutError::Timeout => format!(
                    "no output for {} s: {}",
                    LINE_TIMEOUT.as_secs(),
                    self.command
                ),
            })
        })
    }
}

impl Drop for BackgroundProcess {
    fn drop(&mut self) {
        // Both calls fail only if the program has already exited.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_line_after_exit_is_an_error() {
        let command = CommandLine::new("sh", ["-c", "echo a; echo b"]);
        let process = BackgroundProcess::start(&command, Path::new(".")).unwrap();
        assert_eq!(process.next_line().unwrap(), "a");
        assert_eq!(process.next_line().unwrap(), "b");
        let JobError(reason) = process.next_line().unwrap_err();
        assert!(reason.starts_with("exited too early: sh -c"), "{reason}");
    }

    #[test]
    #[cfg(unix)]
    fn drop_kills_the_program() {
        let folder = tempfile::tempdir().unwrap();
        assert!(CommandLine::new("mkfifo", ["alive"]).succeeds(folder.path()));
        // With `exec`, the process that is started here is the process that keeps `alive` open.
        let script = "exec 3>alive; echo started; exec sleep 600";
        let command = CommandLine::new("sh", ["-c", script]);
        let process = BackgroundProcess::start(&command, folder.path()).unwrap();
        let mut alive = std::fs::File::open(folder.path().join("alive")).unwrap();
        assert_eq!(process.next_line().unwrap(), "started");
        drop(process);
        // Returns when no process keeps the pipe open.
        std::io::Read::read_to_end(&mut alive, &mut Vec::new()).unwrap();
    }
}
