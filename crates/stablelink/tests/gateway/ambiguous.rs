//! The outcome of payments if an attempt fails or its caller stops waiting.

use std::future::IntoFuture;
use std::net::TcpListener;
use std::time::Duration;

use stablelink::testing::ManualClock;
use stablelink::{Client, Environment, Error, ErrorKind, NewCheckoutOrder};
use stablelink_sandbox::{Fault, Sandbox, SandboxOperation};

use crate::setup::{
    Call, builder, clocked, credentials, effects, keyed, never, order, outcome, pair, quick, read,
    when,
};
use crate::watch::CheckedResult;

/// Without a connection nothing is sent: the call is retryable.
#[tokio::test]
async fn failed_connection_is_not_ambiguous() {
    let place = TcpListener::bind("127.0.0.1:0").unwrap();
    let nowhere = format!("http://{}", place.local_addr().unwrap());
    drop(place);
    let (sandbox, _) = pair().await;
    let lost = Client::builder()
        .environment(Environment::at(&nowhere).unwrap())
        .credentials(credentials(&sandbox.credentials()))
        .retry(quick())
        .build()
        .unwrap();
    // A client that got its token while the server was running.
    let left = builder(&sandbox)
        .configure_http(|http| http.pool_max_idle_per_host(0))
        .build()
        .unwrap();
    left.token().await.unwrap();
    drop(sandbox);
    for (name, client) in [("lost", lost), ("left", left)] {
        for (call, attempts) in [(read as Call, 3), (keyed as Call, 3), (never as Call, 1)] {
            let result = call(&client).await;
            assert_eq!(outcome(&result), "transport", "{name}: {result:?}");
            let error = result.checked_err();
            assert!(error.is_retryable(), "{name}: {error:?}");
            if name == "left" {
                assert_eq!(error.attempts(), attempts, "{name}: {error:?}");
            }
            assert!(error.to_string().contains("cannot connect"), "{error}");
        }
    }
}

/// Returns the result of a call whose deadline passes while it waits for a token.
async fn ended_at_its_token(
    call: Call,
    client: &Client,
    sandbox: &Sandbox,
    clock: &ManualClock,
) -> Result<(), Error> {
    let stall = sandbox.faults().add(Fault::stall().on_token().always());
    let task = tokio::spawn(call(client));
    when(|| sandbox.faults().injections(stall) == 1).await;
    clock.advance(Duration::from_secs(60));
    task.await.unwrap()
}

/// The deadline passes while the second attempt waits for its token: the first attempt is still ambiguous.
#[tokio::test]
async fn deadline_in_later_attempt_keeps_first_ambiguous() {
    let (sandbox, builder, clock) = clocked().await;
    let client = builder.build().unwrap();
    client.token().await.unwrap();
    let create = SandboxOperation::CreateCheckoutOrder;
    for (call, expected) in [(keyed as Call, "ambiguous"), (read as Call, "timeout")] {
        // The first attempt is lost; the second is rejected for its token, and there is no new token.
        sandbox.faults().add(Fault::reset().on_calls());
        sandbox.faults().add(Fault::unauthorized().on_calls());
        let result = ended_at_its_token(call, &client, &sandbox, &clock).await;
        assert_eq!(outcome(&result), expected, "{result:?}");
        let error = result.checked_err();
        assert_eq!(error.is_retryable(), expected == "timeout");
        assert_eq!(error.idempotency_key().is_some(), expected == "ambiguous");
        assert_eq!(sandbox.effects().total(create), 0);
        sandbox.faults().clear();
    }
}

/// The same without a lost attempt: a request rejected for its token has no effect.
#[tokio::test]
async fn deadline_during_token_refresh_is_not_ambiguous() {
    for call in [keyed as Call, never as Call] {
        let (sandbox, builder, clock) = clocked().await;
        let client = builder.build().unwrap();
        client.token().await.unwrap();
        sandbox.faults().add(Fault::unauthorized().on_calls());
        let result = ended_at_its_token(call, &client, &sandbox, &clock).await;
        assert_eq!(outcome(&result), "timeout", "{result:?}");
        assert!(result.checked_err().is_retryable());
    }
}

/// The text says what happened, what to do, and the cause, each once.
#[tokio::test]
async fn ambiguous_error_displays_one_sentence() {
    let (sandbox, client) = pair().await;
    let create = SandboxOperation::CreateCheckoutOrder;
    let fault = |fault: Fault| sandbox.faults().add(fault.on(create).always());
    let order = order().with_order_no("A7");
    fault(Fault::status(503));
    let error = client.checkout_orders().create(&order).await.checked_err();
    assert_eq!(
        error.to_string(),
        "create checkout order: sent, but the outcome is unknown; look it up by orderNo \"A7\": \
         the gateway failed: 503 \"a fault of the sandbox was injected\" (HTTP 503, attempt 3)"
    );
    let cause = std::error::Error::source(&error).unwrap();
    assert_eq!(
        cause.to_string(),
        "create checkout order: the gateway failed: 503 \"a fault of the sandbox was injected\" (HTTP 503, attempt 3)"
    );
    let cancel = SandboxOperation::CancelCheckoutOrder;
    sandbox.faults().add(Fault::html(200).on(cancel));
    let error = client.checkout_orders().cancel("A7").await.checked_err();
    assert_eq!(
        error.to_string(),
        "cancel checkout order: sent, but the outcome is unknown; look up the record before you send it again: \
         cannot read the response at `.`: it is not JSON (HTTP 200, attempt 1)"
    );
    // The cause belongs to another call.
    sandbox.faults().clear();
    sandbox.faults().add(Fault::reset().on(create));
    sandbox.revoke_tokens();
    sandbox.faults().add(Fault::status(400).on_token().always());
    let error = client.checkout_orders().create(&order).await.checked_err();
    let text = error.to_string();
    assert!(
        text.contains("A7")
            && text.contains(": issue access token: the gateway issued no token: 400"),
        "{text}"
    );
}

/// Whenever a call is dropped, the next one works and no order is created twice.
#[tokio::test]
async fn dropped_call_never_creates_second_order() {
    let (sandbox, client) = pair().await;
    for turns in 0..120 {
        let order = order();
        let goes = async {
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            _ = client.checkout_orders().create(&order).into_future() => {}
            () = goes => {}
        }
        let result = client.checkout_orders().create(&order).await.checked();
        match &result {
            Ok(_) => {}
            Err(error) => assert!(error.is_duplicate(), "{turns}: {error}"),
        }
        assert_eq!(effects(&sandbox, &order), 1, "{turns}");
    }
}

/// A token request continues after its caller was dropped, until its own timeout, and the next caller gets its result.
#[tokio::test]
async fn dropped_call_leaves_token_request_running() {
    for stall in [Fault::stall().on_token(), Fault::stall().on_calls()] {
        let (sandbox, builder, clock) = clocked().await;
        let limit = Duration::from_secs(20);
        let client = builder.attempt_timeout(limit).build().unwrap();
        let id = sandbox.faults().add(stall);
        tokio::select! {
            biased;
            result = keyed(&client) => panic!("{result:?}"),
            () = when(|| sandbox.faults().injections(id) == 1) => {}
        }
        clock.advance(limit);
        read(&client).await.unwrap();
        assert_eq!(sandbox.token_grants().granted(), 1);
    }
}

/// Sending the same value again after an ambiguous attempt creates one order.
#[tokio::test]
async fn ambiguous_order_can_be_sent_again() {
    for after in [false, true] {
        let (sandbox, client) = pair().await;
        let fault = Fault::html(200).on(SandboxOperation::CreateCheckoutOrder);
        sandbox
            .faults()
            .add(if after { fault.after_effect() } else { fault });
        let order = order();
        let error = client.checkout_orders().create(&order).await.checked_err();
        assert!(error.is_ambiguous(), "{error}");
        assert_eq!(error.idempotency_key(), Some(order.order_no()));
        match client.checkout_orders().create(&order).await.checked() {
            Ok(_) => assert!(!after),
            Err(error) => assert!(after && error.is_duplicate(), "{error}"),
        }
        assert_eq!(effects(&sandbox, &order), 1);
    }
}

/// The gateway created the order but reported an error: the retry is rejected, and the error is ambiguous.
#[tokio::test]
async fn false_error_response_is_detected_by_retry() {
    let lies: [fn() -> Fault; 2] = [Fault::unauthorized, || Fault::rate_limited(Some(0))];
    for lie in lies {
        let (sandbox, client) = pair().await;
        let create = SandboxOperation::CreateCheckoutOrder;
        sandbox.faults().add(lie().on(create).after_effect());
        let order = order();
        let result = client.checkout_orders().create(&order).await;
        assert_eq!(outcome(&result), "api", "{result:?}");
        let error = result.checked_err();
        assert!(error.is_duplicate() && error.may_have_taken_effect());
        assert_eq!(error.attempts(), 2, "{error}");
        assert_eq!(effects(&sandbox, &order), 1);
    }
}

/// After a lost attempt and a rejection, only a record with the same data proves that the order was created.
#[tokio::test]
async fn rejected_retry_is_settled_only_by_matching_record() {
    type Arrange = fn(&stablelink_sandbox::Sandbox);
    let create = SandboxOperation::CreateCheckoutOrder;
    let cases: [(&str, bool, Arrange, &str); 6] = [
        ("made", false, |_| {}, "done"),
        ("created by another request", true, |_| {}, "ambiguous"),
        (
            "no record",
            false,
            |sandbox| {
                sandbox.faults().clear();
                let create = SandboxOperation::CreateCheckoutOrder;
                sandbox.faults().add(Fault::reset().on(create));
                sandbox.faults().add(Fault::duplicate().on(create));
            },
            "ambiguous",
        ),
        (
            "the look-up fails",
            false,
            |sandbox| {
                let get = SandboxOperation::GetCheckoutOrder;
                sandbox.faults().add(Fault::status(500).on(get).always());
            },
            "ambiguous",
        ),
        (
            "the look-up fails once",
            false,
            |sandbox| {
                let get = SandboxOperation::GetCheckoutOrder;
                sandbox.faults().add(Fault::reset().on(get));
            },
            "done",
        ),
        (
            "the record differs",
            false,
            |sandbox| {
                let get = SandboxOperation::GetCheckoutOrder;
                sandbox.faults().add(
                    Fault::replace_field("retdata.orderAmount", "0.51")
                        .unwrap()
                        .on(get),
                );
            },
            "ambiguous",
        ),
    ];
    let cases = cases
        .into_iter()
        .flat_map(|case| [(case, false), (case, true)]);
    for ((name, taken, arrange, expected), or_existing) in cases {
        let (sandbox, client) = pair().await;
        let order = order();
        if taken {
            let other = NewCheckoutOrder::usd(9, "ETH_USDT", "6".into(), "1".into());
            let other = other.with_order_no(order.order_no());
            client.checkout_orders().create(&other).await.unwrap();
            sandbox.faults().add(Fault::reset().on(create));
        } else {
            sandbox
                .faults()
                .add(Fault::reset().on(create).after_effect());
        }
        arrange(&sandbox);
        let create = client.checkout_orders().create(&order);
        let result = match or_existing {
            true => create.or_existing().await,
            false => create.await,
        };
        assert_eq!(outcome(&result), expected, "{name}: {result:?}");
        assert!(effects(&sandbox, &order) <= 1, "{name}");
        if let Err(error) = result {
            assert!(error.may_have_taken_effect() && !error.is_retryable());
            assert!(error.is_duplicate(), "{name}: {error}");
            assert_eq!(error.idempotency_key(), Some(order.order_no()), "{name}");
            assert!(
                matches!(error.kind(), ErrorKind::Ambiguous(a) if a.key_field() == Some("orderNo"))
            );
        }
    }
}

/// A lost attempt stays ambiguous if a later one cannot be sent.
#[tokio::test]
async fn ambiguity_survives_later_failures() {
    type Arrange = fn(&stablelink_sandbox::Sandbox);
    let later: [(&str, Arrange); 4] = [
        ("refused token, and the next one", |sandbox| {
            sandbox.faults().add(
                Fault::unauthorized()
                    .on(SandboxOperation::CreateCheckoutOrder)
                    .always(),
            );
        }),
        ("no token to be had", |sandbox| {
            sandbox.revoke_tokens();
            sandbox.faults().add(Fault::status(400).on_token().always());
        }),
        ("429", |sandbox| {
            sandbox.faults().add(Fault::rate_limited(None).always());
        }),
        ("403", |sandbox| {
            sandbox.faults().add(Fault::html(403).always());
        }),
    ];
    for (name, arrange) in later {
        let (sandbox, client) = pair().await;
        client.token().await.unwrap();
        sandbox
            .faults()
            .add(Fault::reset().on(SandboxOperation::CreateCheckoutOrder));
        arrange(&sandbox);
        let order = order();
        let result = client.checkout_orders().create(&order).await;
        assert_eq!(outcome(&result), "ambiguous", "{name}: {result:?}");
        assert!(effects(&sandbox, &order) == 0, "{name}");
    }
}
