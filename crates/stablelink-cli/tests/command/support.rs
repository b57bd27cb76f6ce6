//! A gateway on localhost and the command, with settings of its own.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use secrecy::ExposeSecret;
use stablelink_sandbox::{Sandbox, SandboxBuilder};
use tempfile::TempDir;
use tokio::runtime::Runtime;

pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) home: TempDir,
    /// Serves the gateway while the command runs.
    _runtime: Runtime,
}

pub(crate) const SECRETS: [&str; 3] = [
    "STABLELINK_API_KEY",
    "STABLELINK_API_SECRET",
    "STABLELINK_SIGN_KEY",
];

/// Makes an order that costs 1.01 coins.
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

impl Stage {
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

    /// The three secrets, in the order of [`SECRETS`].
    pub(crate) fn secrets(&self) -> [String; 3] {
        let secrets = self.sandbox.credentials();
        [secrets.api_key(), secrets.api_secret(), secrets.sign_key()]
            .map(|secret| secret.expose_secret().to_owned())
    }

    /// The command with nothing but a home.
    pub(crate) fn bare(&self) -> Command {
        bare(self.home.path())
    }

    /// The command with gateway and secrets in its environment.
    pub(crate) fn command(&self) -> Command {
        let mut command = self.bare();
        command.env("STABLELINK_ENV", self.sandbox.url());
        for (name, secret) in SECRETS.iter().zip(self.secrets()) {
            command.env(name, secret);
        }
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        run(self.command().args(arguments), b"")
    }
}

pub(crate) fn bare(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stablelink"));
    command.env_clear().env("HOME", home);
    command
}

/// What a command gave.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) fn run(command: &mut Command, input: &[u8]) -> Run {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that needs no input may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input);
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().unwrap();
    Run {
        code: status.code().unwrap_or(-1),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}
