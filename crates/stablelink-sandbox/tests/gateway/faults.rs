//! Tests of each fault, as a client sees it.

use std::time::Duration;

use stablelink_sandbox::{Fault, RetcodeForm, Sandbox, SandboxOperation};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinHandle;

use crate::caller::{Caller, by_credentials, is_reset};

const PATH: &str = "/checkout/order/create";
const ORDER: &str =
    r#"{"orderNo":"A","orderAmount":0.5,"customerId":"6","merchantId":"1","token":"ETH_USDT"}"#;

fn created(sandbox: &Sandbox) -> u64 {
    sandbox
        .effects()
        .count(SandboxOperation::CreateCheckoutOrder, "A")
}

#[tokio::test]
async fn reset_can_happen_before_or_after_the_effect() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    for (fault, effects) in [(Fault::reset(), 0), (Fault::reset().after_effect(), 1)] {
        let id = sandbox
            .faults()
            .add(fault.on(SandboxOperation::CreateCheckoutOrder));
        let error = caller.try_post(PATH, ORDER).await.unwrap_err();
        assert!(is_reset(&error), "{error:?}");
        assert_eq!(
            (sandbox.faults().injections(id), created(&sandbox)),
            (1, effects)
        );
        let record = sandbox.requests().pop().unwrap();
        assert_eq!((record.status, record.faults), (None, vec![id]));
    }
}

#[tokio::test]
async fn faults_replace_the_response() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let cases = [
        (Fault::status(500), 500, r#"{"retcode":"500""#),
        (Fault::status(9999), 500, r#"{"retcode":"9999""#),
        (Fault::status(503).without_body(), 503, ""),
        (Fault::unauthorized(), 401, r#"{"retcode":"401""#),
        (Fault::rate_limited(None), 429, r#"{"retcode":"429""#),
        (Fault::html(502), 502, "<!DOCTYPE html>"),
        (Fault::html(200), 200, "<!DOCTYPE html>"),
        (Fault::malformed_json(), 200, r#"{"retcode":"200""#),
        (Fault::unexpected_json(), 200, "[1,2,3]"),
        (Fault::redirect(302, "http://other.invalid/"), 302, ""),
        (
            Fault::duplicate(),
            200,
            r#"{"retcode":"00906","retmsg":"orderNo already exists""#,
        ),
        (Fault::custom(418, [("x-a", "b")], "tea"), 418, "tea"),
    ];
    let count = cases.len();
    for (fault, status, body) in cases {
        sandbox.faults().add(fault.clone());
        let response = caller.post(PATH, ORDER).await;
        assert_eq!(response.status, status, "{fault:?}");
        assert!(
            response.body.starts_with(body),
            "{fault:?}: {}",
            response.body
        );
        assert!(response.headers.contains_key("date"));
    }
    assert_eq!(
        created(&sandbox),
        0,
        "none of the {count} faults had an effect"
    );
    caller.post(PATH, ORDER).await.ok();
    // A rejected call has no effect, so this fault does not hit it.
    sandbox.faults().add(Fault::status(500).after_effect());
    caller.post(PATH, ORDER).await.rejected("00906");
    let other = ORDER.replace("\"A\"", "\"B\"");
    assert_eq!(caller.post(PATH, &other).await.status, 500);
    assert_eq!(
        sandbox
            .effects()
            .total(SandboxOperation::CreateCheckoutOrder),
        2
    );
}

#[tokio::test]
async fn faults_set_response_headers() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    for (fault, header, value) in [
        (Fault::rate_limited(Some(3)), "retry-after", "3"),
        (Fault::status(503).retry_after(7), "retry-after", "7"),
        (
            Fault::redirect(307, "https://other.invalid/x"),
            "location",
            "https://other.invalid/x",
        ),
        (Fault::html(502), "content-type", "text/html; charset=utf-8"),
        (Fault::unexpected_json(), "content-type", "application/json"),
        (
            Fault::status(500).header("date", "Thu, 01 Jan 1970 00:00:00 GMT"),
            "date",
            "Thu, 01 Jan 1970 00:00:00 GMT",
        ),
    ] {
        sandbox.faults().add(fault);
        assert_eq!(caller.post(PATH, ORDER).await.headers[header], value);
    }
}

#[tokio::test]
async fn large_error_has_the_requested_length() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    sandbox.faults().add(Fault::large_error(10_000_000));
    let response = caller.post(PATH, ORDER).await;
    assert_eq!(response.status, 500);
    assert!(response.body.len() > 10_000_000);
}

#[tokio::test]
async fn replaced_field_leaves_other_fields_unchanged() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    caller.post(PATH, ORDER).await.ok();
    let info = || caller.get("/checkout/order/info", "orderNo=A");
    for (fault, value) in [
        (
            Fault::unknown_value("retdata.orderStatus").unwrap(),
            "\"NEVER_SEEN_BEFORE\"",
        ),
        (
            Fault::wrong_type("retdata.orderStatus").unwrap(),
            r#"{"unexpected":true}"#,
        ),
        (Fault::null("retdata.orderStatus").unwrap(), "null"),
        (
            Fault::replace_field("retdata.orderStatus", "1e400").unwrap(),
            "1e400",
        ),
    ] {
        sandbox.faults().add(fault);
        let response = info().await;
        assert_eq!(response.field("orderStatus"), value, "{}", response.body);
        assert_eq!(response.field("payingAmount"), "0.505");
    }
    sandbox
        .faults()
        .add(Fault::null("retdata.records").unwrap());
    assert_eq!(
        info().await.field("orderStatus"),
        "\"PAYING\"",
        "there is no such field"
    );
    sandbox
        .faults()
        .add(Fault::null("retdata.records").unwrap());
    let list = caller.post("/checkout/order/list", "{}").await;
    assert_eq!(
        (list.field("records").as_str(), list.field("total").as_str()),
        ("null", "1")
    );
}

#[tokio::test]
async fn fault_with_a_field_that_no_response_has_is_rejected() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    for (path, target) in [
        ("retdata.nothing", None),
        ("retdata.orderStatus.", None),
        ("retdata.orderStatus", Some(SandboxOperation::GetTrade)),
        (
            "retdata.records.0.nothing",
            Some(SandboxOperation::ListCheckoutOrders),
        ),
    ] {
        let mut text = format!("null={path}");
        if let Some(operation) = target {
            text += &format!("@{operation}");
        }
        let error = sandbox.faults().add_text(&text).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("`{path}` is not a field")),
            "{error}"
        );
        // The Rust API does not consider the target, so that a test can try a fault on all.
        let built = Fault::null(path);
        let is_known = path == "retdata.orderStatus";
        assert_eq!(built.is_ok(), is_known, "{text}");
    }
    caller.post(PATH, ORDER).await.ok();
    for text in [
        "null=success",
        "null=retdata.access_token@token",
        "null=expires_in@token",
        "null=retdata.records.0.orderStatus@listCheckoutOrders",
        "null=retdata.status@getTrade",
        "null=retdata.merchantId@calls",
    ] {
        sandbox.faults().add_text(text).unwrap();
    }
}

#[tokio::test]
async fn truncated_response_is_shorter_than_content_length() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    sandbox
        .faults()
        .add(Fault::truncate().on(SandboxOperation::CreateCheckoutOrder));
    let response = caller
        .request("POST", PATH, "", ORDER)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.content_length().unwrap() > 100);
    let error = response.text().await.unwrap_err();
    assert!(error.is_decode() || error.is_body(), "{error:?}");
    assert_eq!(created(&sandbox), 1);
}

#[tokio::test]
async fn half_of_truncated_response_is_sent() {
    let sandbox = Sandbox::start().await.unwrap();
    for fault in [Fault::truncate(), Fault::stall_within_body()] {
        sandbox.faults().add(fault.on_token());
        let caller = Caller::with_token(&sandbox, "none");
        let request = caller.token_request_text(&sandbox.credentials());
        let mut stream = tokio::net::TcpStream::connect(sandbox.address())
            .await
            .unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut read = Vec::new();
        // Reads until half of the body arrived. One of the two faults never closes the connection.
        while !String::from_utf8_lossy(&read).contains("access_tok") {
            assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0);
        }
        assert!(!String::from_utf8_lossy(&read).contains("rt_expires_in"));
    }
    assert_eq!(sandbox.token_grants().credentials, 2);
}

/// Creates an order that the fault delays, and returns its task. Other calls succeed meanwhile.
async fn delayed_order(sandbox: &Sandbox, caller: &Caller, fault: Fault) -> JoinHandle<bool> {
    let id = sandbox
        .faults()
        .add(fault.on(SandboxOperation::CreateCheckoutOrder));
    let request = caller.request("POST", PATH, "", ORDER);
    let waiting = tokio::spawn(async move { request.send().await.is_ok() });
    while sandbox.faults().injections(id) == 0 {
        tokio::task::yield_now().await;
    }
    caller.post("/checkout/order/list", "{}").await.ok();
    assert!(!waiting.is_finished());
    waiting
}

#[tokio::test]
async fn stall_lasts_until_the_client_disconnects() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    for (fault, effects) in [(Fault::stall(), 0), (Fault::stall().after_effect(), 1)] {
        delayed_order(&sandbox, &caller, fault).await.abort();
        assert_eq!(created(&sandbox), effects);
    }
}

#[tokio::test]
async fn latency_delays_and_request_continues() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let hour = Duration::from_secs(3600);
    delayed_order(&sandbox, &caller, Fault::latency(hour))
        .await
        .abort();
    assert_eq!(created(&sandbox), 0);
    let latency = sandbox.faults().add(Fault::latency(Duration::ZERO));
    sandbox.faults().add(Fault::status(503));
    assert_eq!(caller.post(PATH, ORDER).await.status, 503);
    assert_eq!(
        sandbox.faults().injections(latency),
        1,
        "both were injected"
    );
    let after = Fault::latency(hour).after_effect();
    delayed_order(&sandbox, &caller, after).await.abort();
    assert_eq!(created(&sandbox), 1);
}

#[tokio::test]
async fn date_skew_does_not_change_the_clock() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.clock().freeze();
    let caller = Caller::new(&sandbox).await;
    let now = sandbox.clock().now_millis() / 1000;
    for (skew, expected) in [(-3_600_000, now - 3600), (86_400_000, now + 86_400)] {
        sandbox.faults().add(Fault::date_skew(skew));
        let response = caller.post("/checkout/order/list", "{}").await.ok();
        let date = jiff::fmt::rfc2822::parse(response.headers["date"].to_str().unwrap()).unwrap();
        assert_eq!(date.timestamp().as_second(), expected);
    }
    assert_eq!(sandbox.clock().now_millis() / 1000, now);
}

#[tokio::test]
async fn faults_can_target_token_requests_calls_or_paths() {
    let sandbox = Sandbox::builder()
        .retcode(RetcodeForm::String)
        .start()
        .await
        .unwrap();
    let caller = Caller::new(&sandbox).await;
    sandbox.faults().add(Fault::status(503).on_token());
    caller.post(PATH, ORDER).await.ok();
    let credentials = sandbox.credentials();
    assert_eq!(
        by_credentials(sandbox.url(), &credentials).await.status,
        503
    );
    assert_eq!(
        by_credentials(sandbox.url(), &credentials).await.status,
        200
    );
    sandbox.faults().add(Fault::reset().on_calls());
    assert_eq!(
        by_credentials(sandbox.url(), &credentials).await.status,
        200
    );
    sandbox.faults().clear();
    // A fault can also hit a path without an operation.
    sandbox.faults().add(Fault::html(503).on_path("/nowhere"));
    let nowhere = || caller.http.get(format!("{}/nowhere", sandbox.url())).send();
    assert_eq!(nowhere().await.unwrap().status(), 503);
    assert_eq!(nowhere().await.unwrap().status(), 404);
}
