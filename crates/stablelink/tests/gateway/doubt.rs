//! What is known of a payment when an attempt, or its caller, is lost.

use std::future::IntoFuture;
use std::net::TcpListener;
use std::time::Duration;

use stablelink::testing::ManualClock;
use stablelink::{Client, Environment, Error, ErrorKind, NewCheckoutOrder};
use stablelink_sandbox::{Fault, Operation, Sandbox};

use crate::setup::{
    Call, builder, clocked, credentials, effects, keyed, never, order, outcome, pair, quick, read,
    when,
};
use crate::watch::Told;

/// Where nobody listens nothing is sent: whoever calls may come again.
#[tokio::test]
async fn a_server_that_is_not_there_is_no_doubt() {
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
    // One whose token came while somebody listened.
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
            let error = result.told_err();
            assert!(error.is_retryable(), "{name}: {error:?}");
            if name == "left" {
                assert_eq!(error.attempts(), attempts, "{name}: {error:?}");
            }
            assert!(error.to_string().contains("no connection"), "{error}");
        }
    }
}

/// What comes of a call whose deadline passes while it waits for a token.
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

/// The deadline comes while the second attempt waits for its token: the first one is not forgotten.
#[tokio::test]
async fn a_deadline_while_a_later_attempt_waits_leaves_the_first_in_doubt() {
    let (sandbox, builder, clock) = clocked().await;
    let client = builder.build().unwrap();
    client.token().await.unwrap();
    let create = Operation::CreateCheckoutOrder;
    for (call, expected) in [(keyed as Call, "ambiguous"), (read as Call, "timeout")] {
        // Lost, then refused for its token, and no other is to be had.
        sandbox.faults().add(Fault::reset().on_calls());
        sandbox.faults().add(Fault::unauthorized().on_calls());
        let result = ended_at_its_token(call, &client, &sandbox, &clock).await;
        assert_eq!(outcome(&result), expected, "{result:?}");
        let error = result.told_err();
        assert_eq!(error.is_retryable(), expected == "timeout");
        assert_eq!(error.idempotency_key().is_some(), expected == "ambiguous");
        assert_eq!(sandbox.effects().total(create), 0);
        sandbox.faults().clear();
    }
}

/// The same with nothing lost before: refused for its token, it had no effect.
#[tokio::test]
async fn a_deadline_while_the_token_is_renewed_is_no_doubt() {
    for call in [keyed as Call, never as Call] {
        let (sandbox, builder, clock) = clocked().await;
        let client = builder.build().unwrap();
        client.token().await.unwrap();
        sandbox.faults().add(Fault::unauthorized().on_calls());
        let result = ended_at_its_token(call, &client, &sandbox, &clock).await;
        assert_eq!(outcome(&result), "timeout", "{result:?}");
        assert!(result.told_err().is_retryable());
    }
}

/// What a person reads: what happened, what to do, the cause; each of it once.
#[tokio::test]
async fn an_ambiguous_error_is_one_sentence() {
    let (sandbox, client) = pair().await;
    let create = Operation::CreateCheckoutOrder;
    let fault = |fault: Fault| sandbox.faults().add(fault.on(create).always());
    let order = order().with_order_no("A7");
    fault(Fault::status(503));
    let error = client.checkout_orders().create(&order).await.told_err();
    assert_eq!(
        error.to_string(),
        "create checkout order: sent, but the outcome is not known; look it up by orderNo \"A7\": \
         the gateway failed: 503 \"the sandbox was asked to fail\" (HTTP 503, attempt 3)"
    );
    let cause = std::error::Error::source(&error).unwrap();
    assert_eq!(
        cause.to_string(),
        "create checkout order: the gateway failed: 503 \"the sandbox was asked to fail\" (HTTP 503, attempt 3)"
    );
    let cancel = Operation::CancelCheckoutOrder;
    sandbox.faults().add(Fault::html(200).on(cancel));
    let error = client.checkout_orders().cancel("A7").await.told_err();
    assert_eq!(
        error.to_string(),
        "cancel checkout order: sent, but the outcome is not known; look for its record before you send it again: \
         the answer can't be read at `.`: it is not JSON (HTTP 200, attempt 1)"
    );
    // The cause is of another call.
    sandbox.faults().clear();
    sandbox.faults().add(Fault::reset().on(create));
    sandbox.revoke_tokens();
    sandbox.faults().add(Fault::status(400).on_token().always());
    let error = client.checkout_orders().create(&order).await.told_err();
    let text = error.to_string();
    assert!(
        text.contains("A7")
            && text.contains(": issue access token: the gateway gave no token: 400"),
        "{text}"
    );
}

/// However far a call has come when its caller goes: the next one works, and no order is made twice.
#[tokio::test]
async fn a_caller_may_go_at_any_time() {
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
        let result = client.checkout_orders().create(&order).await.told();
        match &result {
            Ok(_) => {}
            Err(error) => assert!(error.is_duplicate(), "{turns}: {error}"),
        }
        assert_eq!(effects(&sandbox, &order), 1, "{turns}");
    }
}

/// A token that was asked for is still asked for when its caller has gone: its own limit ends that, and the next caller gets
/// what comes of it.
#[tokio::test]
async fn a_caller_may_go_while_the_gateway_is_silent() {
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

/// The same value again, after an attempt that nobody knows of, is one order.
#[tokio::test]
async fn an_ambiguous_order_may_be_sent_again_by_its_value() {
    for after in [false, true] {
        let (sandbox, client) = pair().await;
        let fault = Fault::html(200).on(Operation::CreateCheckoutOrder);
        sandbox
            .faults()
            .add(if after { fault.after_effect() } else { fault });
        let order = order();
        let error = client.checkout_orders().create(&order).await.told_err();
        assert!(error.is_ambiguous(), "{error}");
        assert_eq!(error.idempotency_key(), Some(order.order_no()));
        match client.checkout_orders().create(&order).await.told() {
            Ok(_) => assert!(!after),
            Err(error) => assert!(after && error.is_duplicate(), "{error}"),
        }
        assert_eq!(effects(&sandbox, &order), 1);
    }
}

/// Acted, and said that it had not: the repeat is refused, and the error says that something may be there.
#[tokio::test]
async fn a_refusal_that_was_none_is_found_out_by_the_repeat() {
    let lies: [fn() -> Fault; 2] = [Fault::unauthorized, || Fault::rate_limited(Some(0))];
    for lie in lies {
        let (sandbox, client) = pair().await;
        let create = Operation::CreateCheckoutOrder;
        sandbox.faults().add(lie().on(create).after_effect());
        let order = order();
        let result = client.checkout_orders().create(&order).await;
        assert_eq!(outcome(&result), "refused", "{result:?}");
        let error = result.told_err();
        assert!(error.is_duplicate() && error.may_have_taken_effect());
        assert_eq!(error.attempts(), 2, "{error}");
        assert_eq!(effects(&sandbox, &order), 1);
    }
}

/// A lost attempt and a refusal: only a record with the same data settles what became of the order.
#[tokio::test]
async fn a_refused_repeat_is_settled_by_the_record_or_not_at_all() {
    type Arrange = fn(&stablelink_sandbox::Sandbox);
    let create = Operation::CreateCheckoutOrder;
    let cases: [(&str, bool, Arrange, &str); 6] = [
        ("made", false, |_| {}, "done"),
        ("made by somebody else", true, |_| {}, "ambiguous"),
        (
            "no record",
            false,
            |sandbox| {
                sandbox.faults().clear();
                let create = Operation::CreateCheckoutOrder;
                sandbox.faults().add(Fault::reset().on(create));
                sandbox.faults().add(Fault::duplicate().on(create));
            },
            "ambiguous",
        ),
        (
            "the look-up fails",
            false,
            |sandbox| {
                let get = Operation::GetCheckoutOrder;
                sandbox.faults().add(Fault::status(500).on(get).always());
            },
            "ambiguous",
        ),
        (
            "the look-up fails once",
            false,
            |sandbox| {
                let get = Operation::GetCheckoutOrder;
                sandbox.faults().add(Fault::reset().on(get));
            },
            "done",
        ),
        (
            "the record is another's",
            false,
            |sandbox| {
                let get = Operation::GetCheckoutOrder;
                sandbox
                    .faults()
                    .add(Fault::replace_field("retdata.orderAmount", "0.51").on(get));
            },
            "ambiguous",
        ),
    ];
    for (name, taken, arrange, expected) in cases {
        let (sandbox, client) = pair().await;
        let order = order();
        if taken {
            let other = NewCheckoutOrder::usd(9, "ETH_USDT", "6", "1");
            let other = other.with_order_no(order.order_no());
            client.checkout_orders().create(&other).await.unwrap();
            sandbox.faults().add(Fault::reset().on(create));
        } else {
            sandbox
                .faults()
                .add(Fault::reset().on(create).after_effect());
        }
        arrange(&sandbox);
        let result = client.checkout_orders().create(&order).await;
        assert_eq!(outcome(&result), expected, "{name}: {result:?}");
        assert!(effects(&sandbox, &order) <= 1, "{name}");
        if let Err(error) = result {
            assert!(error.is_duplicate(), "{name}: {error}");
            assert_eq!(error.idempotency_key(), Some(order.order_no()), "{name}");
            assert!(
                matches!(error.kind(), ErrorKind::Ambiguous(a) if a.key_field() == Some("orderNo"))
            );
        }
    }
}

/// An attempt that was lost is not forgotten because a later one could not be made.
#[tokio::test]
async fn doubt_outlives_what_follows_it() {
    type Arrange = fn(&stablelink_sandbox::Sandbox);
    let later: [(&str, Arrange); 4] = [
        ("refused token, and the next one", |sandbox| {
            sandbox.faults().add(
                Fault::unauthorized()
                    .on(Operation::CreateCheckoutOrder)
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
            .add(Fault::reset().on(Operation::CreateCheckoutOrder));
        arrange(&sandbox);
        let order = order();
        let result = client.checkout_orders().create(&order).await;
        assert_eq!(outcome(&result), "ambiguous", "{name}: {result:?}");
        assert!(effects(&sandbox, &order) == 0, "{name}");
    }
}
