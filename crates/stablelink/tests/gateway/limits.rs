//! The number of attempts and the pauses between them.

use std::time::{Duration, SystemTime};

use stablelink::RetryPolicy;
use stablelink_sandbox::{Fault, SandboxOperation};

use crate::setup::{builder, clocked, effects, order, outcome, pair, quick, read, sent};
use crate::watch::CheckedResult;

#[tokio::test]
async fn retry_after_is_honoured_within_the_deadline() {
    let format = |time| httpdate::fmt_http_date(time);
    let now = SystemTime::now();
    let date = |seconds| format(now + Duration::from_secs(seconds));
    for (status, kind) in [(429, "rate_limited"), (503, "transport")] {
        for (retry_after, seconds) in [
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
                .header("date", &format(now))
                .header("retry-after", &retry_after);
            sandbox
                .faults()
                .add(fault.on(SandboxOperation::GetExchangeRate));
            let result = read(&client).await;
            let label = format!("{status} {retry_after}");
            if seconds < 60 {
                assert_eq!(outcome(&result), "done", "{label}");
                assert_eq!(clock.pauses(), [Duration::from_secs(seconds)], "{label}");
            } else {
                assert_eq!(outcome(&result), kind, "{label}");
                let error = result.checked_err();
                let expected = Some(Duration::from_secs(seconds));
                assert_eq!(error.retry_after(), expected, "{label}");
                assert!(error.is_retryable(), "{label}");
                assert!(clock.pauses().is_empty(), "{label}");
            }
        }
    }
}

/// An invalid `Retry-After` is ignored, and one that exceeds every number type is longer than any deadline.
#[tokio::test]
async fn extreme_retry_after_is_ignored_or_exceeds_the_deadline() {
    // The pause of the retry policy in these tests.
    let ignored = Some(Duration::ZERO);
    for (retry_after, pause) in [
        ("-1", ignored),
        ("+0", ignored),
        ("1e3", ignored),
        (".5", ignored),
        ("soon", ignored),
        ("", ignored),
        ("Sun, 06 Nov 1994 08:49:37 GMT", ignored),
        ("0.5", Some(Duration::from_secs(1))),
        ("1000000000000000000000000000000", None),
        ("18446744073709551616", None),
        ("59.5", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", None),
    ] {
        for status in [429, 503] {
            let (sandbox, builder, clock) = clocked().await;
            let client = builder.deadline(Duration::from_secs(60)).build().unwrap();
            let fault = Fault::status(status).header("retry-after", retry_after);
            sandbox
                .faults()
                .add(fault.on(SandboxOperation::CreateCheckoutOrder));
            let order = order();
            let result = client.checkout_orders().create(&order).await;
            let expected = match (pause, status) {
                (Some(_), _) => "done",
                (None, 429) => "rate_limited",
                (None, _) => "ambiguous",
            };
            assert_eq!(
                outcome(&result),
                expected,
                "{status} {retry_after}: {result:?}"
            );
            assert_eq!(
                effects(&sandbox, &order),
                u64::from(pause.is_some()),
                "{status} {retry_after}"
            );
            assert_eq!(
                clock.pauses(),
                Vec::from_iter(pause),
                "{status} {retry_after}"
            );
            if let Err(error) = result {
                assert!(
                    error.retry_after() >= Some(Duration::from_secs(60)),
                    "{retry_after}"
                );
                assert!(error.to_string().len() < 400, "{error}");
            }
        }
    }
}

#[tokio::test]
async fn payment_with_a_long_retry_after_is_ambiguous_immediately() {
    let (sandbox, builder, clock) = clocked().await;
    let client = builder.build().unwrap();
    sandbox.faults().add(
        Fault::status(503)
            .retry_after(3_600)
            .on(SandboxOperation::CreateCheckoutOrder)
            .after_effect(),
    );
    let order = order();
    let error = client.checkout_orders().create(&order).await.checked_err();
    assert!(error.is_ambiguous(), "{error}");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3_600)));
    assert_eq!(error.http_status(), Some(503));
    assert!(clock.pauses().is_empty());
    assert_eq!(effects(&sandbox, &order), 1);
}

#[tokio::test]
async fn pauses_are_random_up_to_a_doubling_limit() {
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
    sandbox.faults().add(
        Fault::status(503)
            .on(SandboxOperation::GetExchangeRate)
            .always(),
    );
    let mut differ = false;
    for _ in 0..8 {
        let before = clock.pauses().len();
        assert_eq!(outcome(&read(&client).await), "transport");
        let pauses = clock.pauses().split_off(before);
        assert_eq!(pauses.len(), 4);
        for (pause, limit) in pauses.iter().zip([1, 2, 3, 3]) {
            assert!(*pause <= second * limit, "{pauses:?}");
        }
        differ |= pauses[2] != pauses[3];
    }
    assert!(differ, "the pauses have no jitter");
}

#[tokio::test]
async fn calls_share_a_retry_budget_that_successes_refill() {
    let (sandbox, _) = pair().await;
    let client = builder(&sandbox)
        .retry(quick().max_attempts(3).retry_budget(10))
        .build()
        .unwrap();
    let rates = SandboxOperation::GetExchangeRate;
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
async fn call_can_set_its_number_of_attempts() {
    let (sandbox, client) = pair().await;
    let rates = SandboxOperation::GetExchangeRate;
    sandbox.faults().add(Fault::status(503).always());
    sandbox.faults().clear();
    client.token().await.unwrap();
    sandbox.faults().add(Fault::status(503).always());
    for (attempts, expected) in [(0, 1), (1, 1), (5, 5)] {
        let before = sent(&sandbox, rates);
        let quote = client.exchange_rates().quote("USDT", "USD");
        assert!(quote.max_attempts(attempts).await.checked().is_err());
        assert_eq!(sent(&sandbox, rates) - before, expected);
    }
}
