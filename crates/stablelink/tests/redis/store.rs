//! Tokens in a real Redis that several processes share.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, SystemTime};

use secrecy::ExposeSecret;
use stablelink::{
    BoxFuture, Client, ClientBuilder, Clock, Credentials, Decimal, Environment, Error, ErrorKind,
    NewCheckoutOrder, RedisConnection, RedisStore, RefreshLock, StoreError, StoreKey, StoredToken,
    SystemClock, TokenStore,
};
use stablelink_sandbox::{Fault, Sandbox, SandboxOperation};

use crate::contract;
use crate::redis_server::RedisServer;

type StoreFuture<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

const TTL: Duration = Duration::from_secs(60);

fn store(redis: &RedisServer) -> RedisStore {
    store_with_timeout(redis, Duration::from_secs(2))
}

fn store_with_timeout(redis: &RedisServer, timeout: Duration) -> RedisStore {
    let connection = RedisConnection::new(&redis.url()).unwrap();
    RedisStore::new(connection.timeout(timeout))
}

fn key() -> StoreKey {
    StoreKey::new("https://pay.example", "account")
}

/// Waits a little for a lock or a token to expire in Redis.
async fn wait() {
    tokio::time::sleep(Duration::from_millis(10)).await;
}

fn builder(gateway: &str, credentials: Credentials, store: impl TokenStore) -> ClientBuilder {
    crate::watch::listen();
    Client::builder()
        .environment(Environment::at(gateway).unwrap())
        .credentials(credentials)
        .token_store(store)
}

pub(crate) fn client(gateway: &str, credentials: Credentials, store: impl TokenStore) -> Client {
    builder(gateway, credentials, store).build().unwrap()
}

pub(crate) fn credentials(sandbox: &Sandbox) -> Credentials {
    let secrets = sandbox.credentials();
    Credentials::new(
        secrets.api_key().expose_secret(),
        secrets.api_secret().expose_secret(),
        secrets.sign_key().expose_secret(),
    )
}

#[tokio::test]
async fn redis_store_keeps_the_store_contract() {
    let redis = RedisServer::start();
    contract::check(&store(&redis), "account", wait).await;
    // Different prefixes are separate stores.
    let other = store(&redis).prefix("other:");
    contract::check(&other, "account", wait).await;
}

/// The Redis user in the rustdoc of the store has exactly the permissions that the store needs.
#[tokio::test]
async fn documented_redis_user_has_the_needed_permissions_only() {
    let docs = include_str!("../../src/token/store/redis.rs");
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
    let store = RedisStore::new(RedisConnection::new(&url).unwrap());
    contract::check(&store, "account", wait).await;

    let elsewhere = store.prefix("other:");
    let error = elsewhere.load(&key()).await.unwrap_err();
    let text = "Redis rejected the command: NOPERM: the user has no permission for this command or this key; see `RedisStore`";
    assert_eq!(error.to_string(), text);
    assert!(!Error::from(error).is_retryable());
    let user = redis::Client::open(url).unwrap();
    let mut user = user.get_multiplexed_async_connection().await.unwrap();
    for other in ["KEYS *", "FLUSHALL", "CONFIG GET *", "EVALSHA x 0"] {
        let mut command = redis::Cmd::new();
        for word in other.split(' ') {
            command.arg(word);
        }
        let result = command.query_async::<redis::Value>(&mut user).await;
        assert_eq!(result.unwrap_err().code(), Some("NOPERM"), "{other}");
    }
}

#[tokio::test]
async fn generations_grow_after_redis_loses_its_data() {
    let mut redis = RedisServer::start();
    let store = store(&redis);
    let old = store.lock(&key(), "old", TTL).await.unwrap().unwrap();
    redis.restart();
    // The connection is broken at the first command.
    let new = store.lock(&key(), "new", TTL).await.unwrap().unwrap();
    assert!(new.generation() > old.generation());
    let stale = contract::token(old.generation(), "stale");
    assert!(!store.save(&key(), &stale, &old).await.unwrap());
    assert!(store.load(&key()).await.unwrap().is_none());

    // There is no newer lock, so the holder may save.
    redis.restart();
    let kept = contract::token(new.generation(), "kept");
    assert!(store.save(&key(), &kept, &new).await.unwrap());
    assert!(!store.save(&key(), &stale, &old).await.unwrap());
}

#[tokio::test]
async fn repeated_command_has_the_same_effect() {
    let redis = RedisServer::start();
    let store = store(&redis);
    let first = store.lock(&key(), "a", TTL).await.unwrap().unwrap();
    let again = store.lock(&key(), "a", TTL).await.unwrap().unwrap();
    assert!(again.generation() > first.generation());
    let token = contract::token(again.generation(), "a");
    for _ in 0..2 {
        assert!(store.save(&key(), &token, &again).await.unwrap());
        store.invalidate(&key(), again.generation()).await.unwrap();
    }
    for _ in 0..2 {
        store.unlock(&key(), &again).await.unwrap();
    }
    assert!(store.lock(&key(), "b", TTL).await.unwrap().is_some());
}

#[tokio::test]
async fn redis_outage_is_a_transient_error() {
    let mut redis = RedisServer::start();
    let store = store_with_timeout(&redis, Duration::from_millis(200));
    assert!(store.load(&key()).await.unwrap().is_none());
    redis.stall(true);
    let error = store.load(&key()).await.unwrap_err();
    assert_eq!(error.to_string(), "Redis did not respond within 200ms");
    assert!(Error::from(error).is_retryable());
    // The same with a new connection.
    let error = store.load(&key()).await.unwrap_err();
    assert_eq!(error.to_string(), "Redis did not respond within 200ms");
    redis.stall(false);
    let patient = store_with_timeout(&redis, Duration::from_secs(10));
    assert!(patient.load(&key()).await.unwrap().is_none());
    redis.stop();
    let error = patient.load(&key()).await.unwrap_err();
    assert!(error.to_string().contains("is unreachable"));
    assert!(Error::from(error).is_retryable());
    redis.restart();
    assert!(patient.load(&key()).await.unwrap().is_none());
}

#[tokio::test]
async fn redis_outage_does_not_request_an_unshared_token() {
    let mut redis = RedisServer::start();
    let sandbox = Sandbox::builder().token_lifetime(2).start().await.unwrap();
    let client = client(sandbox.url(), credentials(&sandbox), store(&redis));
    let token = client.token().await.unwrap();
    redis.stop();
    // The token is used until it expires, although early refreshes fail.
    let error = loop {
        match client.token().await {
            Ok(held) => assert_eq!(held.generation(), token.generation()),
            Err(error) => break error,
        }
        wait().await;
    };
    assert!(matches!(error.kind(), ErrorKind::Store { .. }), "{error}");
    assert!(error.is_retryable());
    assert_eq!(sandbox.token_grants().granted(), 1);
    redis.restart();
    let next = client.token().await.unwrap();
    assert!(next.generation() > token.generation());
    assert_eq!(sandbox.token_grants().granted(), 2);
}

/// With a stopped, a stalled and a recovered Redis, a payment returns a typed error before the deadline, or succeeds once.
#[tokio::test]
async fn payment_meets_its_deadline_during_a_redis_outage() {
    let mut redis = RedisServer::start();
    let sandbox = Sandbox::start().await.unwrap();
    let order = NewCheckoutOrder::usd(Decimal::ONE, "ETH_USDT", "6".into(), "1".into());
    // Longer than the whole test: only the deadline of the call applies.
    let hour = Duration::from_secs(3_600);
    let pay = async |redis: &RedisServer, deadline: Duration| {
        // Each client starts without a token.
        let client = builder(
            sandbox.url(),
            credentials(&sandbox),
            store_with_timeout(redis, hour),
        );
        let client = client.deadline(deadline).build().unwrap();
        client.checkout_orders().create(&order).await.map(drop)
    };
    redis.stop();
    let error = pay(&redis, hour).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Store { .. }), "{error}");
    assert!(error.is_retryable());
    redis.restart();
    redis.stall(true);
    let error = pay(&redis, Duration::from_millis(300)).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout), "{error}");
    assert!(error.is_retryable(), "nothing was sent");
    assert_eq!(sandbox.request_count(), 0);
    redis.stall(false);
    pay(&redis, hour).await.unwrap();
    let made = sandbox
        .effects()
        .total(SandboxOperation::CreateCheckoutOrder);
    assert_eq!((made, sandbox.token_grants().granted()), (1, 1));
}

/// The keys contain the gateway but not the API key, and they have a TTL.
#[tokio::test]
async fn keys_contain_no_secret_and_expire() {
    let redis = RedisServer::start();
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(sandbox.url(), credentials(&sandbox), store(&redis));
    let token = client.token().await.unwrap();
    let inspector = redis::Client::open(redis.url()).unwrap();
    let mut inspector = inspector.get_multiplexed_async_connection().await.unwrap();
    let mut names: Vec<String> = redis::cmd("KEYS")
        .arg("*")
        .query_async(&mut inspector)
        .await
        .unwrap();
    names.sort();
    // The lock was released.
    assert_eq!(names.len(), 2, "{names:?}");
    let api_key = sandbox.credentials().api_key().expose_secret().to_owned();
    let prefix = format!("stablelink:token:{{{}|", sandbox.url());
    for name in &names {
        assert!(name.starts_with(&prefix), "{name}");
        assert!(!name.contains(&api_key), "{name}");
        let ttl: i64 = redis::cmd("PTTL")
            .arg(name)
            .query_async(&mut inspector)
            .await
            .unwrap();
        assert!(ttl > 0, "{name}: {ttl}");
    }
    // The tokens are not encrypted, as documented.
    let stored: String = redis::cmd("HGET")
        .arg(&names[0])
        .arg("json")
        .query_async(&mut inspector)
        .await
        .unwrap();
    assert!(stored.contains(token.token().expose_secret()));
    assert!(stored.contains("refresh_token"));
    assert!(!stored.contains(&api_key));
}

#[tokio::test]
async fn second_client_uses_the_stored_token() {
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

/// The work of a child process.
const ROLE: &str = "STABLELINK_TEST_ROLE";
/// The URL of Redis, or the path of a token file.
const STORE: &str = "STABLELINK_TEST_STORE";
const GATEWAY: &str = "STABLELINK_TEST_GATEWAY";

/// This test program in a child process that runs [`child_process`] only.
struct ChildProcess(Child, BufReader<ChildStdout>);

impl ChildProcess {
    fn start(role: &str, store: &str, sandbox: &Sandbox) -> Self {
        let program = std::env::current_exe().unwrap();
        Self::start_with(Command::new(program), role, store, sandbox)
    }

    /// Starts this test program with a command that runs it.
    fn start_with(mut command: Command, role: &str, store: &str, sandbox: &Sandbox) -> Self {
        let secrets = sandbox.credentials();
        let mut child = command
            .args(["--exact", "store::child_process", "--nocapture"])
            .env(ROLE, role)
            .env(STORE, store)
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

    /// Returns the next line that the child process prints, without the lines of the test harness.
    fn next_line(&mut self) -> Option<String> {
        let mut line = String::new();
        while self.1.read_line(&mut line).unwrap() > 0 {
            if let Some((_, text)) = line.split_once("prints ") {
                return Some(text.trim().to_owned());
            }
            line.clear();
        }
        None
    }

    fn end(mut self) -> Vec<String> {
        let lines = std::iter::from_fn(|| self.next_line()).collect();
        assert!(self.0.wait().unwrap().success());
        lines
    }
}

/// Kills the process unless it has exited.
impl Drop for ChildProcess {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs in the child processes of the tests below.
#[tokio::test]
async fn child_process() {
    let Ok(role) = std::env::var(ROLE) else {
        return;
    };
    let store = std::env::var(STORE).unwrap();
    let gateway = std::env::var(GATEWAY).unwrap();
    let credentials = Credentials::from_env().unwrap();
    let builder = match RedisConnection::new(&store) {
        Ok(redis) if role == "token" => {
            let store = ShortLocks(RedisStore::new(redis));
            builder(&gateway, credentials, store).clock(FastClock::new(SPEED))
        }
        Ok(redis) => builder(&gateway, credentials, RedisStore::new(redis)),
        #[cfg(all(unix, feature = "file-store"))]
        Err(_) => {
            let store = stablelink::FileStore::at(store).unwrap();
            builder(&gateway, credentials, store)
        }
        #[cfg(not(all(unix, feature = "file-store")))]
        Err(error) => panic!("{error}"),
    };
    let builder = match &*role {
        // Each token lasts for 1 s of real time instead of 2 s.
        "tokens" => builder.clock(FastClock::new(2)),
        _ => builder,
    };
    let client = builder.build().unwrap();
    match &*role {
        "token" => drop(client.token().await),
        "outcomes" => print_outcomes(&client).await,
        "tokens" => observe_tokens(&client).await,
        "calls" => call_until_revoked(&client).await,
        _ => panic!("unknown role {role}"),
    }
}

/// How many calls a process with the role "outcomes" makes.
const OUTCOMES: usize = 30;

/// Prints the outcome of each call.
async fn print_outcomes(client: &Client) {
    for _ in 0..OUTCOMES {
        let rates = client.exchange_rates();
        let outcome = match rates.quote("USDT", "USD").amount(7).await {
            Ok(_) => "done",
            Err(error) => error.kind().name(),
        };
        println!("prints {outcome}");
        wait().await;
    }
}

/// Prints the generation of each new token.
async fn observe_tokens(client: &Client) {
    let mut seen = Vec::new();
    while seen.len() < TOKENS {
        let token = client.token().await.unwrap();
        if seen.last() != Some(&token.generation()) {
            println!("prints {}", token.generation());
            seen.push(token.generation());
        }
        wait().await;
    }
}

/// Calls until the token was refreshed after the last revocation; every call must succeed.
async fn call_until_revoked(client: &Client) {
    let mut seen = BTreeSet::new();
    while seen.len() <= REVOCATIONS {
        let rates = client.exchange_rates();
        rates.quote("USDT", "USD").amount(7).await.unwrap();
        if seen.insert(client.token().await.unwrap().generation()) {
            println!("prints {}", seen.len());
        }
    }
}

/// How many tokens each process observes.
const TOKENS: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_processes_request_one_token_per_lifetime() {
    let redis = RedisServer::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens");
    let mut stores = vec![redis.url()];
    if cfg!(all(unix, feature = "file-store")) {
        stores.push(file.to_str().unwrap().to_owned());
    }
    for store in stores {
        let sandbox = Sandbox::builder().token_lifetime(2).start().await.unwrap();
        let processes: Vec<_> = (0..8)
            .map(|_| ChildProcess::start("tokens", &store, &sandbox))
            .collect();
        let seen = tokio::task::spawn_blocking(move || {
            processes
                .into_iter()
                .map(ChildProcess::end)
                .collect::<Vec<_>>()
        })
        .await
        .unwrap();
        let generations: BTreeSet<_> = seen.iter().flatten().collect();
        assert!(seen.iter().all(|seen| seen.len() == TOKENS), "{seen:?}");
        assert_eq!(
            sandbox.token_grants().granted(),
            generations.len() as u64,
            "{seen:?}"
        );
        // On an idle machine all processes observe the same four tokens.
        println!(
            "{} generations, {:?}",
            generations.len(),
            sandbox.token_grants()
        );
    }
}

/// The files cannot grow beyond one block, which is enough for the locks but not for the tokens.
#[cfg(all(unix, feature = "file-store"))]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_with_a_full_disk_request_one_token_each() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens");
    // The tokens of other accounts are kept, so that a new file exceeds one block.
    let others: serde_json::Map<_, _> = (0..20)
        .map(|number| {
            let token = serde_json::json!({
                "version": 1, "generation": 1, "access_token": "a".repeat(100), "expires_at_ms": u64::MAX,
            });
            (format!("https://pay.example|{number}"), token)
        })
        .collect();
    let tokens = serde_json::json!({"stablelink_tokens": others}).to_string();
    std::fs::write(&file, tokens).unwrap();
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&file, permissions).unwrap();
    let sandbox = Sandbox::start().await.unwrap();
    let processes: Vec<_> = (0..3)
        .map(|_| {
            let mut command = Command::new("sh");
            // A write that exceeds the limit fails instead of ending the process.
            command.args(["-c", r#"trap '' XFSZ; ulimit -f 1; exec "$0" "$@""#]);
            command.arg(std::env::current_exe().unwrap());
            ChildProcess::start_with(command, "outcomes", file.to_str().unwrap(), &sandbox)
        })
        .collect();
    let outcomes = tokio::task::spawn_blocking(move || {
        processes
            .into_iter()
            .map(ChildProcess::end)
            .collect::<Vec<_>>()
    })
    .await
    .unwrap();
    // Each process uses its own token until another process requests one.
    for outcomes in &outcomes {
        assert_eq!(outcomes.len(), OUTCOMES);
        assert!(
            outcomes
                .iter()
                .all(|outcome| outcome == "done" || outcome == "store"),
            "{outcomes:?}"
        );
    }
    let succeeds = |outcomes: &&Vec<String>| outcomes.iter().all(|outcome| outcome == "done");
    assert!(
        outcomes.iter().any(|outcomes| succeeds(&outcomes)),
        "{outcomes:?}"
    );
    assert_eq!(sandbox.token_grants().granted(), 3, "{outcomes:?}");
}

const REVOCATIONS: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revoked_token_under_load_fails_no_call() {
    let redis = RedisServer::start();
    let sandbox = Sandbox::start().await.unwrap();
    let mut processes: Vec<_> = (0..4)
        .map(|_| ChildProcess::start("calls", &redis.url(), &sandbox))
        .collect();
    for revocation in 0..=REVOCATIONS {
        // Each process prints a line when it has the next token.
        processes = tokio::task::spawn_blocking(move || {
            for process in &mut processes {
                let line = process.next_line().unwrap();
                assert_eq!(line, (revocation + 1).to_string());
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

/// How many times faster the clock of the lock tests runs, and [`ShortLocks`] expire.
const SPEED: u32 = 4;

/// A clock that runs faster than real time by this factor.
#[derive(Debug)]
struct FastClock(SystemClock, u32);

impl FastClock {
    fn new(speed: u32) -> Self {
        Self(SystemClock::default(), speed)
    }
}

impl Clock for FastClock {
    fn now(&self) -> SystemTime {
        self.0.now()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic() * self.1
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()> {
        self.0.sleep(pause / self.1)
    }

    fn alarm(&self, limit: Duration) -> BoxFuture<'static, ()> {
        self.0.alarm(limit / self.1)
    }
}

/// A store whose locks expire earlier.
#[derive(Debug)]
struct ShortLocks(RedisStore);

impl TokenStore for ShortLocks {
    fn load<'a>(&'a self, key: &'a StoreKey) -> StoreFuture<'a, Option<StoredToken>> {
        self.0.load(key)
    }

    fn lock<'a>(
        &'a self,
        key: &'a StoreKey,
        owner: &'a str,
        ttl: Duration,
    ) -> StoreFuture<'a, Option<RefreshLock>> {
        self.0.lock(key, owner, ttl / SPEED)
    }

    fn save<'a>(
        &'a self,
        key: &'a StoreKey,
        token: &'a StoredToken,
        lock: &'a RefreshLock,
    ) -> StoreFuture<'a, bool> {
        self.0.save(key, token, lock)
    }

    fn unlock<'a>(&'a self, key: &'a StoreKey, lock: &'a RefreshLock) -> StoreFuture<'a, ()> {
        self.0.unlock(key, lock)
    }

    fn invalidate<'a>(&'a self, key: &'a StoreKey, generation: u64) -> StoreFuture<'a, ()> {
        self.0.invalidate(key, generation)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_lock_holder_is_replaced_after_the_ttl() {
    let redis = RedisServer::start();
    let sandbox = Sandbox::start().await.unwrap();
    let fault = sandbox
        .faults()
        .add(Fault::stall().on_token().before_effect());
    let process = ChildProcess::start("token", &redis.url(), &sandbox);
    tokio::time::timeout(Duration::from_secs(30), async {
        while sandbox.faults().injections(fault) == 0 {
            wait().await;
        }
    })
    .await
    .unwrap();
    // The process is now requesting a token. It extends its lock, so another one waits for longer than the TTL, 1.5 s.
    let builder = builder(
        sandbox.url(),
        credentials(&sandbox),
        ShortLocks(store(&redis)),
    );
    let client = builder.clock(FastClock::new(SPEED)).build().unwrap();
    let waiting = tokio::time::timeout(Duration::from_secs(2), client.token()).await;
    assert!(waiting.is_err());
    assert_eq!(sandbox.faults().injections(fault), 1);
    drop(process);
    sandbox.faults().clear();
    client.token().await.unwrap();
    assert_eq!(sandbox.token_grants().granted(), 1);
}

/// The store is suspended for longer than the TTL of the lock while its holder requests a token.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_paused_for_longer_than_the_lock_costs_no_second_token() {
    let redis = RedisServer::start();
    let sandbox = Sandbox::start().await.unwrap();
    let fault = sandbox
        .faults()
        .add(Fault::latency(Duration::from_millis(500)).on_token());
    let clients: Vec<Client> = (0..4)
        .map(|_| {
            let store = ShortLocks(store_with_timeout(&redis, TTL));
            let builder = builder(sandbox.url(), credentials(&sandbox), store);
            builder.clock(FastClock::new(SPEED)).build().unwrap()
        })
        .collect();
    let mut tokens = tokio::task::JoinSet::new();
    for client in clients {
        tokens.spawn(async move { client.token().await.unwrap().generation() });
    }
    while sandbox.faults().injections(fault) == 0 {
        wait().await;
    }
    redis.stall(true);
    tokio::time::sleep(Duration::from_secs(2)).await;
    redis.stall(false);
    let generations: BTreeSet<_> = tokens.join_all().await.into_iter().collect();
    // Redis expires the lock when it resumes. The first client that acquires it saves a token, and all use that token.
    assert_eq!(generations.len(), 1, "{generations:?}");
    assert!(
        sandbox.token_grants().granted() <= 2,
        "{:?}",
        sandbox.token_grants()
    );
}
