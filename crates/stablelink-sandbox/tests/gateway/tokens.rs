//! The token operation, and what a token is good for.

use std::time::Duration;

use stablelink_sandbox::{
    ErrorStatus, RejectedToken, Sandbox, SandboxCredentials, TokenGrants, TokenShape,
};

use crate::caller::{Answer, Caller, by_credentials, token_request};

/// A call that changes nothing, refused as not found where the token is good.
async fn try_token(caller: &Caller) -> Answer {
    caller.get("/checkout/order/info", "orderNo=none").await
}

async fn refresh(sandbox: &Sandbox, token: &str) -> Answer {
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
async fn both_grants_have_both_shapes() {
    let members = [
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
        let read = |answer: &Answer, shape, member: &str| match shape {
            TokenShape::Enveloped => answer.member(member),
            TokenShape::Bare => answer.top(member),
        };
        let refresh_token = read(&first, shape, "refresh_token");
        let second = refresh(&sandbox, refresh_token.trim_matches('"')).await;
        for (answer, shape) in [(&first, shape), (&second, refresh_shape)] {
            assert_eq!(answer.status, 200);
            for member in members {
                assert_ne!(read(answer, shape, member), "", "{member}: {}", answer.body);
            }
            assert_eq!(read(answer, shape, "expires_in"), "7");
            assert_eq!(read(answer, shape, "rt_expires_in"), "9");
            let bare = shape == TokenShape::Bare;
            assert_eq!(answer.retcode(), if bare { "" } else { "200" });
        }
        assert_eq!(grants(&sandbox), (1, 1, 0));
    }
}

#[tokio::test]
async fn grants_are_refused_with_the_reason() {
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
        let answer = token_request(sandbox.url(), parameters).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.refused(retcode).retmsg(), format!("\"{message}\""));
    }
    assert_eq!(grants(&sandbox), (0, 0, 6));
}

#[tokio::test]
async fn a_token_ends_with_its_life_by_the_clock_of_the_sandbox() {
    let sandbox = Sandbox::builder()
        .token_lifetime(1)
        .refresh_token_lifetime(3)
        .start()
        .await
        .unwrap();
    sandbox.clock().freeze();
    let first = by_credentials(sandbox.url(), &sandbox.credentials()).await;
    let caller = Caller::with_token(&sandbox, &first.text("access_token"));
    try_token(&caller).await.refused("00907");
    sandbox.clock().advance(Duration::from_millis(999));
    try_token(&caller).await.refused("00907");
    sandbox.clock().advance(Duration::from_millis(1));
    let ended = try_token(&caller).await;
    assert_eq!(ended.status, 401);
    ended.refused("00901");

    sandbox.clock().advance(Duration::from_millis(1_999));
    let refresh_token = first.text("refresh_token");
    assert_eq!(
        refresh(&sandbox, &refresh_token).await.top("expires_in"),
        "1"
    );
    refresh(&sandbox, &refresh_token).await.refused("00905");
    sandbox.clock().advance(Duration::from_secs(60));
    let second = by_credentials(sandbox.url(), &sandbox.credentials()).await;
    sandbox.clock().advance(Duration::from_secs(3));
    refresh(&sandbox, &second.text("refresh_token"))
        .await
        .refused("00905");
}

#[tokio::test]
async fn a_life_of_zero_is_over_at_once() {
    let sandbox = Sandbox::builder().token_lifetime(0).start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    try_token(&caller).await.refused("00901");
}

#[tokio::test]
async fn a_new_token_ends_the_old_one_of_the_same_client_alone() {
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
    try_token(&second).await.refused("00907");
    try_token(&stranger).await.refused("00907");
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
    // Another's sign key does not fit the token.
    let mixed = Caller {
        sign_key: stranger.sign_key,
        ..second
    };
    try_token(&mixed).await.refused("00903");
}

#[tokio::test]
async fn tokens_are_revoked_by_hand_and_by_count() {
    let sandbox = Sandbox::builder()
        .revoke_after_calls(2)
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
    try_token(&caller).await.refused("00901");
    sandbox.revoke_refresh_tokens();
    let token = second.top("refresh_token");
    refresh(&sandbox, token.trim_matches('"'))
        .await
        .refused("00905");
}

/// So many at the same time, and so often.
const AT_ONCE: usize = 16;
const ROUNDS: usize = 4;

/// A refresh token serves once, whoever else comes with it at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_with_one_refresh_token_one_is_served() {
    let sandbox = Sandbox::start().await.unwrap();
    for round in 1..=ROUNDS as u64 {
        let granted = by_credentials(sandbox.url(), &sandbox.credentials()).await;
        let url = sandbox.url().to_owned();
        let calls: Vec<_> = (0..AT_ONCE)
            .map(|_| (url.clone(), granted.text("refresh_token")))
            .map(|(url, token)| {
                tokio::spawn(async move {
                    let parameters = [("grant_type", "refresh_token"), ("refresh_token", &token)];
                    let answer = token_request(&url, &parameters).await;
                    u64::from(!answer.top("access_token").is_empty())
                })
            })
            .collect();
        let mut served = 0;
        for call in calls {
            served += call.await.unwrap();
        }
        assert_eq!(served, 1);
        let late = AT_ONCE as u64 - 1;
        assert_eq!(grants(&sandbox), (round, round, round * late));
    }
}

/// A token that is good for one call is good for one, however many come at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_with_one_token_no_more_pass_than_it_is_good_for() {
    let sandbox = Sandbox::builder()
        .revoke_after_calls(1)
        .start()
        .await
        .unwrap();
    // It takes its time to sign, so that all are looked at before the first one counts.
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
async fn a_rotation_ends_what_was_before() {
    let sandbox = Sandbox::start().await.unwrap();
    let old = sandbox.credentials();
    let caller = Caller::new(&sandbox).await;
    sandbox.rotate_credentials(SandboxCredentials::random().unwrap());
    try_token(&caller).await.refused("00901");
    by_credentials(sandbox.url(), &old).await.refused("00905");
    try_token(&Caller::new(&sandbox).await)
        .await
        .refused("00907");
}

#[tokio::test]
async fn a_rejected_token_has_the_status_that_was_asked_for() {
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
        let answer = try_token(&caller).await;
        assert_eq!(answer.status, expected, "{rejected:?}");
        answer.refused("00901");
    }
}
