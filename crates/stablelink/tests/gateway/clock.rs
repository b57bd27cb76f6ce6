//! Clocks that are wrong: ours, the gateway's, and that of something in between.

use std::time::Duration;

use stablelink_sandbox::{Fault, Operation};

use crate::setup::{Call, clocked, effects, keyed, order, outcome, read, sent};
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
    sandbox.change(|settings| settings.timestamp_tolerance = -1);
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
