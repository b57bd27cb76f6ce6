use std::sync::atomic::Ordering::Relaxed;
use std::time::UNIX_EPOCH;

use super::*;
use crate::token::trial::{HOUR, LIFE, Response, Trial, ended, key, settled, text, until};

const SECOND: Duration = Duration::from_secs(1);

/// Which grants a renewal takes, by what the first of them meets.
#[tokio::test]
async fn the_refresh_token_goes_first() {
    use Response::{Fail, Give, Refuse};
    let both = &["refresh-1", "credentials"][..];
    let refresh = &["refresh-1"][..];
    let credentials = &["credentials"][..];
    let old = Some(LIFE / 2);
    let young = Some(2 * LIFE);
    for (early, refresh_life, answers, grants, renewed) in [
        (true, young, &[][..], refresh, true),
        (false, young, &[], refresh, true),
        (true, old, &[], credentials, true),
        (false, old, &[], credentials, true),
        (false, None, &[], credentials, true),
        (true, young, &[Refuse], both, true),
        (false, young, &[Refuse], both, true),
        (true, young, &[Refuse, Refuse], both, false),
        (false, young, &[Refuse, Fail], both, false),
        // An outage ends no token that lives.
        (true, young, &[Fail], refresh, false),
        (false, young, &[Fail], both, true),
        (false, young, &[Fail, Fail], both, false),
        (true, young, &[Give(LIFE)], refresh, true),
    ] {
        let trial = Trial::new();
        *trial.gateway.refresh_life.lock().unwrap() = refresh_life;
        trial.current().await;
        trial.advance(if early { LIFE.mul_f64(0.9) } else { LIFE });
        trial.gateway.will(answers.iter().copied());
        let asked = trial
            .asked_by(async {
                let _ = ended(trial.tokens.current()).await;
                settled(&trial.tokens).await;
            })
            .await;
        let case = format!("{early} {refresh_life:?} {answers:?}");
        assert_eq!(asked, grants, "{case}");
        let now = ended(trial.tokens.current())
            .await
            .map(|token| text(&token));
        let expected = format!("token-{}", 1 + grants.len());
        assert_eq!(now.ok().as_deref() == Some(&*expected), renewed, "{case}");
    }
}

#[tokio::test]
async fn a_refused_refresh_token_is_not_tried_again() {
    let trial = Trial::new();
    trial.current().await;
    trial.advance(LIFE);
    trial.gateway.will([Response::Refuse, Response::Fail]);
    assert!(ended(trial.tokens.current()).await.is_err());
    assert_eq!(trial.current().await, "token-4");
    let calls = ["credentials", "refresh-1", "credentials", "credentials"];
    assert_eq!(trial.gateway.calls(), calls);
}

#[tokio::test]
async fn a_refresh_token_that_is_not_replaced_stays() {
    let trial = Trial::new();
    *trial.gateway.refresh_life.lock().unwrap() = Some(3 * LIFE);
    trial.current().await;
    *trial.gateway.refresh_life.lock().unwrap() = None;
    for asked in ["refresh-1", "refresh-1", "credentials", "credentials"] {
        trial.advance(LIFE);
        let asked_now = trial.asked_by(async { drop(trial.current().await) }).await;
        assert_eq!(asked_now, [asked]);
    }
}

#[tokio::test]
async fn an_outage_is_over_when_it_is_over() {
    let trial = Trial::new();
    trial.current().await;
    trial.advance(LIFE.mul_f64(0.9));
    trial.gateway.will([Response::Fail; 41]);
    for _ in 0..20 {
        assert_eq!(trial.renewed_beside().await.len(), 1);
        trial.advance(30 * SECOND);
    }
    assert!(!trial.gateway.calls()[1..].contains(&"credentials".to_owned()));
    trial.advance(LIFE);
    trial.gateway.will([Response::Fail; 1]);
    for _ in 0..11 {
        assert!(ended(trial.tokens.current()).await.is_err());
    }
    assert_eq!(trial.grants(), 43);
    trial.current().await;
    assert_eq!(trial.grants(), 44);
}

#[tokio::test]
async fn refused_credentials_are_not_sent_again_at_once() {
    for answer in [Response::Refuse, Response::Garbage] {
        let trial = Trial::new();
        trial.gateway.will([answer]);
        let first = ended(trial.tokens.current()).await.unwrap_err().to_string();
        trial.advance(Duration::from_millis(9_500));
        for _ in 0..100 {
            let error = ended(trial.tokens.current()).await.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Authentication { .. }));
            let text = error.to_string();
            assert!(
                text.contains("no token is asked for during the next 21 s"),
                "{text}"
            );
            assert!(text.contains(first.split(':').next().unwrap()), "{text}");
        }
        assert_eq!(trial.grants(), 1);
        trial.advance(Duration::from_millis(20_500));
        assert_eq!(trial.current().await, "token-2");
    }
}

/// By credentials and by refresh token; no other grant is tried meanwhile, and a token that lives serves on.
#[tokio::test]
async fn a_gateway_that_says_wait_is_not_asked_before() {
    for (told, kept) in [(9, 9), (300, 300), (301, 300), (u64::MAX, 300)] {
        for cold in [true, false] {
            let trial = Trial::new();
            if !cold {
                trial.current().await;
                trial.advance(LIFE.mul_f64(0.9));
                trial.gateway.will([Response::Busy(SECOND)]);
                assert_eq!(trial.renewed_beside().await, ["refresh-1"]);
                assert_eq!(trial.current().await, "token-1");
                trial.advance(LIFE);
            }
            let before = trial.grants();
            trial
                .gateway
                .will([Response::Busy(Duration::from_secs(told))]);
            assert!(ended(trial.tokens.current()).await.is_err());
            trial.advance(Duration::from_secs(kept) - SECOND);
            for _ in 0..100 {
                let error = ended(trial.tokens.current()).await.unwrap_err();
                assert!(matches!(error.kind(), ErrorKind::RateLimited { .. }));
                assert!(error.is_retryable());
                assert_eq!(error.retry_after(), Some(SECOND));
            }
            assert_eq!(trial.grants(), before + 1, "{told} {cold}");
            trial.advance(SECOND);
            trial.current().await;
            assert_eq!(trial.grants(), before + 2, "{told} {cold}");
        }
    }
}

#[tokio::test]
async fn the_cool_down_is_that_of_one_account() {
    let trial = Trial::new();
    trial.gateway.will([Response::Refuse]);
    assert!(ended(trial.tokens.current()).await.is_err());
    *trial.gateway.account.lock().unwrap() = Ok("rotated".to_owned());
    assert_eq!(trial.current().await, "token-2");
    // A source of credentials that fails is asked again by the next call.
    *trial.gateway.account.lock().unwrap() = Err("the vault is sealed");
    trial.advance(LIFE);
    let error = ended(trial.tokens.current()).await.unwrap_err();
    assert_eq!(error.to_string(), "the vault is sealed");
    *trial.gateway.account.lock().unwrap() = Ok("rotated".to_owned());
    assert_eq!(trial.current().await, "token-3");
}

#[tokio::test]
async fn rotated_credentials_have_a_token_of_their_own() {
    let trial = Trial::new();
    for _ in 0..3 {
        trial.current().await;
        trial.advance(LIFE);
    }
    let old = ended(trial.tokens.current()).await.unwrap();
    *trial.gateway.account.lock().unwrap() = Ok("rotated".to_owned());
    let other = trial.another();
    let first = ended(other.current()).await.unwrap();
    // Its generation is of another account, and smaller.
    assert!(first.generation() < old.generation());
    let token = trial.tokens.renew(&old).await.unwrap();
    assert_eq!(text(&token), text(&first));
}

#[tokio::test]
async fn what_is_kept_is_judged_by_the_time_of_day() {
    for (expires_at, life) in [
        (UNIX_EPOCH, None),
        (UNIX_EPOCH + LIFE - SECOND, None),
        (UNIX_EPOCH + LIFE, None),
        (UNIX_EPOCH + LIFE + HOUR, Some(HOUR)),
        (UNIX_EPOCH + LIFE * 10_000, Some(LONGEST_LIFE)),
    ] {
        let trial = Trial::new();
        trial.store.put("kept", expires_at).await;
        trial.advance(LIFE);
        let token = ended(trial.tokens.current()).await.unwrap();
        let (name, life) = life.map_or(("token-1", LIFE), |life| ("kept", life));
        assert_eq!(text(&token), name, "{expires_at:?}");
        assert_eq!(token.expires_at(), trial.clock.now() + life);
    }
}

#[tokio::test]
async fn no_life_is_longer_than_a_day() {
    for (told, life) in [
        (LONGEST_LIFE - SECOND, LONGEST_LIFE - SECOND),
        (LONGEST_LIFE + SECOND, LONGEST_LIFE),
        (Duration::MAX, LONGEST_LIFE),
    ] {
        let trial = Trial::new();
        *trial.gateway.refresh_life.lock().unwrap() = Some(told);
        trial.gateway.will([Response::Give(told)]);
        let token = ended(trial.tokens.current()).await.unwrap();
        assert_eq!(token.expires_at(), UNIX_EPOCH + life, "{told:?}");
        let kept = trial.store.inner.load(&key()).await.unwrap().unwrap();
        assert_eq!(u128::from(kept.expires_at_ms()), life.as_millis());
        let refresh = kept.refresh_life(UNIX_EPOCH).unwrap();
        assert_eq!(refresh, told.min(LONGEST_REFRESH_LIFE));
        trial.advance(life);
        assert_eq!(trial.current().await, "token-2");
    }
}

#[tokio::test]
async fn two_clients_share_one_token() {
    let trial = Trial::new();
    let other = trial.another();
    let (a, b) = (
        ended(trial.tokens.current()).await,
        ended(other.current()).await,
    );
    assert_eq!(
        (text(&a.unwrap()).as_str(), text(&b.unwrap()).as_str()),
        ("token-1", "token-1")
    );
    // One renews early, the other finds what it got.
    trial.advance(LIFE.mul_f64(0.9));
    trial.renewed_beside().await;
    let old = ended(other.current()).await.unwrap();
    assert_eq!(text(&old), "token-1");
    settled(&other).await;
    assert_eq!(text(&ended(other.current()).await.unwrap()), "token-2");
    assert_eq!(trial.grants(), 2);
    // The same after a refusal.
    let late = trial.another();
    let refused = late.current().await.unwrap();
    assert_eq!(text(&refused), "token-2");
    assert_eq!(text(&late.renew(&refused).await.unwrap()), "token-3");
    let there = ended(trial.tokens.current()).await.unwrap();
    assert_eq!(text(&trial.tokens.renew(&there).await.unwrap()), "token-3");
    assert_eq!(trial.grants(), 3);
}

#[tokio::test]
async fn a_refused_token_is_marked_for_others() {
    let trial = Trial::new();
    let refused = ended(trial.tokens.current()).await.unwrap();
    trial.store.calls();
    trial.gateway.will([Response::Fail, Response::Fail]);
    assert!(trial.tokens.renew(&refused).await.is_err());
    let calls = ["load", "invalidate", "lock", "load", "unlock"];
    assert_eq!(trial.store.calls(), calls);
    // Once.
    trial.gateway.will([Response::Fail, Response::Fail]);
    assert!(trial.tokens.renew(&refused).await.is_err());
    assert_eq!(trial.store.calls(), ["load", "lock", "load", "unlock"]);
    let kept = trial.store.inner.load(&key()).await.unwrap().unwrap();
    assert!(kept.expires_at_ms() == 0 && kept.refresh_token().is_some());
    // Another client does not begin with it.
    assert_eq!(text(&trial.another().current().await.unwrap()), "token-6");
}

#[tokio::test]
async fn who_finds_the_lock_taken_waits_for_the_token() {
    let trial = Trial::new();
    let other = trial.another();
    trial.gateway.open(false);
    let both = [Arc::clone(&trial.tokens), Arc::clone(&other)]
        .map(|tokens| tokio::spawn(async move { tokens.current().await.unwrap() }));
    until("the grant", || trial.grants() == 1).await;
    for _ in 0..20 {
        trial.advance(SECOND);
        tokio::task::yield_now().await;
    }
    trial.gateway.open(true);
    settled_by_time(&trial, &both).await;
    for call in both {
        assert_eq!(text(&call.await.unwrap()), "token-1");
    }
    assert_eq!(trial.grants(), 1);
}

async fn settled_by_time<T>(trial: &Trial, calls: &[tokio::task::JoinHandle<T>]) {
    until("the end of the calls", || {
        trial.advance(Duration::from_millis(100));
        calls.iter().all(tokio::task::JoinHandle::is_finished)
    })
    .await;
}

#[tokio::test]
async fn who_died_with_the_lock_is_followed_and_not_waited_for_too_long() {
    for (wait, grants) in [(40, 1), (10, 0)] {
        let settings = TokenSettings::default().wait_for_other(wait * SECOND);
        let trial = Trial::with(settings);
        let lock = trial.store.inner.lock(&key(), "dead", 30 * SECOND).await;
        assert!(lock.unwrap().is_some());
        let tokens = Arc::clone(&trial.tokens);
        let call = [tokio::spawn(async move { tokens.current().await })];
        settled_by_time(&trial, &call).await;
        let [call] = call;
        match call.await.unwrap() {
            Ok(token) => assert_eq!(text(&token), "token-1"),
            Err(error) => {
                assert!(matches!(error.kind(), ErrorKind::Store { .. }), "{error}");
                assert!(error.is_retryable());
            }
        }
        assert_eq!(trial.grants(), grants);
    }
}

#[tokio::test]
async fn an_early_renewal_leaves_a_taken_lock_alone() {
    let trial = Trial::new();
    trial.current().await;
    trial.advance(LIFE.mul_f64(0.9));
    let lock = trial.store.inner.lock(&key(), "other", HOUR).await;
    assert!(lock.unwrap().is_some());
    assert_eq!(trial.renewed_beside().await, [""; 0]);
    assert_eq!(trial.current().await, "token-1");
}

#[tokio::test]
async fn who_gets_the_lock_late_finds_the_token_of_the_other() {
    let trial = Trial::new();
    *trial.store.rival.lock().unwrap() = Some(("lock", "of-another"));
    assert_eq!(trial.current().await, "of-another");
    assert_eq!(trial.grants(), 0);
}

#[tokio::test]
async fn who_lost_the_lock_takes_the_token_of_the_other() {
    let trial = Trial::new();
    *trial.store.rival.lock().unwrap() = Some(("save", "of-another"));
    let tokens = Arc::clone(&trial.tokens);
    let call = [tokio::spawn(async move {
        text(&tokens.current().await.unwrap())
    })];
    settled_by_time(&trial, &call).await;
    let [call] = call;
    assert_eq!(call.await.unwrap(), "of-another");
    let kept = trial.store.inner.load(&key()).await.unwrap().unwrap();
    assert_eq!(kept.access_token().expose_secret(), "of-another");
}

#[tokio::test]
async fn without_the_store_the_token_serves_to_its_end_and_none_is_got() {
    let trial = Trial::new();
    trial.current().await;
    trial.store.down.store(true, Relaxed);
    trial.advance(LIFE.mul_f64(0.9));
    assert_eq!(trial.renewed_beside().await, [""; 0]);
    assert_eq!(trial.current().await, "token-1");
    trial.advance(LIFE);
    for _ in 0..3 {
        let error = ended(trial.tokens.current()).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Store { .. }) && error.is_retryable());
        assert_eq!(error.to_string(), "the token store: gone");
    }
    assert_eq!(trial.grants(), 1);
    trial.store.down.store(false, Relaxed);
    assert_eq!(trial.current().await, "token-2");
}

#[tokio::test]
async fn a_private_token_is_got_only_where_it_is_allowed_and_needed() {
    let settings = TokenSettings::default().private_token_without_store(true);
    let trial = Trial::with(settings);
    trial.current().await;
    trial.store.down.store(true, Relaxed);
    trial.advance(LIFE.mul_f64(0.9));
    assert_eq!(trial.renewed_beside().await, [""; 0]);
    trial.advance(LIFE);
    assert_eq!(trial.current().await, "token-2");
    let private = ended(trial.tokens.current()).await.unwrap();
    trial.gateway.will([Response::Refuse]);
    assert!(trial.tokens.renew(&private).await.is_err());
    assert!(ended(trial.tokens.current()).await.is_err());
    assert_eq!(trial.grants(), 3);
    // Shared again when the store is back.
    trial.store.down.store(false, Relaxed);
    trial.advance(30 * SECOND);
    let shared = trial.current().await;
    let other = trial.another().current().await.unwrap();
    assert_eq!(
        (shared.as_str(), text(&other).as_str()),
        ("token-4", "token-4")
    );
}

#[tokio::test]
async fn a_token_that_could_not_be_saved_is_used() {
    for (failing, kept) in [(1, true), (2, false)] {
        let trial = Trial::new();
        *trial.store.failing_saves.lock().unwrap() = failing;
        assert_eq!(trial.current().await, "token-1");
        assert_eq!(trial.current().await, "token-1");
        let there = trial.store.inner.load(&key()).await.unwrap();
        assert_eq!(there.is_some(), kept);
        let next = ended(trial.tokens.current()).await.unwrap();
        assert_eq!(text(&trial.tokens.renew(&next).await.unwrap()), "token-2");
    }
}

#[tokio::test]
async fn a_store_that_hangs_is_given_up() {
    let trial = Trial::new();
    trial.store.hanging.store(true, Relaxed);
    let tokens = Arc::clone(&trial.tokens);
    let call = [tokio::spawn(async move { tokens.current().await })];
    settled_by_time(&trial, &call).await;
    let [call] = call;
    let error = call.await.unwrap().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout) && error.is_retryable());
    trial.store.hanging.store(false, Relaxed);
    assert_eq!(trial.current().await, "token-1");
}
