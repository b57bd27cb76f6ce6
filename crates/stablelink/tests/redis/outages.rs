//! Clients whose token store fails: how many calls fail, and how many tokens are requested.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use stablelink::{Client, Decimal, RedisConnection, RedisStore};
use stablelink_sandbox::Sandbox;

use crate::redis_server::RedisServer;
use crate::store::{client, credentials};

const CLIENTS: usize = 4;
const CALLS: usize = 5;

/// The calls of all clients in one phase.
#[derive(Debug, PartialEq)]
enum Calls {
    Succeed,
    /// They fail with an error of the store. None is ambiguous, and none blames the credentials.
    FailWithStoreError,
}
use Calls::{FailWithStoreError, Succeed};

async fn call(clients: &[Client]) -> Calls {
    let mut calls = tokio::task::JoinSet::new();
    for client in clients {
        let client = client.clone();
        calls.spawn(async move {
            let mut failed = 0;
            for _ in 0..CALLS {
                let quote = client.exchange_rates().quote("USDT", "USD");
                if let Err(error) = quote.amount(Decimal::ONE).await {
                    assert_eq!(error.kind().name(), "store", "{error}");
                    assert!(!error.may_have_taken_effect(), "{error}");
                    failed += 1;
                }
            }
            failed
        });
    }
    match calls.join_all().await.into_iter().sum::<usize>() {
        0 => Succeed,
        failed if failed == CLIENTS * CALLS => FailWithStoreError,
        failed => panic!("{failed} of {} calls failed", CLIENTS * CALLS),
    }
}

/// Runs three phases of calls: after the store was broken, after the gateway has revoked the token as well, and after the store
/// was repaired. Returns their results and the number of tokens that were issued.
async fn run_outage(
    sandbox: &Sandbox,
    clients: &[Client],
    disturb: impl AsyncFnOnce(),
    repair: impl AsyncFnOnce(),
) -> (Calls, Calls, Calls, u64) {
    assert_eq!(call(clients).await, Succeed);
    disturb().await;
    let valid = call(clients).await;
    sandbox.revoke_tokens();
    let revoked = call(clients).await;
    repair().await;
    let repaired = call(clients).await;
    (valid, revoked, repaired, sandbox.token_grants().granted())
}

/// Sends a command to Redis. `TOKEN`, `LOCK` and `GENERATION` are the keys of the store.
async fn send(redis: &mut MultiplexedConnection, token: &str, command: &str) {
    let mut parts = redis::Cmd::new();
    for part in command.split(' ') {
        match part {
            "TOKEN" => parts.arg(token),
            "LOCK" => parts.arg(format!("{token}:lock")),
            "GENERATION" => parts.arg(format!("{token}:fence")),
            _ => parts.arg(part),
        };
    }
    let _: redis::Value = parts.query_async(redis).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_outage_fails_only_calls_that_need_a_new_token() {
    for (disturb, repair, revoked, granted) in [
        // All data is lost.
        (&["FLUSHALL"][..], &[][..], Succeed, 2),
        (&["DEL TOKEN"], &[], Succeed, 2),
        (&["DEL GENERATION"], &[], Succeed, 2),
        // Redis evicts keys, or is full and rejects writes.
        (
            &[
                "CONFIG SET maxmemory-policy allkeys-random",
                "CONFIG SET maxmemory 1",
            ],
            &["CONFIG SET maxmemory 0"],
            FailWithStoreError,
            2,
        ),
        (
            &["CONFIG SET maxmemory 1"],
            &["CONFIG SET maxmemory 0"],
            FailWithStoreError,
            2,
        ),
        (&["CLIENT PAUSE 300 ALL"], &[], Succeed, 2),
        (
            &[
                "CONFIG SET requirepass x",
                "CLIENT KILL TYPE normal SKIPME yes",
            ],
            &["CONFIG SET requirepass "],
            FailWithStoreError,
            2,
        ),
        // Another program has written the keys.
        (&["SET TOKEN text"], &["DEL TOKEN"], FailWithStoreError, 2),
        (&["RPUSH LOCK a"], &["DEL LOCK"], FailWithStoreError, 2),
        (
            &["DEL GENERATION", "RPUSH GENERATION a"],
            &["DEL GENERATION"],
            FailWithStoreError,
            2,
        ),
        (&["SET GENERATION text"], &[], Succeed, 2),
        (&["HSET TOKEN json notes"], &[], Succeed, 2),
        (&["SET LOCK other PX 500"], &[], Succeed, 2),
    ] {
        let redis = RedisServer::start();
        let sandbox = Sandbox::start().await.unwrap();
        let clients: Vec<Client> = (0..CLIENTS)
            .map(|_| {
                let connection = RedisConnection::new(&redis.url()).unwrap();
                client(
                    sandbox.url(),
                    credentials(&sandbox),
                    RedisStore::new(connection),
                )
            })
            .collect();
        let connection = redis::Client::open(redis.url()).unwrap();
        let mut connection = connection.get_multiplexed_async_connection().await.unwrap();
        clients[0].token().await.unwrap();
        let keys: Vec<String> = redis::cmd("KEYS")
            .arg("*}")
            .query_async(&mut connection)
            .await
            .unwrap();
        let run = async |commands: &[&str]| {
            for command in commands {
                send(&mut connection.clone(), &keys[0], command).await;
            }
        };
        let outage = run_outage(
            &sandbox,
            &clients,
            async || run(disturb).await,
            async || run(repair).await,
        );
        assert_eq!(
            outage.await,
            (Succeed, revoked, Succeed, granted),
            "{disturb:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_redis_fails_only_calls_that_need_a_new_token() {
    for suspended in [false, true] {
        let redis = tokio::sync::Mutex::new(RedisServer::start());
        let sandbox = Sandbox::start().await.unwrap();
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            let connection = RedisConnection::new(&redis.lock().await.url()).unwrap();
            let connection = connection.timeout(Duration::from_millis(200));
            clients.push(client(
                sandbox.url(),
                credentials(&sandbox),
                RedisStore::new(connection),
            ));
        }
        let disturb = async || match suspended {
            true => redis.lock().await.stall(true),
            false => redis.lock().await.stop(),
        };
        let repair = async || match suspended {
            true => redis.lock().await.stall(false),
            false => redis.lock().await.restart(),
        };
        let outage = run_outage(&sandbox, &clients, disturb, repair).await;
        assert_eq!(
            outage,
            (Succeed, FailWithStoreError, Succeed, 2),
            "{suspended}"
        );
    }
}

#[cfg(all(unix, feature = "file-store"))]
mod files {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    use stablelink::FileStore;

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn damaged_token_file_fails_only_calls_that_need_a_new_token() {
        type Change = fn(&Path);
        let nothing: Change = |_| {};
        for (name, disturb, repair, revoked, granted) in [
            (
                "deleted",
                (|path| fs::remove_file(path).unwrap()) as Change,
                nothing,
                Succeed,
                2,
            ),
            (
                "empty",
                |path| fs::write(path, "").unwrap(),
                nothing,
                Succeed,
                2,
            ),
            (
                "text",
                |path| fs::write(path, "notes").unwrap(),
                |path| fs::remove_file(path).unwrap(),
                FailWithStoreError,
                2,
            ),
            (
                "truncated",
                |path| fs::write(path, r#"{"stablelink_tokens":{"#).unwrap(),
                |path| fs::remove_file(path).unwrap(),
                FailWithStoreError,
                2,
            ),
            (
                "readable by others",
                |path| set_mode(path, 0o644),
                |path| set_mode(path, 0o600),
                FailWithStoreError,
                2,
            ),
            (
                "symbolic link",
                |path| {
                    fs::rename(path, path.with_file_name("moved")).unwrap();
                    symlink(path.with_file_name("moved"), path).unwrap();
                },
                |path| fs::rename(path.with_file_name("moved"), path).unwrap(),
                FailWithStoreError,
                2,
            ),
            (
                "folder",
                |path| {
                    fs::remove_file(path).unwrap();
                    fs::create_dir(path).unwrap();
                },
                |path| fs::remove_dir(path).unwrap(),
                FailWithStoreError,
                2,
            ),
            (
                "deleted folder",
                |path| fs::remove_dir_all(path.parent().unwrap()).unwrap(),
                |path| fs::create_dir(path.parent().unwrap()).unwrap(),
                FailWithStoreError,
                2,
            ),
            (
                "damaged locks",
                |path| fs::write(path.with_extension("lock"), b"\xff").unwrap(),
                nothing,
                Succeed,
                2,
            ),
            (
                "locks readable by others",
                |path| set_mode(&path.with_extension("lock"), 0o640),
                |path| set_mode(&path.with_extension("lock"), 0o600),
                FailWithStoreError,
                2,
            ),
        ] {
            let home = tempfile::tempdir().unwrap();
            let folder = home.path().join("state");
            fs::create_dir(&folder).unwrap();
            let path = folder.join("tokens");
            let sandbox = Sandbox::start().await.unwrap();
            let clients: Vec<Client> = (0..CLIENTS)
                .map(|_| {
                    client(
                        sandbox.url(),
                        credentials(&sandbox),
                        FileStore::at(&path).unwrap(),
                    )
                })
                .collect();
            let outage = run_outage(
                &sandbox,
                &clients,
                async || disturb(&path),
                async || repair(&path),
            )
            .await;
            assert_eq!(outage, (Succeed, revoked, Succeed, granted), "{name}");
        }
    }
}
