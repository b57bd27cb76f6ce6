//! Errors of calls: they say whether the call took effect, and which number to look up.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use stablelink_sandbox::{Fault, FaultId, SandboxOperation};

use crate::redis_server::RedisServer;
use crate::support::{CommandOutput, ORDER, TestEnvironment, run};

const JSON_ORDER_A1: [&str; 4] = ["--order-no", "A1", "--output", "json"];

fn json_body(body: &'static str) -> Fault {
    Fault::custom(200, [("content-type", "application/json")], body)
}

/// Returns the error of the JSON output.
fn error_of(shown: &CommandOutput) -> Value {
    let line = shown.stderr.lines().last().unwrap();
    serde_json::from_str::<Value>(line).unwrap()["error"].clone()
}

#[test]
fn order_with_unreadable_record_has_own_exit_code_and_number() {
    let env = TestEnvironment::new();
    let unreadable =
        r#"{"retcode":"200","retdata":{"orderNo":"A1","token":"\ud83d"},"success":true}"#;
    let fault = json_body(unreadable).on(SandboxOperation::CreateCheckoutOrder);
    env.sandbox.faults().add(fault);
    let shown = env.run(&[&ORDER[..], &JSON_ORDER_A1].concat());
    assert_eq!(shown.code, 8, "{shown:?}");
    let error = error_of(&shown);
    assert_eq!(error["key"], "A1");
    assert_eq!(error["may_have_taken_effect"], true);
    let next = error["next"].as_str().unwrap();
    assert!(
        next.contains("succeeded") && next.contains("orderNo A1"),
        "{next}"
    );
}

#[test]
fn token_without_a_deposit_address_took_effect() {
    let env = TestEnvironment::new();
    let body =
        r#"{"retcode":"200","retdata":{"orderNo":"A1","depositAddress":"-1"},"success":true}"#;
    let fault = json_body(body).on(SandboxOperation::CreateCheckoutOrder);
    env.sandbox.faults().add(fault);
    let shown = env.run(&[&ORDER[..], &JSON_ORDER_A1].concat());
    assert_eq!(shown.code, 8, "{shown:?}");
    assert_eq!(error_of(&shown)["may_have_taken_effect"], true);
}

#[cfg(target_os = "linux")]
#[test]
fn result_that_cannot_be_written_names_the_order() {
    let env = TestEnvironment::new();
    let full = || {
        std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .unwrap()
    };
    let to_full = |arguments: &[&str]| {
        let mut command = env.command();
        let child = command
            .args(arguments)
            .stdout(full())
            .stderr(Stdio::piped());
        let ended = child.spawn().unwrap().wait_with_output().unwrap();
        CommandOutput {
            code: ended.status.code().unwrap(),
            stdout: String::new(),
            stderr: String::from_utf8(ended.stderr).unwrap(),
        }
    };
    let shown = to_full(&[&ORDER[..], &JSON_ORDER_A1].concat());
    assert_eq!(shown.code, 8, "{shown:?}");
    let error = error_of(&shown);
    assert_eq!(
        (
            &error["kind"],
            &error["key"],
            &error["may_have_taken_effect"]
        ),
        (&"output".into(), &"A1".into(), &true.into()),
    );
    let read = to_full(&["checkout", "get", "A1", "--output", "json"]);
    assert_eq!(read.code, 1, "{read:?}");
    assert_eq!(error_of(&read)["may_have_taken_effect"], false);
}

#[test]
fn missing_field_of_made_order_names_the_order() {
    let env = TestEnvironment::new();
    let order = [&ORDER[..], &["--order-no", "A1", "--get", "none"]].concat();
    let made = env.run(&order);
    assert_eq!(made.code, 8, "{made:?}");
    assert!(
        made.stderr.contains("look up the record by orderNo A1"),
        "{made:?}"
    );
    let read = env.run(&["checkout", "get", "A1", "--get", "none"]);
    assert_eq!(read.code, 1, "{read:?}");
    assert!(!read.stderr.contains("succeeded"), "{read:?}");
}

#[test]
fn unreadable_token_means_that_nothing_was_sent() {
    for body in [
        "<html>sign in</html>",
        r#"{"error":"invalid_client"}"#,
        r#"{"retcode":200,"retdata":{"access_token":""}}"#,
    ] {
        let env = TestEnvironment::new();
        env.sandbox
            .faults()
            .add(json_body(body).on_token().always());
        let shown = env.run(&[&ORDER[..], &JSON_ORDER_A1].concat());
        let error = error_of(&shown);
        let problem = error["problem"].as_str().unwrap();
        assert!(problem.ends_with("; nothing else was sent"), "{problem}");
        assert!(!shown.stderr.contains("succeeded"), "{shown:?}");
        assert_eq!(error["may_have_taken_effect"], false);
        assert_eq!(
            env.sandbox
                .effects()
                .total(SandboxOperation::CreateCheckoutOrder),
            0
        );
    }
}

#[test]
fn unreadable_read_did_not_succeed() {
    for body in ["<html>", r#"{"retcode":{"a":1},"retdata":{}}"#] {
        let env = TestEnvironment::new();
        let fault = json_body(body)
            .on(SandboxOperation::GetCheckoutOrder)
            .always();
        env.sandbox.faults().add(fault);
        let shown = env.run(&["checkout", "get", "A1"]);
        assert_ne!(shown.code, 0);
        assert!(!shown.stderr.contains("succeeded"), "{shown:?}");
        assert!(!shown.stderr.contains("had no effect"), "{shown:?}");
    }
}

#[test]
fn lost_cancellation_names_the_order() {
    let env = TestEnvironment::new();
    assert_eq!(
        env.run(&[&ORDER[..], &["--order-no", "A1"]].concat()).code,
        0
    );
    let fault = Fault::reset().on(SandboxOperation::CancelCheckoutOrder);
    env.sandbox.faults().add(fault.after_effect());
    let lost = env.run(&["checkout", "cancel", "A1", "--output", "json"]);
    assert_eq!(lost.code, 5, "{lost:?}");
    let error = error_of(&lost);
    assert_eq!(error["key"], "A1");
    assert!(error["next"].as_str().unwrap().contains("orderNo A1"));
}

/// Waits until the sandbox has injected this fault.
fn wait_for_injection(env: &TestEnvironment, fault: FaultId) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while env.sandbox.faults().injections(fault) == 0 {
        assert!(Instant::now() < deadline, "the fault was not injected");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn hostile_response_reaches_no_output_unescaped() {
    let env = TestEnvironment::new();
    let hostile = |text: &str| {
        text.chars().any(|letter| {
            (letter.is_control() && letter != '\n') || "\u{202e}\u{2066}\u{200f}".contains(letter)
        })
    };
    let record = "{\"retcode\":\"200\",\"retdata\":{\"orderNo\":\"A1\",\r\"\u{9b}x\":\"\u{9b}2J\u{202e}\u{7f}\"}}";
    let rejection = "{\"retcode\":\"00909\",\"retmsg\":\"no \u{9b}2J\u{202e}\\u001b[2J\"}";
    for body in [record, rejection] {
        for more in [&[][..], &["--output", "json"], &["-vvv"]] {
            let fault = json_body(body).on(SandboxOperation::GetCheckoutOrder);
            env.sandbox.faults().add(fault);
            let shown = env.run(&[&["checkout", "get", "A1"], more].concat());
            // The command printed the response.
            let (printed, text) = match body == record {
                true => (&shown.stdout, "A1"),
                false => (&shown.stderr, "00909"),
            };
            assert!(printed.contains(text), "{shown:?}");
            assert!(!hostile(&shown.stdout), "{shown:?}");
            assert!(!hostile(&shown.stderr), "{shown:?}");
        }
    }
    let fault = json_body(record).on(SandboxOperation::GetCheckoutOrder);
    env.sandbox.faults().add(fault);
    let shown = env.run(&["checkout", "get", "A1", "--output", "json"]);
    let value: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(
        value["\u{9b}x"], "\u{9b}2J\u{202e}\u{7f}",
        "the value is unchanged"
    );
    let argument = env.run(&["checkout", "get", "A1", "--\u{9b}2J\u{202e}"]);
    assert_eq!(argument.code, 2);
    assert!(!hostile(&argument.stderr), "{argument:?}");
}

#[cfg(unix)]
#[test]
fn interrupted_token_request_releases_the_lock() {
    use rustix::process::{Pid, Signal, kill_process};
    let redis = RedisServer::start();
    for (signal, redis_url) in [
        (Signal::INT, String::new()),
        (Signal::TERM, String::new()),
        (Signal::INT, redis.url()),
        (Signal::TERM, redis.url()),
    ] {
        let env = TestEnvironment::new();
        let list_orders = || {
            let mut command = env.command();
            command.env("STABLELINK_REDIS_URL", &redis_url);
            command.args(["checkout", "list"]);
            command
        };
        let stall = Fault::stall().on_token().always();
        let stall = env.sandbox.faults().add(stall);
        let mut stopped = list_orders();
        let stopped = stopped.stdout(Stdio::null()).stderr(Stdio::null());
        let mut stopped = stopped.spawn().unwrap();
        wait_for_injection(&env, stall);
        kill_process(Pid::from_child(&stopped), signal).unwrap();
        assert_eq!(stopped.wait().unwrap().code(), Some(130));
        env.sandbox.faults().remove(stall);
        if redis_url.is_empty() {
            // The next command would take over the lock of a process that has ended, even if it was not released.
            let locks = env.home.path().join(".local/state/stablelink/tokens.lock");
            let locks = std::fs::read_to_string(locks).unwrap();
            assert!(
                locks.contains("generation") && !locks.contains("owner"),
                "{locks}"
            );
        }
        let start = Instant::now();
        let next = run(&mut list_orders(), b"");
        assert_eq!(next.code, 0, "{next:?}");
        let elapsed = start.elapsed();
        assert!(elapsed < Duration::from_secs(4), "{redis_url}: {elapsed:?}");
    }
}

#[test]
fn wait_for_another_process_is_announced() {
    let env = TestEnvironment::new();
    let stall = env.sandbox.faults().add(Fault::stall().on_token().always());
    let mut first = env.command();
    let mut first = first
        .args(["checkout", "list"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_for_injection(&env, stall);
    env.sandbox.faults().remove(stall);
    let second = env.run(&["checkout", "list", "--timeout", "4"]);
    first.kill().unwrap();
    first.wait().unwrap();
    let notes: Vec<&str> = second.stderr.lines().collect();
    let waits = notes
        .iter()
        .filter(|note| note.starts_with("waiting for another process"));
    assert_eq!(waits.count(), 1, "{second:?}");
    assert!(second.stderr.contains("stablelink/tokens"), "{second:?}");
}

#[test]
fn rejected_arguments_are_json_if_json_is_requested() {
    let env = TestEnvironment::new();
    for arguments in [
        &["checkout", "create", "--amount", "1,5"][..],
        &["checkout", "get"],
        &["checkout", "gte", "A1"],
        &["checkout", "get", "A1", "--timeout", "0"],
        &["checkout"],
        &["api", "POST", "/a", "-d", "@"],
        &["file", "upload", ""],
        &[
            "webhook",
            "listen",
            "--port",
            "0",
            "--forward",
            "localhost:1",
        ],
        &["webhook", "send", "--event", "E", "--to", "ftp://localhost"],
    ] {
        for output in [&["--output", "json"][..], &["--output=json"]] {
            let shown = env.run(&[arguments, output].concat());
            assert_eq!(
                (shown.code, &*shown.stdout),
                (2, ""),
                "{arguments:?}: {shown:?}"
            );
            let error = error_of(&shown);
            assert_eq!(error["kind"], "usage", "{arguments:?}");
            assert_eq!(error["exit"], 2);
            assert!(!error["problem"].as_str().unwrap().is_empty());
        }
        let text = env.run(arguments);
        assert_eq!(text.code, 2);
        assert!(!text.stderr.starts_with('{'), "{text:?}");
    }
    assert_eq!(env.sandbox.request_count(), 0);
    let help = run(env.bare().args(["--help", "--output", "json"]), b"");
    assert_eq!((help.code, &*help.stderr), (0, ""));
}
