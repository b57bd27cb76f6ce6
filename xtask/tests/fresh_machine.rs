//! What the suite does where a machine lacks something: the command itself, with nothing but stand-ins on its PATH.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

/// A machine without `redis-server`, as seen through the programs on its PATH. What they are told to do stands in `log`.
struct Machine(tempfile::TempDir);

/// Is there once the file beside it is.
const REDIS: &str = r#"[ -e "$0.installed" ]"#;

/// Brings `redis-server`.
const APT: &str = r#"[ "$1" = --version ] || echo "apt-get $*" >>"${0%/*}/log"
case "$1" in install) : >"${0%/*}/redis-server.installed" ;; esac"#;

/// Says that all went well, and brings nothing.
const IDLE_APT: &str = "";

/// The package is not found.
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

    /// The suite reduced to one step, with a `cargo` that does nothing.
    fn run(&self, step: &str) -> (bool, String) {
        let ended: Output = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(["test", "--only", step])
            .env("PATH", self.0.path())
            .current_dir(Path::new("/"))
            .output()
            .unwrap();
        let text = [ended.stdout, ended.stderr].concat();
        (
            ended.status.success(),
            String::from_utf8_lossy(&text).into_owned(),
        )
    }
}

#[test]
fn what_is_there_is_taken_and_nobody_is_asked() {
    let machine = Machine::new(0, Some(APT));
    machine.program("redis-server", "");
    let (passed, said) = machine.run("docs");
    assert!(passed, "{said}");
    assert!(!said.contains("installed"), "{said}");
    assert_eq!(machine.log(), "cargo doc\ncargo doc\n");
}

#[test]
fn root_gets_it_installed_and_is_told() {
    let machine = Machine::new(0, Some(APT));
    let (passed, said) = machine.run("docs");
    assert!(passed, "{said}");
    assert!(
        said.contains("installed from Debian: redis-server"),
        "{said}"
    );
    let wanted = "apt-get update --quiet
apt-get install --yes --quiet --no-install-recommends redis-server
cargo doc
cargo doc
";
    assert_eq!(machine.log(), wanted);
}

/// Nothing else is tried: no `apt-get`, no `cargo`, and what to do is said in one command.
#[test]
fn who_is_not_root_is_told_the_one_command() {
    for step in ["clippy", "tests", "docs", "msrv"] {
        let machine = Machine::new(1000, Some(APT));
        let (passed, said) = machine.run(step);
        assert!(!passed, "{step}: {said}");
        let what = "not on this machine: redis-server (tests share a token over a real Redis";
        assert!(said.contains(what), "{step}: {said}");
        let help = "help: sudo apt-get install -y redis-server\n";
        assert!(said.contains(help), "{step}: {said}");
        let log = machine.log();
        let of_tools = ["", "cargo clippy\n"];
        assert!(of_tools.contains(&log.as_str()), "{step}: {log}");
    }
}

/// Each way for it to go wrong ends the step, with what to do.
#[test]
fn an_installation_that_does_not_help_is_said() {
    const ELSEWHERE: &str = "help: install it by the means of this system; on Debian: apt-get install -y redis-server\n";
    for (user, apt, words) in [
        (0, None, ELSEWHERE),
        (1000, None, ELSEWHERE),
        (
            0,
            Some(FAILING_APT),
            "help: install by hand: redis-server\n",
        ),
        (
            0,
            Some(IDLE_APT),
            "installed, and still not found: redis-server\n  help: see what `redis-server --version` says",
        ),
    ] {
        let machine = Machine::new(user, apt);
        let (passed, said) = machine.run("docs");
        assert!(!passed, "{said}");
        assert!(said.contains(words), "{said}");
        assert!(!machine.log().contains("cargo"), "{said}");
    }
}
