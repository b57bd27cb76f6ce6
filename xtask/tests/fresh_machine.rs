//! Runs `cargo xtask test` on a machine without a required program: the PATH contains only stub programs.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

/// A folder of stub programs without `redis-server`. The stubs append their arguments to the file `log`.
struct Machine(tempfile::TempDir);

/// A `redis-server` that succeeds only after the stub of `apt-get` has created its marker file.
const REDIS: &str = r#"[ -e "$0.installed" ]"#;

/// An `apt-get` that installs `redis-server`.
const APT: &str = r#"[ "$1" = --version ] || echo "apt-get $*" >>"${0%/*}/log"
case "$1" in install) : >"${0%/*}/redis-server.installed" ;; esac"#;

/// An `apt-get` that succeeds without installing anything.
const IDLE_APT: &str = "";

/// An `apt-get` that fails to install.
const FAILING_APT: &str = r#"case "$1" in install) exit 100 ;; esac"#;

impl Machine {
    fn new(user: u32, apt: Option<&str>) -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        machine.program("cargo", r#"echo "cargo $1" >>"${0%/*}/log""#);
        machine.program("id", &format!("echo {user}"));
        machine.program("pkg-config", "");
        machine.program("chromium", "");
        machine.program("redis-server", REDIS);
        if let Some(apt) = apt {
            machine.program("apt-get", apt);
        }
        machine
    }

    fn program(&self, name: &str, script: &str) {
        let path = self.0.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn log(&self) -> String {
        fs::read_to_string(self.0.path().join("log")).unwrap_or_default()
    }

    /// Runs one step of the suite with the stubs. Returns whether it passed, and its output.
    fn run(&self, step: &str) -> (bool, String) {
        let output: Output = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(["test", "--only", step])
            .env("PATH", self.0.path())
            .current_dir(Path::new("/"))
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        (
            output.status.success(),
            String::from_utf8_lossy(&text).into_owned(),
        )
    }
}

#[test]
fn present_program_is_not_installed() {
    let machine = Machine::new(0, Some(APT));
    machine.program("redis-server", "");
    let (passed, text) = machine.run("docs");
    assert!(passed, "{text}");
    assert!(!text.contains("installed"), "{text}");
    assert_eq!(machine.log(), "cargo doc\ncargo doc\n");
}

#[test]
fn root_installs_missing_program_and_reports_it() {
    let machine = Machine::new(0, Some(APT));
    let (passed, text) = machine.run("docs");
    assert!(passed, "{text}");
    assert!(
        text.contains("installed from Debian: redis-server"),
        "{text}"
    );
    let expected = "apt-get update --quiet
apt-get install --yes --quiet --no-install-recommends redis-server
cargo doc
cargo doc
";
    assert_eq!(machine.log(), expected);
}

/// Without root the suite runs neither `apt-get` nor a build, and prints the command that installs the program.
#[test]
fn user_without_root_gets_install_command() {
    for step in ["clippy", "tests", "docs", "msrv"] {
        let machine = Machine::new(1000, Some(APT));
        let (passed, text) = machine.run(step);
        assert!(!passed, "{step}: {text}");
        let problem = "missing on this machine: redis-server (tests start a Redis server)";
        assert!(text.contains(problem), "{step}: {text}");
        let help = "help: sudo apt-get install -y redis-server\n";
        assert!(text.contains(help), "{step}: {text}");
        let log = machine.log();
        let allowed = ["", "cargo clippy\n"];
        assert!(allowed.contains(&log.as_str()), "{step}: {log}");
    }
}

/// Each failure of the installation fails the step with a help text.
#[test]
fn failed_installation_fails_step_with_help() {
    const OTHER_SYSTEM: &str = "help: install it with the package manager of this system; on Debian: apt-get install -y redis-server\n";
    for (user, apt, expected) in [
        (0, None, OTHER_SYSTEM),
        (1000, None, OTHER_SYSTEM),
        (
            0,
            Some(FAILING_APT),
            "help: install by hand: redis-server\n",
        ),
        (
            0,
            Some(IDLE_APT),
            "still missing after the installation: redis-server\n  help: look at the output of `redis-server --version`",
        ),
    ] {
        let machine = Machine::new(user, apt);
        let (passed, text) = machine.run("docs");
        assert!(!passed, "{text}");
        assert!(text.contains(expected), "{text}");
        assert!(!machine.log().contains("cargo"), "{text}");
    }
}
