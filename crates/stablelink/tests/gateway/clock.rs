//! Clock skew of this machine, of the gateway and of an intermediary.

#[cfg(feature = "axum")]
use std::sync::Arc;
#[cfg(feature = "axum")]
use std::time::SystemTime;
use std::time::{Duration, UNIX_EPOCH};

use stablelink::Clock;
#[cfg(feature = "axum")]
use stablelink::testing::SignedDelivery;
use stablelink::testing::TestDelivery;
#[cfg(feature = "axum")]
use stablelink::webhook::MemoryDeduplicator;
use stablelink::webhook::WebhookVerifier;
#[cfg(feature = "axum")]
use stablelink::webhook::axum::{DeliveryReceiver, router};
use stablelink_sandbox::{Fault, SandboxOperation};

#[cfg(feature = "axum")]
use crate::setup::pair;
use crate::setup::{Call, clocked, credentials, effects, keyed, order, outcome, read, sent};
use crate::watch::CheckedResult;

const HOUR: i64 = 60 * 60;

/// After a jump of our clock, a rejected request is sent once more with the gateway's time.
#[tokio::test]
async fn clock_jump_costs_one_repetition() {
    for seconds in [HOUR, -HOUR, 23 * HOUR, -23 * HOUR, 200, -200] {
        for (call, operation) in [
            (read as Call, SandboxOperation::GetExchangeRate),
            (keyed as Call, SandboxOperation::CreateCheckoutOrder),
        ] {
            let (sandbox, builder, clock) = clocked().await;
            let client = builder.build().unwrap();
            client.token().await.unwrap();
            clock.jump(seconds);
            call(&client).await.unwrap();
            assert_eq!(sent(&sandbox, operation), 2, "{seconds}");
            call(&client).await.unwrap();
            assert_eq!(sent(&sandbox, operation), 3, "{seconds}: it is known now");
            // The clock jumps back.
            clock.jump(-seconds);
            call(&client).await.unwrap();
            assert_eq!(sent(&sandbox, operation), 5, "{seconds}");
            call(&client).await.unwrap();
            assert_eq!(sent(&sandbox, operation), 6, "{seconds}");
            assert_eq!(sandbox.token_grants().granted(), 1);
        }
    }
}

/// Even with a clock skew of an hour: a rejection for another reason would be repeated.
#[tokio::test]
async fn rejection_for_other_reason_is_not_repeated() {
    for (status, message) in [
        (200, "\"orderNo must contain only letters and numbers\""),
        (200, "\"Access denied: Missing header [TIMESTAMP]\""),
        (200, "null"),
        (400, "\"amount\""),
        (403, "\"SIGNATURE\""),
    ] {
        let (sandbox, builder, clock) = clocked().await;
        let client = builder.build().unwrap();
        client.token().await.unwrap();
        clock.jump(HOUR);
        let body = format!(r#"{{"retcode":"00008","retmsg":{message},"success":false}}"#);
        let refusal = Fault::custom(status, [("content-type", "application/json")], body);
        sandbox.faults().add(refusal.on_calls());
        let result = keyed(&client).await;
        assert_eq!(outcome(&result), "api", "{message}: {result:?}");
        let operation = SandboxOperation::CreateCheckoutOrder;
        assert_eq!(sent(&sandbox, operation), 1, "{message}");
        // The skew is measured nevertheless.
        keyed(&client).await.unwrap();
        assert_eq!(sent(&sandbox, operation), 2, "{message}");
    }
}

/// This includes a 401: the token is valid and is kept.
#[tokio::test]
async fn rejected_timestamp_is_corrected_for_any_status() {
    for status in [200, 400, 401, 403] {
        let (sandbox, builder, clock) = clocked().await;
        let client = builder.build().unwrap();
        client.token().await.unwrap();
        clock.jump(HOUR);
        let body = r#"{"retcode":"1","retmsg":"TIMESTAMP expired","success":false}"#;
        let refusal = Fault::custom(status, [("content-type", "application/json")], body);
        sandbox.faults().add(refusal.on_calls());
        keyed(&client).await.unwrap();
        let operation = SandboxOperation::CreateCheckoutOrder;
        assert_eq!(sent(&sandbox, operation), 2, "{status}");
        assert_eq!(sandbox.token_grants().granted(), 1, "{status}");

        // Without another time to try, a 401 refreshes the token.
        let refusal = Fault::custom(status, [("content-type", "application/json")], body);
        sandbox
            .faults()
            .add(refusal.header("date", "").on_calls().always());
        sandbox.clock().advance(Duration::from_secs(1));
        let error = keyed(&client).await.checked_err();
        assert!(error.attempts() <= 3, "{status} {error}");
        assert!(sandbox.token_grants().granted() <= 2, "{status}");
    }
}

/// The response to the token request reveals a skew that exists from the start.
#[tokio::test]
async fn initial_clock_skew_costs_no_repetition() {
    for seconds in [HOUR, -HOUR] {
        let (sandbox, builder, clock) = clocked().await;
        clock.jump(seconds);
        let client = builder.build().unwrap();
        keyed(&client).await.unwrap();
        assert_eq!(sent(&sandbox, SandboxOperation::CreateCheckoutOrder), 1);
    }
}

#[tokio::test]
async fn wrong_date_header_repeats_nothing() {
    for millis in [
        HOUR * 1_000,
        -HOUR * 1_000,
        40_000,
        25 * HOUR * 1_000,
        i64::MAX,
        i64::MIN,
    ] {
        let (sandbox, builder, _clock) = clocked().await;
        let client = builder.build().unwrap();
        client.token().await.unwrap();
        sandbox.faults().add(Fault::date_skew(millis).always());
        for number in 1..=3 {
            keyed(&client).await.unwrap();
            assert_eq!(
                sent(&sandbox, SandboxOperation::CreateCheckoutOrder),
                number,
                "{millis}"
            );
        }
    }
}

/// An intermediary writes wrong `Date` headers, also to the token response: only the first call needs a repetition.
#[tokio::test]
async fn wrong_date_header_is_detected_by_first_call() {
    let (sandbox, builder, _clock) = clocked().await;
    let client = builder.build().unwrap();
    sandbox
        .faults()
        .add(Fault::date_skew(HOUR * 1_000).always());
    keyed(&client).await.unwrap();
    assert_eq!(sent(&sandbox, SandboxOperation::CreateCheckoutOrder), 2);
    for number in 3..6 {
        keyed(&client).await.unwrap();
        assert_eq!(
            sent(&sandbox, SandboxOperation::CreateCheckoutOrder),
            number
        );
    }
}

/// A timestamp was rejected and there is no other time to try: the request is not sent again.
#[tokio::test]
async fn uncorrectable_timestamp_is_sent_once() {
    for date in [
        None,
        Some("Thu, 01 Jan 1970 00:00:00 GMT"),
        Some("yesterday"),
    ] {
        let (sandbox, builder, _clock) = clocked().await;
        let client = builder.build().unwrap();
        client.token().await.unwrap();
        let body =
            r#"{"retcode":"00902","retmsg":"Access denied: TIMESTAMP expired","success":false}"#;
        let mut fault = Fault::custom(200, [("content-type", "application/json")], body);
        if let Some(date) = date {
            fault = fault.header("date", date);
        }
        sandbox.faults().add(fault.on_calls().always());
        let result = keyed(&client).await;
        assert_eq!(outcome(&result), "api", "{date:?}: {result:?}");
        assert_eq!(
            sent(&sandbox, SandboxOperation::CreateCheckoutOrder),
            1,
            "{date:?}"
        );
    }
}

/// The gateway rejects every timestamp: one repetition, then the rejection is returned.
#[tokio::test]
async fn useless_clock_correction_is_tried_once() {
    let (sandbox, builder, clock) = clocked().await;
    let client = builder.build().unwrap();
    client.token().await.unwrap();
    clock.jump(HOUR);
    // A tolerance of zero would not do: a timestamp could match it by chance.
    let body = r#"{"retcode":"00902","retmsg":"TIMESTAMP expired","success":false}"#;
    let refusal = Fault::custom(200, [("content-type", "application/json")], body);
    sandbox.faults().add(refusal.on_calls().always());
    let order = order();
    for _ in 0..3 {
        let before = sent(&sandbox, SandboxOperation::CreateCheckoutOrder);
        let error = client.checkout_orders().create(&order).await.checked_err();
        assert_eq!(error.kind().name(), "api");
        assert!(error.attempts() <= 2, "{error}");
        assert!(sent(&sandbox, SandboxOperation::CreateCheckoutOrder) - before <= 2);
    }
    assert_eq!(effects(&sandbox, &order), 0);
}

/// A rejected timestamp after an ambiguous attempt does not make the call unambiguous.
#[tokio::test]
async fn lost_attempt_before_clock_correction_is_ambiguous() {
    let (sandbox, builder, clock) = clocked().await;
    let client = builder
        .attempt_timeout(Duration::from_secs(5))
        .build()
        .unwrap();
    client.token().await.unwrap();
    clock.jump(HOUR);
    let cancel = SandboxOperation::CancelCheckoutOrder;
    sandbox.faults().add(Fault::reset().on(cancel).skip(1));
    let error = client.checkout_orders().cancel("7").await.checked_err();
    assert!(error.is_ambiguous(), "{error:?}");
    assert_eq!(sent(&sandbox, cancel), 2);
    assert_eq!(error.attempts(), 2);
}

/// Deliveries are verified by our own clock, not by the measured skew: otherwise a forged `Date` header could make an old
/// delivery valid.
#[tokio::test]
async fn webhook_is_verified_by_our_clock() {
    for seconds in [3 * HOUR, -3 * HOUR] {
        let (sandbox, builder, clock) = clocked().await;
        clock.jump(seconds);
        let client = builder.build().unwrap();
        keyed(&client).await.unwrap();
        // The request is signed with the gateway's time, which differs from the local time by hours.
        keyed(&client).await.unwrap();
        assert_eq!(sent(&sandbox, SandboxOperation::CreateCheckoutOrder), 2);

        let secrets = sandbox.credentials();
        let webhooks = WebhookVerifier::from_credentials(&credentials(&secrets)).unwrap();
        let delivery = |millis: i64| {
            let at = UNIX_EPOCH + Duration::from_millis(u64::try_from(millis).unwrap());
            TestDelivery::new("X")
                .id("1")
                .signed(secrets.sign_key(), at)
                .unwrap()
        };
        let theirs = sandbox.clock().now_millis();
        let ours = theirs + seconds * 1_000;
        for (millis, fresh) in [
            (ours, true),
            (ours - 120_000, true),
            (ours - 120_001, false),
            (ours + 120_000, true),
            (ours + 120_001, false),
            (theirs, false),
        ] {
            let sent = delivery(millis);
            let verified = webhooks.verify(&sent.headers, sent.body.clone(), clock.now());
            assert_eq!(verified.is_ok(), fresh, "{seconds} {}", millis - ours);
            #[cfg(feature = "axum")]
            {
                let receiver =
                    DeliveryReceiver::new(webhooks.clone()).clock(Arc::new(clock.clone()));
                let status = received(receiver, sent).await;
                assert_eq!(status, if fresh { 200 } else { 401 }, "{seconds}");
            }
        }
    }
}

/// The same with the system clock, next to a client of a gateway whose clock differs by hours.
#[cfg(feature = "axum")]
#[tokio::test]
async fn webhook_is_verified_by_system_clock() {
    for seconds in [3 * HOUR, -3 * HOUR] {
        let (sandbox, client) = pair().await;
        sandbox.clock().set_offset(seconds * 1_000);
        keyed(&client).await.unwrap();
        let secrets = sandbox.credentials();
        let shift = Duration::from_secs(seconds.unsigned_abs());
        let now = SystemTime::now();
        let theirs = if seconds < 0 {
            now - shift
        } else {
            now + shift
        };
        for (at, status) in [(now, 200), (theirs, 401)] {
            let sent = TestDelivery::new("X")
                .id("1")
                .signed(secrets.sign_key(), at);
            let receiver = WebhookVerifier::from_credentials(&credentials(&secrets))
                .unwrap()
                .into();
            assert_eq!(received(receiver, sent.unwrap()).await, status, "{seconds}");
        }
    }
}

/// Returns the status with which the router responds to this delivery.
#[cfg(feature = "axum")]
async fn received(receiver: DeliveryReceiver, sent: SignedDelivery) -> u16 {
    let guard = Arc::new(MemoryDeduplicator::default());
    let handler = |_| async { Ok::<_, ()>(()) };
    let app = axum::Router::new().nest("/hook", router(receiver, guard, handler));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = http
        .post(format!("http://{address}/hook"))
        .headers(sent.headers)
        .body(sent.body)
        .send()
        .await
        .unwrap();
    server.abort();
    answer.status().as_u16()
}
