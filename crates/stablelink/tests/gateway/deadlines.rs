//! Gateways that do not respond or stop in the middle of a response.

use std::time::Duration;

use stablelink::testing::ManualClock;
use stablelink::{BoxFuture, Client, Error};
use stablelink_sandbox::{Fault, Sandbox, SandboxOperation};

use crate::setup::{
    Call, clocked, effects, keyed, never, nothing, order, outcome, read, sent, when,
};
use crate::watch::CheckedResult;

const SECOND: Duration = Duration::from_secs(1);

/// Advances the clock by one step for each request that arrives, until the call ends.
async fn driven(
    sandbox: &Sandbox,
    clock: &ManualClock,
    step: Duration,
    call: BoxFuture<'static, Result<(), Error>>,
) -> Result<(), Error> {
    let mut seen = sandbox.request_count();
    let task = tokio::spawn(call);
    while !task.is_finished() {
        when(|| sandbox.request_count() > seen || task.is_finished()).await;
        seen = sandbox.request_count();
        if !task.is_finished() {
            clock.advance(step);
        }
    }
    task.await.unwrap()
}

async fn warm() -> (Sandbox, Client, ManualClock) {
    let (sandbox, builder, clock) = clocked().await;
    let client = builder
        .deadline(SECOND * 60)
        .attempt_timeout(SECOND * 5)
        .build()
        .unwrap();
    client.token().await.unwrap();
    (sandbox, client, clock)
}

#[tokio::test]
async fn slow_attempt_times_out() {
    type Make = fn() -> Fault;
    let stalls: [(&str, Make); 3] = [
        ("before the head", Fault::stall),
        ("within the body", Fault::stall_within_body),
        ("after the effect", || Fault::stall().after_effect()),
    ];
    for (place, stall) in stalls {
        for (name, call, operation, once, always, attempts) in [
            (
                "read",
                read as Call,
                SandboxOperation::GetExchangeRate,
                "done",
                "timeout",
                3,
            ),
            (
                "keyed",
                keyed as Call,
                SandboxOperation::CreateCheckoutOrder,
                "done",
                "ambiguous",
                3,
            ),
        ] {
            let (sandbox, client, clock) = warm().await;
            sandbox.faults().add(stall().on(operation));
            let result = driven(&sandbox, &clock, SECOND * 5, call(&client)).await;
            assert_eq!(outcome(&result), once, "{place} {name}: {result:?}");
            assert_eq!(sandbox.effects().repeated().count(), 0);

            sandbox.faults().clear();
            sandbox
                .faults()
                .add(stall().before_effect().on(operation).always());
            let result = driven(&sandbox, &clock, SECOND * 5, call(&client)).await;
            // After the order exists, the response is a rejection and does not stall.
            let always = if place == "within the body" && name == "keyed" {
                "done"
            } else {
                always
            };
            assert_eq!(outcome(&result), always, "{place} {name}: {result:?}");
            if let Err(error) = result {
                assert_eq!(error.attempts(), attempts, "{place} {name}");
                assert_eq!(error.is_retryable(), name == "read", "{place} {name}");
            }
            assert_eq!(sandbox.effects().repeated().count(), 0);
        }
    }
}

#[tokio::test]
async fn unretryable_call_without_response_is_ambiguous() {
    let (sandbox, client, clock) = warm().await;
    sandbox.faults().add(Fault::stall().on_calls().always());
    let result = driven(&sandbox, &clock, SECOND * 5, never(&client)).await;
    assert_eq!(outcome(&result), "ambiguous", "{result:?}");
    assert_eq!(sent(&sandbox, SandboxOperation::CancelCheckoutOrder), 1);
}

#[tokio::test]
async fn deadline_ends_call_in_every_stage() {
    for (call, expected, retryable) in [
        (read as Call, "timeout", true),
        (keyed as Call, "ambiguous", false),
        (never as Call, "ambiguous", false),
    ] {
        let (sandbox, builder, clock) = clocked().await;
        // The attempt timeout exceeds the deadline of the call.
        let client = builder
            .deadline(SECOND * 60)
            .attempt_timeout(SECOND * 600)
            .build()
            .unwrap();
        client.token().await.unwrap();
        for stall in [Fault::stall(), Fault::stall_within_body()] {
            sandbox.faults().add(stall.on_calls());
            let result = driven(&sandbox, &clock, SECOND * 60, call(&client)).await;
            if outcome(&result) == "api" {
                // There is no order 7 to cancel, so no response can stall.
                continue;
            }
            assert_eq!(outcome(&result), expected, "{result:?}");
            let error = result.checked_err();
            assert_eq!(error.is_retryable(), retryable);
            assert_eq!(error.attempts(), 1);
        }
    }
}

/// The token request is part of the call. Until it ends, nothing was sent that could have an effect.
#[tokio::test]
async fn deadline_includes_token_request() {
    for call in [read as Call, keyed as Call, never as Call] {
        let (sandbox, builder, clock) = clocked().await;
        let client = builder.deadline(SECOND * 3).build().unwrap();
        sandbox.faults().add(Fault::stall().on_token().always());
        let result = driven(&sandbox, &clock, SECOND * 3, call(&client)).await;
        assert_eq!(outcome(&result), "timeout", "{result:?}");
        assert!(result.checked_err().is_retryable());
    }
}

/// A caller that computes the remaining time may pass zero.
#[tokio::test]
async fn zero_deadline_sends_nothing() {
    let (sandbox, client, _clock) = warm().await;
    // There is an open connection.
    read(&client).await.unwrap();
    let before = sandbox.request_count();
    let none = Duration::ZERO;
    let create = client.checkout_orders().create(&order()).deadline(none);
    let cancel = client.checkout_orders().cancel("7").deadline(none);
    let by_hand = client
        .request(stablelink::Method::POST, "/a")
        .deadline(none);
    for call in [
        nothing(create.into_future()),
        nothing(cancel.into_future()),
        nothing(by_hand.into_future()),
    ] {
        let result = call.await;
        assert_eq!(outcome(&result), "timeout", "{result:?}");
        let error = result.checked_err();
        assert!(error.is_retryable() && error.attempts() == 0, "{error:?}");
    }
    assert_eq!(sandbox.request_count(), before);
}

#[tokio::test]
async fn deadline_during_lookup_is_ambiguous() {
    let (sandbox, client, clock) = warm().await;
    let create = SandboxOperation::CreateCheckoutOrder;
    sandbox
        .faults()
        .add(Fault::reset().on(create).after_effect());
    sandbox.faults().add(
        Fault::stall()
            .on(SandboxOperation::GetCheckoutOrder)
            .always(),
    );
    let order = order();
    let call = client.checkout_orders().create(&order).deadline(SECOND * 5);
    let call = nothing(call.into_future());
    let look_up = || sent(&sandbox, SandboxOperation::GetCheckoutOrder) > 0;
    let task = tokio::spawn(call);
    when(look_up).await;
    clock.advance(SECOND * 5);
    let result = task.await.unwrap();
    assert_eq!(outcome(&result), "ambiguous", "{result:?}");
    assert_eq!(
        result.checked_err().idempotency_key(),
        Some(order.order_no())
    );
    assert_eq!(effects(&sandbox, &order), 1);
}

#[tokio::test]
async fn call_overrides_client_timeouts() {
    let (sandbox, client, clock) = warm().await;
    sandbox.faults().add(Fault::stall().on_calls().always());
    let quote = || client.exchange_rates().quote("USDT", "USD");
    let short = nothing(quote().deadline(SECOND).into_future());
    let error = driven(&sandbox, &clock, SECOND, short).await.checked_err();
    assert_eq!((error.attempts(), error.kind().name()), (1, "timeout"));
    let short = nothing(quote().attempt_timeout(SECOND).into_future());
    let error = driven(&sandbox, &clock, SECOND, short).await.checked_err();
    assert_eq!((error.attempts(), error.kind().name()), (3, "timeout"));
    // The largest values, for callers that want no limit.
    sandbox.faults().clear();
    let long = quote()
        .deadline(Duration::MAX)
        .attempt_timeout(Duration::MAX);
    long.amount(stablelink::Decimal::ONE).await.unwrap();
}
