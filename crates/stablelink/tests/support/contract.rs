//! The contract of every token store, which the tests of each store check. The including module has the types in scope.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::{StoreKey, StoredToken, TokenStore};

const LONG: Duration = Duration::from_secs(600);
/// In the year 2100.
const FAR: u64 = 4_102_444_800_000;

pub(crate) fn token(generation: u64, access: &str) -> StoredToken {
    let text = json(generation, access, FAR).to_string();
    StoredToken::from_json(&text).unwrap().unwrap()
}

fn json(generation: u64, access: &str, expires_at_ms: u64) -> serde_json::Value {
    serde_json::json!({
        "version": 1,
        "generation": generation,
        "access_token": access,
        "expires_at_ms": expires_at_ms,
        "refresh_token": format!("refresh-of-{access}"),
        "refresh_expires_at_ms": FAR + 1,
    })
}

async fn stored(store: &dyn TokenStore, key: &StoreKey) -> Option<serde_json::Value> {
    let token = store.load(key).await.unwrap()?;
    let text = token.to_json().unwrap();
    Some(serde_json::from_str(text.expose_secret()).unwrap())
}

/// Checks the contract. `wait` advances the clock of the store a little.
pub(crate) async fn check(store: &dyn TokenStore, name: &str, wait: impl AsyncFn()) {
    let key = &StoreKey::new("https://pay.example", name);
    let other = &StoreKey::new("https://other.example", name);
    assert!(stored(store, key).await.is_none());
    store.invalidate(key, 1).await.unwrap();
    assert!(stored(store, key).await.is_none());

    // Each key has one owner at a time.
    let a = store.lock(key, "a", LONG).await.unwrap().unwrap();
    assert_eq!(a.owner(), "a");
    assert_eq!(store.lock(key, "b", LONG).await.unwrap(), None);
    assert!(store.lock(other, "b", LONG).await.unwrap().is_some());

    // The same owner gets a new lock: the response to its first request may have been lost.
    let lost = a;
    let a = store.lock(key, "a", LONG).await.unwrap().unwrap();
    assert!(a.generation() > lost.generation());
    let early = token(lost.generation(), "early");
    assert!(!store.save(key, &early, &lost).await.unwrap());
    assert!(stored(store, key).await.is_none());

    // A saved token is stored under its key only.
    let first = token(a.generation(), "first \"\\ é");
    assert!(store.save(key, &first, &a).await.unwrap());
    let saved = Some(json(a.generation(), "first \"\\ é", FAR));
    assert_eq!(stored(store, key).await, saved);
    assert!(stored(store, other).await.is_none());

    // Invalidating another generation has no effect.
    store.invalidate(key, a.generation() + 1).await.unwrap();
    store.invalidate(key, a.generation() - 1).await.unwrap();
    assert_eq!(stored(store, key).await, saved);
    store.invalidate(key, a.generation()).await.unwrap();
    let expired = Some(json(a.generation(), "first \"\\ é", 0));
    assert_eq!(stored(store, key).await, expired);

    // Only the holder can unlock.
    let stranger = super::RefreshLock::new("b", a.generation());
    store.unlock(key, &stranger).await.unwrap();
    assert_eq!(store.lock(key, "b", LONG).await.unwrap(), None);
    store.unlock(key, &a).await.unwrap();
    let short = Duration::from_millis(300);
    let b = store.lock(key, "b", short).await.unwrap().unwrap();
    assert!(b.generation() > a.generation());

    // The holder may save until the lock expires.
    let third = loop {
        wait().await;
        if let Some(lock) = store.lock(key, "c", LONG).await.unwrap() {
            break lock;
        }
        let late = token(b.generation(), "late");
        assert!(store.save(key, &late, &b).await.unwrap());
    };
    assert!(third.generation() > b.generation());

    // The holder of an older lock may not save, neither before nor after the new holder has saved.
    let before = stored(store, key).await;
    let stale = token(b.generation(), "stale");
    assert!(!store.save(key, &stale, &b).await.unwrap());
    assert_eq!(stored(store, key).await, before);
    let new = token(third.generation(), "new");
    assert!(store.save(key, &new, &third).await.unwrap());
    assert!(!store.save(key, &stale, &b).await.unwrap());
    store.unlock(key, &b).await.unwrap();
    assert_eq!(store.lock(key, "d", LONG).await.unwrap(), None);
    store.unlock(key, &third).await.unwrap();
    assert!(!store.save(key, &stale, &b).await.unwrap());
    let saved = Some(json(third.generation(), "new", FAR));
    assert_eq!(stored(store, key).await, saved);
}
