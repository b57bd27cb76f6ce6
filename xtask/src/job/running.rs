//! A process that runs beside us until it is dropped.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Child;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::call::Call;
use super::stop::Stop;

/// The longest that a line is waited for.
const LIMIT: Duration = Duration::from_secs(120);

/// Ends with the value.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    shown: String,
}

impl Running {
    pub(crate) fn start(call: &Call, root: &Path) -> Result<Self, Stop> {
        let mut child = call.piped(root)?;
        let (sender, lines) = mpsc::channel();
        if let Some(output) = child.stdout.take() {
            // Read to its end, whether anybody wants it or not: a full pipe would hold the process up.
            thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    // Who no longer listens has what it needs.
                    let _ = sender.send(line);
                }
            });
        }
        Ok(Self {
            child,
            lines,
            shown: call.to_string(),
        })
    }

    /// The next line of its standard output.
    pub(crate) fn line(&self) -> Result<String, Stop> {
        self.lines.recv_timeout(LIMIT).map_err(|error| {
            Stop(match error {
                RecvTimeoutError::Disconnected => format!("ended too early: {}", self.shown),
                RecvTimeoutError::Timeout => {
                    format!("said nothing for {} s: {}", LIMIT.as_secs(), self.shown)
                }
            })
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Failures are left alone: it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_one_by_one_and_an_early_end_is_told() {
        let root = Path::new(".");
        let running = Running::start(&Call::new("sh", ["-c", "echo a; echo b"]), root)
            .ok()
            .unwrap();
        assert_eq!(running.line().ok().unwrap(), "a");
        assert_eq!(running.line().ok().unwrap(), "b");
        let Err(Stop(reason)) = running.line() else {
            panic!("a third line");
        };
        assert!(reason.starts_with("ended too early: sh -c"), "{reason}");
    }

    #[test]
    #[cfg(unix)]
    fn the_process_ends_with_the_value() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Call::new("mkfifo", ["alive"]).succeeds_quietly(folder.path()));
        // `exec`, so that the process that holds `alive` open is the one that is started.
        let call = Call::new("sh", ["-c", "exec 3>alive; echo started; exec sleep 600"]);
        let running = Running::start(&call, folder.path()).ok().unwrap();
        let mut alive = std::fs::File::open(folder.path().join("alive")).unwrap();
        assert_eq!(running.line().ok().unwrap(), "started");
        drop(running);
        // Ends only once nobody holds it open.
        std::io::Read::read_to_end(&mut alive, &mut Vec::new()).unwrap();
    }
}
