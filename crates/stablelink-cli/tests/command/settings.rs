//! Profiles, secrets, tokens and exit codes.

use std::path::Path;

use crate::support::{CommandOutput, ORDER, SECRETS, TestEnvironment, run};
use stablelink_sandbox::{Fault, SandboxOperation};

fn secret_lines(env: &TestEnvironment) -> String {
    env.secrets().join("\n") + "\n"
}

fn login(env: &TestEnvironment, more: &[&str]) -> CommandOutput {
    let mut command = env.bare();
    command
        .args(["--env", env.sandbox.url(), "login"])
        .args(more);
    run(&mut command, secret_lines(env).as_bytes())
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[cfg(unix)]
#[test]
fn login_saves_private_files_and_prints_no_secret() {
    let env = TestEnvironment::new();
    let done = login(&env, &[]);
    assert_eq!(done.code, 0, "{done:?}");
    let folder = env.home.path().join(".config/stablelink");
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join("secrets.toml")), 0o600);
    assert_eq!(
        mode(&env.home.path().join(".local/state/stablelink/tokens")),
        0o600
    );
    let config = std::fs::read_to_string(folder.join("config.toml")).unwrap();
    assert!(config.contains(env.sandbox.url()), "{config}");

    let who = run(env.bare().arg("whoami"), b"");
    assert_eq!(who.code, 0, "{who:?}");
    assert!(who.stdout.contains("profile default"), "{who:?}");
    let quote = run(
        env.bare()
            .args(["rate", "quote", "USDT", "USD", "--amount", "1"]),
        b"",
    );
    assert_eq!(quote.code, 0, "{quote:?}");
    for text in [
        &done.stdout,
        &done.stderr,
        &who.stdout,
        &who.stderr,
        &quote.stdout,
        &quote.stderr,
        &config,
    ] {
        for secret in env.secrets() {
            assert!(!text.contains(&secret), "{text}");
        }
    }
    // Three commands share one token.
    assert_eq!(env.sandbox.token_grants().granted(), 1);

    let out = run(env.bare().arg("logout"), b"");
    assert_eq!(out.code, 0, "{out:?}");
    let who = run(env.bare().arg("whoami"), b"");
    assert_eq!(who.code, 2, "{who:?}");
    assert!(who.stderr.contains("stablelink login"), "{who:?}");
}

#[cfg(unix)]
#[test]
fn secrets_readable_by_others_are_rejected() {
    use std::os::unix::fs::PermissionsExt;
    let env = TestEnvironment::new();
    assert_eq!(login(&env, &["--no-check"]).code, 0);
    assert_eq!(env.sandbox.request_count(), 0, "--no-check sends nothing");
    let path = env.home.path().join(".config/stablelink/secrets.toml");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    let who = run(env.bare().arg("whoami"), b"");
    assert_eq!(who.code, 2);
    assert!(who.stderr.contains("chmod 600"), "{who:?}");
}

#[test]
fn invalid_secrets_are_not_saved() {
    let env = TestEnvironment::new();
    let mut command = env.bare();
    command.args(["--env", env.sandbox.url(), "login"]);
    let rejected = run(&mut command, b"a-key\na-secret\na-sign-key\n");
    assert_eq!(rejected.code, 4, "{rejected:?}");
    assert!(
        !env.home
            .path()
            .join(".config/stablelink/secrets.toml")
            .exists()
    );
    assert!(!rejected.stderr.contains("a-secret"), "{rejected:?}");
    let short = run(&mut command, b"a-key\n");
    assert_eq!(short.code, 2);
    assert!(short.stderr.contains("no api secret"), "{short:?}");
}

#[test]
fn variables_override_profiles_and_are_never_mixed() {
    let env = TestEnvironment::new();
    assert_eq!(login(&env, &["--no-check"]).code, 0);
    let one = run(env.bare().env(SECRETS[2], "k").args(["token"]), b"");
    assert_eq!(one.code, 2, "{one:?}");
    assert!(one.stderr.contains("never mixed"), "{one:?}");
    let other = run(env.command().env(SECRETS[0], "wrong").arg("token"), b"");
    assert_eq!(other.code, 4, "{other:?}");
    let none = run(env.bare().args(["--profile", "unknown", "token"]), b"");
    assert_eq!(none.code, 2);
    assert!(
        none.stderr.contains("existing profiles: default"),
        "{none:?}"
    );
}

#[test]
fn token_is_printed_only_with_print_flag() {
    let env = TestEnvironment::new();
    let shown = env.run(&["token"]);
    let printed = env.run(&["token", "--print"]);
    let token = printed.stdout.trim();
    assert!(token.len() > 10, "{printed:?}");
    assert!(!shown.stdout.contains(token) && !shown.stderr.contains(token));
    assert_eq!(env.sandbox.token_grants().granted(), 1);
    env.sandbox.revoke_tokens();
    assert_eq!(env.run(&["checkout", "list"]).code, 0, "refreshed");
    assert_eq!(env.sandbox.token_grants().granted(), 2);
}

#[test]
fn variables_suffice_without_home() {
    let env = TestEnvironment::new();
    let called = run(env.command().env_remove("HOME").arg("token"), b"");
    assert_eq!(called.code, 0, "{called:?}");
    assert!(
        called.stderr.contains("the token is not shared"),
        "{called:?}"
    );
}

#[test]
fn command_goes_on_if_the_home_cannot_be_written() {
    let env = TestEnvironment::new();
    let called = run(env.command().env("HOME", "/proc").arg("token"), b"");
    assert_eq!(called.code, 0, "{called:?}");
    assert!(called.stderr.contains("XDG_STATE_HOME"), "{called:?}");
    assert!(
        called.stderr.contains("invalidates the current token"),
        "{called:?}"
    );
    let who = run(env.command().env("HOME", "/proc").arg("whoami"), b"");
    assert_eq!(who.code, 0, "{who:?}");
    let mut login = env.bare();
    login.env("HOME", "/proc");
    login.args(["--env", env.sandbox.url(), "login", "--no-check"]);
    let login = run(&mut login, secret_lines(&env).as_bytes());
    assert_eq!(login.code, 2, "{login:?}");
    assert!(login.stderr.contains("XDG_CONFIG_HOME"), "{login:?}");
}

#[test]
fn whoami_sends_nothing_without_check() {
    let env = TestEnvironment::new();
    for arguments in [&["whoami"][..], &["whoami", "--offline"]] {
        let shown = env.run(arguments);
        assert_eq!(shown.code, 0, "{shown:?}");
        assert!(!shown.stdout.contains("expires at"), "{shown:?}");
    }
    assert_eq!(env.sandbox.request_count(), 0);
    let checked = env.run(&["whoami", "--check"]);
    assert_eq!(checked.code, 0, "{checked:?}");
    assert!(checked.stdout.contains("expires at"), "{checked:?}");
    assert!(
        checked.stderr.contains("invalidates the current token"),
        "{checked:?}"
    );
    assert_eq!(env.sandbox.token_grants().granted(), 1);
}

#[test]
fn characters_around_a_secret_are_rejected_with_its_name() {
    let env = TestEnvironment::new();
    let secrets = env.secrets();
    for (name, secret) in SECRETS.iter().zip(&secrets) {
        for odd in [
            format!("{secret}\n"),
            format!(" {secret}"),
            format!("\u{feff}{secret}"),
            format!("\"{secret}\""),
            format!("'{secret}'"),
        ] {
            let shown = run(env.command().env(name, &odd).arg("token"), b"");
            assert_eq!(shown.code, 2, "{odd:?}: {shown:?}");
            assert!(shown.stderr.contains(name), "{odd:?}: {shown:?}");
            assert!(!shown.stderr.contains(secret), "{shown:?}");
        }
    }
    // Typed or piped secrets.
    let mut command = env.bare();
    command.args(["--env", env.sandbox.url(), "login"]);
    let lines = format!("{}\n{} \n{}\n", secrets[0], secrets[1], secrets[2]);
    let typed = run(&mut command, lines.as_bytes());
    assert_eq!(typed.code, 2, "{typed:?}");
    assert!(typed.stderr.contains("api_secret"), "{typed:?}");
    assert!(
        !env.home
            .path()
            .join(".config/stablelink/secrets.toml")
            .exists()
    );
    let windows = secrets.join("\r\n") + "\r\n";
    let piped = run(&mut command, windows.as_bytes());
    assert_eq!(piped.code, 0, "{piped:?}");
    assert_eq!(env.sandbox.token_grants().rejected, 0);
}

#[cfg(unix)]
#[test]
fn characters_around_a_secret_of_the_file_are_rejected() {
    let env = TestEnvironment::new();
    assert_eq!(login(&env, &["--no-check"]).code, 0);
    let path = env.home.path().join(".config/stablelink/secrets.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let changed = text.replacen("api_key = \"", "api_key = \" ", 1);
    assert_ne!(changed, text);
    std::fs::write(&path, changed).unwrap();
    let shown = run(env.bare().arg("token"), b"");
    assert_eq!(shown.code, 2, "{shown:?}");
    assert!(
        shown.stderr.contains("api_key of profile default"),
        "{shown:?}"
    );
    assert_eq!(env.sandbox.request_count(), 0);
}

#[test]
fn login_announces_its_lock_and_does_not_wait_without_limit() {
    let env = TestEnvironment::new();
    assert_eq!(login(&env, &["--no-check"]).code, 0);
    let lock = env.home.path().join(".config/stablelink/lock");
    let held = std::fs::File::options().write(true).open(&lock).unwrap();
    held.lock().unwrap();
    let start = std::time::Instant::now();
    let waited = login(&env, &["--no-check", "--timeout", "2"]);
    assert!(start.elapsed().as_secs() < 10, "{waited:?}");
    assert_eq!(waited.code, 2, "{waited:?}");
    for text in [
        "waiting for another process",
        "stablelink/lock",
        "stablelink logout",
    ] {
        assert!(waited.stderr.contains(text), "{waited:?}");
    }
    // The timeout of the profile is the deadline of calls, and does not limit the wait.
    let config = env.home.path().join(".config/stablelink/config.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let profile = "[profiles.default]\n";
    assert!(text.contains(profile), "{text}");
    let text = text.replace(profile, &format!("{profile}timeout = 1\n"));
    std::fs::write(&config, text).unwrap();
    let release = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_secs(2));
        drop(held);
    });
    let waited = login(&env, &["--no-check"]);
    assert_eq!(waited.code, 0, "{waited:?}");
    release.join().unwrap();
}

#[test]
fn concurrent_logins_keep_all_profiles() {
    use std::io::Write;
    use std::process::Stdio;
    let env = TestEnvironment::new();
    let names: Vec<String> = (0..8).map(|number| format!("p{number}")).collect();
    let children = names.iter().map(|name| {
        let mut command = env.bare();
        command.args([
            "--profile",
            name,
            "--env",
            "http://127.0.0.1:1",
            "login",
            "--no-check",
        ]);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::null());
        command.stderr(Stdio::null()).spawn().unwrap()
    });
    let mut children: Vec<_> = children.collect();
    for child in &mut children {
        child.stdin.take().unwrap().write_all(b"k\ns\ng\n").unwrap();
    }
    for child in &mut children {
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
    for name in &names {
        let who = run(env.bare().args(["--profile", name, "whoami"]), b"");
        assert_eq!(who.code, 0, "{name}: {who:?}");
    }
}

#[test]
fn exit_code_matches_kind_of_error() {
    let env = TestEnvironment::new();
    let create = ORDER;
    let set = |fault: Fault| {
        env.sandbox.faults().clear();
        env.sandbox.faults().add(fault.always());
    };
    assert_eq!(env.run(&["checkout", "get", "unknown"]).code, 3);
    assert_eq!(env.run(&["no-such-command"]).code, 2);
    assert_eq!(env.run(&["checkout", "create", "--amount", "1e"]).code, 2);

    assert_eq!(
        env.run(&[&create[..], &["--order-no", "A1"]].concat()).code,
        0
    );
    set(Fault::reset()
        .on(SandboxOperation::CancelCheckoutOrder)
        .after_effect());
    let lost = env.run(&["checkout", "cancel", "A1", "--output", "json"]);
    assert_eq!(lost.code, 5, "{lost:?}");
    assert!(lost.stderr.contains(r#""kind":"ambiguous""#), "{lost:?}");

    set(Fault::status(503).on(SandboxOperation::CreateCheckoutOrder));
    let lost = env.run(&create);
    assert_eq!(lost.code, 5, "{lost:?}");
    assert!(lost.stderr.contains("look it up by orderNo"), "{lost:?}");

    set(Fault::status(503).on(SandboxOperation::GetCheckoutOrder));
    assert_eq!(env.run(&["checkout", "get", "A1"]).code, 6);
    set(Fault::unauthorized().on_token());
    let mut rejected = env.command();
    rejected
        .env("HOME", env.home.path().join("other"))
        .args(["token"]);
    assert_eq!(run(&mut rejected, b"").code, 4);

    let unreachable = run(
        env.command()
            .args(["--env", "http://127.0.0.1:1", "rate", "quote", "A", "B"]),
        b"",
    );
    assert_eq!(unreachable.code, 6, "{unreachable:?}");
    let without_tls = run(
        env.command().args(["--env", "http://192.0.2.1", "token"]),
        b"",
    );
    assert_eq!(without_tls.code, 2, "{without_tls:?}");
}

#[test]
fn json_output_is_retdata_unchanged() {
    let env = TestEnvironment::new();
    let digits = r#"{"orderNo":"7","payingAmount":1.10000000000000000001 ,"new":[ 12345678901234567890.10 ]}"#;
    let body = format!(r#"{{"retcode":"200","retdata":{digits}}}"#);
    let response = Fault::custom(200, [("content-type", "application/json")], body);
    env.sandbox
        .faults()
        .add(response.on(SandboxOperation::GetCheckoutOrder));
    let run = env.run(&["--output", "json", "checkout", "get", "7"]);
    assert_eq!((run.code, run.stdout.trim_end()), (0, digits), "{run:?}");
    let mut notes = run.stderr.lines();
    assert!(
        notes.any(|line| line.starts_with(r#"{"note":"documented · GET /checkout/order/info"#)),
        "{run:?}"
    );
}
