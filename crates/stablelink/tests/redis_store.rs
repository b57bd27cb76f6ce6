//! Tokens in a real Redis, which many processes share.
//!
//! Needs `redis-server` in the path.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/contract.rs"]
mod contract;
#[path = "support/redis_server.rs"]
mod redis_server;
#[path = "support/watch.rs"]
mod watch;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use secrecy::ExposeSecret;
use stablelink::{
    Client, ClientBuilder, Credentials, Decimal, Environment, ErrorKind, NewCheckoutOrder,
    RedisStore, RefreshLock, StoreKey, StoredToken, TokenSettings, TokenStore,
};
use stablelink_sandbox::{Fault, Operation, Sandbox};

use self::redis_server::RedisServer;

const LIFE: Duration = Duration::from_secs(60);

fn store(redis: &RedisServer) -> RedisStore {
    RedisStore::connect(&redis.url()).unwrap()
}

fn key() -> StoreKey {
    StoreKey::new("https://pay.example", "account")
}

/// A little time by the clock of Redis: for the end of a lock or a token, which nothing tells.
async fn pass() {
    tokio::time::sleep(Duration::from_millis(10)).await;
}

fn builder(gateway: &str, credentials: Credentials, store: RedisStore) -> ClientBuilder {
    watch::listen();
    Client::builder()
        .environment(Environment::at(gateway).unwrap())
        .credentials(credentials)
        .token_store(store)
}

fn client(gateway: &str, credentials: Credentials, store: RedisStore) -> Client {
    // Long enough for a slow machine, and short enough to wait for its end.
    let settings = TokenSettings::default().lock_life(Duration::from_secs(5));
    builder(gateway, credentials, store)
        .token_settings(settings)
        .build()
        .unwrap()
}

fn credentials(sandbox: &Sandbox) -> Credentials {
    let secrets = sandbox.credentials();
    Credentials::new(
        secrets.api_key().expose_secret(),
        secrets.api_secret().expose_secret(),
        secrets.sign_key().expose_secret(),
    )
}

#[tokio::test]
async fn it_keeps_the_contract() {
    let redis = RedisServer::start();
    contract::holds(&store(&redis), "account", pass).await;
    // Users of one Redis that have prefixes of their own don't meet.
    let other = store(&redis).prefix("other:");
    contract::holds(&other, "account", pass).await;
}

/// The user that the docs of the store propose can do all that the store does, and no more.
#[tokio::test]
async fn the_user_of_the_docs_is_enough() {
    let docs = include_str!("../src/token/store/redis/mod.rs");
    let line = docs.lines().find_map(|line| line.strip_prefix("/// ACL "));
    let redis = RedisServer::start();
    let master = redis::Client::open(redis.url()).unwrap();
    let mut master = master.get_multiplexed_async_connection().await.unwrap();
    let mut command = redis::cmd("ACL");
    for word in line.unwrap().split(' ') {
        command.arg(word);
    }
    let _: String = command.query_async(&mut master).await.unwrap();
    let url = redis.url().replace("//", "//stablelink:password@");
    let store = RedisStore::connect(&url).unwrap();
    contract::holds(&store, "account", pass).await;

    let elsewhere = store.prefix("other:");
    let error = elsewhere.load(&key()).await.unwrap_err();
    assert!(!error.is_passing());
    let told = "Redis refused the command: NOPERM: its user may not run this command or touch this key; see `RedisStore`";
    assert_eq!(error.to_string(), told);
    let user = redis::Client::open(url).unwrap();
    let mut user = user.get_multiplexed_async_connection().await.unwrap();
    for other in ["KEYS *", "FLUSHALL", "CONFIG GET *", "EVALSHA x 0"] {
        let mut command = redis::Cmd::new();
        for word in other.split(' ') {
            command.arg(word);
        }
        let refused = command.query_async::<redis::Value>(&mut user).await;
        assert_eq!(refused.unwrap_err().code(), Some("NOPERM"), "{other}");
    }
}

#[tokio::test]
async fn a_redis_that_lost_its_memory_counts_on() {
    let mut redis = RedisServer::start();
    let store = store(&redis);
    let old = store.lock(&key(), "old", LIFE).await.unwrap().unwrap();
    redis.start_again();
    // The first command finds a broken connection.
    let new = store.lock(&key(), "new", LIFE).await.unwrap().unwrap();
    assert!(new.generation() > old.generation());
    let stale = contract::token(old.generation(), "stale");
    assert!(!store.save(&key(), &stale, &old).await.unwrap());
    assert!(store.load(&key()).await.unwrap().is_none());

    // Nobody took the lock since: what the holder has is the newest.
    redis.start_again();
    let kept = contract::token(new.generation(), "kept");
    assert!(store.save(&key(), &kept, &new).await.unwrap());
    assert!(!store.save(&key(), &stale, &old).await.unwrap());
}

#[tokio::test]
async fn a_question_asked_twice_has_the_same_effect() {
    let redis = RedisServer::start();
    let store = store(&redis);
    let first = store.lock(&key(), "a", LIFE).await.unwrap().unwrap();
    let again = store.lock(&key(), "a", LIFE).await.unwrap().unwrap();
    assert!(again.generation() > first.generation());
    let token = contract::token(again.generation(), "a");
    for _ in 0..2 {
        assert!(store.save(&key(), &token, &again).await.unwrap());
        store.invalidate(&key(), again.generation()).await.unwrap();
    }
    for _ in 0..2 {
        store.unlock(&key(), &again).await.unwrap();
    }
    assert!(store.lock(&key(), "b", LIFE).await.unwrap().is_some());
}

#[tokio::test]
async fn a_redis_that_is_gone_or_stalls_is_an_error_and_not_for_good() {
    let mut redis = RedisServer::start();
    let store = store(&redis).timeout(Duration::from_millis(200));
    assert!(store.load(&key()).await.unwrap().is_none());
    redis.stall(true);
    let error = store.load(&key()).await.unwrap_err();
    assert_eq!(error.to_string(), "Redis did not answer within 200ms");
    assert!(error.is_passing());
    // The same where the connection is new.
    let error = store.load(&key()).await.unwrap_err();
    assert_eq!(error.to_string(), "Redis did not answer within 200ms");
    redis.stall(false);
    let patient = store.timeout(Duration::from_secs(10));
    assert!(patient.load(&key()).await.unwrap().is_none());
    redis.stop();
    let error = patient.load(&key()).await.unwrap_err();
    assert!(error.is_passing() && error.to_string().contains("can't be reached"));
    redis.start_again();
    assert!(patient.load(&key()).await.unwrap().is_none());
}

#[tokio::test]
async fn without_redis_no_process_gets_a_token_of_its_own() {
    let mut redis = RedisServer::start();
    let sandbox = Sandbox::builder().token_lifetime(2).start().await.unwrap();
    let client = client(sandbox.url(), credentials(&sandbox), store(&redis));
    let token = client.token().await.unwrap();
    redis.stop();
    // To its end, whatever early renewals run into.
    let error = loop {
        match client.token().await {
            Ok(held) => assert_eq!(held.generation(), token.generation()),
            Err(error) => break error,
        }
        pass().await;
    };
    assert!(matches!(error.kind(), ErrorKind::Store { .. }), "{error}");
    assert!(error.is_retryable());
    assert_eq!(sandbox.token_grants().granted(), 1);
    redis.start_again();
    let next = client.token().await.unwrap();
    assert!(next.generation() > token.generation());
    assert_eq!(sandbox.token_grants().granted(), 2);
}

/// A payment meets a Redis that is gone, then one that stalls, then one that is back: a typed error in time, or a success, and
/// one effect.
#[tokio::test]
async fn a_payment_ends_in_time_whatever_redis_does() {
    let mut redis = RedisServer::start();
    let sandbox = Sandbox::start().await.unwrap();
    let order = NewCheckoutOrder::usd(Decimal::ONE, "ETH_USDT", "6", "1");
    // Longer than the whole test may take: only the deadline of the call ends it.
    let hour = Duration::from_secs(3_600);
    let pay = async |redis: &RedisServer, deadline: Duration| {
        // Each time a client that has no token yet.
        let client = builder(
            sandbox.url(),
            credentials(&sandbox),
            store(redis).timeout(hour),
        );
        let client = client.deadline(deadline).build().unwrap();
        client.checkout_orders().create(&order).await.map(drop)
    };
    redis.stop();
    let error = pay(&redis, hour).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Store { .. }), "{error}");
    assert!(error.is_retryable());
    redis.start_again();
    redis.stall(true);
    let error = pay(&redis, Duration::from_millis(300)).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout), "{error}");
    assert!(error.is_retryable(), "nothing was sent");
    assert_eq!(sandbox.request_count(), 0);
    redis.stall(false);
    pay(&redis, hour).await.unwrap();
    let made = sandbox.effects().total(Operation::CreateCheckoutOrder);
    assert_eq!((made, sandbox.token_grants().granted()), (1, 1));
}

/// What lies there: under keys that tell the gateway and not the api key, and that end by themselves.
#[tokio::test]
async fn keys_tell_no_secret_and_end_by_themselves() {
    let redis = RedisServer::start();
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(sandbox.url(), credentials(&sandbox), store(&redis));
    let token = client.token().await.unwrap();
    let eye = redis::Client::open(redis.url()).unwrap();
    let mut eye = eye.get_multiplexed_async_connection().await.unwrap();
    let mut names: Vec<String> = redis::cmd("KEYS")
        .arg("*")
        .query_async(&mut eye)
        .await
        .unwrap();
    names.sort();
    // The lock was given back.
    assert_eq!(names.len(), 2, "{names:?}");
    let api_key = sandbox.credentials().api_key().expose_secret().to_owned();
    let begin = format!("stablelink:token:{{{}|", sandbox.url());
    for name in &names {
        assert!(name.starts_with(&begin), "{name}");
        assert!(!name.contains(&api_key), "{name}");
        let rest: i64 = redis::cmd("PTTL")
            .arg(name)
            .query_async(&mut eye)
            .await
            .unwrap();
        assert!(rest > 0, "{name}: {rest}");
    }
    // As the docs say: readable, refresh token and all.
    let kept: String = redis::cmd("HGET")
        .arg(&names[0])
        .arg("json")
        .query_async(&mut eye)
        .await
        .unwrap();
    assert!(kept.contains(token.token().expose_secret()));
    assert!(kept.contains("refresh_token"));
    assert!(!kept.contains(&api_key));
}

#[tokio::test]
async fn a_token_that_is_there_is_what_is_kept() {
    let redis = RedisServer::start();
    let sandbox = Sandbox::start().await.unwrap();
    let [a, b] = [(), ()].map(|()| client(sandbox.url(), credentials(&sandbox), store(&redis)));
    let (first, second) = (a.token().await.unwrap(), b.token().await.unwrap());
    assert_eq!(
        first.token().expose_secret(),
        second.token().expose_secret()
    );
    assert_eq!(sandbox.token_grants().granted(), 1);
}

/// What a process of a test does.
const ROLE: &str = "STABLELINK_TEST_ROLE";
const REDIS: &str = "STABLELINK_TEST_REDIS";
const GATEWAY: &str = "STABLELINK_TEST_GATEWAY";

/// This program again, as another process that runs [`process`] alone.
struct Process(Child, BufReader<ChildStdout>);

impl Process {
    fn start(role: &str, redis: &RedisServer, sandbox: &Sandbox) -> Self {
        let secrets = sandbox.credentials();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "process", "--nocapture"])
            .env(ROLE, role)
            .env(REDIS, redis.url())
            .env(GATEWAY, sandbox.url())
            .env("STABLELINK_API_KEY", secrets.api_key().expose_secret())
            .env(
                "STABLELINK_API_SECRET",
                secrets.api_secret().expose_secret(),
            )
            .env("STABLELINK_SIGN_KEY", secrets.sign_key().expose_secret())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self(child, output)
    }

    /// What it says next, without what the test harness says.
    fn says(&mut self) -> Option<String> {
        let mut line = String::new();
        while self.1.read_line(&mut line).unwrap() > 0 {
            if let Some((_, said)) = line.split_once("says ") {
                return Some(said.trim().to_owned());
            }
            line.clear();
        }
        None
    }

    fn end(mut self) -> Vec<String> {
        let said = std::iter::from_fn(|| self.says()).collect();
        assert!(self.0.wait().unwrap().success());
        said
    }
}

/// Killed, unless it has ended.
impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Not a test of its own, but what the processes of the tests below run.
#[tokio::test]
async fn process() {
    let Ok(role) = std::env::var(ROLE) else {
        return;
    };
    let store = RedisStore::connect(&std::env::var(REDIS).unwrap()).unwrap();
    let gateway = std::env::var(GATEWAY).unwrap();
    let credentials = Credentials::from_env().unwrap();
    let client = client(&gateway, credentials, store);
    match &*role {
        "token" => drop(client.token().await),
        "tokens" => see(&client).await,
        "calls" => call(&client).await,
        _ => panic!("no role is called {role}"),
    }
}

/// Sees tokens come and go.
async fn see(client: &Client) {
    let mut seen = Vec::new();
    while seen.len() < LIVES {
        let token = client.token().await.unwrap();
        if seen.last() != Some(&token.generation()) {
            println!("says {}", token.generation());
            seen.push(token.generation());
        }
        pass().await;
    }
}

/// Calls until the last token was revoked and renewed; no call fails.
async fn call(client: &Client) {
    let mut seen = BTreeSet::new();
    while seen.len() <= REVOCATIONS {
        let rates = client.exchange_rates();
        rates.quote("USDT", "USD").amount(7).await.unwrap();
        if seen.insert(client.token().await.unwrap().generation()) {
            println!("says {}", seen.len());
        }
    }
}

/// How many tokens each process sees come and go.
const LIVES: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_processes_ask_once_a_life() {
    let redis = RedisServer::start();
    let sandbox = Sandbox::builder().token_lifetime(2).start().await.unwrap();
    let processes: Vec<_> = (0..8)
        .map(|_| Process::start("tokens", &redis, &sandbox))
        .collect();
    let seen = tokio::task::spawn_blocking(move || {
        processes.into_iter().map(Process::end).collect::<Vec<_>>()
    })
    .await
    .unwrap();
    let lives: BTreeSet<_> = seen.iter().flatten().collect();
    assert!(seen.iter().all(|seen| seen.len() == LIVES), "{seen:?}");
    assert_eq!(
        sandbox.token_grants().granted(),
        lives.len() as u64,
        "{seen:?}"
    );
    // On a machine that gives each its turn they are the same four.
    println!("{} lives, {:?}", lives.len(), sandbox.token_grants());
}

const REVOCATIONS: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_revoked_under_load_fails_no_call_of_any_process() {
    let redis = RedisServer::start();
    let sandbox = Sandbox::start().await.unwrap();
    let mut processes: Vec<_> = (0..4)
        .map(|_| Process::start("calls", &redis, &sandbox))
        .collect();
    for revocation in 0..=REVOCATIONS {
        // Each process says when it has the next token.
        processes = tokio::task::spawn_blocking(move || {
            for process in &mut processes {
                let said = process.says().unwrap();
                assert_eq!(said, (revocation + 1).to_string());
            }
            processes
        })
        .await
        .unwrap();
        assert_eq!(sandbox.token_grants().granted(), revocation as u64 + 1);
        if revocation < REVOCATIONS {
            sandbox.revoke_tokens();
        }
    }
    tokio::task::spawn_blocking(move || {
        processes
            .into_iter()
            .for_each(|process| drop(process.end()))
    })
    .await
    .unwrap();
    assert_eq!(sandbox.token_grants().granted(), REVOCATIONS as u64 + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_killed_with_the_lock_is_followed() {
    let redis = RedisServer::start();
    let sandbox = Sandbox::start().await.unwrap();
    let fault = sandbox
        .faults()
        .add(Fault::stall().on_token().before_effect());
    let process = Process::start("token", &redis, &sandbox);
    while sandbox.faults().injections(fault) == 0 {
        pass().await;
    }
    // It asks the gateway now, and so holds the lock.
    let hasty = TokenSettings::default().wait_for_other(Duration::ZERO);
    let error = builder(sandbox.url(), credentials(&sandbox), store(&redis))
        .token_settings(hasty)
        .build()
        .unwrap()
        .token()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("another process"), "{error}");
    drop(process);
    sandbox.faults().clear();
    let client = client(sandbox.url(), credentials(&sandbox), store(&redis));
    client.token().await.unwrap();
    assert_eq!(sandbox.token_grants().granted(), 1);
}
