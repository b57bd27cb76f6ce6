//! Who is sent again, and how often.

use std::future::IntoFuture;
use std::net::TcpListener;
use std::time::{Duration, SystemTime};

use stablelink::types::{CreateUserRequest, SimulateEventRequest, SubmitKybRequest};
use stablelink::{Client, Environment, ErrorKind, RetryPolicy};
use stablelink_sandbox::{Fault, Operation};

use crate::setup::{
    Call, builder, clocked, credentials, effects, keyed, never, nothing, order, outcome, pair,
    quick, read, sent, when,
};

/// Every operation of the default features that must be sent once, and those of `provisional` that move money.
fn never_repeated() -> Vec<(Operation, Call)> {
    fn of<T: serde::de::DeserializeOwned>(json: &str) -> T {
        serde_json::from_str(json).unwrap()
    }
    let mut all: Vec<(Operation, Call)> = vec![
        (Operation::CreateUser, |client| {
            let user: CreateUserRequest = of(r#"{"email":"a@b.example"}"#);
            nothing(client.users().create(user).into_future())
        }),
        (Operation::SubmitKyb, |client| {
            let review: SubmitKybRequest = of("{}");
            nothing(client.kyb().submit(review).into_future())
        }),
        (Operation::UpdateFeeConfig, |client| {
            nothing(client.fee_configs().update(of("{}")).into_future())
        }),
        (Operation::SimulateEvent, |client| {
            let event = SimulateEventRequest::default();
            nothing(client.webhook_events().simulate(event).into_future())
        }),
        (Operation::CancelCheckoutOrder, never),
    ];
    #[cfg(feature = "provisional")]
    all.extend([
        (
            Operation::ConfirmTransaction,
            (|client| {
                nothing(
                    client
                        .trades()
                        .confirm(of(r#"{"txNo":"TR1"}"#))
                        .into_future(),
                )
            }) as Call,
        ),
        (Operation::CreateFeeConfig, |client| {
            nothing(client.fee_configs().create(of("{}")).into_future())
        }),
        (Operation::CancelSettlementOrder, |client| {
            nothing(client.settlements().cancel("7").into_future())
        }),
        (Operation::CancelRefundOrder, |client| {
            nothing(client.refunds().cancel("7").into_future())
        }),
        (Operation::UploadFile, |client| {
            nothing(
                client
                    .files()
                    .upload_bytes("a.pdf", &b"bytes"[..])
                    .into_future(),
            )
        }),
    ]);
    all
}

#[tokio::test]
async fn what_must_not_be_repeated_is_sent_once_whatever_fails() {
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
        ("no envelope", Fault::wrong_json, "ambiguous"),
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
            let error = result.unwrap_err();
            assert_eq!(error.attempts(), 1, "{operation} {name}");
            assert_eq!(error.idempotency_key(), None, "{operation} {name}");
            assert_eq!(sent(&sandbox, operation) - before, 1, "{operation} {name}");
            sandbox.faults().remove(id);
        }
    }
}

/// What is only read is sent until it comes, or until the attempts are used up.
#[tokio::test]
async fn what_only_reads_is_sent_again() {
    type Make = fn() -> Fault;
    let faults: [(&str, Make, &str); 8] = [
        ("reset", Fault::reset, "transport"),
        ("cut off", Fault::truncate, "transport"),
        ("500", || Fault::status(500), "transport"),
        ("503", || Fault::status(503), "transport"),
        ("408", || Fault::status(408), "transport"),
        ("a page, 502", || Fault::html(502), "transport"),
        ("big", || Fault::big_error(200_000), "transport"),
        ("429", || Fault::rate_limited(None), "rate_limited"),
    ];
    for (name, fault, always) in faults {
        for (times, expected, arrive) in [(1, "done", 2), (2, "done", 3), (3, always, 3)] {
            let (sandbox, client) = pair().await;
            let rates = Operation::GetExchangeRate;
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

/// What would fail in the same way is not sent again.
#[tokio::test]
async fn what_will_not_do_better_is_sent_once() {
    type Make = fn() -> Fault;
    let faults: [(&str, Make, &str); 6] = [
        ("a page, 200", || Fault::html(200), "decode"),
        ("a page, 403", || Fault::html(403), "refused"),
        ("malformed", Fault::malformed_json, "decode"),
        ("no envelope", Fault::wrong_json, "decode"),
        (
            "307",
            || Fault::redirect(307, "http://127.0.0.1:9/"),
            "transport",
        ),
        ("400", || Fault::status(400), "refused"),
    ];
    for (name, fault, expected) in faults {
        let (sandbox, client) = pair().await;
        let rates = Operation::GetExchangeRate;
        sandbox.faults().add(fault().on(rates).always());
        let result = read(&client).await;
        assert_eq!(outcome(&result), expected, "{name}: {result:?}");
        assert!(!result.unwrap_err().is_retryable(), "{name}");
        assert_eq!(sent(&sandbox, rates), 1, "{name}");
    }
}

#[tokio::test]
async fn a_wait_that_was_asked_for_is_kept_if_the_deadline_lasts() {
    let written = |time| httpdate::fmt_http_date(time);
    let now = SystemTime::now();
    let date = |seconds| written(now + Duration::from_secs(seconds));
    for (status, kind) in [(429, "rate_limited"), (503, "transport")] {
        for (wait, seconds) in [
            ("30".to_owned(), 30),
            ("0".to_owned(), 0),
            (date(7), 7),
            (date(3_600), 3_600),
            ("61".to_owned(), 61),
            (u64::MAX.to_string(), u64::MAX),
        ] {
            let (sandbox, builder, clock) = clocked().await;
            let client = builder.deadline(Duration::from_secs(60)).build().unwrap();
            let fault = Fault::status(status)
                .header("date", &written(now))
                .header("retry-after", &wait);
            sandbox.faults().add(fault.on(Operation::GetExchangeRate));
            let result = read(&client).await;
            let label = format!("{status} {wait}");
            if seconds < 60 {
                assert_eq!(outcome(&result), "done", "{label}");
                assert_eq!(clock.pauses(), [Duration::from_secs(seconds)], "{label}");
            } else {
                assert_eq!(outcome(&result), kind, "{label}");
                let error = result.unwrap_err();
                let expected = Some(Duration::from_secs(seconds));
                assert_eq!(error.retry_after(), expected, "{label}");
                assert!(error.is_retryable(), "{label}");
                assert!(clock.pauses().is_empty(), "{label}");
            }
        }
    }
}

#[tokio::test]
async fn a_payment_that_must_wait_too_long_is_ambiguous_at_once_and_says_how_long() {
    let (sandbox, builder, clock) = clocked().await;
    let client = builder.build().unwrap();
    sandbox.faults().add(
        Fault::status(503)
            .retry_after(3_600)
            .on(Operation::CreateCheckoutOrder)
            .after_effect(),
    );
    let order = order();
    let error = client.checkout_orders().create(&order).await.unwrap_err();
    assert!(error.is_ambiguous(), "{error}");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3_600)));
    assert_eq!(error.http_status(), Some(503));
    assert!(clock.pauses().is_empty());
    assert_eq!(effects(&sandbox, &order), 1);
}

#[tokio::test]
async fn pauses_are_drawn_from_a_length_that_doubles() {
    let (sandbox, builder, clock) = clocked().await;
    let second = Duration::from_secs(1);
    let policy = RetryPolicy::default().base(second).attempts(5);
    let client = builder
        .retry(policy.cap(second * 3))
        .deadline(second * 1_000)
        .build()
        .unwrap();
    sandbox
        .faults()
        .add(Fault::status(503).on(Operation::GetExchangeRate).always());
    let mut differ = false;
    for _ in 0..8 {
        let before = clock.pauses().len();
        assert_eq!(outcome(&read(&client).await), "transport");
        let pauses = clock.pauses().split_off(before);
        assert_eq!(pauses.len(), 4);
        for (pause, longest) in pauses.iter().zip([1, 2, 3, 3]) {
            assert!(*pause <= second * longest, "{pauses:?}");
        }
        differ |= pauses[2] != pauses[3];
    }
    assert!(differ, "there is no jitter");
}

#[tokio::test]
async fn many_calls_share_a_budget_that_successes_refill() {
    let (sandbox, _) = pair().await;
    let client = builder(&sandbox)
        .retry(quick().attempts(3).budget(10))
        .build()
        .unwrap();
    let rates = Operation::GetExchangeRate;
    let id = sandbox.faults().add(Fault::status(503).on(rates).always());
    for _ in 0..50 {
        assert_eq!(outcome(&read(&client).await), "transport");
    }
    assert_eq!(sent(&sandbox, rates), 50 + 10);
    sandbox.faults().remove(id);
    for _ in 0..5 {
        read(&client).await.unwrap();
    }
    let before = sent(&sandbox, rates);
    sandbox.faults().add(Fault::status(503).on(rates).always());
    for _ in 0..3 {
        assert_eq!(outcome(&read(&client).await), "transport");
    }
    assert_eq!(sent(&sandbox, rates) - before, 3 + 1);
}

#[tokio::test]
async fn a_call_may_have_its_own_number_of_attempts() {
    let (sandbox, client) = pair().await;
    let rates = Operation::GetExchangeRate;
    sandbox.faults().add(Fault::status(503).always());
    sandbox.faults().clear();
    client.token().await.unwrap();
    sandbox.faults().add(Fault::status(503).always());
    for (attempts, expected) in [(0, 1), (1, 1), (5, 5)] {
        let before = sent(&sandbox, rates);
        let quote = client.exchange_rates().quote("USDT", "USD");
        assert!(quote.attempts(attempts).await.is_err());
        assert_eq!(sent(&sandbox, rates) - before, expected);
    }
}

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
        .http(|http| http.pool_max_idle_per_host(0))
        .build()
        .unwrap();
    left.token().await.unwrap();
    drop(sandbox);
    for (name, client) in [("lost", lost), ("left", left)] {
        for (call, attempts) in [(read as Call, 3), (keyed as Call, 3), (never as Call, 1)] {
            let result = call(&client).await;
            assert_eq!(outcome(&result), "transport", "{name}: {result:?}");
            let error = result.unwrap_err();
            assert!(error.is_retryable(), "{name}: {error:?}");
            if name == "left" {
                assert_eq!(error.attempts(), attempts, "{name}: {error:?}");
            }
            assert!(error.to_string().contains("no connection"), "{error}");
        }
    }
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
        let result = client.checkout_orders().create(&order).await;
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
            () = when(|| sandbox.faults().strikes(id) == 1) => {}
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
        let error = client.checkout_orders().create(&order).await.unwrap_err();
        assert!(error.is_ambiguous(), "{error}");
        assert_eq!(error.idempotency_key(), Some(order.order_no()));
        match client.checkout_orders().create(&order).await {
            Ok(_) => assert!(!after),
            Err(error) => assert!(after && error.is_duplicate(), "{error}"),
        }
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
                    .add(Fault::member("retdata.orderAmount", "0.51").on(get));
            },
            "ambiguous",
        ),
    ];
    for (name, taken, arrange, expected) in cases {
        let (sandbox, client) = pair().await;
        let order = order();
        if taken {
            let other = stablelink::NewCheckoutOrder::usd(9, "ETH_USDT", "6", "1");
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
