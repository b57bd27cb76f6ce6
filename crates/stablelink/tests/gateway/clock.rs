//! Clocks that are wrong: ours, the gateway's, and that of something in between.

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
use stablelink_sandbox::{Fault, Operation};

#[cfg(feature = "axum")]
use crate::setup::pair;
use crate::setup::{Call, clocked, credentials, effects, keyed, order, outcome, read, sent};
use crate::watch::Told;

const HOUR: i64 = 60 * 60;

/// Ours jumps: what the gateway refuses for it is sent once more, with its time.
#[tokio::test]
async fn a_jump_of_our_clock_costs_one_repeat() {
    for seconds in [HOUR, -HOUR, 23 * HOUR, -23 * HOUR, 200, -200] {
        for (call, operation) in [
            (read as Call, Operation::GetExchangeRate),
            (keyed as Call, Operation::CreateCheckoutOrder),
        ] {
            let (sandbox, builder, clock) = clocked().await;
            let client = builder.build().unwrap();
            client.token().await.unwrap();
            clock.jump(seconds);
            call(&client).await.unwrap();
            assert_eq!(sent(&sandbox, operation), 2, "{seconds}");
            call(&client).await.unwrap();
            assert_eq!(sent(&sandbox, operation), 3, "{seconds}: it is known now");
            // And back.
            clock.jump(-seconds);
            call(&client).await.unwrap();
            assert_eq!(sent(&sandbox, operation), 5, "{seconds}");
            call(&client).await.unwrap();
            assert_eq!(sent(&sandbox, operation), 6, "{seconds}");
            assert_eq!(sandbox.token_grants().granted(), 1);
        }
    }
}

/// Though our clock is an hour off, and the answer says so: what was refused for something else would be refused again.
#[tokio::test]
async fn a_refusal_for_something_else_is_not_repeated() {
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
        assert_eq!(outcome(&result), "refused", "{message}: {result:?}");
        let operation = Operation::CreateCheckoutOrder;
        assert_eq!(sent(&sandbox, operation), 1, "{message}");
        // What it said of the time is known all the same.
        keyed(&client).await.unwrap();
        assert_eq!(sent(&sandbox, operation), 2, "{message}");
    }
}

/// With whatever status the gateway says so: with a 401 too, whose token is not the matter and stays.
#[tokio::test]
async fn a_timestamp_may_be_refused_with_any_status() {
    for status in [200, 400, 401, 403] {
        let (sandbox, builder, clock) = clocked().await;
        let client = builder.build().unwrap();
        client.token().await.unwrap();
        clock.jump(HOUR);
        let body = r#"{"retcode":"1","retmsg":"TIMESTAMP expired","success":false}"#;
        let refusal = Fault::custom(status, [("content-type", "application/json")], body);
        sandbox.faults().add(refusal.on_calls());
        keyed(&client).await.unwrap();
        let operation = Operation::CreateCheckoutOrder;
        assert_eq!(sent(&sandbox, operation), 2, "{status}");
        assert_eq!(sandbox.token_grants().granted(), 1, "{status}");

        // Where no other time is known, the rule of a 401 is that of a token.
        let refusal = Fault::custom(status, [("content-type", "application/json")], body);
        sandbox
            .faults()
            .add(refusal.header("date", "").on_calls().always());
        sandbox.clock().advance(Duration::from_secs(1));
        let error = keyed(&client).await.told_err();
        assert!(error.attempts() <= 3, "{status} {error}");
        assert!(sandbox.token_grants().granted() <= 2, "{status}");
    }
}

/// A clock that was wrong from the start is known from the token's answer.
#[tokio::test]
async fn a_clock_that_was_always_wrong_costs_nothing() {
    for seconds in [HOUR, -HOUR] {
        let (sandbox, builder, clock) = clocked().await;
        clock.jump(seconds);
        let client = builder.build().unwrap();
        keyed(&client).await.unwrap();
        assert_eq!(sent(&sandbox, Operation::CreateCheckoutOrder), 1);
    }
}

#[tokio::test]
async fn a_date_that_is_off_repeats_nothing() {
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
                sent(&sandbox, Operation::CreateCheckoutOrder),
                number,
                "{millis}"
            );
        }
    }
}

/// Something in between dates every answer wrongly, that of the token too: the first call finds out, and is the only one
/// to pay for it.
#[tokio::test]
async fn a_date_that_lies_is_found_out() {
    let (sandbox, builder, _clock) = clocked().await;
    let client = builder.build().unwrap();
    sandbox
        .faults()
        .add(Fault::date_skew(HOUR * 1_000).always());
    keyed(&client).await.unwrap();
    assert_eq!(sent(&sandbox, Operation::CreateCheckoutOrder), 2);
    for number in 3..6 {
        keyed(&client).await.unwrap();
        assert_eq!(sent(&sandbox, Operation::CreateCheckoutOrder), number);
    }
}

/// Refused for the time, and no other time is known: it is not sent again.
#[tokio::test]
async fn a_time_that_nobody_can_correct_is_refused_once() {
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
        assert_eq!(outcome(&result), "refused", "{date:?}: {result:?}");
        assert_eq!(
            sent(&sandbox, Operation::CreateCheckoutOrder),
            1,
            "{date:?}"
        );
    }
}

/// The gateway never takes our time, whatever we say: one repeat, and then its refusal.
#[tokio::test]
async fn a_correction_that_does_not_help_is_tried_once() {
    let (sandbox, builder, clock) = clocked().await;
    let client = builder.build().unwrap();
    client.token().await.unwrap();
    clock.jump(HOUR);
    // Not by a tolerance of nothing, which a second that begins just now would meet.
    let body = r#"{"retcode":"00902","retmsg":"TIMESTAMP expired","success":false}"#;
    let refusal = Fault::custom(200, [("content-type", "application/json")], body);
    sandbox.faults().add(refusal.on_calls().always());
    let order = order();
    for _ in 0..3 {
        let before = sent(&sandbox, Operation::CreateCheckoutOrder);
        let error = client.checkout_orders().create(&order).await.told_err();
        assert_eq!(error.kind().name(), "refused");
        assert!(error.attempts() <= 2, "{error}");
        assert!(sent(&sandbox, Operation::CreateCheckoutOrder) - before <= 2);
    }
    assert_eq!(effects(&sandbox, &order), 0);
}

/// A refusal for the time that meets a lost attempt leaves the doubt.
#[tokio::test]
async fn a_corrected_repeat_that_is_lost_is_ambiguous() {
    let (sandbox, builder, clock) = clocked().await;
    let client = builder
        .attempt_timeout(Duration::from_secs(5))
        .build()
        .unwrap();
    client.token().await.unwrap();
    clock.jump(HOUR);
    let cancel = Operation::CancelCheckoutOrder;
    sandbox.faults().add(Fault::reset().on(cancel).skip(1));
    let error = client.checkout_orders().cancel("7").await.told_err();
    assert!(error.is_ambiguous(), "{error:?}");
    assert_eq!(sent(&sandbox, cancel), 2);
    assert_eq!(error.attempts(), 2);
}

/// Deliveries are judged by the clock of the machine, whatever a client beside has learnt of the gateway's: whoever answers
/// could else make old deliveries look new.
#[tokio::test]
async fn webhooks_are_judged_by_our_clock() {
    for seconds in [3 * HOUR, -3 * HOUR] {
        let (sandbox, builder, clock) = clocked().await;
        clock.jump(seconds);
        let client = builder.build().unwrap();
        keyed(&client).await.unwrap();
        // Signed by the time of the gateway, which is hours off for us.
        keyed(&client).await.unwrap();
        assert_eq!(sent(&sandbox, Operation::CreateCheckoutOrder), 2);

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

/// The same without a clock that anybody gave: that of the machine, beside a client of a gateway whose clock is hours off.
#[cfg(feature = "axum")]
#[tokio::test]
async fn webhooks_are_judged_by_the_clock_of_the_machine() {
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

/// The status that a ready router answers this delivery with.
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
