use std::sync::atomic::Ordering::Relaxed;
use std::time::UNIX_EPOCH;

use super::*;
use crate::token::test_support::{
    HOUR, LIFETIME, TokenFixture, TokenResponse, finish, key, refresh_finished, token_text,
    wait_until,
};

const SECOND: Duration = Duration::from_secs(1);

/// Lists the requests of one refresh for each sequence of responses.
#[tokio::test]
async fn refresh_token_is_used_before_credentials() {
    use TokenResponse::{Fail, Issue, Reject};
    let both = &["refresh-1", "credentials"][..];
    let refresh = &["refresh-1"][..];
    let credentials = &["credentials"][..];
    let old = Some(LIFETIME / 2);
    let young = Some(2 * LIFETIME);
    for (early, refresh_lifetime, responses, requests, refreshed) in [
        (true, young, &[][..], refresh, true),
        (false, young, &[], refresh, true),
        (true, old, &[], credentials, true),
        (false, old, &[], credentials, true),
        (false, None, &[], credentials, true),
        (true, young, &[Reject], both, true),
        (false, young, &[Reject], both, true),
        (true, young, &[Reject, Reject], both, false),
        (false, young, &[Reject, Fail], both, false),
        // An outage does not invalidate a valid token.
        (true, young, &[Fail], refresh, false),
        (false, young, &[Fail], both, true),
        (false, young, &[Fail, Fail], both, false),
        (true, young, &[Issue(LIFETIME)], refresh, true),
    ] {
        let fixture = TokenFixture::new();
        *fixture.gateway.refresh_lifetime.lock().unwrap() = refresh_lifetime;
        fixture.current().await;
        fixture.advance(if early {
            LIFETIME.mul_f64(0.9)
        } else {
            LIFETIME
        });
        fixture.gateway.respond_with(responses.iter().copied());
        let requested = fixture
            .requests_during(async {
                let _ = finish(fixture.tokens.current()).await;
                refresh_finished(&fixture.tokens).await;
            })
            .await;
        let case = format!("{early} {refresh_lifetime:?} {responses:?}");
        assert_eq!(requested, requests, "{case}");
        let now = finish(fixture.tokens.current())
            .await
            .map(|token| token_text(&token));
        let expected = format!("token-{}", 1 + requests.len());
        assert_eq!(now.ok().as_deref() == Some(&*expected), refreshed, "{case}");
    }
}

#[tokio::test]
async fn rejected_refresh_token_is_not_reused() {
    let fixture = TokenFixture::new();
    fixture.current().await;
    fixture.advance(LIFETIME);
    fixture
        .gateway
        .respond_with([TokenResponse::Reject, TokenResponse::Fail]);
    assert!(finish(fixture.tokens.current()).await.is_err());
    assert_eq!(fixture.current().await, "token-4");
    let calls = ["credentials", "refresh-1", "credentials", "credentials"];
    assert_eq!(fixture.gateway.requests(), calls);
}

#[tokio::test]
async fn refresh_token_stays_valid_unless_replaced() {
    let fixture = TokenFixture::new();
    *fixture.gateway.refresh_lifetime.lock().unwrap() = Some(3 * LIFETIME);
    fixture.current().await;
    *fixture.gateway.refresh_lifetime.lock().unwrap() = None;
    for expected in ["refresh-1", "refresh-1", "credentials", "credentials"] {
        fixture.advance(LIFETIME);
        let requested = fixture
            .requests_during(async { drop(fixture.current().await) })
            .await;
        assert_eq!(requested, [expected]);
    }
}

#[tokio::test]
async fn transient_error_starts_no_cooldown() {
    let fixture = TokenFixture::new();
    fixture.current().await;
    fixture.advance(LIFETIME.mul_f64(0.9));
    fixture.gateway.respond_with([TokenResponse::Fail; 41]);
    for _ in 0..20 {
        assert_eq!(fixture.early_refresh().await.len(), 1);
        fixture.advance(30 * SECOND);
    }
    assert!(!fixture.gateway.requests()[1..].contains(&"credentials".to_owned()));
    fixture.advance(LIFETIME);
    fixture.gateway.respond_with([TokenResponse::Fail; 1]);
    for _ in 0..11 {
        assert!(finish(fixture.tokens.current()).await.is_err());
    }
    assert_eq!(fixture.request_count(), 43);
    fixture.current().await;
    assert_eq!(fixture.request_count(), 44);
}

#[tokio::test]
async fn rejected_credentials_start_a_cooldown() {
    for response in [TokenResponse::Reject, TokenResponse::Unsendable] {
        let fixture = TokenFixture::new();
        fixture.gateway.respond_with([response]);
        let first = finish(fixture.tokens.current())
            .await
            .unwrap_err()
            .to_string();
        fixture.advance(Duration::from_millis(9_500));
        for _ in 0..100 {
            let error = finish(fixture.tokens.current()).await.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Authentication { .. }));
            let text = error.to_string();
            assert!(
                text.contains("no token is requested for the next 21 s"),
                "{text}"
            );
            assert!(text.contains(first.split(':').next().unwrap()), "{text}");
        }
        assert_eq!(fixture.request_count(), 1);
        fixture.advance(Duration::from_millis(20_500));
        assert_eq!(fixture.current().await, "token-2");
    }
}

/// The test covers requests by credentials and by refresh token: the other kind is not tried, and a
/// valid token stays in use.
#[tokio::test]
async fn retry_after_starts_a_cooldown() {
    for (retry_after, cooldown) in [(9, 9), (300, 300), (301, 300), (u64::MAX, 300)] {
        for cold in [true, false] {
            let fixture = TokenFixture::new();
            if !cold {
                fixture.current().await;
                fixture.advance(LIFETIME.mul_f64(0.9));
                fixture
                    .gateway
                    .respond_with([TokenResponse::RateLimited(SECOND)]);
                assert_eq!(fixture.early_refresh().await, ["refresh-1"]);
                assert_eq!(fixture.current().await, "token-1");
                fixture.advance(LIFETIME);
            }
            let before = fixture.request_count();
            fixture
                .gateway
                .respond_with([TokenResponse::RateLimited(Duration::from_secs(retry_after))]);
            assert!(finish(fixture.tokens.current()).await.is_err());
            fixture.advance(Duration::from_secs(cooldown) - SECOND);
            for _ in 0..100 {
                let error = finish(fixture.tokens.current()).await.unwrap_err();
                assert!(matches!(error.kind(), ErrorKind::RateLimited { .. }));
                assert!(error.is_retryable());
                assert_eq!(error.retry_after(), Some(SECOND));
            }
            assert_eq!(fixture.request_count(), before + 1, "{retry_after} {cold}");
            fixture.advance(SECOND);
            fixture.current().await;
            assert_eq!(fixture.request_count(), before + 2, "{retry_after} {cold}");
        }
    }
}

#[tokio::test]
async fn cooldown_applies_to_one_account() {
    let fixture = TokenFixture::new();
    fixture.gateway.respond_with([TokenResponse::Reject]);
    assert!(finish(fixture.tokens.current()).await.is_err());
    *fixture.gateway.account.lock().unwrap() = Ok("rotated".to_owned());
    assert_eq!(fixture.current().await, "token-2");
    // After a failure of the credential source, the next call reads it again.
    *fixture.gateway.account.lock().unwrap() = Err("the vault is sealed");
    fixture.advance(LIFETIME);
    let error = finish(fixture.tokens.current()).await.unwrap_err();
    assert_eq!(error.to_string(), "the vault is sealed");
    *fixture.gateway.account.lock().unwrap() = Ok("rotated".to_owned());
    assert_eq!(fixture.current().await, "token-3");
}

#[tokio::test]
async fn rotated_credentials_get_a_separate_token() {
    let fixture = TokenFixture::new();
    for _ in 0..3 {
        fixture.current().await;
        fixture.advance(LIFETIME);
    }
    let old = finish(fixture.tokens.current()).await.unwrap();
    *fixture.gateway.account.lock().unwrap() = Ok("rotated".to_owned());
    let other = fixture.other_process();
    let first = finish(other.current()).await.unwrap();
    // Its generation belongs to another account, and is smaller.
    assert!(first.generation() < old.generation());
    let token = fixture.tokens.refresh_rejected(&old).await.unwrap();
    assert_eq!(token_text(&token), token_text(&first));
}

#[tokio::test]
async fn stored_token_expires_by_the_time_of_day() {
    for (expires_at, lifetime) in [
        (UNIX_EPOCH, None),
        (UNIX_EPOCH + LIFETIME - SECOND, None),
        (UNIX_EPOCH + LIFETIME, None),
        (UNIX_EPOCH + LIFETIME + HOUR, Some(HOUR)),
        (UNIX_EPOCH + LIFETIME * 10_000, Some(MAX_LIFETIME)),
    ] {
        let fixture = TokenFixture::new();
        fixture.store.save_as_other("stored", expires_at).await;
        fixture.advance(LIFETIME);
        let token = finish(fixture.tokens.current()).await.unwrap();
        let (name, lifetime) =
            lifetime.map_or(("token-1", LIFETIME), |lifetime| ("stored", lifetime));
        assert_eq!(token_text(&token), name, "{expires_at:?}");
        assert_eq!(token.expires_at(), fixture.clock.now() + lifetime);
    }
}

#[tokio::test]
async fn lifetimes_are_limited() {
    for (issued, lifetime) in [
        (MAX_LIFETIME - SECOND, MAX_LIFETIME - SECOND),
        (MAX_LIFETIME + SECOND, MAX_LIFETIME),
        (Duration::MAX, MAX_LIFETIME),
    ] {
        let fixture = TokenFixture::new();
        *fixture.gateway.refresh_lifetime.lock().unwrap() = Some(issued);
        fixture.gateway.respond_with([TokenResponse::Issue(issued)]);
        let token = finish(fixture.tokens.current()).await.unwrap();
        assert_eq!(token.expires_at(), UNIX_EPOCH + lifetime, "{issued:?}");
        let stored = fixture.store.inner.load(&key()).await.unwrap().unwrap();
        assert_eq!(stored.lifetime(UNIX_EPOCH), lifetime);
        let refresh = stored.refresh_lifetime(UNIX_EPOCH).unwrap();
        assert_eq!(refresh, issued.min(MAX_REFRESH_TOKEN_LIFETIME));
        fixture.advance(lifetime);
        assert_eq!(fixture.current().await, "token-2");
    }
}

#[tokio::test]
async fn two_clients_share_one_token() {
    let fixture = TokenFixture::new();
    let other = fixture.other_process();
    let (a, b) = (
        finish(fixture.tokens.current()).await,
        finish(other.current()).await,
    );
    assert_eq!(
        (
            token_text(&a.unwrap()).as_str(),
            token_text(&b.unwrap()).as_str()
        ),
        ("token-1", "token-1")
    );
    // One client refreshes early; the other one uses the new token.
    fixture.advance(LIFETIME.mul_f64(0.9));
    fixture.early_refresh().await;
    let old = finish(other.current()).await.unwrap();
    assert_eq!(token_text(&old), "token-1");
    refresh_finished(&other).await;
    assert_eq!(
        token_text(&finish(other.current()).await.unwrap()),
        "token-2"
    );
    assert_eq!(fixture.request_count(), 2);
    // The result is the same after a rejection.
    let late = fixture.other_process();
    let rejected = late.current().await.unwrap();
    assert_eq!(token_text(&rejected), "token-2");
    assert_eq!(
        token_text(&late.refresh_rejected(&rejected).await.unwrap()),
        "token-3"
    );
    let stored = finish(fixture.tokens.current()).await.unwrap();
    assert_eq!(
        token_text(&fixture.tokens.refresh_rejected(&stored).await.unwrap()),
        "token-3"
    );
    assert_eq!(fixture.request_count(), 3);
}

#[tokio::test]
async fn rejected_token_is_invalidated_in_the_store() {
    let fixture = TokenFixture::new();
    let rejected = finish(fixture.tokens.current()).await.unwrap();
    fixture.store.calls();
    fixture
        .gateway
        .respond_with([TokenResponse::Fail, TokenResponse::Fail]);
    assert!(fixture.tokens.refresh_rejected(&rejected).await.is_err());
    let calls = ["load", "invalidate", "lock", "load", "unlock"];
    assert_eq!(fixture.store.calls(), calls);
    // The token is invalidated once.
    fixture
        .gateway
        .respond_with([TokenResponse::Fail, TokenResponse::Fail]);
    assert!(fixture.tokens.refresh_rejected(&rejected).await.is_err());
    assert_eq!(fixture.store.calls(), ["load", "lock", "load", "unlock"]);
    let stored = fixture.store.inner.load(&key()).await.unwrap().unwrap();
    assert!(stored.lifetime(UNIX_EPOCH).is_zero() && stored.valid_refresh(UNIX_EPOCH).is_some());
    // Another client does not use it.
    assert_eq!(
        token_text(&fixture.other_process().current().await.unwrap()),
        "token-6"
    );
}

#[tokio::test]
async fn client_waits_for_the_token_of_the_lock_holder() {
    let fixture = TokenFixture::new();
    let other = fixture.other_process();
    fixture.gateway.set_open(false);
    let both = [Arc::clone(&fixture.tokens), Arc::clone(&other)]
        .map(|tokens| tokio::spawn(async move { tokens.current().await.unwrap() }));
    wait_until("the request", || fixture.request_count() == 1).await;
    for _ in 0..20 {
        fixture.advance(SECOND);
        tokio::task::yield_now().await;
    }
    fixture.gateway.set_open(true);
    wait_until_finished(&fixture, &both).await;
    for call in both {
        assert_eq!(token_text(&call.await.unwrap()), "token-1");
    }
    assert_eq!(fixture.request_count(), 1);
}

async fn wait_until_finished<T>(fixture: &TokenFixture, calls: &[tokio::task::JoinHandle<T>]) {
    wait_until("the end of the calls", || {
        fixture.advance(Duration::from_millis(100));
        calls.iter().all(tokio::task::JoinHandle::is_finished)
    })
    .await;
}

#[tokio::test]
async fn lock_of_a_dead_process_is_awaited_for_a_limited_time() {
    for (ttl, requests) in [(30 * SECOND, 1), (HOUR, 0)] {
        let fixture = TokenFixture::new();
        let lock = fixture.store.inner.lock(&key(), "dead", ttl).await;
        assert!(lock.unwrap().is_some());
        let tokens = Arc::clone(&fixture.tokens);
        let call = [tokio::spawn(async move { tokens.current().await })];
        wait_until_finished(&fixture, &call).await;
        let [call] = call;
        match call.await.unwrap() {
            Ok(token) => assert_eq!(token_text(&token), "token-1"),
            Err(error) => {
                assert!(matches!(error.kind(), ErrorKind::Store { .. }), "{error}");
                assert!(error.is_retryable());
            }
        }
        assert_eq!(fixture.request_count(), requests);
    }
}

#[tokio::test]
async fn early_refresh_does_not_wait_for_a_lock() {
    let fixture = TokenFixture::new();
    fixture.current().await;
    fixture.advance(LIFETIME.mul_f64(0.9));
    let lock = fixture.store.inner.lock(&key(), "other", HOUR).await;
    assert!(lock.unwrap().is_some());
    assert_eq!(fixture.early_refresh().await, [""; 0]);
    assert_eq!(fixture.current().await, "token-1");
}

#[tokio::test]
async fn token_saved_before_the_lock_is_used() {
    let fixture = TokenFixture::new();
    *fixture.store.concurrent_save.lock().unwrap() = Some(("lock", "of-another"));
    assert_eq!(fixture.current().await, "of-another");
    assert_eq!(fixture.request_count(), 0);
}

#[tokio::test]
async fn lost_lock_uses_the_token_of_the_new_holder() {
    let fixture = TokenFixture::new();
    *fixture.store.concurrent_save.lock().unwrap() = Some(("save", "of-another"));
    let tokens = Arc::clone(&fixture.tokens);
    let call = [tokio::spawn(async move {
        token_text(&tokens.current().await.unwrap())
    })];
    wait_until_finished(&fixture, &call).await;
    let [call] = call;
    assert_eq!(call.await.unwrap(), "of-another");
    let stored = fixture.store.inner.load(&key()).await.unwrap().unwrap();
    assert_eq!(stored.access_token().expose_secret(), "of-another");
}

#[tokio::test]
async fn store_outage_keeps_the_token_and_requests_none() {
    let fixture = TokenFixture::new();
    fixture.current().await;
    fixture.store.down.store(true, Relaxed);
    fixture.advance(LIFETIME.mul_f64(0.9));
    assert_eq!(fixture.early_refresh().await, [""; 0]);
    assert_eq!(fixture.current().await, "token-1");
    fixture.advance(LIFETIME);
    for _ in 0..3 {
        let error = finish(fixture.tokens.current()).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Store { .. }) && error.is_retryable());
        assert_eq!(error.to_string(), "the token store: gone");
    }
    assert_eq!(fixture.request_count(), 1);
    fixture.store.down.store(false, Relaxed);
    assert_eq!(fixture.current().await, "token-2");
}

#[tokio::test]
async fn unshared_token_is_requested_only_if_allowed_and_required() {
    let fixture = TokenFixture::with_unshared_token();
    fixture.current().await;
    fixture.store.down.store(true, Relaxed);
    fixture.advance(LIFETIME.mul_f64(0.9));
    assert_eq!(fixture.early_refresh().await, [""; 0]);
    fixture.advance(LIFETIME);
    assert_eq!(fixture.current().await, "token-2");
    let unshared = finish(fixture.tokens.current()).await.unwrap();
    fixture.gateway.respond_with([TokenResponse::Reject]);
    assert!(fixture.tokens.refresh_rejected(&unshared).await.is_err());
    assert!(finish(fixture.tokens.current()).await.is_err());
    assert_eq!(fixture.request_count(), 3);
    // Tokens are shared again when the store works.
    fixture.store.down.store(false, Relaxed);
    fixture.advance(30 * SECOND);
    let shared = fixture.current().await;
    let other = fixture.other_process().current().await.unwrap();
    assert_eq!(
        (shared.as_str(), token_text(&other).as_str()),
        ("token-4", "token-4")
    );
}

#[tokio::test]
async fn unsaved_token_is_used() {
    for (failing, is_saved) in [(1, true), (2, false)] {
        let fixture = TokenFixture::new();
        *fixture.store.failing_saves.lock().unwrap() = failing;
        for _ in 0..5 {
            assert_eq!(fixture.current().await, "token-1");
        }
        let stored = fixture.store.inner.load(&key()).await.unwrap();
        assert_eq!(stored.is_some(), is_saved);
        // The early refresh saves its own token.
        fixture.advance(LIFETIME.mul_f64(0.9));
        assert_eq!(fixture.early_refresh().await.len(), 1);
        assert_eq!(fixture.current().await, "token-2");
        let stored = fixture.store.inner.load(&key()).await.unwrap().unwrap();
        assert_eq!(stored.access_token().expose_secret(), "token-2");
    }
}

/// Each token request would invalidate the tokens of all other processes.
#[tokio::test]
async fn rejected_unsaved_token_is_replaced_only_if_the_store_can_be_written() {
    for ambiguous in [false, true] {
        let fixture = TokenFixture::new();
        // Two saves of the token, and one of an expired token by each refresh.
        *fixture.store.failing_saves.lock().unwrap() = 2 + 3 + usize::from(!ambiguous);
        let rejected = finish(fixture.tokens.current()).await.unwrap();
        for _ in 0..3 {
            let refreshed = match ambiguous {
                true => fixture.tokens.refresh_ambiguous(&rejected).await.map(drop),
                false => fixture.tokens.refresh_rejected(&rejected).await.map(drop),
            };
            let error = refreshed.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Store { .. }), "{error}");
            assert!(error.is_retryable());
            fixture.advance(30 * SECOND);
        }
        assert_eq!(fixture.request_count(), 1);
        // It stays in use if the rejection may have another reason.
        assert_eq!(finish(fixture.tokens.current()).await.is_ok(), ambiguous);
        let next = fixture.tokens.refresh_rejected(&rejected).await.unwrap();
        assert_eq!(token_text(&next), "token-2");
        let stored = fixture.store.inner.load(&key()).await.unwrap().unwrap();
        assert_eq!(stored.access_token().expose_secret(), "token-2");
    }
}

/// The token of another account must not be stored for the new one.
#[tokio::test]
async fn unsaved_token_of_replaced_credentials_is_not_stored() {
    let fixture = TokenFixture::new();
    *fixture.store.failing_saves.lock().unwrap() = 2;
    let old = finish(fixture.tokens.current()).await.unwrap();
    *fixture.gateway.account.lock().unwrap() = Ok("other".to_owned());
    fixture.store.calls();
    let new = fixture.tokens.refresh_rejected(&old).await.unwrap();
    assert_eq!(token_text(&new), "token-2");
    let calls = ["load", "lock", "load", "save", "unlock"];
    assert_eq!(fixture.store.calls(), calls);
}

/// Three processes share a store that cannot be written, as on a full disk.
#[tokio::test]
async fn processes_with_unsaved_tokens_do_not_replace_them_in_turn() {
    let fixture = TokenFixture::new();
    let tokens = [
        Arc::clone(&fixture.tokens),
        fixture.other_process(),
        fixture.other_process(),
    ];
    *fixture.store.failing_saves.lock().unwrap() = usize::MAX;
    let mut valid = String::new();
    for process in &tokens {
        valid = token_text(&finish(process.current()).await.unwrap());
    }
    // The gateway rejects all tokens except the newest.
    for _ in 0..100 {
        for process in &tokens {
            match finish(process.current()).await {
                Ok(token) if token_text(&token) == valid => {}
                Ok(token) => drop(process.refresh_rejected(&token).await),
                Err(error) => assert!(matches!(error.kind(), ErrorKind::Store { .. }), "{error}"),
            }
        }
        fixture.advance(SECOND);
    }
    assert_eq!(fixture.request_count(), tokens.len());
    // After the lifetime of their tokens, the processes may request new ones: the process with the valid one may have ended.
    fixture.advance(LIFETIME);
    assert!(finish(tokens[0].current()).await.is_ok());
    *fixture.store.failing_saves.lock().unwrap() = 0;
    let [first, second] = [&tokens[1], &tokens[2]].map(|process| finish(process.current()));
    let (first, second) = (first.await.unwrap(), second.await.unwrap());
    assert_eq!(token_text(&first), token_text(&second));
    assert_eq!(fixture.request_count(), tokens.len() + 2);
}

#[tokio::test]
async fn rejected_token_is_replaced_without_a_store_if_allowed() {
    let fixture = TokenFixture::with_unshared_token();
    *fixture.store.failing_saves.lock().unwrap() = 4;
    let rejected = finish(fixture.tokens.current()).await.unwrap();
    let next = fixture.tokens.refresh_rejected(&rejected).await.unwrap();
    assert_eq!(token_text(&next), "token-2");
    assert!(fixture.store.inner.load(&key()).await.unwrap().is_none());
}

/// The test covers responses to requests by credentials and by refresh token.
#[tokio::test]
async fn unusable_responses_start_a_growing_cooldown() {
    for cold in [true, false] {
        let fixture = TokenFixture::new();
        if !cold {
            fixture.current().await;
            fixture.advance(LIFETIME);
        }
        let before = fixture.request_count();
        // With a refresh token, both grants are tried from the second time on.
        let grants = if cold { 1 } else { 2 };
        let unusable = vec![TokenResponse::Unusable; 4 * grants + 1];
        fixture.gateway.respond_with(unusable);
        // The random number is 0.5: three quarters of 4 s, 8 s, 16 s, 30 s and 30 s.
        for (requests, millis) in [
            (1, 3_000),
            (2, 6_000),
            (3, 12_000),
            (4, 22_500),
            (5, 22_500),
        ] {
            for _ in 0..10 {
                let error = finish(fixture.tokens.current()).await.unwrap_err();
                assert!(error.is_retryable(), "{error}");
                assert_eq!(error.operation(), Some("issue_access_token"));
                assert_eq!(error.phase(), crate::CallPhase::Token);
            }
            let expected = before + 1 + (requests - 1) * grants;
            assert_eq!(fixture.request_count(), expected, "{cold}");
            fixture.advance(Duration::from_millis(millis));
        }
        fixture.current().await;
        fixture.advance(LIFETIME);
        fixture.gateway.respond_with([TokenResponse::Unusable]);
        assert!(finish(fixture.tokens.current()).await.is_err());
        fixture.advance(3 * SECOND);
        fixture.current().await;
    }
}

/// The refresh token may be the reason for the second unusable response.
#[tokio::test]
async fn credentials_are_used_after_two_unusable_responses_to_a_refresh_token() {
    let fixture = TokenFixture::new();
    fixture.current().await;
    fixture.advance(LIFETIME);
    fixture
        .gateway
        .respond_with(vec![TokenResponse::Unusable; 2]);
    assert!(finish(fixture.tokens.current()).await.is_err());
    fixture.advance(3 * SECOND);
    fixture.current().await;
    assert_eq!(fixture.request_count(), 4);
}

/// The lock has a short TTL, so that a killed process does not block the others.
#[tokio::test]
async fn lock_is_extended_during_a_slow_request() {
    let fixture = TokenFixture::new();
    fixture.gateway.set_open(false);
    let tokens = Arc::clone(&fixture.tokens);
    let call = tokio::spawn(async move { tokens.current().await.unwrap() });
    wait_until("the request", || fixture.request_count() > 0).await;
    for _ in 0..25 {
        fixture.advance(SECOND);
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        let other = fixture.store.inner.lock(&key(), "other", SECOND).await;
        assert!(other.unwrap().is_none());
    }
    fixture.gateway.set_open(true);
    assert_eq!(token_text(&finish(call).await.unwrap()), "token-1");
    let stored = fixture.store.inner.load(&key()).await.unwrap();
    assert!(stored.is_some());
}

/// The lock expires while the process is suspended. Another process acquires it, saves a token and releases it before the first
/// extension.
#[tokio::test]
async fn suspended_process_keeps_the_token_of_another_process() {
    let fixture = TokenFixture::new();
    fixture.gateway.set_open(false);
    let tokens = Arc::clone(&fixture.tokens);
    let call = [tokio::spawn(async move { tokens.current().await.unwrap() })];
    wait_until("the request", || fixture.request_count() > 0).await;
    *fixture.store.concurrent_save.lock().unwrap() = Some(("lock", "of-another"));
    fixture.advance(9 * SECOND);
    wait_until("the extension", || {
        fixture.store.concurrent_save.lock().unwrap().is_none()
    })
    .await;
    fixture.gateway.set_open(true);
    wait_until_finished(&fixture, &call).await;
    let [call] = call;
    assert_eq!(token_text(&call.await.unwrap()), "of-another");
    let stored = fixture.store.inner.load(&key()).await.unwrap().unwrap();
    assert_eq!(stored.access_token().expose_secret(), "of-another");
    assert_eq!(fixture.request_count(), 1);
}

#[tokio::test]
async fn interrupted_refresh_releases_the_lock() {
    let fixture = TokenFixture::new();
    fixture.gateway.respond_with([TokenResponse::Panic]);
    let tokens = Arc::clone(&fixture.tokens);
    let call = tokio::spawn(async move { tokens.current().await.unwrap() });
    // The next refresh needs no time to pass.
    assert_eq!(token_text(&finish(call).await.unwrap()), "token-2");
}

#[tokio::test]
async fn hanging_store_times_out() {
    let fixture = TokenFixture::new();
    fixture.store.hung.store(true, Relaxed);
    let tokens = Arc::clone(&fixture.tokens);
    let call = [tokio::spawn(async move { tokens.current().await })];
    wait_until_finished(&fixture, &call).await;
    let [call] = call;
    let error = call.await.unwrap().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout) && error.is_retryable());
    fixture.store.hung.store(false, Relaxed);
    assert_eq!(fixture.current().await, "token-1");
}
