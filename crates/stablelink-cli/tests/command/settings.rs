//! Profiles, secrets, tokens, exit codes.

use std::path::Path;

use crate::support::{ORDER, Run, SECRETS, Stage, run};
use stablelink_sandbox::{Fault, Operation};

fn lines(stage: &Stage) -> String {
    stage.secrets().join("\n") + "\n"
}

fn login(stage: &Stage, more: &[&str]) -> Run {
    let mut command = stage.bare();
    command
        .args(["--env", stage.sandbox.url(), "login"])
        .args(more);
    run(&mut command, lines(stage).as_bytes())
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[cfg(unix)]
#[test]
fn a_login_is_kept_for_its_owner_alone_and_shows_nothing() {
    let stage = Stage::new();
    let done = login(&stage, &[]);
    assert_eq!(done.code, 0, "{done:?}");
    let folder = stage.home.path().join(".config/stablelink");
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join("secrets.toml")), 0o600);
    assert_eq!(
        mode(&stage.home.path().join(".local/state/stablelink/tokens")),
        0o600
    );
    let config = std::fs::read_to_string(folder.join("config.toml")).unwrap();
    assert!(config.contains(stage.sandbox.url()), "{config}");

    let who = run(stage.bare().arg("whoami"), b"");
    assert_eq!(who.code, 0, "{who:?}");
    assert!(who.stdout.contains("profile default"), "{who:?}");
    let quote = run(
        stage
            .bare()
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
        for secret in stage.secrets() {
            assert!(!text.contains(&secret), "{text}");
        }
    }
    // Three commands, one token.
    assert_eq!(stage.sandbox.token_grants().granted(), 1);

    let out = run(stage.bare().arg("logout"), b"");
    assert_eq!(out.code, 0, "{out:?}");
    let who = run(stage.bare().args(["whoami", "--offline"]), b"");
    assert_eq!(who.code, 2, "{who:?}");
    assert!(who.stderr.contains("stablelink login"), "{who:?}");
}

#[cfg(unix)]
#[test]
fn secrets_that_others_can_read_are_refused() {
    use std::os::unix::fs::PermissionsExt;
    let stage = Stage::new();
    assert_eq!(login(&stage, &["--no-check"]).code, 0);
    assert_eq!(stage.sandbox.request_count(), 0, "--no-check calls nothing");
    let path = stage.home.path().join(".config/stablelink/secrets.toml");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    let who = run(stage.bare().arg("whoami"), b"");
    assert_eq!(who.code, 2);
    assert!(who.stderr.contains("chmod 600"), "{who:?}");
}

#[test]
fn wrong_secrets_are_not_kept() {
    let stage = Stage::new();
    let mut command = stage.bare();
    command.args(["--env", stage.sandbox.url(), "login"]);
    let refused = run(&mut command, b"a-key\na-secret\na-sign-key\n");
    assert_eq!(refused.code, 4, "{refused:?}");
    assert!(
        !stage
            .home
            .path()
            .join(".config/stablelink/secrets.toml")
            .exists()
    );
    assert!(!refused.stderr.contains("a-secret"), "{refused:?}");
    let short = run(&mut command, b"a-key\n");
    assert_eq!(short.code, 2);
    assert!(short.stderr.contains("no api secret"), "{short:?}");
}

#[test]
fn variables_go_before_profiles_and_are_never_mixed_with_them() {
    let stage = Stage::new();
    assert_eq!(login(&stage, &["--no-check"]).code, 0);
    let one = run(stage.bare().env(SECRETS[2], "k").args(["token"]), b"");
    assert_eq!(one.code, 2, "{one:?}");
    assert!(one.stderr.contains("never mixed"), "{one:?}");
    let other = run(stage.command().env(SECRETS[0], "wrong").arg("token"), b"");
    assert_eq!(other.code, 4, "{other:?}");
    let none = run(stage.bare().args(["--profile", "nobody", "token"]), b"");
    assert_eq!(none.code, 2);
    assert!(
        none.stderr.contains("profiles that there are: default"),
        "{none:?}"
    );
}

#[test]
fn a_token_is_printed_only_when_asked_for() {
    let stage = Stage::new();
    let shown = stage.run(&["token"]);
    let printed = stage.run(&["token", "--print"]);
    let token = printed.stdout.trim();
    assert!(token.len() > 10, "{printed:?}");
    assert!(!shown.stdout.contains(token) && !shown.stderr.contains(token));
    assert_eq!(stage.sandbox.token_grants().granted(), 1);
    stage.sandbox.revoke_tokens();
    assert_eq!(stage.run(&["checkout", "list"]).code, 0, "renewed");
    assert_eq!(stage.sandbox.token_grants().granted(), 2);
}

#[test]
fn variables_alone_will_do() {
    let stage = Stage::new();
    let called = run(stage.command().env_remove("HOME").arg("token"), b"");
    assert_eq!(called.code, 0, "{called:?}");
    assert!(
        called.stderr.contains("no place to share the token"),
        "{called:?}"
    );
}

#[test]
fn exit_codes_tell_what_to_do() {
    let stage = Stage::new();
    let create = ORDER;
    let set = |fault: Fault| {
        stage.sandbox.faults().clear();
        stage.sandbox.faults().add(fault.always());
    };
    assert_eq!(stage.run(&["checkout", "get", "nobody"]).code, 3);
    assert_eq!(stage.run(&["no-such-command"]).code, 2);
    assert_eq!(stage.run(&["checkout", "create", "--amount", "1e"]).code, 2);

    assert_eq!(
        stage
            .run(&[&create[..], &["--order-no", "A1"]].concat())
            .code,
        0
    );
    set(Fault::reset()
        .on(Operation::CancelCheckoutOrder)
        .after_effect());
    let lost = stage.run(&["checkout", "cancel", "A1", "--output", "json"]);
    assert_eq!(lost.code, 5, "{lost:?}");
    assert!(lost.stderr.contains(r#""kind":"ambiguous""#), "{lost:?}");

    set(Fault::status(503).on(Operation::CreateCheckoutOrder));
    let lost = stage.run(&create);
    assert_eq!(lost.code, 5, "{lost:?}");
    assert!(lost.stderr.contains("look it up by orderNo"), "{lost:?}");

    set(Fault::status(503).on(Operation::GetCheckoutOrder));
    assert_eq!(stage.run(&["checkout", "get", "A1"]).code, 6);
    set(Fault::unauthorized().on_token());
    let mut refused = stage.command();
    refused
        .env("HOME", stage.home.path().join("other"))
        .args(["token"]);
    assert_eq!(run(&mut refused, b"").code, 4);

    let away = run(
        stage
            .command()
            .args(["--env", "http://127.0.0.1:1", "rate", "quote", "A", "B"]),
        b"",
    );
    assert_eq!(away.code, 6, "{away:?}");
    let plain = run(
        stage.command().args(["--env", "http://192.0.2.1", "token"]),
        b"",
    );
    assert_eq!(plain.code, 2, "{plain:?}");
}

#[test]
fn programs_get_retdata_as_it_came() {
    let stage = Stage::new();
    let digits = r#"{"orderNo":"7","payingAmount":1.10000000000000000001 ,"new":[ 12345678901234567890.10 ]}"#;
    let body = format!(r#"{{"retcode":"200","retdata":{digits}}}"#);
    let answer = Fault::custom(200, [("content-type", "application/json")], body);
    stage
        .sandbox
        .faults()
        .add(answer.on(Operation::GetCheckoutOrder));
    let run = stage.run(&["--output", "json", "checkout", "get", "7"]);
    assert_eq!((run.code, run.stdout.trim_end()), (0, digits), "{run:?}");
    assert!(
        run.stderr
            .starts_with("documented · GET /checkout/order/info"),
        "{run:?}"
    );
}
