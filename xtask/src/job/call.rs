//! A command line: shown as a person would type it at the root, run from there.

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use super::stop::Stop;

/// How often a command with a time limit is looked at.
const POLL: Duration = Duration::from_millis(50);

/// A program with its arguments and the variables that differ from ours.
#[derive(Clone)]
pub(crate) struct Call {
    program: String,
    args: Vec<String>,
    env: Vec<(&'static str, String)>,
    hidden: Vec<(&'static str, String)>,
    folder: Option<String>,
}

/// How a command with a time limit ended.
pub(crate) enum Limited {
    Ended { success: bool, text: String },
    TimedOut,
}

impl Call {
    /// A relative `program` with a slash in it counts from the root.
    pub(crate) fn new<A: Into<String>>(
        program: impl Into<String>,
        args: impl IntoIterator<Item = A>,
    ) -> Self {
        Self {
            program: program.into(),
            args: args.into_iter().map(Into::into).collect(),
            env: Vec::new(),
            hidden: Vec::new(),
            folder: None,
        }
    }

    /// `cargo` with words parted by blanks.
    pub(crate) fn cargo(words: &str) -> Self {
        Self::new("cargo", words.split_whitespace())
    }

    pub(crate) fn env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.env.push((name, value.into()));
        self
    }

    /// A variable whose value is shown to nobody.
    pub(crate) fn hidden(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.hidden.push((name, value.into()));
        self
    }

    /// Runs in this folder below the root, in place of the root.
    pub(crate) fn within(mut self, folder: impl Into<String>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    pub(crate) fn args<A: Into<String>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Runs with our output and no input; whether it succeeded.
    pub(crate) fn status(&self, root: &Path) -> Result<bool, Stop> {
        let status = self.command(root).status();
        Ok(status.map_err(|error| self.not_started(&error))?.success())
    }

    /// Runs without showing anything; whether it could be started and succeeded.
    pub(crate) fn succeeds_quietly(&self, root: &Path) -> bool {
        self.command(root)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    /// The standard output, trimmed, or nothing when the command fails.
    pub(crate) fn text(&self, root: &Path) -> Option<String> {
        let output = self.command(root).stderr(Stdio::null()).output().ok()?;
        if !output.status.success() {
            return None;
        }
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Runs with its standard output given line by line, line break included.
    pub(crate) fn lines(
        &self,
        root: &Path,
        mut each: impl FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<bool, Stop> {
        let mut child = self.piped(root)?;
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

    /// Runs with both outputs kept in the file `log`, and ends it, with what it started, once
    /// `is_over` says so.
    pub(crate) fn limited(
        &self,
        root: &Path,
        is_over: impl FnMut() -> bool,
        log: &Path,
    ) -> Result<Limited, Stop> {
        let file = File::create(log)?;
        let errors = file.try_clone()?.into();
        self.until(root, is_over, log, file, errors)
    }

    /// As [`Self::limited`], with our standard error and the standard output alone in the file.
    pub(crate) fn limited_output(
        &self,
        root: &Path,
        is_over: impl FnMut() -> bool,
        log: &Path,
    ) -> Result<Limited, Stop> {
        self.until(root, is_over, log, File::create(log)?, Stdio::inherit())
    }

    fn until(
        &self,
        root: &Path,
        is_over: impl FnMut() -> bool,
        log: &Path,
        output: File,
        errors: Stdio,
    ) -> Result<Limited, Stop> {
        let mut command = self.command(root);
        command.stdout(output).stderr(errors);
        // A group of its own: git and its helpers must end with the command that started them.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(|error| self.not_started(&error))?;
        let Some(status) = wait(&mut child, is_over)? else {
            end(&mut child, root);
            return Ok(Limited::TimedOut);
        };
        let text = std::fs::read(log)?;
        Ok(Limited::Ended {
            success: status.success(),
            text: String::from_utf8_lossy(&text).into_owned(),
        })
    }

    /// Starts it with its standard output piped.
    pub(super) fn piped(&self, root: &Path) -> Result<Child, Stop> {
        let child = self.command(root).stdout(Stdio::piped()).spawn();
        child.map_err(|error| self.not_started(&error))
    }

    fn command(&self, root: &Path) -> Command {
        let program = if self.program.contains('/') {
            root.join(&self.program)
        } else {
            PathBuf::from(&self.program)
        };
        let mut command = Command::new(program);
        command
            .args(&self.args)
            .envs(self.env.iter().chain(&self.hidden).cloned())
            .current_dir(
                self.folder
                    .as_ref()
                    .map_or(root.to_path_buf(), |folder| root.join(folder)),
            )
            .stdin(Stdio::null());
        command
    }

    fn not_started(&self, error: &std::io::Error) -> Stop {
        Stop(format!(
            "`{}` could not be started: {error}\n  help: install it, or put it on the PATH",
            self.program
        ))
    }
}

/// Nothing when the time was over first.
fn wait(
    child: &mut Child,
    mut is_over: impl FnMut() -> bool,
) -> std::io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if is_over() {
            return Ok(None);
        }
        thread::sleep(POLL);
    }
}

/// Ends the child and its group. Failures are left alone: what is left over has ended already.
fn end(child: &mut Child, root: &Path) {
    if cfg!(unix) {
        let group = format!("-{}", child.id());
        let _ = Call::new("kill", ["-KILL", "--", &group]).succeeds_quietly(root);
    }
    let _ = child.kill();
    let _ = child.wait();
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(folder) = &self.folder {
            write!(f, "(cd {} && ", quoted(folder))?;
        }
        for (name, value) in &self.env {
            write!(f, "{name}={} ", quoted(value))?;
        }
        for (name, _) in &self.hidden {
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

/// One word for a shell.
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

    use super::*;

    #[test]
    fn it_reads_as_a_person_would_type_it() {
        let cases = [
            (
                Call::cargo("doc --no-deps").env("RUSTDOCFLAGS", "-D warnings"),
                "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps",
            ),
            (
                Call::new("python3", ["-c", "print('x')", ""]),
                r"python3 -c 'print('\''x'\'')' ''",
            ),
            (Call::cargo("test").args(["--", "-D"]), "cargo test -- -D"),
            (
                Call::new("go", ["run", "."])
                    .env("A", "1")
                    .hidden("KEY", "k")
                    .within("tests/go"),
                "(cd tests/go && A=1 KEY=… go run .)",
            ),
        ];
        for (call, wanted) in cases {
            assert_eq!(call.to_string(), wanted);
        }
    }

    #[test]
    fn the_lines_of_the_output_come_with_their_breaks() {
        let mut seen = Vec::new();
        let passed = Call::cargo("--version")
            .lines(Path::new("."), |line| {
                seen.push(String::from_utf8_lossy(line).into_owned());
                Ok(())
            })
            .ok()
            .unwrap();
        assert!(passed);
        assert_eq!(seen.len(), 1);
        assert!(seen[0].starts_with("cargo ") && seen[0].ends_with('\n'));
    }

    #[test]
    fn the_output_of_a_limited_command_is_kept_with_its_result() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let call = Call::cargo("no-such-command");
        let limited = call.limited(folder.path(), || false, &log);
        let Limited::Ended { success, text } = limited.ok().unwrap() else {
            panic!("timed out");
        };
        assert!(!success);
        assert!(text.contains("no-such-command"), "{text}");
    }

    #[test]
    #[cfg(unix)]
    fn a_limited_command_ends_with_all_that_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let pipes = Call::new("mkfifo", ["alive", "never"]);
        assert!(pipes.succeeds_quietly(folder.path()));
        // The inner shell holds `alive` open for as long as it lives, which is for ever.
        let inner = "sh -c 'exec 3>alive; read line <never'; true";
        let call = Call::new("sh", ["-c", inner]);

        let started = Arc::new(AtomicBool::new(false));
        let (says, ended) = mpsc::channel();
        let alive = folder.path().join("alive");
        let seen = Arc::clone(&started);
        thread::spawn(move || {
            let mut alive = File::open(alive).unwrap();
            seen.store(true, Ordering::SeqCst);
            alive.read_to_end(&mut Vec::new()).unwrap();
            says.send(()).unwrap();
        });
        let log = folder.path().join("log");
        let limited = call.limited(folder.path(), || started.load(Ordering::SeqCst), &log);
        assert!(matches!(limited, Ok(Limited::TimedOut)));
        ended
            .recv_timeout(Duration::from_secs(60))
            .expect("the inner shell lives on");
    }
}
