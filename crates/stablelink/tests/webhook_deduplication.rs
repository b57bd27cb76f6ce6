//! The contract of a deduplicator, and handling each event once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use stablelink::testing::{ManualClock, TestDelivery};
use stablelink::webhook::{
    ClaimResult, Deduplicator, DeduplicatorError, EventClaim, EventKey, HandleError, HandleOutcome,
    MemoryDeduplicator, VerifiedDelivery, WebhookVerifier, handle,
};
use stablelink::{BoxFuture, ErrorKind};
use stablelink_signature::Timestamp;
use tokio::sync::Barrier;

const NOW: Timestamp = Timestamp::from_millis(1_779_846_460_000);
const CLAIM_TTL: Duration = Duration::from_secs(60);
const RETENTION: Duration = Duration::from_secs(2 * 24 * 3600);

fn delivery(id: &str) -> VerifiedDelivery {
    verified(TestDelivery::new("X").id(id))
}

fn verified(delivery: TestDelivery) -> VerifiedDelivery {
    let key = "unit-test-sign-key-not-real-0001".into();
    let sent = delivery.signed(&key, NOW).unwrap();
    WebhookVerifier::new(&key)
        .unwrap()
        .verify(&sent.headers, sent.body, NOW)
        .unwrap()
}

fn event_key(id: &str) -> EventKey {
    delivery(id).parse().unwrap().key()
}

struct DeduplicatorFixture {
    clock: ManualClock,
    deduplicator: Arc<MemoryDeduplicator>,
}

fn fixture() -> DeduplicatorFixture {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    let deduplicator = Arc::new(MemoryDeduplicator::new(Arc::new(clock.clone())));
    DeduplicatorFixture {
        clock,
        deduplicator,
    }
}

async fn claimed(deduplicator: &MemoryDeduplicator, key: &EventKey) -> EventClaim {
    match deduplicator.claim(key).await.unwrap() {
        ClaimResult::Claimed(claim) => claim,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn claim_is_committed_released_or_expires() {
    let DeduplicatorFixture {
        clock,
        deduplicator,
    } = fixture();
    let key = event_key("1");
    let first = claimed(&deduplicator, &key).await;
    assert_eq!(
        deduplicator.claim(&key).await.unwrap(),
        ClaimResult::InProgress
    );
    deduplicator.release(&first).await.unwrap();

    let second = claimed(&deduplicator, &key).await;
    clock.advance(CLAIM_TTL - Duration::from_millis(1));
    assert_eq!(
        deduplicator.claim(&key).await.unwrap(),
        ClaimResult::InProgress
    );
    clock.advance(Duration::from_millis(1));

    // The second claim has expired. It can neither release nor commit the third one.
    let third = claimed(&deduplicator, &key).await;
    deduplicator.release(&second).await.unwrap();
    assert!(!deduplicator.commit(&second).await.unwrap());
    assert_eq!(
        deduplicator.claim(&key).await.unwrap(),
        ClaimResult::InProgress
    );
    assert!(deduplicator.commit(&third).await.unwrap());
    assert!(
        deduplicator.commit(&second).await.unwrap(),
        "the event is already handled"
    );
    deduplicator.release(&third).await.unwrap();
    assert_eq!(
        deduplicator.claim(&key).await.unwrap(),
        ClaimResult::Handled
    );
    assert!(matches!(
        deduplicator.claim(&event_key("2")).await.unwrap(),
        ClaimResult::Claimed(_)
    ));

    clock.advance(RETENTION - Duration::from_millis(1));
    assert_eq!(
        deduplicator.claim(&key).await.unwrap(),
        ClaimResult::Handled
    );
    clock.advance(Duration::from_millis(1));
    assert!(matches!(
        deduplicator.claim(&key).await.unwrap(),
        ClaimResult::Claimed(_)
    ));
}

#[tokio::test]
async fn expired_claim_without_a_successor_is_committed() {
    let DeduplicatorFixture {
        clock,
        deduplicator,
    } = fixture();
    let key = event_key("1");
    let late = claimed(&deduplicator, &key).await;
    clock.advance(CLAIM_TTL);
    assert!(deduplicator.commit(&late).await.unwrap());
    assert_eq!(
        deduplicator.claim(&key).await.unwrap(),
        ClaimResult::Handled
    );
}

#[tokio::test]
async fn clock_jump_releases_no_claim() {
    let DeduplicatorFixture {
        clock,
        deduplicator,
    } = fixture();
    let key = event_key("1");
    let first = claimed(&deduplicator, &key).await;
    clock.jump(10_000_000);
    assert_eq!(
        deduplicator.claim(&key).await.unwrap(),
        ClaimResult::InProgress
    );
    deduplicator.commit(&first).await.unwrap();
    clock.jump(-20_000_000);
    assert_eq!(
        deduplicator.claim(&key).await.unwrap(),
        ClaimResult::Handled
    );
}

#[tokio::test]
async fn event_is_handled_once_and_again_after_a_failure() {
    let DeduplicatorFixture { deduplicator, .. } = fixture();
    let verified = delivery("1");
    let runs = AtomicUsize::new(0);
    let run = |result: Result<u8, &'static str>| {
        let (verified, deduplicator, runs) = (&verified, &deduplicator, &runs);
        async move {
            handle(verified, deduplicator, |event| async move {
                assert_eq!(event.id(), Some("1"));
                runs.fetch_add(1, Ordering::SeqCst);
                result
            })
            .await
        }
    };
    for _ in 0..2 {
        let error = run(Err("no database")).await.unwrap_err();
        assert!(matches!(error, HandleError::Handler("no database")));
    }
    assert!(matches!(
        run(Ok(7)).await.unwrap(),
        HandleOutcome::Handled(7)
    ));
    let outcome = run(Err("never run")).await.unwrap();
    assert!(matches!(outcome, HandleOutcome::Duplicate) && outcome.is_acknowledged());
    assert_eq!(runs.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn panic_or_drop_releases_the_event() {
    let DeduplicatorFixture { deduplicator, .. } = fixture();
    let verified = delivery("1");
    let key = event_key("1");

    let panicking = tokio::spawn({
        let (verified, deduplicator) = (verified.clone(), deduplicator.clone());
        async move {
            handle(&verified, &deduplicator, |_| async {
                if true {
                    panic!("the handler panics");
                }
                Ok::<_, ()>(())
            })
            .await
        }
    });
    assert!(panicking.await.unwrap_err().is_panic());
    wait_until_released(&deduplicator, &key).await;

    let mut waiting = Box::pin(handle(&verified, &deduplicator, |_| {
        std::future::pending::<Result<(), ()>>()
    }));
    assert!(poll_once(&mut waiting).await.is_pending());
    assert_eq!(
        deduplicator.claim(&key).await.unwrap(),
        ClaimResult::InProgress
    );
    drop(waiting);
    wait_until_released(&deduplicator, &key).await;
}

/// Waits for the task that releases the event.
async fn wait_until_released(deduplicator: &MemoryDeduplicator, key: &EventKey) {
    for _ in 0..100 {
        if let ClaimResult::Claimed(claim) = deduplicator.claim(key).await.unwrap() {
            return deduplicator.release(&claim).await.unwrap();
        }
        tokio::task::yield_now().await;
    }
    panic!("the event was not released");
}

async fn poll_once<F: Future + Unpin>(future: &mut F) -> std::task::Poll<F::Output> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context))
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_deliveries_run_the_handler_once() {
    let DeduplicatorFixture { deduplicator, .. } = fixture();
    let verified = Arc::new(delivery("1"));
    let runs = Arc::new(AtomicUsize::new(0));
    const DELIVERIES: usize = 32;
    // The handler waits until all deliveries have tried to claim the event.
    let all_claimed = Arc::new(Barrier::new(DELIVERIES));
    let tasks: Vec<_> = (0..DELIVERIES)
        .map(|_| {
            let (verified, deduplicator) = (verified.clone(), deduplicator.clone());
            let (runs, all_claimed) = (runs.clone(), all_claimed.clone());
            tokio::spawn(async move {
                let outcome = handle(&verified, &deduplicator, |_| async {
                    runs.fetch_add(1, Ordering::SeqCst);
                    all_claimed.wait().await;
                    Ok::<_, ()>(())
                })
                .await
                .unwrap();
                if matches!(outcome, HandleOutcome::InProgress) {
                    assert!(!outcome.is_acknowledged());
                    all_claimed.wait().await;
                    return false;
                }
                matches!(outcome, HandleOutcome::Handled(()))
            })
        })
        .collect();
    let mut handled = 0;
    for task in tasks {
        handled += usize::from(task.await.unwrap());
    }
    assert_eq!((handled, runs.load(Ordering::SeqCst)), (1, 1));
}

#[tokio::test]
async fn event_without_an_id_is_identified_by_its_body() {
    let DeduplicatorFixture { deduplicator, .. } = fixture();
    let handled = async |delivery: TestDelivery| {
        let outcome = handle(&verified(delivery), &deduplicator, |_| async {
            Ok::<_, ()>(())
        })
        .await;
        match outcome.unwrap() {
            HandleOutcome::Handled(()) => true,
            HandleOutcome::Duplicate => false,
            other => panic!("{other:?}"),
        }
    };
    for (body, new) in [
        (r#"{"type":"X","data":1}"#, true),
        (r#"{"type":"X","data":1}"#, false),
        // An additional byte or an empty id makes it another event.
        (r#"{"type":"X","data":1} "#, true),
        (r#"{"type":"X","data":1,"eventId":""}"#, true),
        (r#"{"type":"X","data":1,"eventId":null}"#, true),
        (r#"{"type":"X","data":1,"eventId":null}"#, false),
        // With an id, neither the other fields nor the JSON type of the id matter.
        (r#"{"type":"X","eventId":"7"}"#, true),
        (r#"{"type":"Y","eventId":7,"data":2}"#, false),
        ("{}", true),
        ("{}", false),
    ] {
        assert_eq!(handled(TestDelivery::raw(body)).await, new, "{body}");
    }
}

#[tokio::test]
async fn claim_ttl_and_retention_are_configurable() {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    let second = Duration::from_secs(1);
    let deduplicator = MemoryDeduplicator::new(Arc::new(clock.clone()));
    let deduplicator = deduplicator.claim_ttl(5 * second).retention(7 * second);
    let key = event_key("1");
    claimed(&deduplicator, &key).await;
    clock.advance(5 * second);
    let claim = claimed(&deduplicator, &key).await;
    assert!(deduplicator.commit(&claim).await.unwrap());
    clock.advance(6 * second);
    assert_eq!(
        deduplicator.claim(&key).await.unwrap(),
        ClaimResult::Handled
    );
    clock.advance(second);
    assert!(matches!(
        deduplicator.claim(&key).await.unwrap(),
        ClaimResult::Claimed(_)
    ));

    // A duration of zero is raised to the minimum.
    let deduplicator = MemoryDeduplicator::new(Arc::new(clock.clone()));
    let deduplicator = deduplicator
        .claim_ttl(Duration::ZERO)
        .retention(Duration::ZERO);
    let claim = claimed(&deduplicator, &key).await;
    assert_eq!(
        deduplicator.claim(&key).await.unwrap(),
        ClaimResult::InProgress
    );
    assert!(deduplicator.commit(&claim).await.unwrap());
    assert_eq!(
        deduplicator.claim(&key).await.unwrap(),
        ClaimResult::Handled
    );
}

#[tokio::test]
async fn handler_longer_than_its_claim_is_acknowledged() {
    let DeduplicatorFixture {
        clock,
        deduplicator,
    } = fixture();
    let verified = delivery("1");
    // The claim expires while the handler runs, and another receiver claims the event.
    let outcome = handle(&verified, &deduplicator, async |_| {
        clock.advance(CLAIM_TTL);
        let again = handle(&verified, &deduplicator, async |_| Ok::<_, ()>("second")).await;
        assert!(matches!(again.unwrap(), HandleOutcome::Handled("second")));
        Ok::<_, ()>("first")
    })
    .await
    .unwrap();
    assert!(matches!(outcome, HandleOutcome::Handled("first")));
    assert!(outcome.is_acknowledged());
    let third = handle(&verified, &deduplicator, async |_| Ok::<_, ()>("third")).await;
    assert!(matches!(third.unwrap(), HandleOutcome::Duplicate));
    // If the handler fails then, the claim of the other receiver is not released.
    let verified = delivery("2");
    let failed = handle(&verified, &deduplicator, async |_| {
        clock.advance(CLAIM_TTL);
        claimed(&deduplicator, &event_key("2")).await;
        Err::<(), _>("late")
    })
    .await;
    assert!(matches!(failed, Err(HandleError::Handler("late"))));
    let meanwhile = deduplicator.claim(&event_key("2")).await.unwrap();
    assert_eq!(meanwhile, ClaimResult::InProgress);
}

#[tokio::test]
async fn malformed_event_is_not_claimed() {
    let deduplicator: Arc<dyn Deduplicator> = Arc::new(FailingDeduplicator {
        claim: true,
        commit: true,
    });
    let verified = verified(TestDelivery::raw("[]"));
    let outcome = handle(&verified, &deduplicator, |_| async { Ok::<(), &str>(()) }).await;
    let error = outcome.unwrap_err();
    assert!(matches!(error, HandleError::Malformed(_)), "{error:?}");
    assert_eq!(
        error.to_string(),
        "invalid event: the delivery can't be read at `.`: expected an object"
    );
}

/// A deduplicator with failing operations.
#[derive(Clone, Copy)]
struct FailingDeduplicator {
    claim: bool,
    commit: bool,
}

fn storage_error() -> DeduplicatorError {
    "no table".into()
}

impl Deduplicator for FailingDeduplicator {
    fn claim<'a>(
        &'a self,
        key: &'a EventKey,
    ) -> BoxFuture<'a, Result<ClaimResult, DeduplicatorError>> {
        let fails = self.claim;
        Box::pin(async move {
            if fails {
                return Err(storage_error());
            }
            Ok(ClaimResult::Claimed(EventClaim::new(key.clone())))
        })
    }

    fn commit<'a>(&'a self, _: &'a EventClaim) -> BoxFuture<'a, Result<bool, DeduplicatorError>> {
        let fails = self.commit;
        Box::pin(async move {
            if fails {
                Err(storage_error())
            } else {
                Ok(true)
            }
        })
    }

    fn release<'a>(&'a self, _: &'a EventClaim) -> BoxFuture<'a, Result<(), DeduplicatorError>> {
        Box::pin(async { Err(storage_error()) })
    }
}

#[tokio::test]
async fn deduplicator_errors_are_reported() {
    let verified = delivery("1");
    let run = async |claim, commit, result: Result<(), &'static str>| {
        let deduplicator: Arc<dyn Deduplicator> = Arc::new(FailingDeduplicator { claim, commit });
        handle(&verified, &deduplicator, |_| async move { result }).await
    };
    let unclaimed = run(true, false, Ok(())).await;
    let Err(HandleError::Deduplicator(error)) = unclaimed else {
        panic!("{unclaimed:?}");
    };
    assert!(matches!(error.kind(), ErrorKind::Store { .. }));
    assert_eq!(error.to_string(), "the deduplicator failed: no table");
    // The event was handled, so it is acknowledged although it is not recorded.
    let not_recorded = run(false, true, Ok(())).await.unwrap();
    assert!(not_recorded.is_acknowledged());
    assert!(matches!(not_recorded, HandleOutcome::NotRecorded((), _)));
    // The error of the handler has precedence over that of the deduplicator.
    let failed = run(false, false, Err("no database")).await;
    assert!(matches!(failed, Err(HandleError::Handler("no database"))));
}

/// A deduplicator whose commit and first release never finish. It counts the releases.
#[derive(Default)]
struct PendingDeduplicator(AtomicUsize);

impl Deduplicator for PendingDeduplicator {
    fn claim<'a>(
        &'a self,
        key: &'a EventKey,
    ) -> BoxFuture<'a, Result<ClaimResult, DeduplicatorError>> {
        Box::pin(async { Ok(ClaimResult::Claimed(EventClaim::new(key.clone()))) })
    }

    fn commit<'a>(&'a self, _: &'a EventClaim) -> BoxFuture<'a, Result<bool, DeduplicatorError>> {
        Box::pin(std::future::pending())
    }

    fn release<'a>(&'a self, _: &'a EventClaim) -> BoxFuture<'a, Result<(), DeduplicatorError>> {
        match self.0.fetch_add(1, Ordering::SeqCst) {
            0 => Box::pin(std::future::pending()),
            _ => Box::pin(async { Ok(()) }),
        }
    }
}

#[tokio::test]
async fn release_is_repeated_if_dropped() {
    let (verified, deduplicator) = (delivery("1"), Arc::new(PendingDeduplicator::default()));
    let mut failing = Box::pin(handle(&verified, &deduplicator, |_| async {
        Err::<(), _>(())
    }));
    assert!(poll_once(&mut failing).await.is_pending());
    assert_eq!(deduplicator.0.load(Ordering::SeqCst), 1);
    drop(failing);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(deduplicator.0.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn handled_event_is_not_released() {
    let (verified, deduplicator) = (delivery("1"), Arc::new(PendingDeduplicator::default()));
    // Dropped during the commit: the handler has already run.
    let mut committing = Box::pin(handle(&verified, &deduplicator, |_| async {
        Ok::<_, ()>(())
    }));
    assert!(poll_once(&mut committing).await.is_pending());
    drop(committing);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(deduplicator.0.load(Ordering::SeqCst), 0);
}
