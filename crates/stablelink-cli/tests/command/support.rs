//! The test environment: a local sandbox, and the command with an empty home directory.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use secrecy::ExposeSecret;
use stablelink_sandbox::{Sandbox, SandboxBuilder};
use tempfile::TempDir;
use tokio::runtime::Runtime;

pub(crate) struct TestEnvironment {
    pub(crate) sandbox: Sandbox,
    pub(crate) home: TempDir,
    /// Runs the sandbox.
    _runtime: Runtime,
}

pub(crate) const SECRETS: [&str; 3] = [
    "STABLELINK_API_KEY",
    "STABLELINK_API_SECRET",
    "STABLELINK_SIGN_KEY",
];

/// Creates an order of 1.01 coins.
pub(crate) const ORDER: [&str; 10] = [
    "checkout",
    "create",
    "--amount",
    "1",
    "--token",
    "ETH_USDT",
    "--customer",
    "6",
    "--merchant",
    "1",
];

impl TestEnvironment {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(change: impl FnOnce(SandboxBuilder) -> SandboxBuilder) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let sandbox = runtime
            .block_on(change(Sandbox::builder()).start())
            .unwrap();
        Self {
            sandbox,
            home: tempfile::tempdir().unwrap(),
            _runtime: runtime,
        }
    }

    /// Returns the three secrets, in the order of [`SECRETS`].
    pub(crate) fn secrets(&self) -> [String; 3] {
        let secrets = self.sandbox.credentials();
        [secrets.api_key(), secrets.api_secret(), secrets.sign_key()]
            .map(|secret| secret.expose_secret().to_owned())
    }

    /// Returns the command with only HOME in its environment.
    pub(crate) fn bare(&self) -> Command {
        bare(self.home.path())
    }

    /// Returns the command with the sandbox URL and the secrets in its environment.
    pub(crate) fn command(&self) -> Command {
        let mut command = self.bare();
        command.env("STABLELINK_ENV", self.sandbox.url());
        for (name, secret) in SECRETS.iter().zip(self.secrets()) {
            command.env(name, secret);
        }
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> CommandOutput {
        run(self.command().args(arguments), b"")
    }
}

pub(crate) fn bare(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stablelink"));
    command.env_clear().env("HOME", home);
    command
}

/// The result of a command.
#[derive(Debug)]
pub(crate) struct CommandOutput {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) fn run(command: &mut Command, input: &[u8]) -> CommandOutput {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Fails if the command has already exited without reading its input.
    let _ = child.stdin.take().unwrap().write_all(input);
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().unwrap();
    CommandOutput {
        code: status.code().unwrap_or(-1),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}
