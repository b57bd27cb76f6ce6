//! A login at a terminal: what is typed is not shown, and Ctrl-C gives the terminal back.

use crate::support::Stage;
use std::process::Command;

use rexpect::session::{PtySession, spawn_command};

const LIMIT: Option<u64> = Some(30_000);

/// A login in a shell whose terminal echoes, and then what the terminal is set to. The library of the tests turns echo off.
fn login(stage: &Stage) -> PtySession {
    let mut command = Command::new("sh");
    command.args(["-c", r#"stty echo; "$0" --env "$1" login; stty -a"#]);
    command.args([env!("CARGO_BIN_EXE_stablelink"), stage.sandbox.url()]);
    command
        .env_clear()
        .env("HOME", stage.home.path())
        .env("PATH", "/usr/bin:/bin");
    spawn_command(command, LIMIT).unwrap()
}

/// Whether the settings that `stty -a` shows have echo.
fn echoes(shown: &str) -> bool {
    shown.split_whitespace().any(|word| word == "echo")
}

#[test]
fn secrets_are_not_shown_while_they_are_typed() {
    let stage = Stage::new();
    let mut terminal = login(&stage);
    let mut shown = String::new();
    for (name, secret) in ["api key", "api secret", "sign key"]
        .iter()
        .zip(stage.secrets())
    {
        shown += &terminal
            .exp_string(&format!("{name} (not shown): "))
            .unwrap();
        terminal.send_line(&secret).unwrap();
    }
    shown += &terminal.exp_eof().unwrap();
    assert!(shown.contains("tried and kept"), "{shown}");
    assert!(echoes(&shown), "the terminal is given back: {shown}");
    for secret in stage.secrets() {
        assert!(!shown.contains(&secret), "{shown}");
    }
    let who = crate::support::run(stage.bare().arg("token"), b"");
    assert_eq!(who.code, 0, "{who:?}");
}

#[test]
fn ctrl_c_ends_it_and_keeps_nothing() {
    let stage = Stage::new();
    let mut terminal = login(&stage);
    terminal.exp_string("api key (not shown): ").unwrap();
    terminal.send("half").unwrap();
    terminal.send_control('c').unwrap();
    let shown = terminal.exp_eof().unwrap();
    assert!(echoes(&shown), "the terminal is given back: {shown}");
    assert!(
        shown.contains("stopped") && !shown.contains("half"),
        "{shown}"
    );
    assert!(
        !stage
            .home
            .path()
            .join(".config/stablelink/secrets.toml")
            .exists()
    );
    assert_eq!(stage.sandbox.request_count(), 0);
}

#[test]
fn colours_are_for_terminals_without_no_color() {
    for (name, value, coloured) in [
        ("TERM", "xterm", true),
        ("NO_COLOR", "1", false),
        ("TERM", "dumb", false),
    ] {
        let stage = Stage::new();
        let mut command = stage.command();
        command
            .env(name, value)
            .args(["rate", "quote", "USDT", "USD", "--amount", "1"]);
        let shown = spawn_command(command, LIMIT).unwrap().exp_eof().unwrap();
        assert!(shown.contains("channelRate"), "{shown}");
        assert_eq!(
            shown.contains('\u{1b}'),
            coloured,
            "{name}={value}: {shown:?}"
        );
    }
    let stage = Stage::new();
    let piped = stage.run(&["rate", "quote", "USDT", "USD", "--amount", "1"]);
    assert!(!piped.stdout.contains('\u{1b}') && !piped.stderr.contains('\u{1b}'));
}
