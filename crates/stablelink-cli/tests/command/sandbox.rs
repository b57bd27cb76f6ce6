//! `sandbox`: the local sandbox as a process, and its subcommands.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use stablelink_sandbox::{Fault, SandboxOperation};

use crate::support::{ORDER, TestEnvironment, run};

/// A running `stablelink sandbox`.
pub(crate) struct RunningSandbox {
    child: Child,
    pub(crate) variables: Vec<(String, String)>,
}

impl RunningSandbox {
    pub(crate) fn start(env: &TestEnvironment, more: &[&str]) -> Self {
        let mut child = env
            .bare()
            .arg("sandbox")
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().take(4);
        let variables = lines.map(|line| {
            let line = line.unwrap();
            let (name, value) = line
                .strip_prefix("export ")
                .and_then(|line| line.split_once('='))
                .unwrap();
            (name.to_owned(), value.trim_matches('\'').to_owned())
        });
        let variables = variables.collect();
        Self { child, variables }
    }

    /// Returns the command with the exported variables in its environment.
    fn command(&self, env: &TestEnvironment, arguments: &[&str]) -> Command {
        let mut command = env.bare();
        command.envs(self.variables.clone()).args(arguments);
        command
    }
}

impl Drop for RunningSandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn exported_variables_configure_other_commands() {
    let env = TestEnvironment::new();
    let sandbox = RunningSandbox::start(&env, &["--fault", "status=503@createUser:always"]);
    let who = run(&mut sandbox.command(&env, &["whoami"]), b"");
    assert_eq!(who.code, 0, "{who:?}");
    let failing = run(&mut sandbox.command(&env, &["user", "create"]), b"");
    assert_eq!(
        failing.code, 5,
        "the call may have taken effect: {failing:?}"
    );
}

#[test]
fn invalid_sandbox_option_is_rejected_at_start() {
    let env = TestEnvironment::new();
    let taken = env.sandbox.address().port().to_string();
    for (arguments, problem) in [
        (["--port", &taken], "the sandbox cannot listen"),
        (
            ["--webhook", "https://receiver.invalid/"],
            "does not support TLS",
        ),
        (
            ["--fault", "explode"],
            "`explode` is not a valid kind of a fault",
        ),
    ] {
        let shown = run(env.bare().arg("sandbox").args(arguments), b"");
        assert_eq!(shown.code, 2, "{shown:?}");
        assert!(shown.stderr.contains(problem), "{shown:?}");
        assert_eq!(
            shown.stdout, "",
            "prints no secrets of a sandbox that does not run"
        );
    }
}

#[test]
fn webhooks_are_delivered_to_configured_url() {
    let env = TestEnvironment::new();
    let listening = super::webhooks::Listener::start(&env, 2, &[]);
    let to = ["sandbox", "webhook", &listening.url];
    assert_eq!(env.run(&to).code, 0);
    let order = [&ORDER[..], &["--order-no", "W1"]].concat();
    assert_eq!(env.run(&order).code, 0);
    let paid = env.run(&["sandbox", "pay", "W1", "1.01"]);
    // The field of an abnormal payment is null, and is not printed.
    assert_eq!((paid.code, &*paid.stdout), (0, "done\n"), "{paid:?}");
    // A second payment is abnormal.
    let again = env.run(&["sandbox", "pay", "W1", "0.10", "--get", "abnormalPaymentNo"]);
    let number = again.stdout.trim();
    let shown = listening.end().stdout;
    assert!(
        shown.contains("verified   CHECKOUT_ORDER_CHANGED"),
        "{shown}"
    );
    assert!(shown.contains("verified   ABNORMAL_PAYMENT"), "{shown}");
    assert!(
        shown.contains(number) && shown.contains(r#""0.1"#),
        "{number}: {shown}"
    );
}

#[test]
fn control_commands_change_the_sandbox() {
    let env = TestEnvironment::new();
    let client = env.sandbox.add_customer().to_string();
    let before = env.sandbox.clock().now_millis();
    let moved = env.run(&["sandbox", "advance", "90"]);
    assert!(
        moved.stdout.starts_with("the sandbox time is 20"),
        "{moved:?}"
    );
    assert!(env.sandbox.clock().now_millis() >= before + 90_000);

    let set = env.run(&["sandbox", "set", "kyb", &client, "REJECTED"]);
    assert_eq!(set.code, 0, "{set:?}");
    let status = env.run(&["user", "get", &client, "--get", "kybStatus"]);
    assert_eq!(status.stdout, "REJECTED\n", "{status:?}");

    let added = env.run(&["sandbox", "fault", "unauthorized@getUser:always"]);
    assert_eq!(added.code, 0, "{added:?}");
    assert_ne!(env.run(&["user", "get", &client]).code, 0);

    let listed = env.run(&["sandbox", "faults", "list", "--output", "json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap();
    assert_eq!(listed[0]["text"], "unauthorized@getUser:always");
    assert_ne!(listed[0]["injections"], 0);
    assert_eq!(env.run(&["sandbox", "faults", "clear"]).code, 0);
    assert_eq!(env.run(&["sandbox", "faults", "list"]).stdout, "none\n");
    assert_eq!(env.run(&["user", "get", &client]).code, 0);
    env.sandbox
        .faults()
        .add(Fault::reset().on(SandboxOperation::GetUser).always());
    // Faults apply to calls, not to control commands.
    assert_eq!(env.run(&["sandbox", "advance", "0"]).code, 0);
}

#[test]
fn impossible_control_command_is_rejected_with_reason() {
    let env = TestEnvironment::new();
    for (arguments, code, problem) in [
        (
            vec!["sandbox", "set", "trade", "unknown", "Completed"],
            3,
            "the sandbox has no trade with this number",
        ),
        (
            vec!["sandbox", "pay", "unknown", "1"],
            3,
            "the sandbox has no order with this number",
        ),
        (
            vec!["sandbox", "webhook", "http://receiver.invalid/"],
            3,
            "url: must be on this machine",
        ),
        (
            vec!["sandbox", "resend", "7"],
            3,
            "the sandbox has no delivery",
        ),
        (
            vec!["sandbox", "fault", "reset@nowhere"],
            2,
            "`nowhere` is not a valid target",
        ),
        (
            vec!["--env", "production", "sandbox", "advance", "60"],
            2,
            "is not a local sandbox",
        ),
        (
            vec!["--env", "http://127.0.0.1:9", "sandbox", "advance", "60"],
            6,
            "the sandbox did not respond",
        ),
    ] {
        let shown = env.run(&arguments);
        assert_eq!(shown.code, code, "{arguments:?}: {shown:?}");
        assert!(shown.stderr.contains(problem), "{arguments:?}: {shown:?}");
    }
}
