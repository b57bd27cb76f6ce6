//! Tokens that are refused, or not to be had.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use stablelink::{Credentials, Environment, SourceError, TokenSettings};
use stablelink_sandbox::{Fault, Operation, RejectedToken, Sandbox};

use crate::setup::{
    Call, builder, clocked, effects, keyed, never, order, outcome, pair, quick, read, sent,
};
use crate::watch::Told;

/// Renewed once and sent once more, whatever the operation: what was refused for its token had no effect.
#[tokio::test]
async fn a_token_that_was_ended_is_renewed_once() {
    let (sandbox, client) = pair().await;
    let order = order();
    client.checkout_orders().create(&order).await.unwrap();
    sandbox.revoke_tokens();
    client
        .checkout_orders()
        .cancel(order.order_no())
        .await
        .unwrap();
    let cancel = Operation::CancelCheckoutOrder;
    assert_eq!(sent(&sandbox, cancel), 2);
    assert_eq!(sandbox.effects().total(cancel), 1);
    assert_eq!(sandbox.token_grants().granted(), 2);
}

#[tokio::test]
async fn a_repeat_with_a_new_token_that_is_lost_is_ambiguous() {
    let (sandbox, client) = pair().await;
    client.token().await.unwrap();
    sandbox.revoke_tokens();
    let cancel = Operation::CancelCheckoutOrder;
    sandbox.faults().add(Fault::reset().on(cancel).skip(1));
    let error = client.checkout_orders().cancel("7").await.told_err();
    assert!(error.is_ambiguous(), "{error:?}");
    assert_eq!((error.attempts(), sent(&sandbox, cancel)), (2, 2));
}

#[tokio::test]
async fn a_storm_of_401_is_an_error_and_asks_for_few_tokens() {
    let (sandbox, builder, _clock) = clocked().await;
    let client = builder
        .token_settings(TokenSettings::default().renewals_per_cool_down(5))
        .build()
        .unwrap();
    sandbox
        .faults()
        .add(Fault::unauthorized().on_calls().always());
    for round in 0..20 {
        for call in [read as Call, keyed as Call, never as Call] {
            let result = call(&client).await;
            assert_eq!(outcome(&result), "authentication", "{round}: {result:?}");
            assert!(result.told_err().attempts() <= 2);
        }
    }
    let asked = sent(&sandbox, Operation::IssueAccessToken);
    assert!(asked <= 1 + 5, "{asked}");
    assert!(sandbox.request_count() < 20 * 3 * 2 + 10);
    assert_eq!(sandbox.effects().iter().count(), 0);
}

/// Dead on arrival: a typed error, few token requests, no effect; and nothing is dead for good.
#[tokio::test]
async fn a_token_without_a_life_is_an_error() {
    let (sandbox, builder, clock) = clocked().await;
    sandbox.change(|settings| settings.token_life = 0);
    let client = builder.build().unwrap();
    for call in [read as Call, keyed as Call, never as Call] {
        let result = call(&client).await;
        assert_eq!(outcome(&result), "authentication", "{result:?}");
    }
    assert!(sent(&sandbox, Operation::IssueAccessToken) <= 1 + 10);
    assert_eq!(sandbox.effects().iter().count(), 0);
    sandbox.change(|settings| settings.token_life = 60);
    clock.advance(Duration::from_secs(120));
    sandbox.clock().advance(Duration::from_secs(120));
    keyed(&client).await.unwrap();
}

#[tokio::test]
async fn a_token_of_one_second_serves_for_that_second() {
    let (sandbox, builder, clock) = clocked().await;
    sandbox.change(|settings| settings.token_life = 1);
    let client = builder.build().unwrap();
    for _ in 0..5 {
        let order = order();
        client.checkout_orders().create(&order).await.unwrap();
        assert_eq!(effects(&sandbox, &order), 1);
        clock.advance(Duration::from_secs(2));
        sandbox.clock().advance(Duration::from_secs(2));
    }
    assert!(sandbox.token_grants().granted() <= 6);
}

/// Wrong credentials don't get right by coming again; a gateway that is down does.
#[tokio::test]
async fn what_keeps_a_token_away_says_if_it_may_pass() {
    type Make = fn() -> Fault;
    let cases: [(&str, Make, &str, bool, usize); 9] = [
        ("400", || Fault::status(400), "authentication", false, 1),
        ("401", Fault::unauthorized, "authentication", false, 1),
        ("a page, 200", || Fault::html(200), "decode", false, 1),
        ("malformed", Fault::malformed_json, "decode", false, 1),
        ("no envelope", Fault::wrong_json, "decode", false, 1),
        ("503", || Fault::status(503), "transport", true, 3),
        ("reset", Fault::reset, "transport", true, 3),
        (
            "429",
            || Fault::rate_limited(Some(9)),
            "rate_limited",
            true,
            1,
        ),
        (
            "503 with a wait",
            || Fault::status(503).retry_after(9),
            "transport",
            true,
            1,
        ),
    ];
    for (name, fault, expected, passes, requests) in cases {
        for call in [read as Call, keyed as Call, never as Call] {
            let (sandbox, builder, _clock) = clocked().await;
            let client = builder.build().unwrap();
            sandbox.faults().add(fault().on_token().always());
            let result = call(&client).await;
            assert_eq!(outcome(&result), expected, "{name}: {result:?}");
            let error = result.told_err();
            assert_eq!(error.is_retryable(), passes, "{name}: {error:?}");
            assert_eq!(error.operation(), Some("issue_access_token"), "{name}");
            assert_eq!(sandbox.request_count(), requests as u64, "{name}");
        }
    }
}

#[tokio::test]
async fn a_retcode_renews_the_token_only_where_the_caller_says_so() {
    for (codes, expected, sends) in [(vec![], "refused", 1), (vec!["00901"], "done", 2)] {
        let sandbox = Sandbox::builder()
            .rejected_token(RejectedToken::Http200)
            .start()
            .await
            .unwrap();
        let client = builder(&sandbox).token_retcodes(codes).build().unwrap();
        client.token().await.unwrap();
        sandbox.revoke_tokens();
        let result = keyed(&client).await;
        assert_eq!(outcome(&result), expected, "{result:?}");
        assert_eq!(sent(&sandbox, Operation::CreateCheckoutOrder), sends);
    }
}

/// The caller's own source of credentials fails, or gives what can't be used.
#[tokio::test]
async fn a_source_of_credentials_may_fail_and_come_back() {
    let (sandbox, _) = pair().await;
    let real = sandbox.credentials();
    let asked = Arc::new(AtomicU32::new(0));
    let turns = Arc::clone(&asked);
    let source = move || {
        let real = crate::setup::credentials(&real);
        let turn = turns.fetch_add(1, Ordering::Relaxed);
        async move {
            match turn {
                0 => Err(SourceError::from("the vault is sealed")),
                1 => Ok(Credentials::new("key", "secret", "")),
                2 => Ok(Credentials::new("", "secret", "sign")),
                _ => Ok(real),
            }
        }
    };
    let client = stablelink::Client::builder()
        .environment(Environment::at(sandbox.url()).unwrap())
        .credentials(source)
        .retry(quick())
        .build()
        .unwrap();
    for (text, passes) in [
        ("could not be had from their source", true),
        ("the sign key is empty", false),
        ("the api key or api secret is empty", false),
    ] {
        let result = keyed(&client).await;
        assert_eq!(outcome(&result), "configuration", "{result:?}");
        let error = result.told_err();
        assert!(error.to_string().contains(text), "{error}");
        assert_eq!(error.is_retryable(), passes, "{error}");
        assert_eq!(sandbox.request_count(), 0);
    }
    keyed(&client).await.unwrap();
}

#[tokio::test]
async fn rotated_credentials_are_in_use_within_a_minute() {
    let (sandbox, _, clock) = clocked().await;
    let now = Arc::new(std::sync::Mutex::new(crate::setup::credentials(
        &sandbox.credentials(),
    )));
    let held = Arc::clone(&now);
    let client = stablelink::Client::builder()
        .environment(Environment::at(sandbox.url()).unwrap())
        .credentials(move || {
            let credentials = held.lock().unwrap().clone();
            async move { Ok(credentials) }
        })
        .retry(quick())
        .clock(clock.clone())
        .build()
        .unwrap();
    keyed(&client).await.unwrap();
    let next = stablelink_sandbox::Credentials::random().unwrap();
    sandbox.rotate_credentials(next.clone());
    *now.lock().unwrap() = crate::setup::credentials(&next);
    let minute = Duration::from_secs(60);
    clock.advance(minute);
    sandbox.clock().advance(minute);
    keyed(&client).await.unwrap();
}
