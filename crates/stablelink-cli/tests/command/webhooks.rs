//! `webhook listen` and `webhook send`, and the shutdown of servers.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};

use crate::support::{CommandOutput, ORDER, TestEnvironment, run};

/// A `webhook listen` that exits after a number of deliveries.
pub(crate) struct Listener {
    child: Child,
    pub(crate) url: String,
    stderr: BufReader<std::process::ChildStderr>,
}

impl Listener {
    pub(crate) fn start(env: &TestEnvironment, count: u32, more: &[&str]) -> Self {
        let mut command = env.command();
        command
            .args([
                "webhook",
                "listen",
                "--port",
                "0",
                "--count",
                &count.to_string(),
            ])
            .args(more);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        let url = line
            .split_whitespace()
            .find(|word| word.starts_with("http://"))
            .unwrap()
            .to_owned();
        Self { child, url, stderr }
    }

    pub(crate) fn end(mut self) -> CommandOutput {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut stdout)
            .unwrap();
        self.stderr.read_to_string(&mut stderr).unwrap();
        CommandOutput {
            code: self.child.wait().unwrap().code().unwrap_or(-1),
            stdout,
            stderr,
        }
    }
}

fn send(env: &TestEnvironment, url: &str, more: &[&str]) -> CommandOutput {
    run(
        env.command()
            .args(["webhook", "send", "--to", url])
            .args(more),
        b"",
    )
}

#[test]
fn sent_delivery_is_verified_and_printed_once() {
    let env = TestEnvironment::new();
    let listener = Listener::start(&env, 4, &[]);
    let event = [
        "--event",
        "ABNORMAL_PAYMENT",
        "--id",
        "evt_1",
        "-d",
        r#"{"amount":"818.90"}"#,
    ];
    let first = send(&env, &listener.url, &event);
    assert_eq!(
        (first.code, first.stdout.trim()),
        (0, r#"{"retcode":200,"retmsg":"SUCCESS"}"#),
        "{first:?}"
    );
    assert_eq!(send(&env, &listener.url, &event).code, 0);
    let mut forged = env.command();
    forged
        .env("STABLELINK_SIGN_KEY", "another")
        .args(["webhook", "send", "--to", &listener.url])
        .args(event);
    let forged = run(&mut forged, b"");
    assert_eq!(forged.code, 1, "{forged:?}");
    assert!(forged.stderr.contains("HTTP 401"), "{forged:?}");
    assert_eq!(send(&env, &listener.url, &["--body", "not json"]).code, 1);
    let shown = listener.end();
    assert_eq!(shown.code, 0, "{shown:?}");
    let lines: Vec<&str> = shown.stdout.lines().collect();
    assert_eq!(lines[0], "verified   ABNORMAL_PAYMENT  evt_1", "{shown:?}");
    assert_eq!(lines[1].trim(), r#"{"amount":"818.90"}"#);
    assert_eq!(lines[2], "duplicate  ABNORMAL_PAYMENT  evt_1");
    assert!(
        lines[4].starts_with("rejected  the signature matches none"),
        "{shown:?}"
    );
    assert!(
        lines[5].starts_with("rejected  the body is not"),
        "{shown:?}"
    );
}

#[test]
fn verified_delivery_is_forwarded_unchanged() {
    let env = TestEnvironment::new();
    let behind = Listener::start(&env, 2, &["--output", "json"]);
    let front = Listener::start(&env, 3, &["--forward", &behind.url]);
    // The second receiver verifies the signature again, so a changed byte would be rejected.
    let body = "{ \"eventId\": \"e1\",\n \"type\":\"NEW\", \"fee\": 0.10 }";
    assert_eq!(send(&env, &front.url, &["--body", body]).code, 0);
    let array = send(&env, &front.url, &["--body", "{\"eventId\":\"e2\"}"]);
    assert_eq!(array.code, 0);
    let behind = behind.end();
    // The second receiver has exited.
    let lost = send(&env, &front.url, &["--body", "{\"eventId\":\"e3\"}"]);
    assert!(lost.stderr.contains("HTTP 502"), "{lost:?}");
    let front = front.end();
    assert!(front.stdout.contains("forwarded, HTTP 200"), "{front:?}");
    assert!(front.stdout.contains("not forwarded"), "{front:?}");
    assert_eq!(behind.stdout.lines().count(), 2, "{behind:?}");
    let line = behind.stdout.lines().next().unwrap();
    assert!(
        line.contains("\"fee\": 0.10") && line.contains(r#""eventType":"NEW""#),
        "{line}"
    );
    serde_json::from_str::<serde_json::Value>(line).unwrap();
}

#[cfg(unix)]
#[test]
fn servers_exit_successfully_on_ctrl_c() {
    let env = TestEnvironment::new();
    for arguments in [vec!["sandbox"], vec!["webhook", "listen", "--port", "0"]] {
        let mut command = env.command();
        let mut child = command
            .args(&arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        assert!(line.contains("stop with Ctrl-C"), "{line}");
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{arguments:?}");
    }
}

#[cfg(unix)]
#[test]
fn interrupted_call_prints_number_to_look_up() {
    use stablelink_sandbox::{Fault, SandboxOperation};
    let env = TestEnvironment::new();
    env.sandbox
        .faults()
        .add(Fault::stall().on(SandboxOperation::CreateCheckoutOrder));
    let mut command = env.command();
    command.args(ORDER);
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !env
        .sandbox
        .requests()
        .iter()
        .any(|request| request.operation == Some(SandboxOperation::CreateCheckoutOrder))
    {
        std::thread::yield_now();
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let ended = child.wait_with_output().unwrap();
    let printed = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(130), "{printed}");
    assert!(
        printed.starts_with("orderNo ") && printed.contains("look up the record"),
        "{printed}"
    );
}
