//! How often, and after what pause, a call is sent again.

use std::time::{Duration, SystemTime};

use stablelink::RetryPolicy;
use stablelink_sandbox::{Fault, Operation};

use crate::setup::{builder, clocked, effects, order, outcome, pair, quick, read, sent};
use crate::watch::Told;

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
                let error = result.told_err();
                let expected = Some(Duration::from_secs(seconds));
                assert_eq!(error.retry_after(), expected, "{label}");
                assert!(error.is_retryable(), "{label}");
                assert!(clock.pauses().is_empty(), "{label}");
            }
        }
    }
}

/// A wait that can't be read is none, and one that no number holds is longer than any deadline.
#[tokio::test]
async fn an_absurd_wait_neither_hastens_nor_holds_a_call() {
    let none = Duration::ZERO;
    for (wait, passes) in [
        ("-1", true),
        ("+0", true),
        ("1e3", true),
        ("0.5", true),
        ("soon", true),
        ("", true),
        ("Sun, 06 Nov 1994 08:49:37 GMT", true),
        ("1000000000000000000000000000000", false),
        ("18446744073709551616", false),
        ("Fri, 31 Dec 9999 23:59:59 GMT", false),
    ] {
        for status in [429, 503] {
            let (sandbox, builder, clock) = clocked().await;
            let client = builder.deadline(Duration::from_secs(60)).build().unwrap();
            let fault = Fault::status(status).header("retry-after", wait);
            sandbox
                .faults()
                .add(fault.on(Operation::CreateCheckoutOrder));
            let order = order();
            let result = client.checkout_orders().create(&order).await;
            let expected = match (passes, status) {
                (true, _) => "done",
                (false, 429) => "rate_limited",
                (false, _) => "ambiguous",
            };
            assert_eq!(outcome(&result), expected, "{status} {wait}: {result:?}");
            assert_eq!(
                effects(&sandbox, &order),
                u64::from(passes),
                "{status} {wait}"
            );
            // That of the policy of these tests.
            let pauses: &[Duration] = if passes { &[none] } else { &[] };
            assert_eq!(clock.pauses(), pauses, "{status} {wait}");
            if let Err(error) = result {
                assert!(
                    error.retry_after() > Some(Duration::from_secs(60)),
                    "{wait}"
                );
                assert!(error.to_string().len() < 400, "{error}");
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
    let error = client.checkout_orders().create(&order).await.told_err();
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
    let policy = RetryPolicy::default()
        .initial_backoff(second)
        .max_attempts(5);
    let client = builder
        .retry(policy.max_backoff(second * 3))
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
        .retry(quick().max_attempts(3).retry_budget(10))
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
        assert!(quote.max_attempts(attempts).await.told().is_err());
        assert_eq!(sent(&sandbox, rates) - before, expected);
    }
}
