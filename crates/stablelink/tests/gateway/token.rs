//! Requesting, refreshing and replacing the token.

use std::time::Duration;

use stablelink_sandbox::{Fault, RejectedToken, Sandbox, SandboxOperation};

use crate::setup::{
    Call, builder, clocked, effects, keyed, never, order, outcome, pair, read, sent, when,
};
use crate::watch::CheckedResult;

/// The first call requests a token. An early refresh does not delay calls, which use the old token while it fails.
#[tokio::test]
async fn token_is_requested_by_the_first_call_and_refreshed_early() {
    let (sandbox, builder, clock) = clocked().await;
    sandbox.update_settings(|settings| settings.token_lifetime = 100);
    let client = builder.build().unwrap();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(sandbox.request_count(), 0);
    let advance = |seconds| {
        clock.advance(Duration::from_secs(seconds));
        sandbox.clock().advance(Duration::from_secs(seconds));
    };
    keyed(&client).await.unwrap();
    let first = client.token().await.unwrap();
    advance(79);
    keyed(&client).await.unwrap();
    let token_requests = || sent(&sandbox, SandboxOperation::IssueAccessToken);
    assert_eq!(token_requests(), 1);

    let outage = sandbox.faults().add(Fault::status(400).on_token().always());
    // The refresh is due after 80 % to 90 % of the lifetime.
    advance(11);
    keyed(&client).await.unwrap();
    when(|| sandbox.faults().injections(outage) == 2).await;
    keyed(&client).await.unwrap();
    let held = client.token().await.unwrap();
    assert_eq!(held.generation(), first.generation());
    sandbox.faults().clear();

    // The cooldown is over and the token has expired. Its refresh token was rejected and is not used again.
    advance(31);
    keyed(&client).await.unwrap();
    let next = client.token().await.unwrap();
    assert!(next.generation() > first.generation());
    let grants = sandbox.token_grants();
    assert_eq!((grants.credentials, grants.refresh), (2, 0), "{grants:?}");
    advance(91);
    keyed(&client).await.unwrap();
    when(|| sandbox.token_grants().refresh == 1).await;
    keyed(&client).await.unwrap();
    assert_eq!(sandbox.token_grants().granted(), 3);
}

/// A call whose token is rejected had no effect, so every operation is sent again with a new token.
#[tokio::test]
async fn revoked_token_is_refreshed_once() {
    let (sandbox, client) = pair().await;
    let order = order();
    client.checkout_orders().create(&order).await.unwrap();
    sandbox.revoke_tokens();
    client
        .checkout_orders()
        .cancel(order.order_no())
        .await
        .unwrap();
    let cancel = SandboxOperation::CancelCheckoutOrder;
    assert_eq!(sent(&sandbox, cancel), 2);
    assert_eq!(sandbox.effects().total(cancel), 1);
    assert_eq!(sandbox.token_grants().granted(), 2);
}

#[tokio::test]
async fn lost_second_attempt_with_a_new_token_is_ambiguous() {
    let (sandbox, client) = pair().await;
    client.token().await.unwrap();
    sandbox.revoke_tokens();
    let cancel = SandboxOperation::CancelCheckoutOrder;
    sandbox.faults().add(Fault::reset().on(cancel).skip(1));
    let error = client.checkout_orders().cancel("7").await.checked_err();
    assert!(error.is_ambiguous(), "{error:?}");
    assert_eq!((error.attempts(), sent(&sandbox, cancel)), (2, 2));
}

#[tokio::test]
async fn permanent_401_requests_few_tokens() {
    let (sandbox, builder, _clock) = clocked().await;
    let client = builder.build().unwrap();
    sandbox
        .faults()
        .add(Fault::unauthorized().on_calls().always());
    for round in 0..20 {
        for call in [read as Call, keyed as Call, never as Call] {
            let result = call(&client).await;
            assert_eq!(outcome(&result), "authentication", "{round}: {result:?}");
            assert!(result.checked_err().attempts() <= 2);
        }
    }
    let token_requests = sent(&sandbox, SandboxOperation::IssueAccessToken);
    assert!(token_requests <= 1 + 10, "{token_requests}");
    assert!(sandbox.request_count() < 20 * 3 * 2 + 10);
    assert_eq!(sandbox.effects().iter().count(), 0);
}

/// A token that is expired on arrival: a typed error, few token requests, no effect, and the client recovers.
#[tokio::test]
async fn token_with_zero_lifetime_is_an_error() {
    let (sandbox, builder, clock) = clocked().await;
    sandbox.update_settings(|settings| settings.token_lifetime = 0);
    let client = builder.build().unwrap();
    for call in [read as Call, keyed as Call, never as Call] {
        let result = call(&client).await;
        assert_eq!(outcome(&result), "authentication", "{result:?}");
    }
    assert!(sent(&sandbox, SandboxOperation::IssueAccessToken) <= 1 + 10);
    assert_eq!(sandbox.effects().iter().count(), 0);
    sandbox.update_settings(|settings| settings.token_lifetime = 60);
    clock.advance(Duration::from_secs(120));
    sandbox.clock().advance(Duration::from_secs(120));
    keyed(&client).await.unwrap();
}

#[tokio::test]
async fn token_with_a_lifetime_of_one_second_is_used() {
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

/// Rejected credentials are not retryable; an outage of the gateway is.
#[tokio::test]
async fn token_request_error_reports_if_it_is_retryable() {
    type MakeFault = fn() -> Fault;
    let cases: [(&str, MakeFault, &str, bool, usize); 9] = [
        ("400", || Fault::status(400), "authentication", false, 1),
        ("401", Fault::unauthorized, "authentication", false, 1),
        ("HTML, 200", || Fault::html(200), "decode", false, 1),
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
            "503 with Retry-After",
            || Fault::status(503).retry_after(9),
            "transport",
            true,
            1,
        ),
    ];
    for (name, fault, expected, retryable, requests) in cases {
        for call in [read as Call, keyed as Call, never as Call] {
            let (sandbox, builder, _clock) = clocked().await;
            let client = builder.build().unwrap();
            sandbox.faults().add(fault().on_token().always());
            let result = call(&client).await;
            assert_eq!(outcome(&result), expected, "{name}: {result:?}");
            let error = result.checked_err();
            assert_eq!(error.is_retryable(), retryable, "{name}: {error:?}");
            assert_eq!(error.operation(), Some("issue_access_token"), "{name}");
            assert_eq!(sandbox.request_count(), requests as u64, "{name}");
        }
    }
}

#[tokio::test]
async fn retcode_refreshes_the_token_only_if_configured() {
    for (codes, expected, sends) in [(vec![], "api", 1), (vec!["00901"], "done", 2)] {
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
        assert_eq!(sent(&sandbox, SandboxOperation::CreateCheckoutOrder), sends);
    }
}

/// No call requests a token before the `Retry-After` of the gateway has passed.
#[tokio::test]
async fn retry_after_of_the_token_request_applies_to_all_calls() {
    for fault in [
        Fault::rate_limited(Some(9)),
        Fault::status(503).retry_after(9),
    ] {
        let (sandbox, builder, clock) = clocked().await;
        let client = builder.build().unwrap();
        sandbox.faults().add(fault.on_token());
        for remaining in (1..=9).rev() {
            for call in [read as Call, keyed as Call, never as Call] {
                let error = call(&client).await.checked_err();
                assert_eq!(error.retry_after(), Some(Duration::from_secs(remaining)));
                assert!(error.is_retryable(), "{error}");
            }
            assert_eq!(sandbox.request_count(), 1);
            clock.advance(Duration::from_secs(1));
        }
        keyed(&client).await.unwrap();
        assert_eq!(sandbox.token_grants().granted(), 1);
    }
}

/// The retcode may be about something other than the token, because the list of retcodes is not public.
#[tokio::test]
async fn configured_retcode_refreshes_the_token_once_per_cooldown() {
    let (sandbox, builder, clock) = clocked().await;
    let client = builder.token_retcodes(["00901"]).build().unwrap();
    client.token().await.unwrap();
    let body = r#"{"retcode":"00901","retmsg":"no","success":false}"#;
    let rejection = Fault::custom(200, [("content-type", "application/json")], body);
    sandbox.faults().add(rejection.on_calls().always());
    let cooldown = Duration::from_secs(30);
    for round in 1..=3 {
        for _ in 0..5 {
            assert_eq!(outcome(&keyed(&client).await), "api");
        }
        assert_eq!(sandbox.token_grants().granted(), 1 + round);
        let sends = sent(&sandbox, SandboxOperation::CreateCheckoutOrder);
        assert_eq!(sends as u64, 6 * round);
        clock.advance(cooldown);
        sandbox.clock().advance(cooldown);
    }
    assert_eq!(sandbox.effects().iter().count(), 0);
}

/// Checks the result of a call for each form of a token response, with valid and invalid fields.
#[tokio::test]
async fn token_response_without_a_valid_token_is_an_error() {
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
        (
            r#"{"access_token":"a","expires_in":"soon"}"#,
            "authentication",
        ),
        ("[]", "decode"),
        ("", "decode"),
        (r#"{"access_token":"a\nb"}"#, "authentication"),
    ];
    for (body, expected) in cases {
        let (sandbox, builder, _clock) = clocked().await;
        let client = builder.build().unwrap();
        let response = Fault::custom(200, [("content-type", "application/json")], body);
        sandbox.faults().add(response.on_token().always());
        let result = keyed(&client).await;
        assert_eq!(outcome(&result), expected, "{body}: {result:?}");
        // Only a token that is a valid header is sent, and the gateway rejects it.
        let usable = expected == "authentication" && !body.contains('\\');
        let calls = sent(&sandbox, SandboxOperation::CreateCheckoutOrder);
        assert_eq!(calls, if usable { 2 } else { 0 }, "{body}");
        let token_requests = sent(&sandbox, SandboxOperation::IssueAccessToken);
        assert_eq!(token_requests, if usable { 2 } else { 1 }, "{body}");
        assert_eq!(sandbox.effects().iter().count(), 0);
    }
}
