//! Tests of the token operation and of tokens.

use std::time::Duration;

use stablelink_sandbox::{
    ErrorStatus, RejectedToken, Sandbox, SandboxCredentials, TokenGrants, TokenShape,
};

use crate::caller::{Caller, HttpResponse, by_credentials, token_request};

/// Makes a call without effects. It is rejected with `00907` if the token is valid.
async fn try_token(caller: &Caller) -> HttpResponse {
    caller.get("/checkout/order/info", "orderNo=none").await
}

async fn refresh(sandbox: &Sandbox, token: &str) -> HttpResponse {
    let parameters = [("grant_type", "refresh_token"), ("refresh_token", token)];
    token_request(sandbox.url(), &parameters).await
}

fn grants(sandbox: &Sandbox) -> (u64, u64, u64) {
    let TokenGrants {
        credentials,
        refresh,
        rejected,
        ..
    } = sandbox.token_grants();
    (credentials, refresh, rejected)
}

#[tokio::test]
async fn both_grants_support_both_shapes() {
    let fields = [
        "access_token",
        "expires_in",
        "refresh_token",
        "rt_expires_in",
        "token_type",
    ];
    for (shape, refresh_shape) in [
        (TokenShape::Enveloped, TokenShape::Bare),
        (TokenShape::Bare, TokenShape::Enveloped),
    ] {
        let sandbox = Sandbox::builder()
            .token_shape(shape)
            .refresh_shape(refresh_shape)
            .token_lifetime(7)
            .refresh_token_lifetime(9)
            .start()
            .await
            .unwrap();
        let first = by_credentials(sandbox.url(), &sandbox.credentials()).await;
        let read = |response: &HttpResponse, shape, field: &str| match shape {
            TokenShape::Enveloped => response.field(field),
            TokenShape::Bare => response.top(field),
        };
        let refresh_token = read(&first, shape, "refresh_token");
        let second = refresh(&sandbox, refresh_token.trim_matches('"')).await;
        for (response, shape) in [(&first, shape), (&second, refresh_shape)] {
            assert_eq!(response.status, 200);
            for field in fields {
                assert_ne!(
                    read(response, shape, field),
                    "",
                    "{field}: {}",
                    response.body
                );
            }
            assert_eq!(read(response, shape, "expires_in"), "7");
            assert_eq!(read(response, shape, "rt_expires_in"), "9");
            let bare = shape == TokenShape::Bare;
            assert_eq!(response.retcode(), if bare { "" } else { "\"200\"" });
        }
        assert_eq!(grants(&sandbox), (1, 1, 0));
    }
}

#[tokio::test]
async fn invalid_grant_is_rejected_with_the_reason() {
    let sandbox = Sandbox::start().await.unwrap();
    for (parameters, retcode, message) in [
        (&[][..], "00008", "grant_type must not be empty"),
        (
            &[("grant_type", "password")],
            "00008",
            "grant_type must be client_credentials or refresh_token",
        ),
        (
            &[("grant_type", "client_credentials"), ("api_key", "k")],
            "00008",
            "api_secret must not be empty",
        ),
        (
            &[
                ("grant_type", "client_credentials"),
                ("api_key", "k"),
                ("api_secret", "s"),
            ],
            "00905",
            "api_key or api_secret is wrong",
        ),
        (
            &[("grant_type", "refresh_token")],
            "00008",
            "refresh_token must not be empty",
        ),
        (
            &[("grant_type", "refresh_token"), ("refresh_token", "x")],
            "00905",
            "refresh_token is invalid or has expired",
        ),
    ] {
        let response = token_request(sandbox.url(), parameters).await;
        assert_eq!(response.status, 200);
        assert_eq!(
            response.rejected(retcode).retmsg(),
            format!("\"{message}\"")
        );
    }
    assert_eq!(grants(&sandbox), (0, 0, 6));
}

#[tokio::test]
async fn token_expires_by_the_clock_of_the_sandbox() {
    let sandbox = Sandbox::builder()
        .token_lifetime(1)
        .refresh_token_lifetime(3)
        .start()
        .await
        .unwrap();
    sandbox.clock().freeze();
    let first = by_credentials(sandbox.url(), &sandbox.credentials()).await;
    let caller = Caller::with_token(&sandbox, &first.text("access_token"));
    try_token(&caller).await.rejected("00907");
    sandbox.clock().advance(Duration::from_millis(999));
    try_token(&caller).await.rejected("00907");
    sandbox.clock().advance(Duration::from_millis(1));
    let ended = try_token(&caller).await;
    assert_eq!(ended.status, 401);
    ended.rejected("00901");

    sandbox.clock().advance(Duration::from_millis(1_999));
    let refresh_token = first.text("refresh_token");
    assert_eq!(
        refresh(&sandbox, &refresh_token).await.top("expires_in"),
        "1"
    );
    refresh(&sandbox, &refresh_token).await.rejected("00905");
    sandbox.clock().advance(Duration::from_secs(60));
    let second = by_credentials(sandbox.url(), &sandbox.credentials()).await;
    sandbox.clock().advance(Duration::from_secs(3));
    refresh(&sandbox, &second.text("refresh_token"))
        .await
        .rejected("00905");
}

#[tokio::test]
async fn token_lifetime_of_zero_expires_at_once() {
    let sandbox = Sandbox::builder().token_lifetime(0).start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    try_token(&caller).await.rejected("00901");
}

#[tokio::test]
async fn new_token_invalidates_only_the_same_clients_previous_one() {
    let other = SandboxCredentials::random().unwrap();
    let sandbox = Sandbox::builder()
        .client(SandboxCredentials::new("key", "secret", "sign"))
        .client(other.clone())
        .start()
        .await
        .unwrap();
    let first = Caller::new(&sandbox).await;
    let stranger = Caller::with(&sandbox, &other).await;
    let second = Caller::new(&sandbox).await;
    assert_eq!(try_token(&first).await.status, 401);
    try_token(&second).await.rejected("00907");
    try_token(&stranger).await.rejected("00907");
    let seen: Vec<_> = sandbox
        .requests()
        .iter()
        .map(|request| (request.client, request.token_generation, request.status))
        .collect();
    let ok = Some(200);
    assert_eq!(
        seen,
        [
            (Some(0), Some(1), ok),
            (Some(1), Some(1), ok),
            (Some(0), Some(2), ok),
            (None, None, Some(401)),
            (Some(0), Some(2), ok),
            (Some(1), Some(1), ok),
        ]
    );
    // The sign key of another client does not match the token.
    let mixed = Caller {
        sign_key: stranger.sign_key,
        ..second
    };
    try_token(&mixed).await.rejected("00903");
}

#[tokio::test]
async fn previous_token_is_accepted_during_its_grace_time() {
    let sandbox = Sandbox::builder()
        .settings(|settings| settings.old_token_grace = 5)
        .start()
        .await
        .unwrap();
    sandbox.clock().freeze();
    let first = Caller::new(&sandbox).await;
    let second = Caller::new(&sandbox).await;
    sandbox.clock().advance(Duration::from_millis(4_999));
    try_token(&first).await.rejected("00907");
    try_token(&second).await.rejected("00907");
    let generations = sandbox.requests().into_iter().map(|it| it.token_generation);
    assert_eq!(
        generations.collect::<Vec<_>>(),
        [Some(1), Some(2), Some(1), Some(2)]
    );
    sandbox.clock().advance(Duration::from_millis(1));
    try_token(&first).await.rejected("00901");
    try_token(&second).await.rejected("00907");
}

#[tokio::test]
async fn tokens_are_revoked_by_call_and_by_limit() {
    let sandbox = Sandbox::builder()
        .settings(|settings| settings.revoke_after_calls = Some(2))
        .start()
        .await
        .unwrap();
    let first = by_credentials(sandbox.url(), &sandbox.credentials()).await;
    let caller = Caller::with_token(&sandbox, &first.text("access_token"));
    let mut codes = Vec::new();
    for _ in 0..3 {
        codes.push(try_token(&caller).await.retcode());
    }
    assert_eq!(codes, ["\"00907\"", "\"00907\"", "\"00901\""]);
    let second = refresh(&sandbox, &first.text("refresh_token")).await;
    let token = second.top("access_token");
    let caller = Caller::with_token(&sandbox, token.trim_matches('"'));
    sandbox.revoke_tokens();
    try_token(&caller).await.rejected("00901");
}

/// Number of concurrent requests.
const AT_ONCE: usize = 16;
const ROUNDS: usize = 4;

/// A refresh token can be used once, even with concurrent requests.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_refreshes_with_same_token_grant_one() {
    let sandbox = Sandbox::start().await.unwrap();
    for round in 1..=ROUNDS as u64 {
        let granted = by_credentials(sandbox.url(), &sandbox.credentials()).await;
        let url = sandbox.url().to_owned();
        let calls: Vec<_> = (0..AT_ONCE)
            .map(|_| (url.clone(), granted.text("refresh_token")))
            .map(|(url, token)| {
                tokio::spawn(async move {
                    let parameters = [("grant_type", "refresh_token"), ("refresh_token", &token)];
                    let response = token_request(&url, &parameters).await;
                    u64::from(!response.top("access_token").is_empty())
                })
            })
            .collect();
        let mut granted = 0;
        for call in calls {
            granted += call.await.unwrap();
        }
        assert_eq!(granted, 1);
        let rejected = AT_ONCE as u64 - 1;
        assert_eq!(grants(&sandbox), (round, round, round * rejected));
    }
}

/// A token with a limit of one call accepts one of many concurrent calls.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_calls_do_not_exceed_the_token_call_limit() {
    let sandbox = Sandbox::builder()
        .settings(|settings| settings.revoke_after_calls = Some(1))
        .start()
        .await
        .unwrap();
    // Verifying the signature of a large body takes long enough to check all tokens before the first
    // call is counted.
    let body = format!("{{\"more\": \"{}\"}}", "x".repeat(250_000));
    for _ in 0..ROUNDS {
        let caller = std::sync::Arc::new(Caller::new(&sandbox).await);
        let calls: Vec<_> = (0..AT_ONCE)
            .map(|_| (caller.clone(), body.clone()))
            .map(|(caller, body)| {
                let call = async move { caller.post("/checkout/order/list", &body).await.status };
                tokio::spawn(call)
            })
            .collect();
        let mut statuses = Vec::new();
        for call in calls {
            statuses.push(call.await.unwrap());
        }
        statuses.sort_unstable();
        let mut expected = [401; AT_ONCE];
        expected[0] = 200;
        assert_eq!(statuses, expected);
    }
}

#[tokio::test]
async fn rotation_invalidates_credentials_and_tokens() {
    let sandbox = Sandbox::start().await.unwrap();
    let old = sandbox.credentials();
    let granted = by_credentials(sandbox.url(), &old).await;
    let caller = Caller::with_token(&sandbox, &granted.text("access_token"));
    sandbox.rotate_credentials(SandboxCredentials::random().unwrap());
    try_token(&caller).await.rejected("00901");
    refresh(&sandbox, &granted.text("refresh_token"))
        .await
        .rejected("00905");
    by_credentials(sandbox.url(), &old).await.rejected("00905");
    try_token(&Caller::new(&sandbox).await)
        .await
        .rejected("00907");
}

#[tokio::test]
async fn rejected_token_has_the_configured_status() {
    for (rejected, error_status, expected) in [
        (RejectedToken::Http401, ErrorStatus::Always200, 401),
        (RejectedToken::Http200, ErrorStatus::Always200, 200),
        (RejectedToken::Http200, ErrorStatus::ByKind, 200),
        (RejectedToken::Http401, ErrorStatus::ByKind, 401),
    ] {
        let sandbox = Sandbox::builder()
            .rejected_token(rejected)
            .error_status(error_status)
            .start()
            .await
            .unwrap();
        let caller = Caller::with_token(&sandbox, "unknown");
        let response = try_token(&caller).await;
        assert_eq!(response.status, expected, "{rejected:?}");
        response.rejected("00901");
    }
}
