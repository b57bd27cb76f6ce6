//! `sandbox`: a gateway for another terminal, and what happens around it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use stablelink_sandbox::{Fault, Operation};

use crate::support::{ORDER, Stage, run};

/// `stablelink sandbox` in a terminal of its own.
pub(crate) struct Served {
    child: Child,
    pub(crate) variables: Vec<(String, String)>,
}

impl Served {
    pub(crate) fn start(stage: &Stage, more: &[&str]) -> Self {
        let mut child = stage
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

    /// The command in the other terminal, where the lines were pasted.
    fn other(&self, stage: &Stage, arguments: &[&str]) -> Command {
        let mut command = stage.bare();
        command.envs(self.variables.clone()).args(arguments);
        command
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn its_lines_are_what_another_terminal_needs() {
    let stage = Stage::new();
    let served = Served::start(&stage, &["--fault", "status=503@createUser:always"]);
    let who = run(&mut served.other(&stage, &["whoami"]), b"");
    assert_eq!(who.code, 0, "{who:?}");
    let failing = run(&mut served.other(&stage, &["user", "create"]), b"");
    assert_eq!(failing.code, 5, "it may have taken effect: {failing:?}");
}

#[test]
fn what_it_cannot_do_is_told_before_it_runs() {
    let stage = Stage::new();
    let taken = stage.sandbox.address().port().to_string();
    for (arguments, problem) in [
        (["--port", &taken], "the sandbox can't listen"),
        (["--webhook", "https://receiver.invalid/"], "speaks no TLS"),
        (["--fault", "explode"], "`explode` is no kind of a fault"),
    ] {
        let shown = run(stage.bare().arg("sandbox").args(arguments), b"");
        assert_eq!(shown.code, 2, "{shown:?}");
        assert!(shown.stderr.contains(problem), "{shown:?}");
        assert_eq!(shown.stdout, "", "no secret of a gateway that does not run");
    }
}

#[test]
fn its_webhooks_arrive_where_it_is_told() {
    let stage = Stage::new();
    let listening = super::webhooks::Listener::start(&stage, 2, &[]);
    let to = ["sandbox", "webhook", &listening.url];
    assert_eq!(stage.run(&to).code, 0);
    let order = [&ORDER[..], &["--order-no", "W1"]].concat();
    assert_eq!(stage.run(&order).code, 0);
    let paid = stage.run(&["sandbox", "pay", "W1", "1.01"]);
    assert_eq!(paid.code, 0, "{paid:?}");
    // A second payment: there is nothing to pay any more.
    let again = stage.run(&["sandbox", "pay", "W1", "0.10", "--get", "abnormalPaymentNo"]);
    let number = again.stdout.trim();
    let shown = listening.end().stdout;
    assert!(shown.contains("proved   CHECKOUT_ORDER_CHANGED"), "{shown}");
    assert!(shown.contains("proved   ABNORMAL_PAYMENT"), "{shown}");
    assert!(
        shown.contains(number) && shown.contains(r#""0.1"#),
        "{number}: {shown}"
    );
}

#[test]
fn what_happens_outside_is_seen_by_calls() {
    let stage = Stage::new();
    let client = stage.sandbox.add_customer().to_string();
    let before = stage.sandbox.clock().now_millis();
    let moved = stage.run(&["sandbox", "advance", "90"]);
    assert!(moved.stdout.starts_with("it is 20"), "{moved:?}");
    assert!(stage.sandbox.clock().now_millis() >= before + 90_000);

    let set = stage.run(&["sandbox", "set", "kyb", &client, "REJECTED"]);
    assert_eq!(set.code, 0, "{set:?}");
    let status = stage.run(&["user", "get", &client, "--get", "kybStatus"]);
    assert_eq!(status.stdout, "REJECTED\n", "{status:?}");

    let added = stage.run(&["sandbox", "fault", "unauthorized@getUser:always"]);
    assert_eq!(added.code, 0, "{added:?}");
    assert_ne!(stage.run(&["user", "get", &client]).code, 0);

    stage.sandbox.faults().clear();
    stage
        .sandbox
        .faults()
        .add(Fault::reset().on(Operation::GetUser).always());
    // It is no call: no fault of the gateway concerns it.
    assert_eq!(stage.run(&["sandbox", "advance", "0"]).code, 0);
}

#[test]
fn what_cannot_happen_says_why() {
    let stage = Stage::new();
    for (arguments, code, problem) in [
        (
            vec!["sandbox", "set", "trade", "nobody", "Completed"],
            3,
            "the sandbox has no trade with this number",
        ),
        (
            vec!["sandbox", "pay", "nobody", "1"],
            3,
            "the sandbox has no order with this number",
        ),
        (
            vec!["sandbox", "webhook", "http://receiver.invalid/"],
            3,
            "url: must be of this machine",
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
            "is no sandbox of this project",
        ),
        (
            vec!["--env", "http://127.0.0.1:9", "sandbox", "advance", "60"],
            6,
            "the sandbox did not answer",
        ),
    ] {
        let shown = stage.run(&arguments);
        assert_eq!(shown.code, code, "{arguments:?}: {shown:?}");
        assert!(shown.stderr.contains(problem), "{arguments:?}: {shown:?}");
    }
}
