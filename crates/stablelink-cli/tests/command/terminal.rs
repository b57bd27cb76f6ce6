//! `login` on a terminal: input is not echoed, and Ctrl-C restores the terminal.

use crate::support::TestEnvironment;
use std::process::Command;

use rexpect::session::{PtySession, spawn_command};

const TIMEOUT_MS: Option<u64> = Some(30_000);

/// Runs `login` in a shell and prints the terminal settings afterwards. The test library turns echo off, so the shell turns it on.
fn login(env: &TestEnvironment) -> PtySession {
    let mut command = Command::new("sh");
    command.args(["-c", r#"stty echo; "$0" --env "$1" login; stty -a"#]);
    command.args([env!("CARGO_BIN_EXE_stablelink"), env.sandbox.url()]);
    command
        .env_clear()
        .env("HOME", env.home.path())
        .env("PATH", "/usr/bin:/bin");
    spawn_command(command, TIMEOUT_MS).unwrap()
}

/// Returns whether the output of `stty -a` shows that echo is turned on.
fn echoes(shown: &str) -> bool {
    shown.split_whitespace().any(|word| word == "echo")
}

#[test]
fn typed_secrets_are_not_echoed() {
    let env = TestEnvironment::new();
    let mut terminal = login(&env);
    let mut shown = String::new();
    for (name, secret) in ["api key", "api secret", "sign key"]
        .iter()
        .zip(env.secrets())
    {
        shown += &terminal
            .exp_string(&format!("{name} (not shown): "))
            .unwrap();
        terminal.send_line(&secret).unwrap();
    }
    shown += &terminal.exp_eof().unwrap();
    assert!(shown.contains("checked and saved"), "{shown}");
    assert!(echoes(&shown), "the terminal is restored: {shown}");
    for secret in env.secrets() {
        assert!(!shown.contains(&secret), "{shown}");
    }
    let who = crate::support::run(env.bare().arg("token"), b"");
    assert_eq!(who.code, 0, "{who:?}");
}

#[test]
fn ctrl_c_stops_login_and_saves_nothing() {
    let env = TestEnvironment::new();
    let mut terminal = login(&env);
    terminal.exp_string("api key (not shown): ").unwrap();
    terminal.send("half").unwrap();
    terminal.send_control('c').unwrap();
    let shown = terminal.exp_eof().unwrap();
    assert!(echoes(&shown), "the terminal is restored: {shown}");
    assert!(
        shown.contains("interrupted") && !shown.contains("half"),
        "{shown}"
    );
    assert!(
        !env.home
            .path()
            .join(".config/stablelink/secrets.toml")
            .exists()
    );
    assert_eq!(env.sandbox.request_count(), 0);
}

/// Without its timestamp, a signature is useless.
#[test]
fn quiet_signature_on_a_terminal_has_its_timestamp() {
    let env = TestEnvironment::new();
    let mut command = env.command();
    command.args(["--quiet", "sign", "POST", "/a", "-d", "{}"]);
    let shown = spawn_command(command, TIMEOUT_MS)
        .unwrap()
        .exp_eof()
        .unwrap();
    assert!(shown.contains("TIMESTAMP: "), "{shown:?}");
}

#[test]
fn colours_need_a_terminal_and_no_no_color() {
    for (name, value, coloured) in [
        ("TERM", "xterm", true),
        ("NO_COLOR", "1", false),
        ("TERM", "dumb", false),
    ] {
        let env = TestEnvironment::new();
        let mut command = env.command();
        command
            .env(name, value)
            .args(["rate", "quote", "USDT", "USD", "--amount", "1"]);
        let shown = spawn_command(command, TIMEOUT_MS)
            .unwrap()
            .exp_eof()
            .unwrap();
        assert!(shown.contains("channelRate"), "{shown}");
        assert_eq!(
            shown.contains('\u{1b}'),
            coloured,
            "{name}={value}: {shown:?}"
        );
    }
    let env = TestEnvironment::new();
    let piped = env.run(&["rate", "quote", "USDT", "USD", "--amount", "1"]);
    assert!(!piped.stdout.contains('\u{1b}') && !piped.stderr.contains('\u{1b}'));
}
