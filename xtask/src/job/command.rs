//! A command line that is printed as a person would type it at the root of the repository, and runs from there.
//!
//! Time limits use `tokio::process`. `duct`, `shared_child` and `wait-timeout` kill only the direct child; `process-wrap`
//! kills the group but has no time limit, and needs `nix` where `rustix` is already a dependency.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::error::JobError;

/// A program with its arguments and additional environment variables.
#[derive(Clone)]
pub(crate) struct CommandLine {
    program: String,
    args: Vec<String>,
    env: Vec<(&'static str, String)>,
    secret_env: Vec<(&'static str, String)>,
    folder: Option<String>,
}

/// The result of a command with a time limit.
#[derive(Debug)]
pub(crate) enum LimitedOutput {
    Exited { success: bool, text: String },
    TimedOut,
}

impl CommandLine {
    /// Creates a command line. A relative `program` that contains a slash is relative to the root.
    pub(crate) fn new<A: Into<String>>(
        program: impl Into<String>,
        args: impl IntoIterator<Item = A>,
    ) -> Self {
        Self {
            program: program.into(),
            args: args.into_iter().map(Into::into).collect(),
            env: Vec::new(),
            secret_env: Vec::new(),
            folder: None,
        }
    }

    /// Runs `cargo` with arguments separated by spaces.
    pub(crate) fn cargo(args: &str) -> Self {
        Self::new("cargo", args.split_whitespace())
    }

    pub(crate) fn args<A: Into<String>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    pub(crate) fn env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.env.push((name, value.into()));
        self
    }

    /// Sets a variable whose value is never printed.
    pub(crate) fn secret_env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.secret_env.push((name, value.into()));
        self
    }

    /// Runs in this folder below the root instead of in the root.
    pub(crate) fn in_folder(mut self, folder: impl Into<String>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Runs with inherited output and no input. Returns whether it succeeded.
    pub(crate) fn run(&self, root: &Path) -> Result<bool, JobError> {
        let status = self.command(root).status();
        Ok(status.map_err(|error| self.not_started(&error))?.success())
    }

    /// Runs without output. Returns whether it could be started and succeeded.
    pub(crate) fn succeeds(&self, root: &Path) -> bool {
        let mut command = self.command(root);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    /// Returns the trimmed standard output, or `None` if the command fails.
    pub(crate) fn stdout(&self, root: &Path) -> Option<String> {
        let output = self.command(root).stderr(Stdio::null()).output().ok()?;
        if !output.status.success() {
            return None;
        }
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Runs and passes each line of the standard output, with its line break, to `each`.
    pub(crate) fn for_each_line(
        &self,
        root: &Path,
        mut each: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<bool, JobError> {
        let mut child = self.spawn_piped(root)?;
        if let Some(stdout) = child.stdout.take() {
            let mut reader = BufReader::new(stdout);
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line)? > 0 {
                each(&line)?;
                line.clear();
            }
        }
        Ok(child.wait()?.success())
    }

    /// Runs with standard output and error in the file `log`. After `limit` the whole process group is killed.
    pub(crate) fn run_limited(
        &self,
        root: &Path,
        limit: Duration,
        log: &Path,
    ) -> Result<LimitedOutput, JobError> {
        let file = File::create(log)?;
        let stderr = file.try_clone()?.into();
        self.run_until(root, sleep(limit), log, file, stderr)
    }

    /// Runs like [`Self::run_limited`], with only the standard output in the file and the standard error inherited.
    pub(crate) fn run_limited_stdout(
        &self,
        root: &Path,
        limit: Duration,
        log: &Path,
    ) -> Result<LimitedOutput, JobError> {
        let file = File::create(log)?;
        self.run_until(root, sleep(limit), log, file, Stdio::inherit())
    }

    fn run_until(
        &self,
        root: &Path,
        is_over: impl Future<Output = ()>,
        log: &Path,
        stdout: File,
        stderr: Stdio,
    ) -> Result<LimitedOutput, JobError> {
        let mut command = tokio::process::Command::from(self.command(root));
        command.stdout(stdout).stderr(stderr);
        // A process group, so that helper processes (of git, for example) can be killed with the command.
        #[cfg(unix)]
        command.process_group(0);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let mut child = command.spawn().map_err(|error| self.not_started(&error))?;
            let status = tokio::select! {
                status = child.wait() => status?,
                () = is_over => {
                    kill_group(&child);
                    child.kill().await?;
                    return Ok(LimitedOutput::TimedOut);
                }
            };
            Ok(LimitedOutput::Exited {
                success: status.success(),
                text: String::from_utf8_lossy(&std::fs::read(log)?).into_owned(),
            })
        })
    }

    /// Starts the command with its standard output piped.
    pub(super) fn spawn_piped(&self, root: &Path) -> Result<Child, JobError> {
        let child = self.command(root).stdout(Stdio::piped()).spawn();
        child.map_err(|error| self.not_started(&error))
    }

    fn command(&self, root: &Path) -> Command {
        let program = if self.program.contains('/') {
            root.join(&self.program)
        } else {
            PathBuf::from(&self.program)
        };
        let folder = self.folder.as_ref().map(|folder| root.join(folder));
        let mut command = Command::new(program);
        command
            .args(&self.args)
            .envs(self.env.iter().chain(&self.secret_env).cloned())
            .current_dir(folder.as_deref().unwrap_or(root))
            .stdin(Stdio::null());
        command
    }

    fn not_started(&self, error: &io::Error) -> JobError {
        JobError(format!(
            "`{}` could not be started: {error}\n  help: install it, or put it on the PATH",
            self.program
        ))
    }
}

/// Creates the timer when it is first polled, which is inside the runtime.
async fn sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// Kills the process group that `child` leads. An error means that every process of the group has already exited.
#[cfg(unix)]
fn kill_group(child: &tokio::process::Child) {
    use rustix::process::{Pid, Signal, kill_process_group};

    let id = child.id().and_then(|id| i32::try_from(id).ok());
    if let Some(group) = id.and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

#[cfg(not(unix))]
fn kill_group(_child: &tokio::process::Child) {}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(folder) = &self.folder {
            write!(f, "(cd {} && ", quoted(folder))?;
        }
        for (name, value) in &self.env {
            write!(f, "{name}={} ", quoted(value))?;
        }
        for (name, _) in &self.secret_env {
            write!(f, "{name}=… ")?;
        }
        write!(f, "{}", quoted(&self.program))?;
        for arg in &self.args {
            write!(f, " {}", quoted(arg))?;
        }
        if self.folder.is_some() {
            f.write_str(")")?;
        }
        Ok(())
    }
}

/// Quotes a word for a POSIX shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, mpsc};
    use std::thread;

    use super::*;

    #[test]
    fn display_is_quoted_for_a_shell_and_hides_secrets() {
        let cases = [
            (
                CommandLine::cargo("doc --no-deps").env("RUSTDOCFLAGS", "-D warnings"),
                "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps",
            ),
            (
                CommandLine::new("python3", ["-c", "print('x')", ""]),
                r"python3 -c 'print('\''x'\'')' ''",
            ),
            (
                CommandLine::cargo("test").args(["--", "-D"]),
                "cargo test -- -D",
            ),
            (
                CommandLine::new("go", ["run", "."])
                    .env("A", "1")
                    .secret_env("KEY", "k")
                    .in_folder("tests/go"),
                "(cd tests/go && A=1 KEY=… go run .)",
            ),
        ];
        for (command, expected) in cases {
            assert_eq!(command.to_string(), expected);
        }
    }

    #[test]
    fn for_each_line_passes_lines_with_their_breaks() {
        let mut seen = Vec::new();
        let passed = CommandLine::cargo("--version").for_each_line(Path::new("."), |line| {
            seen.push(String::from_utf8_lossy(line).into_owned());
            Ok(())
        });
        assert!(passed.unwrap());
        assert_eq!(seen.len(), 1);
        assert!(seen[0].starts_with("cargo ") && seen[0].ends_with('\n'));
    }

    #[test]
    fn run_limited_failing_command_returns_its_output() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let command = CommandLine::cargo("no-such-command");
        let output = command.run_limited(folder.path(), Duration::from_secs(600), &log);
        let LimitedOutput::Exited { success, text } = output.unwrap() else {
            panic!("timed out");
        };
        assert!(!success);
        assert!(text.contains("no-such-command"), "{text}");
    }

    #[test]
    #[cfg(unix)]
    fn run_until_timeout_kills_the_process_group() {
        let folder = tempfile::tempdir().unwrap();
        let pipes = CommandLine::new("mkfifo", ["alive", "never"]);
        assert!(pipes.succeeds(folder.path()));
        // The inner shell keeps `alive` open until it is killed.
        let inner = "sh -c 'exec 3>alive; read line <never'; true";
        let command = CommandLine::new("sh", ["-c", inner]);

        let started = Arc::new(AtomicBool::new(false));
        let (sender, closed) = mpsc::channel();
        let alive = folder.path().join("alive");
        let seen = Arc::clone(&started);
        thread::spawn(move || {
            let mut alive = File::open(alive).unwrap();
            seen.store(true, Ordering::SeqCst);
            alive.read_to_end(&mut Vec::new()).unwrap();
            sender.send(()).unwrap();
        });
        let log = folder.path().join("log");
        let is_over = async {
            while !started.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let file = File::create(&log).unwrap();
        let output = command.run_until(folder.path(), is_over, &log, file, Stdio::null());
        assert!(matches!(output, Ok(LimitedOutput::TimedOut)));
        closed
            .recv_timeout(Duration::from_secs(60))
            .expect("the inner shell is still running");
    }
}
