//! Tests of the retry rules: safe, keyed and never.

use std::future::IntoFuture;

use stablelink::types::{CreateUserRequest, SimulateEventRequest, SubmitKybRequest};
use stablelink_sandbox::{Fault, SandboxOperation};

use crate::setup::{Call, clocked, effects, never, nothing, order, outcome, pair, read, sent};
use crate::watch::CheckedResult;

/// Returns every operation that must not be retried: of the default features, and of `provisional` if it moves money.
fn never_repeated() -> Vec<(SandboxOperation, Call)> {
    fn of<T: serde::de::DeserializeOwned>(json: &str) -> T {
        serde_json::from_str(json).unwrap()
    }
    let always: [(SandboxOperation, Call); 5] = [
        (SandboxOperation::CreateUser, |client| {
            let user: CreateUserRequest = of(r#"{"email":"a@b.example"}"#);
            nothing(client.users().create(user).into_future())
        }),
        (SandboxOperation::SubmitKyb, |client| {
            let review: SubmitKybRequest = of("{}");
            nothing(client.kyb().submit(review).into_future())
        }),
        (SandboxOperation::UpdateFeeConfig, |client| {
            nothing(client.fee_configs().update(of("{}")).into_future())
        }),
        (SandboxOperation::SimulateEvent, |client| {
            let event = SimulateEventRequest::default();
            nothing(client.webhook_events().simulate(event).into_future())
        }),
        (SandboxOperation::CancelCheckoutOrder, never),
    ];
    #[cfg(not(feature = "provisional"))]
    let inferred: [(SandboxOperation, Call); 0] = [];
    #[cfg(feature = "provisional")]
    let inferred: [(SandboxOperation, Call); 5] = [
        (SandboxOperation::ConfirmTransaction, |client| {
            nothing(
                client
                    .trades()
                    .confirm(of(r#"{"txNo":"TR1"}"#))
                    .into_future(),
            )
        }),
        (SandboxOperation::CreateFeeConfig, |client| {
            nothing(client.fee_configs().create(of("{}")).into_future())
        }),
        (SandboxOperation::CancelSettlementOrder, |client| {
            nothing(client.settlements().cancel("7").into_future())
        }),
        (SandboxOperation::CancelRefundOrder, |client| {
            nothing(client.refunds().cancel("7").into_future())
        }),
        (SandboxOperation::UploadFile, |client| {
            nothing(
                client
                    .files()
                    .upload_bytes("a.pdf", &b"bytes"[..])
                    .into_future(),
            )
        }),
    ];
    always.into_iter().chain(inferred).collect()
}

#[tokio::test]
async fn unretryable_operation_is_sent_once() {
    type Make = fn() -> Fault;
    let faults: [(&str, Make, &str); 9] = [
        ("reset", Fault::reset, "ambiguous"),
        ("500", || Fault::status(500), "ambiguous"),
        (
            "503 with a wait",
            || Fault::status(503).retry_after(0),
            "ambiguous",
        ),
        ("a page, 502", || Fault::html(502), "ambiguous"),
        ("a page, 200", || Fault::html(200), "ambiguous"),
        ("malformed", Fault::malformed_json, "ambiguous"),
        ("no envelope", Fault::unexpected_json, "ambiguous"),
        (
            "302",
            || Fault::redirect(302, "http://127.0.0.1:9/"),
            "ambiguous",
        ),
        ("429", || Fault::rate_limited(Some(0)), "rate_limited"),
    ];
    let (sandbox, client) = pair().await;
    for (operation, call) in never_repeated() {
        for (name, fault, expected) in faults {
            let before = sent(&sandbox, operation);
            let id = sandbox.faults().add(fault().on(operation).always());
            let result = call(&client).await;
            assert_eq!(outcome(&result), expected, "{operation} {name}: {result:?}");
            let error = result.checked_err();
            assert_eq!(error.attempts(), 1, "{operation} {name}");
            assert_eq!(error.idempotency_key(), None, "{operation} {name}");
            assert_eq!(sent(&sandbox, operation) - before, 1, "{operation} {name}");
            sandbox.faults().remove(id);
        }
    }
}

/// However often the gateway rejects the timestamp, and whatever its `Date` header: one repetition.
#[tokio::test]
async fn rejected_timestamp_is_corrected_once() {
    let (sandbox, builder, clock) = clocked().await;
    let client = builder.build().unwrap();
    client.token().await.unwrap();
    let cancel = SandboxOperation::CancelCheckoutOrder;
    let now = stablelink::Clock::now(&clock);
    let body = r#"{"retcode":"00007","retmsg":"TIMESTAMP expired"}"#;
    for hours in 1..=6 {
        let date = now + std::time::Duration::from_secs(hours * 3_600);
        let refusal = Fault::custom(200, [("content-type", "application/json")], body);
        let refusal = refusal.header("date", &httpdate::fmt_http_date(date));
        sandbox.faults().add(refusal.on(cancel));
    }
    let result = never(&client).await;
    assert_eq!(outcome(&result), "api", "{result:?}");
    assert_eq!(result.checked_err().attempts(), 2);
    assert_eq!(sent(&sandbox, cancel), 2);
}

/// Each attempt has the same key and body, and its own timestamp and signature.
#[tokio::test]
async fn retry_has_same_key_and_new_signature() {
    let (sandbox, builder, clock) = clocked().await;
    let client = builder.build().unwrap();
    let create = SandboxOperation::CreateCheckoutOrder;
    let busy = Fault::status(503).retry_after(1).on(create).times(2);
    sandbox.faults().add(busy);
    let order = order();
    client.checkout_orders().create(&order).await.unwrap();
    assert_eq!(clock.pauses(), [std::time::Duration::from_secs(1); 2]);
    assert_eq!(effects(&sandbox, &order), 1);
    let requests = sandbox.requests();
    let attempts: Vec<_> = requests
        .iter()
        .filter(|request| request.operation == Some(create))
        .collect();
    let [first, second, third] = attempts[..] else {
        panic!("{attempts:?}");
    };
    let key = format!(r#""orderNo":"{}""#, order.order_no());
    let text = |name: &str, of: &stablelink_sandbox::RequestRecord| {
        of.headers[name].to_str().unwrap().to_owned()
    };
    for (one, next) in [(first, second), (second, third)] {
        assert!(String::from_utf8_lossy(&one.body).contains(&key));
        assert_eq!(one.body, next.body);
        let time = |of| text("timestamp", of).parse::<u64>().unwrap();
        assert_eq!(time(next) - time(one), 1_000);
        assert_ne!(text("signature", one), text("signature", next));
        assert_eq!(text("authorization", one), text("authorization", next));
    }
    // The gateway verifies signatures: the last attempt was correct.
    assert_eq!(third.status, Some(200));
}

/// Operations that only read are retried until they succeed or the attempts are used up.
#[tokio::test]
async fn reading_operation_is_retried() {
    type Make = fn() -> Fault;
    let faults: [(&str, Make, &str); 8] = [
        ("reset", Fault::reset, "transport"),
        ("cut off", Fault::truncate, "transport"),
        ("500", || Fault::status(500), "transport"),
        ("503", || Fault::status(503), "transport"),
        ("408", || Fault::status(408), "transport"),
        ("a page, 502", || Fault::html(502), "transport"),
        ("big", || Fault::large_error(200_000), "transport"),
        ("429", || Fault::rate_limited(None), "rate_limited"),
    ];
    for (name, fault, always) in faults {
        for (times, expected, arrive) in [(1, "done", 2), (2, "done", 3), (3, always, 3)] {
            let (sandbox, client) = pair().await;
            let rates = SandboxOperation::GetExchangeRate;
            sandbox.faults().add(fault().on(rates).times(times));
            let result = read(&client).await;
            assert_eq!(outcome(&result), expected, "{name} {times}: {result:?}");
            assert_eq!(sent(&sandbox, rates), arrive, "{name} {times}");
            if let Err(error) = result {
                assert!(error.is_retryable(), "{name}: {error:?}");
                assert_eq!(error.attempts(), 3, "{name}");
            }
        }
    }
}

/// A failure that would repeat is not retried.
#[tokio::test]
async fn permanent_failure_is_not_retried() {
    type Make = fn() -> Fault;
    let faults: [(&str, Make, &str); 6] = [
        ("a page, 200", || Fault::html(200), "decode"),
        ("a page, 403", || Fault::html(403), "transport"),
        ("malformed", Fault::malformed_json, "decode"),
        ("no envelope", Fault::unexpected_json, "decode"),
        (
            "307",
            || Fault::redirect(307, "http://127.0.0.1:9/"),
            "transport",
        ),
        ("400", || Fault::status(400), "api"),
    ];
    for (name, fault, expected) in faults {
        let (sandbox, client) = pair().await;
        let rates = SandboxOperation::GetExchangeRate;
        sandbox.faults().add(fault().on(rates).always());
        let result = read(&client).await;
        assert_eq!(outcome(&result), expected, "{name}: {result:?}");
        assert!(!result.checked_err().is_retryable(), "{name}");
        assert_eq!(sent(&sandbox, rates), 1, "{name}");
    }
}
