//! The webhook deduplicator with a real Redis.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::redis_server::RedisServer;
use stablelink::testing::TestDelivery;
use stablelink::webhook::{
    ClaimResult, Deduplicator, EventClaim, EventKey, HandleError, HandleOutcome, RedisDeduplicator,
    VerifiedDelivery, WebhookVerifier, handle,
};
use stablelink::{Error, ErrorKind, RedisConnection};
use stablelink_signature::Timestamp;

const NOW: Timestamp = Timestamp::from_millis(1_779_846_460_000);

fn delivery(id: &str) -> VerifiedDelivery {
    let key = "unit-test-sign-key-not-real-0001".into();
    let sent = TestDelivery::new("X").id(id).signed(&key, NOW).unwrap();
    WebhookVerifier::new(&key)
        .unwrap()
        .scope("https://pay.example")
        .verify(&sent.headers, sent.body, NOW)
        .unwrap()
}

fn event_key(id: &str) -> EventKey {
    delivery(id).parse().unwrap().key()
}

fn deduplicator(server: &RedisServer) -> RedisDeduplicator {
    crate::watch::listen();
    // The timeout is long enough for a slow machine.
    let connection = RedisConnection::new(&server.url())
        .unwrap()
        .timeout(Duration::from_secs(60));
    RedisDeduplicator::new(connection)
}

async fn claimed(deduplicator: &RedisDeduplicator, key: &EventKey) -> EventClaim {
    match deduplicator.claim(key).await.unwrap() {
        ClaimResult::Claimed(claim) => claim,
        other => panic!("{other:?}"),
    }
}

/// A second connection that inspects keys, and expires them without waiting.
struct RedisInspector(redis::aio::MultiplexedConnection);

impl RedisInspector {
    async fn connect(server: &RedisServer) -> Self {
        let client = redis::Client::open(server.url()).unwrap();
        Self(client.get_multiplexed_async_connection().await.unwrap())
    }

    async fn run<T: redis::FromRedisValue>(&mut self, words: &[&str]) -> T {
        let mut command = redis::Cmd::new();
        for word in words {
            command.arg(*word);
        }
        command.query_async(&mut self.0).await.unwrap()
    }

    fn key(key: &EventKey) -> String {
        format!("stablelink:webhook:{}", key.as_str())
    }

    /// Expires the key of this event.
    async fn expire(&mut self, key: &EventKey) {
        let expired: i64 = self.run(&["PEXPIREAT", &Self::key(key), "1"]).await;
        assert_eq!(expired, 1);
    }

    /// Returns the remaining TTL of the key of this event.
    async fn ttl(&mut self, key: &EventKey) -> Duration {
        let millis: i64 = self.run(&["PTTL", &Self::key(key)]).await;
        Duration::from_millis(u64::try_from(millis).expect("the key must have a TTL"))
    }
}

#[tokio::test]
async fn claim_is_committed_released_or_expires() {
    let server = RedisServer::start();
    // Two connections represent two processes.
    let (here, there) = (deduplicator(&server), deduplicator(&server));
    let mut inspector = RedisInspector::connect(&server).await;
    let key = event_key("1");

    let first = claimed(&here, &key).await;
    assert_eq!(there.claim(&key).await.unwrap(), ClaimResult::InProgress);
    assert_eq!(here.claim(&key).await.unwrap(), ClaimResult::InProgress);
    assert!(inspector.ttl(&key).await <= Duration::from_secs(60));
    here.release(&first).await.unwrap();

    let second = claimed(&there, &key).await;
    inspector.expire(&key).await;
    let third = claimed(&here, &key).await;
    there.release(&second).await.unwrap();
    assert!(!there.commit(&second).await.unwrap());
    assert_eq!(there.claim(&key).await.unwrap(), ClaimResult::InProgress);
    assert!(here.commit(&third).await.unwrap());
    assert!(
        there.commit(&second).await.unwrap(),
        "the event is already handled"
    );
    here.release(&third).await.unwrap();
    assert_eq!(there.claim(&key).await.unwrap(), ClaimResult::Handled);
    let ttl = inspector.ttl(&key).await;
    assert!(ttl > Duration::from_secs(84_840 + 225), "{ttl:?}");

    inspector.expire(&key).await;
    let late = claimed(&there, &key).await;
    inspector.expire(&key).await;
    assert!(
        there.commit(&late).await.unwrap(),
        "an expired claim without a successor is accepted"
    );
    assert_eq!(here.claim(&key).await.unwrap(), ClaimResult::Handled);
}

#[tokio::test]
async fn keys_contain_no_id_and_prefixes_are_separate() {
    let server = RedisServer::start();
    let mut inspector = RedisInspector::connect(&server).await;
    let key = event_key("evt Leo Secretive");
    let ours = deduplicator(&server)
        .claim_ttl(Duration::from_secs(5))
        .retention(Duration::from_secs(7));
    let claim = claimed(&ours, &key).await;
    let others = deduplicator(&server).prefix("other:");
    assert!(matches!(
        others.claim(&key).await.unwrap(),
        ClaimResult::Claimed(_)
    ));
    assert!(inspector.ttl(&key).await <= Duration::from_secs(5));
    assert!(ours.commit(&claim).await.unwrap());
    assert!(inspector.ttl(&key).await > Duration::from_secs(5));

    let mut keys: Vec<String> = inspector.run(&["KEYS", "*"]).await;
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
async fn concurrent_receivers_run_the_handler_once() {
    let server = RedisServer::start();
    let verified = Arc::new(delivery("1"));
    let runs = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let (verified, runs) = (verified.clone(), runs.clone());
            let deduplicator = Arc::new(deduplicator(&server));
            tokio::spawn(async move {
                handle(&verified, &deduplicator, |_| async {
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
        handled += usize::from(matches!(task.await.unwrap(), HandleOutcome::Handled(())));
    }
    assert_eq!((handled, runs.load(Ordering::SeqCst)), (1, 1));
    let last = deduplicator(&server).claim(&event_key("1")).await.unwrap();
    assert_eq!(last, ClaimResult::Handled);
}

#[tokio::test]
async fn redis_outage_is_a_retryable_error_and_recovers() {
    let mut server = RedisServer::start();
    let deduplicator = Arc::new(deduplicator(&server));
    let verified = delivery("1");
    let runs = AtomicUsize::new(0);
    let run = async || {
        handle(&verified, &deduplicator, async |_| {
            runs.fetch_add(1, Ordering::SeqCst);
            Ok::<_, Error>(())
        })
        .await
    };
    assert!(matches!(run().await.unwrap(), HandleOutcome::Handled(())));
    server.stop();
    for _ in 0..3 {
        let Err(HandleError::Deduplicator(error)) = run().await else {
            panic!("handled without a claim");
        };
        assert!(matches!(error.kind(), ErrorKind::Store { .. }), "{error}");
        assert!(error.is_retryable());
        let text = error.to_string();
        let expected = "the webhook deduplicator: Redis is unreachable: ";
        assert!(text.starts_with(expected), "{text}");
    }
    assert_eq!(runs.load(Ordering::SeqCst), 1);

    // The restarted Redis is empty.
    server.restart();
    assert!(matches!(run().await.unwrap(), HandleOutcome::Handled(())));
    assert!(matches!(run().await.unwrap(), HandleOutcome::Duplicate));

    // Redis stops between claim and commit: the handled event is acknowledged.
    let verified = delivery("2");
    let outcome = handle(&verified, &deduplicator, async |_| {
        server.stop();
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
    assert!(outcome.is_acknowledged());
    assert!(matches!(outcome, HandleOutcome::NotRecorded((), _)));
}

#[tokio::test]
async fn silent_redis_fails_after_the_timeout() {
    // Accepts connections and sends nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", silent.local_addr().unwrap());
    let connection = RedisConnection::new(&url)
        .unwrap()
        .timeout(Duration::from_millis(50));
    let deduplicator = RedisDeduplicator::new(connection);
    let error = deduplicator.claim(&event_key("1")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the webhook deduplicator: Redis did not respond within 50ms"
    );
}
