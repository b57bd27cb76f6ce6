//! How a token is got, kept, refused and replaced.

use std::time::Duration;

use stablelink::TokenSettings;
use stablelink_sandbox::{Fault, Operation, RejectedToken, Sandbox};

use crate::setup::{
    Call, builder, clocked, effects, keyed, never, order, outcome, pair, read, sent, when,
};
use crate::watch::Told;

/// Nothing before the first call; before its end a new one beside the calls, which go on with the old one while that fails.
#[tokio::test]
async fn a_token_is_got_late_and_renewed_early() {
    let (sandbox, builder, clock) = clocked().await;
    sandbox.update_settings(|settings| settings.token_lifetime = 100);
    let settings = TokenSettings::default().renew_after(0.8).jitter(0.0);
    let client = builder.token_settings(settings).build().unwrap();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(sandbox.request_count(), 0);
    let pass = |seconds| {
        clock.advance(Duration::from_secs(seconds));
        sandbox.clock().advance(Duration::from_secs(seconds));
    };
    keyed(&client).await.unwrap();
    let first = client.token().await.unwrap();
    pass(79);
    keyed(&client).await.unwrap();
    let asked = || sent(&sandbox, Operation::IssueAccessToken);
    assert_eq!(asked(), 1);

    let down = sandbox.faults().add(Fault::status(400).on_token().always());
    pass(1);
    keyed(&client).await.unwrap();
    when(|| sandbox.faults().injections(down) == 2).await;
    keyed(&client).await.unwrap();
    let held = client.token().await.unwrap();
    assert_eq!(held.generation(), first.generation());
    sandbox.faults().clear();

    // The cool-down of that refusal is over, and the token has ended. Its refresh token was refused and is not tried again.
    pass(31);
    keyed(&client).await.unwrap();
    let next = client.token().await.unwrap();
    assert!(next.generation() > first.generation());
    let grants = sandbox.token_grants();
    assert_eq!((grants.credentials, grants.refresh), (2, 0), "{grants:?}");
    pass(80);
    keyed(&client).await.unwrap();
    when(|| sandbox.token_grants().refresh == 1).await;
    keyed(&client).await.unwrap();
    assert_eq!(sandbox.token_grants().granted(), 3);
}

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
    sandbox.update_settings(|settings| settings.token_lifetime = 0);
    let client = builder.build().unwrap();
    for call in [read as Call, keyed as Call, never as Call] {
        let result = call(&client).await;
        assert_eq!(outcome(&result), "authentication", "{result:?}");
    }
    assert!(sent(&sandbox, Operation::IssueAccessToken) <= 1 + 10);
    assert_eq!(sandbox.effects().iter().count(), 0);
    sandbox.update_settings(|settings| settings.token_lifetime = 60);
    clock.advance(Duration::from_secs(120));
    sandbox.clock().advance(Duration::from_secs(120));
    keyed(&client).await.unwrap();
}

#[tokio::test]
async fn a_token_of_one_second_serves_for_that_second() {
    let (sandbox, builder, clock) = clocked().await;
    sandbox.update_settings(|settings| settings.token_lifetime = 1);
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
        ("no envelope", Fault::unexpected_json, "decode", false, 1),
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

/// Nor by the calls that come meanwhile: a token is asked for when the gateway said.
#[tokio::test]
async fn a_wait_for_the_token_is_kept_by_all_calls() {
    for fault in [
        Fault::rate_limited(Some(9)),
        Fault::status(503).retry_after(9),
    ] {
        let (sandbox, builder, clock) = clocked().await;
        let client = builder.build().unwrap();
        sandbox.faults().add(fault.on_token());
        for rest in (1..=9).rev() {
            for call in [read as Call, keyed as Call, never as Call] {
                let error = call(&client).await.told_err();
                assert_eq!(error.retry_after(), Some(Duration::from_secs(rest)));
                assert!(error.is_retryable(), "{error}");
            }
            assert_eq!(sandbox.request_count(), 1);
            clock.advance(Duration::from_secs(1));
        }
        keyed(&client).await.unwrap();
        assert_eq!(sandbox.token_grants().granted(), 1);
    }
}

/// However many calls are refused with it: no list of codes is public, and it may be about something else.
#[tokio::test]
async fn a_retcode_renews_the_token_once_a_cool_down() {
    let (sandbox, builder, clock) = clocked().await;
    let client = builder.token_retcodes(["00901"]).build().unwrap();
    client.token().await.unwrap();
    let body = r#"{"retcode":"00901","retmsg":"no","success":false}"#;
    let refusal = Fault::custom(200, [("content-type", "application/json")], body);
    sandbox.faults().add(refusal.on_calls().always());
    let cool_down = Duration::from_secs(30);
    for round in 1..=3 {
        for _ in 0..5 {
            assert_eq!(outcome(&keyed(&client).await), "refused");
        }
        assert_eq!(sandbox.token_grants().granted(), 1 + round);
        let sends = sent(&sandbox, Operation::CreateCheckoutOrder);
        assert_eq!(sends as u64, 6 * round);
        clock.advance(cool_down);
        sandbox.clock().advance(cool_down);
    }
    assert_eq!(sandbox.effects().iter().count(), 0);
}

/// What a token answer may hold, and what becomes of the call: each form, and texts and numbers that are none of a token's.
#[tokio::test]
async fn a_token_answer_that_holds_no_token_is_an_error() {
    let cases = [
        (r#"{"access_token":"a"}"#, "authentication"),
        (
            r#"{"retcode":200,"retdata":{"access_token":"a"}}"#,
            "authentication",
        ),
        (
            r#"{"access_token":"a","expires_in":-7,"rt_expires_in":-7}"#,
            "authentication",
        ),
        (
            r#"{"access_token":"a","expires_in":9223372036854775807}"#,
            "authentication",
        ),
        (
            r#"{"access_token":"a","refresh_token":"","rt_expires_in":9}"#,
            "authentication",
        ),
        (r#"{"access_token":""}"#, "decode"),
        (r#"{"retcode":200,"retdata":{"access_token":""}}"#, "decode"),
        (
            r#"{"retcode":200,"retdata":{"access_token":null}}"#,
            "decode",
        ),
        (r#"{"retcode":200,"retdata":null}"#, "decode"),
        (r#"{"retcode":200}"#, "decode"),
        (r#"{"access_token":7}"#, "decode"),
        (r#"{"access_token":"a","expires_in":"soon"}"#, "decode"),
        ("[]", "decode"),
        ("", "decode"),
        (r#"{"access_token":"a\nb"}"#, "authentication"),
    ];
    for (body, expected) in cases {
        let (sandbox, builder, _clock) = clocked().await;
        let client = builder.build().unwrap();
        let answer = Fault::custom(200, [("content-type", "application/json")], body);
        sandbox.faults().add(answer.on_token().always());
        let result = keyed(&client).await;
        assert_eq!(outcome(&result), expected, "{body}: {result:?}");
        // Nothing but one that can be sent is sent, and the gateway does not know it.
        let usable = expected == "authentication" && !body.contains('\\');
        let calls = sent(&sandbox, Operation::CreateCheckoutOrder);
        assert_eq!(calls, if usable { 2 } else { 0 }, "{body}");
        let asked = sent(&sandbox, Operation::IssueAccessToken);
        assert_eq!(asked, if usable { 2 } else { 1 }, "{body}");
        assert_eq!(sandbox.effects().iter().count(), 0);
    }
}
