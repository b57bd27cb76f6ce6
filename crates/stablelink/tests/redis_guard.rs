//! The replay guard in a real Redis.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/redis_server.rs"]
mod redis_server;
#[path = "support/watch.rs"]
mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use redis_server::RedisServer;
use stablelink::testing::TestDelivery;
use stablelink::webhook::{
    Claim, EventKey, HandleError, Lease, Outcome, RedisGuard, ReplayGuard, Verified, Webhooks,
    handle,
};
use stablelink::{Error, ErrorKind};
use stablelink_signature::Timestamp;

const NOW: Timestamp = Timestamp::from_millis(1_779_846_460_000);

fn delivery(id: &str) -> Verified {
    let key = "unit-test-sign-key-not-real-0001".into();
    let sent = TestDelivery::of("X").id(id).signed(&key, NOW).unwrap();
    Webhooks::new(&key)
        .unwrap()
        .scope("https://pay.example")
        .verify(&sent.headers, sent.body, NOW)
        .unwrap()
}

fn event_key(id: &str) -> EventKey {
    delivery(id).parse().unwrap().key()
}

fn guard(server: &RedisServer) -> RedisGuard {
    watch::listen();
    // Patient: machines that test may be slow.
    RedisGuard::connect(&server.url())
        .unwrap()
        .timeout(Duration::from_secs(60))
}

async fn lease(guard: &RedisGuard, key: &EventKey) -> Lease {
    match guard.claim(key).await.unwrap() {
        Claim::New(lease) => lease,
        other => panic!("{other:?}"),
    }
}

/// Another connection, to look at what is there and to let time pass without waiting for it.
struct Eye(redis::aio::MultiplexedConnection);

impl Eye {
    async fn on(server: &RedisServer) -> Self {
        let client = redis::Client::open(server.url()).unwrap();
        Self(client.get_multiplexed_async_connection().await.unwrap())
    }

    async fn ask<T: redis::FromRedisValue>(&mut self, words: &[&str]) -> T {
        let mut command = redis::Cmd::new();
        for word in words {
            command.arg(*word);
        }
        command.query_async(&mut self.0).await.unwrap()
    }

    fn key(key: &EventKey) -> String {
        format!("stablelink:webhook:{}", key.as_str())
    }

    /// The time of this event is up.
    async fn end(&mut self, key: &EventKey) {
        let ended: i64 = self.ask(&["PEXPIREAT", &Self::key(key), "1"]).await;
        assert_eq!(ended, 1);
    }

    /// How long it is still there.
    async fn rest(&mut self, key: &EventKey) -> Duration {
        let millis: i64 = self.ask(&["PTTL", &Self::key(key)]).await;
        Duration::from_millis(u64::try_from(millis).expect("it must end by itself"))
    }
}

#[tokio::test]
async fn a_claim_is_committed_released_or_ends() {
    let server = RedisServer::start();
    // Two processes, as far as Redis can tell.
    let (here, there) = (guard(&server), guard(&server));
    let mut eye = Eye::on(&server).await;
    let key = event_key("1");

    let first = lease(&here, &key).await;
    assert_eq!(there.claim(&key).await.unwrap(), Claim::InProgress);
    assert_eq!(here.claim(&key).await.unwrap(), Claim::InProgress);
    assert!(eye.rest(&key).await <= Duration::from_secs(60));
    here.release(&first).await.unwrap();

    let second = lease(&there, &key).await;
    eye.end(&key).await;
    let third = lease(&here, &key).await;
    there.release(&second).await.unwrap();
    assert!(!there.commit(&second).await.unwrap());
    assert_eq!(there.claim(&key).await.unwrap(), Claim::InProgress);
    assert!(here.commit(&third).await.unwrap());
    assert!(there.commit(&second).await.unwrap(), "it was handled");
    here.release(&third).await.unwrap();
    assert_eq!(there.claim(&key).await.unwrap(), Claim::Done);
    let rest = eye.rest(&key).await;
    assert!(rest > Duration::from_secs(84_840 + 225), "{rest:?}");

    eye.end(&key).await;
    let late = lease(&there, &key).await;
    eye.end(&key).await;
    assert!(
        there.commit(&late).await.unwrap(),
        "it ended and nobody took it"
    );
    assert_eq!(here.claim(&key).await.unwrap(), Claim::Done);
}

#[tokio::test]
async fn keys_hold_no_id_and_stand_apart() {
    let server = RedisServer::start();
    let mut eye = Eye::on(&server).await;
    let key = event_key("evt Leo Secretive");
    let ours = guard(&server)
        .lease(Duration::from_secs(5))
        .retention(Duration::from_secs(7));
    let lease = lease(&ours, &key).await;
    let others = guard(&server).prefix("other:");
    assert!(matches!(others.claim(&key).await.unwrap(), Claim::New(_)));
    assert!(eye.rest(&key).await <= Duration::from_secs(5));
    assert!(ours.commit(&lease).await.unwrap());
    assert!(eye.rest(&key).await > Duration::from_secs(5));

    let mut keys: Vec<String> = eye.ask(&["KEYS", "*"]).await;
    keys.sort();
    let hash = "id:df4988475354f36b31099b84c5ab1159:https://pay.example";
    assert_eq!(
        keys,
        [
            format!("other:{hash}"),
            format!("stablelink:webhook:{hash}")
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_at_once_one_runs() {
    let server = RedisServer::start();
    let verified = Arc::new(delivery("1"));
    let runs = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let (verified, runs) = (verified.clone(), runs.clone());
            let guard = Arc::new(guard(&server));
            tokio::spawn(async move {
                handle(&verified, &guard, |_| async {
                    runs.fetch_add(1, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                    Ok::<_, ()>(())
                })
                .await
                .unwrap()
            })
        })
        .collect();
    let mut handled = 0;
    for task in tasks {
        handled += usize::from(matches!(task.await.unwrap(), Outcome::Handled(())));
    }
    assert_eq!((handled, runs.load(Ordering::SeqCst)), (1, 1));
    let last = guard(&server).claim(&event_key("1")).await.unwrap();
    assert_eq!(last, Claim::Done);
}

#[tokio::test]
async fn redis_gone_is_a_typed_error_and_back_is_back() {
    let mut server = RedisServer::start();
    let guard = Arc::new(guard(&server));
    let verified = delivery("1");
    let runs = AtomicUsize::new(0);
    let run = async || {
        handle(&verified, &guard, async |_| {
            runs.fetch_add(1, Ordering::SeqCst);
            Ok::<_, Error>(())
        })
        .await
    };
    assert!(matches!(run().await.unwrap(), Outcome::Handled(())));
    server.stop();
    for _ in 0..3 {
        let Err(HandleError::Guard(error)) = run().await else {
            panic!("handled without a claim");
        };
        assert!(matches!(error.kind(), ErrorKind::Store { .. }), "{error}");
        assert!(error.is_retryable());
        let told = error.to_string();
        let expected = "the replay guard: Redis can't be reached: ";
        assert!(told.starts_with(expected), "{told}");
    }
    assert_eq!(runs.load(Ordering::SeqCst), 1);

    // Empty now: it has forgotten the event.
    server.start_again();
    assert!(matches!(run().await.unwrap(), Outcome::Handled(())));
    assert!(matches!(run().await.unwrap(), Outcome::Duplicate));

    // Gone between claim and commit: what was handled is acknowledged.
    let verified = delivery("2");
    let outcome = handle(&verified, &guard, async |_| {
        server.stop();
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
    assert!(outcome.is_acknowledged());
    assert!(matches!(outcome, Outcome::Unremembered((), _)));
}

#[tokio::test]
async fn a_redis_that_never_answers_is_given_up() {
    // Takes connections and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("redis://{}", silent.local_addr().unwrap());
    let guard = RedisGuard::connect(&address)
        .unwrap()
        .timeout(Duration::from_millis(50));
    let error = guard.claim(&event_key("1")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the replay guard: Redis did not answer within 50ms"
    );
}
