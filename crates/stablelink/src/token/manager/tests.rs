use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::*;
use crate::token::trial::{HOUR, LIFE, Response, Trial, ended, settled, text, until};

const SECOND: Duration = Duration::from_secs(1);

async fn ten_thousand() {
    let trial = Trial::new();
    trial.gateway.open(false);
    let calls: Vec<_> = (0..10_000)
        .map(|_| {
            let tokens = Arc::clone(&trial.tokens);
            tokio::spawn(async move { text(&tokens.current().await.unwrap()) })
        })
        .collect();
    until("the first grant", || trial.grants() > 0).await;
    trial.gateway.open(true);
    for call in calls {
        assert_eq!(call.await.unwrap(), "token-1");
    }
    assert_eq!(trial.gateway.calls(), ["credentials"]);
}

#[tokio::test]
async fn ten_thousand_calls_ask_once() {
    ten_thousand().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_thousand_calls_on_several_threads_ask_once() {
    ten_thousand().await;
}

#[tokio::test]
async fn callers_may_go_while_they_wait() {
    // Who goes: the first, the last, all.
    for gone in [&[0][..], &[2], &[0, 1, 2]] {
        let trial = Trial::new();
        trial.gateway.open(false);
        let mut waiting = Vec::new();
        for _ in 0..3 {
            let tokens = Arc::clone(&trial.tokens);
            waiting.push(Some(tokio::spawn(async move { tokens.current().await })));
            until("the grant", || trial.grants() > 0).await;
        }
        for at in gone {
            let call = waiting[*at].take().unwrap();
            call.abort();
            assert!(call.await.unwrap_err().is_cancelled());
        }
        trial.gateway.open(true);
        for call in waiting.into_iter().flatten() {
            assert_eq!(text(&ended(call).await.unwrap().unwrap()), "token-1");
        }
        settled(&trial.tokens).await;
        assert_eq!(trial.current().await, "token-1");
        assert_eq!(trial.grants(), 1, "{gone:?}");
    }
}

#[tokio::test]
async fn a_failure_is_told_to_all_who_waited() {
    let trial = Trial::new();
    trial.gateway.will([Response::Fail]);
    let (a, b) = tokio::join!(trial.tokens.current(), trial.tokens.current());
    for error in [a.unwrap_err(), b.unwrap_err()] {
        assert!(matches!(error.kind(), ErrorKind::Transport { .. }));
        assert!(error.is_retryable());
    }
    assert_eq!(trial.grants(), 1);
    assert_eq!(trial.current().await, "token-2");
}

fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits"),
    }
}

#[tokio::test]
async fn a_fresh_token_costs_no_allocation() {
    let trial = Trial::new();
    trial.current().await;
    let count = allocation_counter::measure(|| {
        let bearer = at_once(trial.tokens.current()).unwrap();
        assert_eq!(bearer.header().as_bytes(), b"Bearer token-1");
    });
    assert_eq!(count.count_total, 0);
}

#[test]
fn outside_of_a_runtime_it_is_an_error() {
    let trial = Trial::new();
    let error = at_once(trial.tokens.current()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Configuration { .. }));
}

#[test]
fn a_renewal_that_dies_with_its_runtime_strands_nobody() {
    let trial = Trial::new();
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    trial.gateway.open(false);
    let first = runtime();
    first.block_on(async {
        let tokens = Arc::clone(&trial.tokens);
        tokio::spawn(async move { tokens.current().await });
        until("the grant", || trial.grants() > 0).await;
    });
    drop(first);
    trial.gateway.open(true);
    // What it locked stays locked until the lock expires.
    trial.advance(31 * SECOND);
    assert_eq!(runtime().block_on(trial.current()), "token-2");
}

#[tokio::test]
async fn a_panic_of_the_grant_is_an_error_and_not_for_good() {
    let trial = Trial::with(TokenSettings::default().lock_life(SECOND));
    let pass = async {
        loop {
            trial.advance(SECOND);
            tokio::task::yield_now().await;
        }
    };
    trial.gateway.will([Response::Panic; ROUNDS]);
    let error = tokio::select! {
        token = trial.tokens.current() => token.unwrap_err(),
        () = pass => unreachable!(),
    };
    assert!(error.is_retryable(), "{error}");
    trial.advance(2 * SECOND);
    assert_eq!(trial.current().await, "token-5");
}

#[tokio::test]
async fn a_renewal_that_hangs_ends_with_the_lock() {
    let trial = Trial::new();
    trial.gateway.open(false);
    let tokens = Arc::clone(&trial.tokens);
    let call = tokio::spawn(async move { tokens.current().await });
    until("the grant", || trial.grants() > 0).await;
    trial.advance(30 * SECOND);
    let error = ended(call).await.unwrap().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout) && error.is_retryable());
    trial.gateway.open(true);
    assert_eq!(trial.current().await, "token-2");
}

#[tokio::test]
async fn a_token_is_renewed_beside_the_calls() {
    let trial = Trial::new();
    trial.current().await;
    // By chance, a half of the jitter: 85 % of six hours.
    trial.advance(LIFE.mul_f64(0.849));
    assert_eq!(trial.renewed_beside().await, [""; 0]);
    trial.advance(LIFE.mul_f64(0.002));
    trial.gateway.open(false);
    for _ in 0..3 {
        assert_eq!(trial.current().await, "token-1");
    }
    until("the grant", || trial.grants() == 2).await;
    assert_eq!(trial.current().await, "token-1");
    trial.gateway.open(true);
    settled(&trial.tokens).await;
    assert_eq!(trial.current().await, "token-2");
    assert_eq!(trial.gateway.calls(), ["credentials", "refresh-1"]);
}

#[tokio::test]
async fn a_token_that_hardly_lives_is_not_renewed_early() {
    for (life, early) in [(SECOND, false), (2 * SECOND, true)] {
        let trial = Trial::new();
        trial.gateway.will([Response::Give(life)]);
        trial.current().await;
        trial.advance(life.mul_f64(0.9));
        assert_eq!(!trial.renewed_beside().await.is_empty(), early, "{life:?}");
    }
}

#[tokio::test]
async fn an_early_renewal_that_fails_keeps_the_token() {
    for answer in [Response::Fail, Response::Refuse] {
        let trial = Trial::new();
        trial.current().await;
        trial.advance(LIFE.mul_f64(0.86));
        trial.gateway.will([answer; 100]);
        let first = trial.renewed_beside().await.len();
        // Not again before the pause is over.
        trial.advance(29 * SECOND);
        assert_eq!(trial.renewed_beside().await, [""; 0]);
        trial.advance(SECOND);
        assert!(!trial.renewed_beside().await.is_empty());
        assert_eq!(trial.current().await, "token-1");
        // Until its end, and no longer.
        trial.advance(LIFE.mul_f64(0.13));
        assert_eq!(trial.current().await, "token-1", "{answer:?} {first}");
        settled(&trial.tokens).await;
        trial.advance(LIFE.mul_f64(0.02));
        assert!(trial.tokens.current().await.is_err());
    }
}

#[tokio::test]
async fn who_needs_a_token_does_not_take_the_failure_of_an_early_renewal() {
    let trial = Trial::new();
    trial.current().await;
    trial.advance(LIFE.mul_f64(0.9));
    trial.gateway.open(false);
    trial.gateway.will([Response::Fail]);
    trial.current().await;
    until("the early grant", || trial.grants() == 2).await;
    let bearer = trial.tokens.current().await.unwrap();
    let tokens = Arc::clone(&trial.tokens);
    let call = tokio::spawn(async move { tokens.renew(&bearer).await });
    tokio::task::yield_now().await;
    trial.gateway.open(true);
    assert_eq!(text(&call.await.unwrap().unwrap()), "token-3");
    let calls = ["credentials", "refresh-1", "refresh-1"];
    assert_eq!(trial.gateway.calls(), calls);
}

#[tokio::test]
async fn many_refusals_of_one_generation_lead_to_one_renewal() {
    let trial = Trial::new();
    let old = trial.tokens.current().await.unwrap();
    let calls: Vec<_> = (0..1_000)
        .map(|_| {
            let (tokens, old) = (Arc::clone(&trial.tokens), old.clone());
            tokio::spawn(async move { tokens.renew(&old).await.unwrap() })
        })
        .collect();
    for call in calls {
        assert_eq!(text(&call.await.unwrap()), "token-2");
    }
    // A late one hurts nobody: it was about the old generation.
    let late = trial.tokens.renew(&old).await.unwrap();
    assert_eq!(text(&late), "token-2");
    assert!(late.generation() > old.generation());
    assert_eq!(trial.current().await, "token-2");
    assert_eq!(trial.grants(), 2);
}

#[tokio::test]
async fn a_gateway_that_refuses_every_token_is_not_stormed() {
    let trial = Trial::new();
    let failed = Arc::new(AtomicU64::new(0));
    for round in 1..=3 {
        for _ in 0..500 {
            // As a call does: the token is refused, and so is the one after.
            let Ok(token) = trial.tokens.current().await else {
                failed.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            if let Ok(token) = trial.tokens.renew(&token).await {
                let _ = trial.tokens.renew(&token).await;
            }
        }
        assert_eq!(trial.grants(), 1 + 10 * round);
        let error = trial.tokens.current().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Authentication { .. }));
        assert_eq!(
            error.to_string(),
            "the gateway refused each of the last 10 tokens; no token is asked for during the next 30 s"
        );
        trial.advance(30 * SECOND);
    }
    assert!(failed.load(Ordering::Relaxed) > 1_000);
    assert_eq!(trial.current().await, "token-32");
}

#[tokio::test]
async fn a_doubtful_refusal_renews_once_a_cool_down() {
    let trial = Trial::new();
    let first = trial.tokens.current().await.unwrap();
    let (a, b) = tokio::join!(
        trial.tokens.renew_if_cooled(&first),
        trial.tokens.renew_if_cooled(&first),
    );
    let second = a.unwrap().unwrap();
    assert_eq!(text(&second), "token-2");
    assert_eq!(text(&b.unwrap().unwrap()), "token-2");
    // The newer one is there without a renewal.
    let newer = trial.tokens.renew_if_cooled(&first).await.unwrap();
    assert_eq!(text(&newer.unwrap()), "token-2");
    trial.advance(29 * SECOND);
    assert!(
        trial
            .tokens
            .renew_if_cooled(&second)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(
        (trial.current().await.as_str(), trial.grants()),
        ("token-2", 2)
    );
    trial.advance(SECOND);
    // The token stays in use when it can't be renewed.
    trial.gateway.will([Response::Fail]);
    let error = trial.tokens.renew_if_cooled(&second).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Transport { .. }));
    assert_eq!(trial.current().await, "token-2");
}

#[tokio::test]
async fn a_token_without_a_life_is_good_for_those_who_waited() {
    for (life, grants) in [(0, 21), (1, 21), (2, 11), (u64::MAX, 1)] {
        let trial = Trial::new();
        *trial.gateway.refresh_life.lock().unwrap() = None;
        let life = Duration::from_secs(life);
        trial.gateway.will([Response::Give(life); 21]);
        for at in 0..21 {
            for _ in 0..100 {
                trial.tokens.current().await.unwrap();
            }
            settled(&trial.tokens).await;
            if at < 20 {
                trial.advance(SECOND);
            }
        }
        assert_eq!(trial.grants(), grants, "{life:?}");
    }
}

#[tokio::test]
async fn jumps_of_the_clock_do_not_touch_a_held_token() {
    let day = 86_400;
    for jump in [day, -day, 400 * day, -400 * day] {
        let trial = Trial::new();
        trial.clock.jump(500 * day);
        trial.current().await;
        trial.clock.jump(jump);
        trial.advance(LIFE.mul_f64(0.84));
        assert_eq!(trial.renewed_beside().await, [""; 0], "{jump}");
        trial.advance(LIFE.mul_f64(0.17));
        assert_eq!(trial.current().await, "token-2", "{jump}");
    }
}

#[tokio::test]
async fn nothing_shows_a_token() {
    let trial = Trial::new();
    let bearer = trial.tokens.current().await.unwrap();
    assert!(bearer.header().is_sensitive());
    assert_eq!(bearer.expires_at(), trial.clock.now() + LIFE);
    trial.advance(HOUR);
    let shown = format!("{bearer:?} {:?} {:?}", bearer.header(), trial.tokens);
    assert!(!shown.contains("token-1"), "{shown}");
}
