//! Credentials that change, and credential sources that fail.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use stablelink::testing::ManualClock;
use stablelink::{
    BoxFuture, ClientBuilder, CredentialSource, CredentialSourceError, Credentials, Environment,
    MemoryStore, StoreKey, TokenStore,
};
use stablelink_sandbox::{Sandbox, SandboxOperation};

use crate::setup::{Call, builder, clocked, keyed, outcome, pair, quick, read, sent, when};
use crate::watch::CheckedResult;

/// A custom credential source fails, or returns unusable credentials.
#[tokio::test]
async fn credential_source_recovers_after_failures() {
    let (sandbox, _) = pair().await;
    let real = sandbox.credentials();
    let reads = Arc::new(AtomicU32::new(0));
    let source = move || {
        let real = crate::setup::credentials(&real);
        let read = reads.fetch_add(1, Ordering::Relaxed);
        async move {
            match read {
                0 => Err(CredentialSourceError::from("the vault is sealed")),
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
    for (text, retryable) in [
        ("the credential source failed", true),
        ("the sign key is empty", false),
        ("the api key or api secret is empty", false),
    ] {
        let result = keyed(&client).await;
        assert_eq!(outcome(&result), "configuration", "{result:?}");
        let error = result.checked_err();
        assert!(error.to_string().contains(text), "{error}");
        assert_eq!(error.is_retryable(), retryable, "{error}");
        assert_eq!(sandbox.request_count(), 0);
    }
    keyed(&client).await.unwrap();
}

#[tokio::test]
async fn rotated_credentials_are_used_within_a_minute() {
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
    let next = stablelink_sandbox::SandboxCredentials::random().unwrap();
    sandbox.rotate_credentials(next.clone());
    *now.lock().unwrap() = crate::setup::credentials(&next);
    let minute = Duration::from_secs(60);
    clock.advance(minute);
    sandbox.clock().advance(minute);
    keyed(&client).await.unwrap();
}

/// A credential source that the test changes. It counts its reads.
#[derive(Clone)]
struct RotatingSource {
    current: Arc<Mutex<Result<Credentials, &'static str>>>,
    reads: Arc<AtomicU32>,
}

impl RotatingSource {
    fn new(credentials: &stablelink_sandbox::SandboxCredentials) -> Self {
        Self {
            current: Arc::new(Mutex::new(Ok(crate::setup::credentials(credentials)))),
            reads: Arc::default(),
        }
    }

    fn rotate(&self, credentials: Result<&stablelink_sandbox::SandboxCredentials, &'static str>) {
        *self.current.lock().unwrap() = credentials.map(crate::setup::credentials);
    }
}

impl CredentialSource for RotatingSource {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialSourceError>> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let current = self.current.lock().unwrap().clone();
        Box::pin(std::future::ready(
            current.map_err(CredentialSourceError::from),
        ))
    }
}

/// Starts a sandbox with two accounts, and a client builder whose source returns the first one.
async fn two_accounts() -> (
    Sandbox,
    ClientBuilder,
    ManualClock,
    [stablelink_sandbox::SandboxCredentials; 2],
    RotatingSource,
) {
    let accounts = [(); 2].map(|()| stablelink_sandbox::SandboxCredentials::random().unwrap());
    let sandbox = Sandbox::builder()
        .client(accounts[0].clone())
        .client(accounts[1].clone())
        .start()
        .await
        .unwrap();
    sandbox.clock().freeze();
    let millis = u64::try_from(sandbox.clock().now_millis()).unwrap();
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH + Duration::from_millis(millis));
    let source = RotatingSource::new(&accounts[0]);
    let builder = builder(&sandbox)
        .credentials(source.clone())
        .clock(clock.clone());
    (sandbox, builder, clock, accounts, source)
}

fn store_key(sandbox: &Sandbox, account: &stablelink_sandbox::SandboxCredentials) -> StoreKey {
    let digest = Sha256::digest(account.api_key().expose_secret());
    let hex: String = digest[..16].iter().map(|b| format!("{b:02x}")).collect();
    StoreKey::new(sandbox.url(), hex)
}

/// Both accounts stay valid during a rotation. No call may use the token of one account with the sign key of the other.
#[tokio::test]
async fn rotation_between_valid_credentials_fails_no_call() {
    let (sandbox, builder, clock, accounts, source) = two_accounts().await;
    let client = builder.build().unwrap();
    keyed(&client).await.unwrap();
    let first = client.token().await.unwrap();
    let minute = Duration::from_secs(60);
    for turn in 1..=4 {
        source.rotate(Ok(&accounts[turn % 2]));
        clock.advance(minute);
        sandbox.clock().advance(minute);
        for call in [read as Call, keyed as Call] {
            call(&client).await.unwrap();
        }
        let same =
            client.token().await.unwrap().token().expose_secret() == first.token().expose_secret();
        assert_eq!(same, turn % 2 == 0, "{turn}");
    }
    // Each call was sent once, and each account has one token, which the client reused.
    assert_eq!(sent(&sandbox, SandboxOperation::GetExchangeRate), 4);
    assert_eq!(sent(&sandbox, SandboxOperation::CreateCheckoutOrder), 5);
    assert_eq!(sandbox.token_grants().granted(), 2);
}

/// The old token is revoked with the old credentials: the call is retried with the new token and the new sign key.
#[tokio::test]
async fn rejected_token_loads_the_new_credentials() {
    let (sandbox, builder, _clock, accounts, source) = two_accounts().await;
    let client = builder.build().unwrap();
    keyed(&client).await.unwrap();
    source.rotate(Ok(&accounts[1]));
    sandbox.revoke_tokens();
    keyed(&client).await.unwrap();
    assert_eq!(sent(&sandbox, SandboxOperation::CreateCheckoutOrder), 3);
    assert_eq!(sandbox.token_grants().granted(), 2);
}

/// The credentials change between reading the account and requesting the token, during the wait for the lock of a dead
/// process.
#[tokio::test]
async fn token_is_never_stored_under_another_account() {
    let (sandbox, builder, clock, accounts, source) = two_accounts().await;
    let store = MemoryStore::with_clock(Arc::new(clock.clone()));
    let keys = [0, 1].map(|at| store_key(&sandbox, &accounts[at]));
    let client = builder
        .token_store(store.clone())
        .deadline(Duration::from_secs(3_600))
        .build()
        .unwrap();
    let minute = Duration::from_secs(60);
    assert!(
        store
            .lock(&keys[0], "dead", minute)
            .await
            .unwrap()
            .is_some()
    );
    let rotating = source.clone();
    let second = accounts[1].clone();
    let (result, ()) = tokio::join!(keyed(&client), async {
        when(|| rotating.reads.load(Ordering::Relaxed) > 0).await;
        rotating.rotate(Ok(&second));
        // The cached credentials are too old now, and the lock has expired.
        clock.advance(minute);
    });
    result.unwrap();
    let held = client.token().await.unwrap();
    assert!(store.load(&keys[0]).await.unwrap().is_none());
    // The lock was released.
    let lock = store.lock(&keys[0], "next", minute).await.unwrap();
    assert!(lock.is_some());
    let stored = store.load(&keys[1]).await.unwrap().unwrap();
    let stored = stored.to_json().unwrap();
    assert!(
        stored
            .expose_secret()
            .contains(held.token().expose_secret())
    );
    assert_eq!(sandbox.token_grants().granted(), 1);
}

/// While the credential source fails, calls use the token until it expires, and no token is requested.
#[tokio::test]
async fn failing_source_fails_calls_after_the_token_expires() {
    let (sandbox, builder, clock, accounts, source) = two_accounts().await;
    let client = builder.build().unwrap();
    keyed(&client).await.unwrap();
    source.rotate(Err("the vault is sealed"));
    let hour = Duration::from_secs(3_600);
    let advance = || {
        clock.advance(hour);
        sandbox.clock().advance(hour);
    };
    for _ in 1..6 {
        advance();
        keyed(&client).await.unwrap();
    }
    advance();
    for _ in 0..3 {
        let error = keyed(&client).await.checked_err();
        assert_eq!(error.kind().name(), "configuration");
        assert!(error.is_retryable(), "{error}");
    }
    assert_eq!(sandbox.token_grants().granted(), 1);
    source.rotate(Ok(&accounts[0]));
    keyed(&client).await.unwrap();
    assert_eq!(sandbox.token_grants().granted(), 2);
}
