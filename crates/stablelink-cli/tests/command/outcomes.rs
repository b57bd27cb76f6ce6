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

/// A create whose response lacks the record took effect. The operation table says which records the document describes.
#[test]
fn create_without_a_record_is_ambiguous_and_has_its_number() {
    let env = TestEnvironment::new();
    let settlement = [
        &[
            "settlement",
            "create",
            "--amount",
            "1",
            "--token",
            "ETH_USDT",
        ][..],
        &[
            "--address",
            "0x1",
            "--merchant",
            "1",
            "--settlement-order-no",
            "A1",
        ],
    ];
    let body =
        r#"{"orderNo":"A1","orderAmount":1,"customerId":"6","merchantId":"1","token":"ETH_USDT"}"#;
    let raw = [
        "api",
        "POST",
        "/checkout/order/create",
        "-d",
        body,
        "--key",
        "orderNo=A1",
    ];
    for (operation, arguments) in [
        (
            SandboxOperation::CreateCheckoutOrder,
            &[&ORDER[..], &["--order-no", "A1"]].concat(),
        ),
        (
            SandboxOperation::CreateSettlementOrder,
            &settlement.concat(),
        ),
        (SandboxOperation::CreateCheckoutOrder, &raw.to_vec()),
    ] {
        let fault = json_body(r#"{"retcode":"200","success":true}"#);
        env.sandbox.faults().add(fault.on(operation));
        let shown = env.run(&[&arguments[..], &["--output", "json"]].concat());
        assert_eq!((shown.code, &*shown.stdout), (5, ""), "{shown:?}");
        let error = error_of(&shown);
        assert_eq!(
            (&error["key"], &error["may_have_taken_effect"]),
            (&"A1".into(), &true.into()),
            "{error}"
        );
    }
    // Without its key, the request is not compared with the record, which must still be an object.
    for body in [
        r#"{"retcode":"200","retdata":[]}"#,
        r#"{"retcode":"200","retdata":[{}]}"#,
        r#"{"retcode":"200","retdata":"ok"}"#,
        r#"{"retcode":"200","retdata":null}"#,
    ] {
        let faults = env.sandbox.faults();
        faults.add(json_body(body).on(SandboxOperation::CreateCheckoutOrder));
        let shown = env.run(&raw[..5]);
        assert_eq!((shown.code, &*shown.stdout), (8, ""), "{shown:?}");
    }
    let fault = json_body(r#"{"retcode":"200","success":true}"#);
    env.sandbox
        .faults()
        .add(fault.clone().on(SandboxOperation::GetCheckoutOrder));
    let read = env.run(&["checkout", "get", "A1", "--output", "json"]);
    assert_eq!(read.code, 1, "{read:?}");
    assert_eq!(error_of(&read)["may_have_taken_effect"], false);
    // No page shows a record in the response of a cancellation.
    env.sandbox
        .faults()
        .add(fault.on(SandboxOperation::CancelCheckoutOrder));
    let cancelled = env.run(&["checkout", "cancel", "A1"]);
    assert_eq!(
        (cancelled.code, &*cancelled.stdout),
        (0, "done\n"),
        "{cancelled:?}"
    );
}

/// The order is looked up after a lost response and a rejected second attempt; the lookup fails too.
#[test]
fn failed_lookup_of_an_ambiguous_order_is_reported() {
    for output in [&[][..], &["--output", "json"]] {
        let env = TestEnvironment::new();
        let faults = env.sandbox.faults();
        faults.add(
            Fault::reset()
                .on(SandboxOperation::CreateCheckoutOrder)
                .after_effect(),
        );
        faults.add(
            Fault::html(403)
                .on(SandboxOperation::GetCheckoutOrder)
                .always(),
        );
        let lost = env.run(&[&ORDER[..], &["--order-no", "A1"], output].concat());
        assert_eq!(lost.code, 5, "{lost:?}");
        let lookup = match output {
            [] => {
                let mut lines = lost.stderr.lines();
                let lookup = lines
                    .find_map(|line| line.strip_prefix("lookup: "))
                    .unwrap();
                assert!(lines.next().unwrap().starts_with("next: "), "{lost:?}");
                lookup.to_owned()
            }
            _ => error_of(&lost)["lookup"].as_str().unwrap().to_owned(),
        };
        assert!(
            lookup.starts_with("get checkout order: ") && lookup.contains("HTTP 403"),
            "{lookup}"
        );
    }
    let env = TestEnvironment::new();
    let missing = env.run(&["checkout", "get", "A1", "--output", "json"]);
    assert!(error_of(&missing)["lookup"].is_null(), "{missing:?}");
}

/// A number is printed only if the request is sent.
#[test]
fn rejected_request_prints_no_number() {
    let env = TestEnvironment::new();
    let order = |json: &'static str| vec!["checkout", "create", "--json", json];
    for (arguments, field) in [
        (order(r#"{"orderAmount":1}"#), "customerId"),
        (
            order(r#"{"orderAmount":"a","customerId":"6","merchantId":"1","token":"ETH_USDT"}"#),
            "orderAmount",
        ),
        (
            order(r#"{"orderAmount":1,"customerId":6,"merchantId":"1","token":"ETH_USDT"}"#),
            "customerId",
        ),
        (
            order(
                r#"{"orderAmount":1,"customerId":"6","merchantId":"1","token":"ETH_USDT","expiredIn":"x"}"#,
            ),
            "expiredIn",
        ),
        (
            order(
                r#"{"orderAmount":1,"customerId":"6","merchantId":"1","token":"ETH_USDT","new":1}"#,
            ),
            "new",
        ),
        (
            vec![
                "refund",
                "create",
                "--json",
                r#"{"orderNo":"A1","amount":[]}"#,
            ],
            "amount",
        ),
        (
            vec!["refund", "create", "--json", r#"{"orderNo":"A1"}"#],
            "amount",
        ),
    ] {
        let shown = env.run(&arguments);
        assert_eq!(shown.code, 2, "{shown:?}");
        assert!(shown.stderr.starts_with("error: "), "{shown:?}");
        assert!(shown.stderr.contains(&format!("`{field}`")), "{shown:?}");
    }
    let shown = env.run(&[&ORDER[..], &["--order-no", "A-1"]].concat());
    assert_eq!(shown.code, 2, "{shown:?}");
    assert!(shown.stderr.starts_with("error: `orderNo`"), "{shown:?}");
    let empty = env.run(&[
        "refund",
        "create",
        "--json",
        r#"{"orderNo":"A1","amount":1,"refundOrderNo":" "}"#,
    ]);
    assert_eq!(empty.code, 2, "{empty:?}");
    assert!(empty.stderr.starts_with("error: "), "{empty:?}");
    let mut without_secrets = env.bare();
    without_secrets
        .env("STABLELINK_ENV", env.sandbox.url())
        .args(ORDER);
    let shown = run(&mut without_secrets, b"");
    assert!(shown.stderr.starts_with("error: "), "{shown:?}");
    assert_eq!(env.sandbox.request_count(), 0);
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
fn advice_fits_reads_and_writes() {
    let env = TestEnvironment::new();
    let duplicate = r#"{"retcode":"00906","retmsg":"orderNo already exists"}"#;
    for operation in [
        SandboxOperation::GetCheckoutOrder,
        SandboxOperation::CreateCheckoutOrder,
    ] {
        env.sandbox.faults().add(json_body(duplicate).on(operation));
    }
    let read = env.run(&["checkout", "get", "A1"]);
    assert_eq!(read.code, 3, "{read:?}");
    assert!(!read.stderr.contains("new number"), "{read:?}");
    assert!(!read.stderr.contains("no effect"), "{read:?}");
    let write = env.run(&[&ORDER[..], &["--order-no", "A1"]].concat());
    // An earlier call with this number may have taken effect.
    assert_eq!(write.code, 5, "{write:?}");
    assert!(
        write.stderr.contains("look up its record before"),
        "{write:?}"
    );
}

#[test]
fn mistyped_name_has_a_suggestion() {
    let env = TestEnvironment::new();
    for (arguments, suggestion) in [
        (&["chekout"][..], "'checkout'"),
        (&["checkout", "cancl", "A1"], "'cancel'"),
        (&["checkout", "get", "A1", "--outptu", "json"], "'--output'"),
        (&["checkout", "create", "--amont", "1"], "'--amount'"),
    ] {
        let text = env.run(arguments);
        assert_eq!(text.code, 2, "{text:?}");
        assert!(text.stderr.contains(suggestion), "{text:?}");
        let json = env.run(&[&["--output", "json"], arguments].concat());
        let next = error_of(&json)["next"].as_str().unwrap().to_owned();
        assert!(next.contains(suggestion), "{next}");
    }
    assert_eq!(env.sandbox.request_count(), 0);
    let order = [&ORDER[..], &["--order-no", "A1"]].concat();
    assert_eq!(env.run(&order).code, 0);
    let read = env.run(&["checkout", "get", "A1", "--get", "orderNumber"]);
    assert!(read.stderr.contains("did you mean `orderNo`?"), "{read:?}");
    let noted = env.run(&["checkout", "list", "--json", r#"{"pageNumm":1}"#]);
    assert_eq!(noted.code, 0, "{noted:?}");
    assert!(noted.stderr.contains("did you mean `"), "{noted:?}");
}

/// A mistyped field of a call that may change something is not sent: the field that was meant would be missing.
#[test]
fn mistyped_field_of_a_write_is_an_error() {
    let env = TestEnvironment::new();
    let json =
        r#"{"clientId":7,"fromCurrency":"USD","toCurrency":"USDC","requestType":1,"amont":120}"#;
    for more in [&[][..], &["--quiet"]] {
        let shown = env.run(&[&["trade", "create", "--json", json], more].concat());
        assert_eq!(shown.code, 2, "{shown:?}");
        assert!(shown.stderr.contains("did you mean `amount`?"), "{shown:?}");
    }
    assert_eq!(env.sandbox.request_count(), 0);
}

/// Without its key, the request would get a generated one, and each run of the command would be another payment.
#[test]
fn mistyped_idempotency_key_is_not_replaced_by_a_generated_one() {
    let env = TestEnvironment::new();
    let settlement = |name: &str| {
        format!(
            r#"{{"{name}":"S1","merchantId":"1","token":"ETH_USDT","address":"0x1","amount":1,"orderNos":["A1"]}}"#
        )
    };
    for name in [
        "settlementOrderNO",
        "settlementorderNo",
        "setlementOrderNo",
        "settlementOrderNumber",
        "settlementOrderId",
        "settlement_order_no",
        "SETTLEMENT_ORDER_NO",
        "settlementNo",
    ] {
        let shown = env.run(&["settlement", "create", "--json", &settlement(name)]);
        assert_eq!(shown.code, 2, "{name}: {shown:?}");
        assert!(
            shown.stderr.contains("did you mean `settlementOrderNo`?"),
            "{name}: {shown:?}"
        );
    }
    for name in [
        "payoutNo",
        "requestId",
        "idempotencyKey",
        "id",
        "merchantOrderNo",
    ] {
        // The document has only the key of a fiat settlement.
        for command in ["create", "create-fiat"] {
            let shown = env.run(&["settlement", command, "--json", &settlement(name)]);
            assert_eq!(shown.code, 2, "{command} {name}: {shown:?}");
            assert!(shown.stderr.contains("no field"), "{name}: {shown:?}");
        }
    }
    let null = settlement("settlementOrderNo").replace(r#""S1""#, "null");
    let shown = env.run(&["settlement", "create", "--json", &null]);
    assert_eq!(shown.code, 2, "{shown:?}");
    assert!(
        shown.stderr.contains("`settlementOrderNo` is null"),
        "{shown:?}"
    );
    let trade = r#"{"requestID":"T1","clientId":7,"fromCurrency":"USD","toCurrency":"USDC","requestType":1,"amount":1}"#;
    let shown = env.run(&["trade", "create", "--json", trade]);
    assert_eq!(shown.code, 2, "{shown:?}");
    assert!(
        shown.stderr.contains("did you mean `requestId`?"),
        "{shown:?}"
    );
    assert_eq!(env.sandbox.request_count(), 0);
    // A key that is set is sent, and never suggested: the value of the unknown field would replace it.
    let body = settlement("settlementOrderNumber");
    let shown = env.run(&[
        "settlement",
        "create",
        "--json",
        &body,
        "--settlement-order-no",
        "S2",
    ]);
    assert!(
        !shown.stderr.contains("did you mean `settlementOrderNo`?"),
        "{shown:?}"
    );
    assert_ne!(env.sandbox.request_count(), 0, "{shown:?}");
}

#[test]
fn negative_amount_of_the_json_argument_is_not_sent() {
    let env = TestEnvironment::new();
    for amount in ["-1", "-0.5", r#""-1.50""#, "-0", "-1e3"] {
        let order = format!(
            r#"{{"orderAmount":{amount},"customerId":"6","merchantId":"1","token":"ETH_USDT"}}"#
        );
        let refund = format!(r#"{{"orderNo":"A1","amount":{amount}}}"#);
        for (group, json, field) in [
            ("checkout", order, "orderAmount"),
            ("refund", refund, "amount"),
        ] {
            let shown = env.run(&[group, "create", "--json", &json]);
            assert_eq!(shown.code, 2, "{amount}: {shown:?}");
            let problem = format!("`{field}` is negative");
            assert!(shown.stderr.contains(&problem), "{amount}: {shown:?}");
        }
    }
    assert_eq!(env.sandbox.request_count(), 0);
}

/// A duplicate of another field, such as an e-mail address, says nothing about an earlier payment.
#[test]
fn duplicate_without_an_idempotency_key_is_a_plain_rejection() {
    let env = TestEnvironment::new();
    let duplicate = r#"{"retcode":"00906","retmsg":"email already exists"}"#;
    for operation in [
        SandboxOperation::CancelCheckoutOrder,
        SandboxOperation::CreateCheckoutOrder,
    ] {
        let fault = json_body(duplicate).on(operation).always();
        env.sandbox.faults().add(fault);
    }
    let cancel = ["checkout", "cancel", "A1"];
    let raw_cancel = ["api", "GET", "/checkout/order/cancel", "-q", "orderNo=A1"];
    for arguments in [&cancel[..], &raw_cancel] {
        let shown = env.run(&[arguments, &["--output", "json"]].concat());
        assert_eq!(shown.code, 3, "{shown:?}");
        let error = error_of(&shown);
        assert_eq!(error["may_have_taken_effect"], false, "{error}");
        let next = error["next"].as_str().unwrap();
        assert!(next.contains("had no effect"), "{next}");
        assert!(!next.contains("number was used"), "{next}");
    }
    // The body of this request has a key although no option names it.
    let raw = ["api", "POST", "/checkout/order/create", "-d", "{}"];
    let shown = env.run(&[&raw[..], &["--output", "json"]].concat());
    assert_eq!(shown.code, 5, "{shown:?}");
    assert_eq!(error_of(&shown)["may_have_taken_effect"], true);
}

/// The record of another request could have no number, too.
#[test]
fn raw_create_whose_record_lacks_the_key_is_ambiguous() {
    let env = TestEnvironment::new();
    let body = r#"{"retcode":"200","retdata":{"orderNo":null,"depositAddress":"0x1"}}"#;
    let fault = json_body(body).on(SandboxOperation::CreateCheckoutOrder);
    env.sandbox.faults().add(fault);
    let order =
        r#"{"orderNo":"C2","orderAmount":1,"customerId":"6","merchantId":"1","token":"ETH_USDT"}"#;
    let shown = env.run(&[
        "api",
        "POST",
        "/checkout/order/create",
        "-d",
        order,
        "--key",
        "orderNo=C2",
        "--output",
        "json",
    ]);
    assert_eq!(shown.code, 5, "{shown:?}");
    let error = error_of(&shown);
    assert_eq!(
        (&error["key"], &error["may_have_taken_effect"]),
        (&"C2".into(), &true.into())
    );
}

#[test]
fn refund_of_an_order_and_of_a_payment_is_not_sent() {
    let env = TestEnvironment::new();
    for arguments in [
        &["--abnormal-payment", "B1", "--json", r#"{"orderNo":"A1"}"#][..],
        &["--order", "A1", "--json", r#"{"abnormalPaymentNo":"B1"}"#],
        &["--json", r#"{"orderNo":"A1","abnormalPaymentNo":"B1"}"#],
    ] {
        let shown = env.run(&[&["refund", "create", "--amount", "1"], arguments].concat());
        assert_eq!(shown.code, 2, "{shown:?}");
        assert!(shown.stderr.contains("`abnormalPaymentNo`"), "{shown:?}");
    }
    assert_eq!(env.sandbox.request_count(), 0);
}

#[test]
fn missing_fields_are_named_and_nothing_is_sent() {
    let env = TestEnvironment::new();
    for (arguments, name) in [
        (&["checkout", "create", "--amount", "1"][..], "--customer"),
        (
            &["checkout", "create", "--json", r#"{"orderAmount":1}"#],
            "customerId",
        ),
        (&["refund", "create", "--order", "A1"], "--amount"),
        (
            &[
                "refund",
                "create",
                "--json",
                r#"{"orderNo":"A1","amount":null}"#,
            ],
            "amount",
        ),
        (&["checkout", "get"], "<ORDER_NO>"),
    ] {
        let shown = env.run(arguments);
        assert_eq!(shown.code, 2, "{shown:?}");
        assert!(shown.stderr.contains(name), "{arguments:?}: {shown:?}");
    }
    assert_eq!(env.sandbox.request_count(), 0);
}

#[test]
fn path_selects_a_value_of_a_list() {
    let env = TestEnvironment::new();
    for number in ["A1", "A2"] {
        let order = [&ORDER[..], &["--order-no", number]].concat();
        assert_eq!(env.run(&order).code, 0);
    }
    let first = env.run(&["checkout", "list", "--get", "records.0.orderNo", "--quiet"]);
    assert_eq!((first.code, &*first.stderr), (0, ""), "{first:?}");
    assert!(["A1\n", "A2\n"].contains(&&*first.stdout), "{first:?}");
    let who = env.run(&["whoami", "--get", "api_key"]);
    assert!(who.stdout.starts_with("sha256 "), "{who:?}");
}

#[test]
fn path_into_an_empty_list_is_an_error_that_says_so() {
    let env = TestEnvironment::new();
    let shown = env.run(&["checkout", "list", "--get", "records.0.orderNo"]);
    assert_eq!((shown.code, &*shown.stdout), (1, ""), "{shown:?}");
    let problem = "error: `records` is an empty list: it has no element `0`";
    assert!(shown.stderr.contains(problem), "{shown:?}");
}

/// Programs read standard error line by line: notes, keys, the log and the error are JSON.
#[test]
fn standard_error_has_only_json_if_json_is_requested() {
    let env = TestEnvironment::new();
    let file = env.home.path().join("receipt.txt");
    std::fs::write(&file, "a receipt").unwrap();
    let file = file.to_str().unwrap();
    let order = [&ORDER[..], &["--order-no", "A1"]].concat();
    for (arguments, is_error) in [
        (&order[..], false),
        (&order, true),
        (&["checkout", "get", "A1", "-vvv"], false),
        (&["checkout", "list", "--json", r#"{"pageNumm":1}"#], false),
        (&["checkout", "wait", "A1", "--timeout", "1"], true),
        (&["trade", "get", "T1"], true),
        (&["file", "upload", file], false),
        (&["api", "POST", "/unknown", "-d", "text"], true),
        (&["sign", "GET", "/a", "-v"], false),
        (
            &[
                "verify",
                "GET",
                "/a",
                "--signature",
                "a",
                "--timestamp",
                "1",
            ],
            true,
        ),
        (&["sandbox", "pay", "A2", "1"], true),
        (
            &[
                "webhook",
                "send",
                "--event",
                "E",
                "--to",
                "http://127.0.0.1:1/",
            ],
            true,
        ),
        (&["token"], false),
        (&["probe"], false),
        (&["logout"], true),
        (&["--env", "nowhere", "whoami"], true),
    ] {
        let shown = env.run(&[arguments, &["--output", "json"]].concat());
        assert_eq!(shown.code != 0, is_error, "{shown:?}");
        let mut lines: Vec<Value> = Vec::new();
        for line in shown.stderr.lines() {
            let value = serde_json::from_str(line);
            lines.push(value.unwrap_or_else(|_| panic!("{arguments:?}: {line}")));
        }
        let errors = lines
            .iter()
            .filter(|line| line["error"].is_object())
            .count();
        assert_eq!(errors, usize::from(is_error), "{shown:?}");
        assert!(errors == 0 || lines.last().unwrap()["error"].is_object());
        if arguments == order {
            let key = serde_json::json!({"field": "orderNo", "key": "A1"});
            assert!(lines.contains(&key), "{shown:?}");
        }
    }
}

#[test]
fn quiet_prints_only_results_and_errors() {
    let env = TestEnvironment::new();
    let order = [&ORDER[..], &["--order-no", "A1", "--quiet"]].concat();
    let made = env.run(&order);
    assert_eq!((made.code, &*made.stderr), (0, ""), "{made:?}");
    let again = env.run(&order);
    assert_eq!(again.code, 5);
    assert!(again.stderr.starts_with("error: "), "{again:?}");
}

#[test]
fn data_of_whoami_and_token_is_structured() {
    let env = TestEnvironment::new();
    let data =
        |arguments: &[&str]| -> Value { serde_json::from_str(&env.run(arguments).stdout).unwrap() };
    let who = data(&["whoami", "--output", "json"]);
    assert_eq!(who["environment"], env.sandbox.url());
    assert_eq!(who["environment_source"], "STABLELINK_ENV");
    assert!(who["proxy"].is_null() && who["token"].is_null(), "{who}");
    let token = data(&["token", "--output", "json"]);
    assert!(token["generation"].is_u64(), "{token}");
    let expiry = token["expires_at"].as_str().unwrap();
    assert!(expiry.len() == 20 && expiry.ends_with('Z'), "{expiry}");
    assert_eq!(
        data(&["whoami", "--check", "--output", "json"])["token"],
        token
    );
}

/// A command that reads its input blocks its thread; it ends nevertheless.
#[cfg(target_os = "linux")]
#[test]
fn interrupted_command_exits_with_130_while_it_reads_input() {
    use rustix::process::{Pid, Signal, kill_process};
    let env = TestEnvironment::new();
    for signal in [Signal::INT, Signal::TERM] {
        for arguments in [
            &["checkout", "create", "--json", "-"][..],
            &["sign", "POST", "/a", "-d", "@-"],
            &["login"],
        ] {
            let mut command = env.command();
            let command = command.args(arguments).stdin(Stdio::piped());
            let mut child = command
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            // `wait` would close the input.
            let _input = child.stdin.take();
            let pid = Pid::from_child(&child);
            wait_until_signals_are_handled(child.id());
            kill_process(pid, signal).unwrap();
            assert_eq!(child.wait().unwrap().code(), Some(130), "{arguments:?}");
        }
    }
}

/// The thread of a command is blocked while it writes the record of an order to a full pipe.
#[cfg(target_os = "linux")]
#[test]
fn interrupted_command_names_the_order_while_it_writes_the_record() {
    use std::io::{Read, Write};

    use rustix::process::{Pid, Signal, kill_process};
    let env = TestEnvironment::new();
    let (reader, writer) = std::io::pipe().unwrap();
    let mut filler = writer.try_clone().unwrap();
    let filler = std::thread::spawn(move || while filler.write_all(&[0; 4096]).is_ok() {});
    std::thread::sleep(Duration::from_millis(200));
    let mut command = env.command();
    let command = command.args([&ORDER[..], &JSON_ORDER_A1].concat());
    let mut child = command
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    let effects = || {
        env.sandbox
            .effects()
            .total(SandboxOperation::CreateCheckoutOrder)
    };
    while effects() == 0 {
        assert!(Instant::now() < deadline, "no order was created");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(500));
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    drop(reader);
    filler.join().unwrap();
    let mut stderr = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut stderr)
        .unwrap();
    let error: Value = serde_json::from_str(stderr.lines().last().unwrap()).unwrap();
    let error = &error["error"];
    assert_eq!(
        (&error["key"], &error["may_have_taken_effect"]),
        (&"A1".into(), &true.into()),
        "{stderr}"
    );
}

/// Waits until the process catches SIGINT and SIGTERM.
#[cfg(target_os = "linux")]
fn wait_until_signals_are_handled(id: u32) {
    let both = (1 << 1) | (1 << 14);
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let caught = u64::from_str_radix(caught.unwrap().trim(), 16).unwrap();
        if caught & both == both {
            return;
        }
        std::thread::yield_now();
    }
    panic!("the signals are not handled");
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
    let token = "{\"retcode\":200,\"retdata\":{\"access_token\":\"t\u{9b}2J\u{202e}\\u001b[2J\"}}";
    let fresh = TestEnvironment::new();
    let faults = fresh.sandbox.faults();
    faults.add(json_body(token).on_token().always());
    let printed = fresh.run(&["token", "--print"]);
    assert!(!hostile(&printed.stdout), "{printed:?}");
    assert!(!hostile(&printed.stderr), "{printed:?}");
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
        &["checkout", "create", "--amount", "-5"],
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
