//! Credentials that change, or that their source does not give.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use stablelink::testing::ManualClock;
use stablelink::{
    BoxFuture, ClientBuilder, CredentialSource, CredentialSourceError, Credentials, Environment,
    MemoryStore, StoreKey, TokenSettings, TokenStore,
};
use stablelink_sandbox::{Operation, Sandbox};

use crate::setup::{Call, builder, clocked, keyed, outcome, pair, quick, read, sent, when};
use crate::watch::Told;

/// The caller's own source of credentials fails, or gives what can't be used.
#[tokio::test]
async fn a_source_of_credentials_may_fail_and_come_back() {
    let (sandbox, _) = pair().await;
    let real = sandbox.credentials();
    let asked = Arc::new(AtomicU32::new(0));
    let turns = Arc::clone(&asked);
    let source = move || {
        let real = crate::setup::credentials(&real);
        let turn = turns.fetch_add(1, Ordering::Relaxed);
        async move {
            match turn {
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
    for (text, passes) in [
        ("could not be had from their source", true),
        ("the sign key is empty", false),
        ("the api key or api secret is empty", false),
    ] {
        let result = keyed(&client).await;
        assert_eq!(outcome(&result), "configuration", "{result:?}");
        let error = result.told_err();
        assert!(error.to_string().contains(text), "{error}");
        assert_eq!(error.is_retryable(), passes, "{error}");
        assert_eq!(sandbox.request_count(), 0);
    }
    keyed(&client).await.unwrap();
}

#[tokio::test]
async fn rotated_credentials_are_in_use_within_a_minute() {
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

/// A source of credentials that the test changes, and how often it was asked.
#[derive(Clone)]
struct Turning {
    given: Arc<Mutex<Result<Credentials, &'static str>>>,
    asked: Arc<AtomicU32>,
}

impl Turning {
    fn to(credentials: &stablelink_sandbox::SandboxCredentials) -> Self {
        Self {
            given: Arc::new(Mutex::new(Ok(crate::setup::credentials(credentials)))),
            asked: Arc::default(),
        }
    }

    fn turn(&self, given: Result<&stablelink_sandbox::SandboxCredentials, &'static str>) {
        *self.given.lock().unwrap() = given.map(crate::setup::credentials);
    }
}

impl CredentialSource for Turning {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialSourceError>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let given = self.given.lock().unwrap().clone();
        Box::pin(std::future::ready(
            given.map_err(CredentialSourceError::from),
        ))
    }
}

/// A gateway that knows two accounts, and a client that is told of the first.
async fn two_accounts() -> (
    Sandbox,
    ClientBuilder,
    ManualClock,
    [stablelink_sandbox::SandboxCredentials; 2],
    Turning,
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
    let source = Turning::to(&accounts[0]);
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

/// The old ones live on, as they do while others are brought into use: no call takes the token of one account and the sign key
/// of the other.
#[tokio::test]
async fn credentials_that_overlap_are_exchanged_without_a_failure() {
    let (sandbox, builder, clock, accounts, source) = two_accounts().await;
    let client = builder.build().unwrap();
    keyed(&client).await.unwrap();
    let first = client.token().await.unwrap();
    let minute = Duration::from_secs(60);
    for turn in 1..=4 {
        source.turn(Ok(&accounts[turn % 2]));
        clock.advance(minute);
        sandbox.clock().advance(minute);
        for call in [read as Call, keyed as Call] {
            call(&client).await.unwrap();
        }
        let same = client.token().await.unwrap().header() == first.header();
        assert_eq!(same, turn % 2 == 0, "{turn}");
    }
    // Each call was sent once, and each account has one token, to which the client came back.
    assert_eq!(sent(&sandbox, Operation::GetExchangeRate), 4);
    assert_eq!(sent(&sandbox, Operation::CreateCheckoutOrder), 5);
    assert_eq!(sandbox.token_grants().granted(), 2);
}

/// Their token was ended with the old ones: the call that finds out goes on with the new ones whole, sign key and all.
#[tokio::test]
async fn a_refused_token_brings_the_credentials_of_the_next_one() {
    let (sandbox, builder, _clock, accounts, source) = two_accounts().await;
    let client = builder.build().unwrap();
    keyed(&client).await.unwrap();
    source.turn(Ok(&accounts[1]));
    sandbox.revoke_tokens();
    keyed(&client).await.unwrap();
    assert_eq!(sent(&sandbox, Operation::CreateCheckoutOrder), 3);
    assert_eq!(sandbox.token_grants().granted(), 2);
}

/// The api key is changed between the two questions to its source, of whose account the token is and with which key it is got:
/// here because another process died with the lock, and it took a while to follow it.
#[tokio::test]
async fn a_token_is_never_kept_under_another_account() {
    let (sandbox, builder, clock, accounts, source) = two_accounts().await;
    let store = MemoryStore::with_clock(Arc::new(clock.clone()));
    let keys = [0, 1].map(|at| store_key(&sandbox, &accounts[at]));
    let settings = TokenSettings::default().wait_for_other(Duration::from_secs(600));
    let client = builder
        .token_store(store.clone())
        .token_settings(settings)
        .deadline(Duration::from_secs(3_600))
        .build()
        .unwrap();
    let minute = Duration::from_secs(60);
    assert!(
        store
            .lock(&keys[0], "dead", 2 * minute)
            .await
            .unwrap()
            .is_some()
    );
    let turning = source.clone();
    let second = accounts[1].clone();
    let (result, ()) = tokio::join!(keyed(&client), async {
        when(|| turning.asked.load(Ordering::Relaxed) > 0).await;
        turning.turn(Ok(&second));
    });
    result.unwrap();
    let held = client.token().await.unwrap();
    assert!(store.load(&keys[0]).await.unwrap().is_none());
    // Its lock was given back.
    let lock = store.lock(&keys[0], "next", minute).await.unwrap();
    assert!(lock.is_some());
    let kept = store.load(&keys[1]).await.unwrap().unwrap();
    assert_eq!(
        kept.access_token().expose_secret(),
        held.token().expose_secret()
    );
    assert_eq!(sandbox.token_grants().granted(), 1);
}

/// A vault that is down stops no call while the token lives, and no token is got that it does not vouch for.
#[tokio::test]
async fn a_source_that_is_down_stops_calls_when_the_token_ends() {
    let (sandbox, builder, clock, accounts, source) = two_accounts().await;
    let client = builder.build().unwrap();
    keyed(&client).await.unwrap();
    source.turn(Err("the vault is sealed"));
    let hour = Duration::from_secs(3_600);
    let pass = || {
        clock.advance(hour);
        sandbox.clock().advance(hour);
    };
    for _ in 1..6 {
        pass();
        keyed(&client).await.unwrap();
    }
    pass();
    for _ in 0..3 {
        let error = keyed(&client).await.told_err();
        assert_eq!(error.kind().name(), "configuration");
        assert!(error.is_retryable(), "{error}");
    }
    assert_eq!(sandbox.token_grants().granted(), 1);
    source.turn(Ok(&accounts[0]));
    keyed(&client).await.unwrap();
    assert_eq!(sandbox.token_grants().granted(), 2);
}
