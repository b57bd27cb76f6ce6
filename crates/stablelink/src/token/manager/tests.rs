use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::*;
use crate::token::test_support::{
    HOUR, LIFETIME, TokenFixture, TokenResponse, finish, refresh_finished, token_text, wait_until,
};

const SECOND: Duration = Duration::from_secs(1);

async fn check_concurrent_calls() {
    let fixture = TokenFixture::new();
    fixture.gateway.set_open(false);
    let calls: Vec<_> = (0..10_000)
        .map(|_| {
            let tokens = Arc::clone(&fixture.tokens);
            tokio::spawn(async move { token_text(&tokens.current().await.unwrap()) })
        })
        .collect();
    wait_until("the first request", || fixture.request_count() > 0).await;
    fixture.gateway.set_open(true);
    for call in calls {
        assert_eq!(call.await.unwrap(), "token-1");
    }
    assert_eq!(fixture.gateway.requests(), ["credentials"]);
}

#[tokio::test]
async fn concurrent_calls_request_one_token() {
    check_concurrent_calls().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_calls_on_several_threads_request_one_token() {
    check_concurrent_calls().await;
}

#[tokio::test]
async fn cancelled_callers_do_not_affect_others() {
    // The cancelled callers: the first, the last, all.
    for cancelled in [&[0][..], &[2], &[0, 1, 2]] {
        let fixture = TokenFixture::new();
        fixture.gateway.set_open(false);
        let mut waiting = Vec::new();
        for _ in 0..3 {
            let tokens = Arc::clone(&fixture.tokens);
            waiting.push(Some(tokio::spawn(async move { tokens.current().await })));
            wait_until("the request", || fixture.request_count() > 0).await;
        }
        for at in cancelled {
            let call = waiting[*at].take().unwrap();
            call.abort();
            assert!(call.await.unwrap_err().is_cancelled());
        }
        fixture.gateway.set_open(true);
        for call in waiting.into_iter().flatten() {
            assert_eq!(token_text(&finish(call).await.unwrap().unwrap()), "token-1");
        }
        refresh_finished(&fixture.tokens).await;
        assert_eq!(fixture.current().await, "token-1");
        assert_eq!(fixture.request_count(), 1, "{cancelled:?}");
    }
}

#[tokio::test]
async fn failed_refresh_fails_all_waiting_callers() {
    let fixture = TokenFixture::new();
    fixture.gateway.respond_with([TokenResponse::Fail]);
    let (a, b) = tokio::join!(fixture.tokens.current(), fixture.tokens.current());
    for error in [a.unwrap_err(), b.unwrap_err()] {
        assert!(matches!(error.kind(), ErrorKind::Transport { .. }));
        assert!(error.is_retryable());
    }
    assert_eq!(fixture.request_count(), 1);
    assert_eq!(fixture.current().await, "token-2");
}

fn poll_ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the future is pending"),
    }
}

#[tokio::test]
async fn valid_token_is_returned_without_allocation() {
    let fixture = TokenFixture::new();
    fixture.current().await;
    let count = allocation_counter::measure(|| {
        let bearer = poll_ready(fixture.tokens.current()).unwrap();
        assert_eq!(bearer.header().as_bytes(), b"Bearer token-1");
    });
    assert_eq!(count.count_total, 0);
}

#[test]
fn request_outside_a_runtime_fails() {
    let fixture = TokenFixture::new();
    let error = poll_ready(fixture.tokens.current()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Configuration { .. }));
}

#[test]
fn refresh_survives_the_end_of_its_runtime() {
    let fixture = TokenFixture::new();
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    fixture.gateway.set_open(false);
    let first = runtime();
    first.block_on(async {
        let tokens = Arc::clone(&fixture.tokens);
        tokio::spawn(async move { tokens.current().await });
        wait_until("the request", || fixture.request_count() > 0).await;
    });
    drop(first);
    fixture.gateway.set_open(true);
    // The lock is held until it expires.
    fixture.advance(31 * SECOND);
    assert_eq!(runtime().block_on(fixture.current()), "token-2");
}

#[tokio::test]
async fn panicking_request_is_a_transient_error() {
    let fixture = TokenFixture::new();
    let advance_time = async {
        loop {
            fixture.advance(SECOND);
            tokio::task::yield_now().await;
        }
    };
    fixture
        .gateway
        .respond_with([TokenResponse::Panic; MAX_WAITS]);
    let error = tokio::select! {
        token = fixture.tokens.current() => token.unwrap_err(),
        () = advance_time => unreachable!(),
    };
    assert!(error.is_retryable(), "{error}");
    fixture.advance(2 * SECOND);
    assert_eq!(fixture.current().await, "token-5");
}

#[tokio::test]
async fn hanging_refresh_times_out_with_the_lock() {
    let fixture = TokenFixture::new();
    fixture.gateway.set_open(false);
    let tokens = Arc::clone(&fixture.tokens);
    let call = tokio::spawn(async move { tokens.current().await });
    wait_until("the request", || fixture.request_count() > 0).await;
    fixture.advance(30 * SECOND);
    let error = finish(call).await.unwrap().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout) && error.is_retryable());
    fixture.gateway.set_open(true);
    assert_eq!(fixture.current().await, "token-2");
}

#[tokio::test]
async fn early_refresh_does_not_delay_calls() {
    let fixture = TokenFixture::new();
    fixture.current().await;
    // The random number is 0.5: the refresh is due after 85 % of six hours.
    fixture.advance(LIFETIME.mul_f64(0.849));
    assert_eq!(fixture.early_refresh().await, [""; 0]);
    fixture.advance(LIFETIME.mul_f64(0.002));
    fixture.gateway.set_open(false);
    for _ in 0..3 {
        assert_eq!(fixture.current().await, "token-1");
    }
    wait_until("the request", || fixture.request_count() == 2).await;
    assert_eq!(fixture.current().await, "token-1");
    fixture.gateway.set_open(true);
    refresh_finished(&fixture.tokens).await;
    assert_eq!(fixture.current().await, "token-2");
    assert_eq!(fixture.gateway.requests(), ["credentials", "refresh-1"]);
}

#[tokio::test]
async fn short_lived_token_is_not_refreshed_early() {
    for (lifetime, early) in [(SECOND, false), (2 * SECOND, true)] {
        let fixture = TokenFixture::new();
        fixture
            .gateway
            .respond_with([TokenResponse::Issue(lifetime)]);
        fixture.current().await;
        fixture.advance(lifetime.mul_f64(0.9));
        assert_eq!(
            !fixture.early_refresh().await.is_empty(),
            early,
            "{lifetime:?}"
        );
    }
}

#[tokio::test]
async fn failed_early_refresh_keeps_the_token() {
    for response in [TokenResponse::Fail, TokenResponse::Reject] {
        let fixture = TokenFixture::new();
        fixture.current().await;
        fixture.advance(LIFETIME.mul_f64(0.86));
        fixture.gateway.respond_with([response; 100]);
        let first = fixture.early_refresh().await.len();
        // No refresh starts before the delay has passed.
        fixture.advance(29 * SECOND);
        assert_eq!(fixture.early_refresh().await, [""; 0]);
        fixture.advance(SECOND);
        assert!(!fixture.early_refresh().await.is_empty());
        assert_eq!(fixture.current().await, "token-1");
        // The token is used until it expires.
        fixture.advance(LIFETIME.mul_f64(0.13));
        assert_eq!(fixture.current().await, "token-1", "{response:?} {first}");
        refresh_finished(&fixture.tokens).await;
        fixture.advance(LIFETIME.mul_f64(0.02));
        assert!(fixture.tokens.current().await.is_err());
    }
}

#[tokio::test]
async fn required_refresh_ignores_a_failed_early_refresh() {
    let fixture = TokenFixture::new();
    fixture.current().await;
    fixture.advance(LIFETIME.mul_f64(0.9));
    fixture.gateway.set_open(false);
    fixture.gateway.respond_with([TokenResponse::Fail]);
    fixture.current().await;
    wait_until("the early request", || fixture.request_count() == 2).await;
    let bearer = fixture.tokens.current().await.unwrap();
    let tokens = Arc::clone(&fixture.tokens);
    let call = tokio::spawn(async move { tokens.refresh_rejected(&bearer).await });
    tokio::task::yield_now().await;
    fixture.gateway.set_open(true);
    assert_eq!(token_text(&call.await.unwrap().unwrap()), "token-3");
    let calls = ["credentials", "refresh-1", "refresh-1"];
    assert_eq!(fixture.gateway.requests(), calls);
}

#[tokio::test]
async fn many_rejections_of_one_token_cause_one_refresh() {
    let fixture = TokenFixture::new();
    let old = fixture.tokens.current().await.unwrap();
    let calls: Vec<_> = (0..1_000)
        .map(|_| {
            let (tokens, old) = (Arc::clone(&fixture.tokens), old.clone());
            tokio::spawn(async move { tokens.refresh_rejected(&old).await.unwrap() })
        })
        .collect();
    for call in calls {
        assert_eq!(token_text(&call.await.unwrap()), "token-2");
    }
    // A late rejection of the old token has no effect.
    let late = fixture.tokens.refresh_rejected(&old).await.unwrap();
    assert_eq!(token_text(&late), "token-2");
    assert!(late.generation() > old.generation());
    assert_eq!(fixture.current().await, "token-2");
    assert_eq!(fixture.request_count(), 2);
}

#[tokio::test]
async fn requests_after_rejected_tokens_are_limited() {
    let fixture = TokenFixture::new();
    let failed = Arc::new(AtomicU64::new(0));
    for round in 1..=3 {
        for _ in 0..500 {
            // Does the same as a call whose token and next token are rejected.
            let Ok(token) = fixture.tokens.current().await else {
                failed.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            if let Ok(token) = fixture.tokens.refresh_rejected(&token).await {
                let _ = fixture.tokens.refresh_rejected(&token).await;
            }
        }
        assert_eq!(fixture.request_count(), 1 + 10 * round);
        let error = fixture.tokens.current().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Authentication { .. }));
        assert_eq!(
            error.to_string(),
            "issue access token: the gateway rejected each of the last 10 tokens; \
             no token is requested for the next 30 s; nothing else was sent"
        );
        fixture.advance(30 * SECOND);
    }
    assert!(failed.load(Ordering::Relaxed) > 1_000);
    assert_eq!(fixture.current().await, "token-32");
}

#[tokio::test]
async fn ambiguous_rejection_refreshes_once_per_cooldown() {
    let fixture = TokenFixture::new();
    let first = fixture.tokens.current().await.unwrap();
    let (a, b) = tokio::join!(
        fixture.tokens.refresh_ambiguous(&first),
        fixture.tokens.refresh_ambiguous(&first),
    );
    let second = a.unwrap().unwrap();
    assert_eq!(token_text(&second), "token-2");
    assert_eq!(token_text(&b.unwrap().unwrap()), "token-2");
    // The newer token is returned without a refresh.
    let newer = fixture.tokens.refresh_ambiguous(&first).await.unwrap();
    assert_eq!(token_text(&newer.unwrap()), "token-2");
    fixture.advance(29 * SECOND);
    assert!(
        fixture
            .tokens
            .refresh_ambiguous(&second)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(
        (fixture.current().await.as_str(), fixture.request_count()),
        ("token-2", 2)
    );
    fixture.advance(SECOND);
    // A failed refresh keeps the token.
    fixture.gateway.respond_with([TokenResponse::Fail]);
    let error = fixture.tokens.refresh_ambiguous(&second).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Transport { .. }));
    assert_eq!(fixture.current().await, "token-2");
}

#[tokio::test]
async fn token_with_zero_lifetime_is_used_by_waiting_callers() {
    for (lifetime, requests) in [(0, 21), (1, 21), (2, 11), (u64::MAX, 1)] {
        let fixture = TokenFixture::new();
        *fixture.gateway.refresh_lifetime.lock().unwrap() = None;
        let lifetime = Duration::from_secs(lifetime);
        fixture
            .gateway
            .respond_with([TokenResponse::Issue(lifetime); 21]);
        for at in 0..21 {
            for _ in 0..100 {
                fixture.tokens.current().await.unwrap();
            }
            refresh_finished(&fixture.tokens).await;
            if at < 20 {
                fixture.advance(SECOND);
            }
        }
        assert_eq!(fixture.request_count(), requests, "{lifetime:?}");
    }
}

#[tokio::test]
async fn clock_jump_does_not_affect_the_current_token() {
    let day = 86_400;
    for jump in [day, -day, 400 * day, -400 * day] {
        let fixture = TokenFixture::new();
        fixture.clock.jump(500 * day);
        fixture.current().await;
        fixture.clock.jump(jump);
        fixture.advance(LIFETIME.mul_f64(0.84));
        assert_eq!(fixture.early_refresh().await, [""; 0], "{jump}");
        fixture.advance(LIFETIME.mul_f64(0.17));
        assert_eq!(fixture.current().await, "token-2", "{jump}");
    }
}

#[tokio::test]
async fn debug_output_shows_no_token() {
    let fixture = TokenFixture::new();
    let bearer = fixture.tokens.current().await.unwrap();
    assert!(bearer.header().is_sensitive());
    assert_eq!(bearer.expires_at(), fixture.clock.now() + LIFETIME);
    fixture.advance(HOUR);
    let shown = format!("{bearer:?} {:?} {:?}", bearer.header(), fixture.tokens);
    assert!(!shown.contains("token-1"), "{shown}");
}
