//! The rules of a replay guard, and of handling an event once.
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
const LEASE: Duration = Duration::from_secs(60);
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

struct Fixture {
    clock: ManualClock,
    guard: Arc<MemoryDeduplicator>,
}

fn fixture() -> Fixture {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    let guard = Arc::new(MemoryDeduplicator::new(Arc::new(clock.clone())));
    Fixture { clock, guard }
}

async fn lease(guard: &MemoryDeduplicator, key: &EventKey) -> EventClaim {
    match guard.claim(key).await.unwrap() {
        ClaimResult::Claimed(lease) => lease,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_claim_is_committed_released_or_ends() {
    let Fixture { clock, guard } = fixture();
    let key = event_key("1");
    let first = lease(&guard, &key).await;
    assert_eq!(guard.claim(&key).await.unwrap(), ClaimResult::InProgress);
    guard.release(&first).await.unwrap();

    let second = lease(&guard, &key).await;
    clock.advance(LEASE - Duration::from_millis(1));
    assert_eq!(guard.claim(&key).await.unwrap(), ClaimResult::InProgress);
    clock.advance(Duration::from_millis(1));

    // The second ended, and the third is nobody else's to give back or to commit.
    let third = lease(&guard, &key).await;
    guard.release(&second).await.unwrap();
    assert!(!guard.commit(&second).await.unwrap());
    assert_eq!(guard.claim(&key).await.unwrap(), ClaimResult::InProgress);
    assert!(guard.commit(&third).await.unwrap());
    assert!(guard.commit(&second).await.unwrap(), "it was handled");
    guard.release(&third).await.unwrap();
    assert_eq!(guard.claim(&key).await.unwrap(), ClaimResult::Handled);
    assert!(matches!(
        guard.claim(&event_key("2")).await.unwrap(),
        ClaimResult::Claimed(_)
    ));

    clock.advance(RETENTION - Duration::from_millis(1));
    assert_eq!(guard.claim(&key).await.unwrap(), ClaimResult::Handled);
    clock.advance(Duration::from_millis(1));
    assert!(matches!(
        guard.claim(&key).await.unwrap(),
        ClaimResult::Claimed(_)
    ));
}

#[tokio::test]
async fn a_claim_that_ended_is_committed_if_nobody_took_it() {
    let Fixture { clock, guard } = fixture();
    let key = event_key("1");
    let late = lease(&guard, &key).await;
    clock.advance(LEASE);
    assert!(guard.commit(&late).await.unwrap());
    assert_eq!(guard.claim(&key).await.unwrap(), ClaimResult::Handled);
}

#[tokio::test]
async fn a_jump_of_the_time_of_day_frees_nothing() {
    let Fixture { clock, guard } = fixture();
    let key = event_key("1");
    let first = lease(&guard, &key).await;
    clock.jump(10_000_000);
    assert_eq!(guard.claim(&key).await.unwrap(), ClaimResult::InProgress);
    guard.commit(&first).await.unwrap();
    clock.jump(-20_000_000);
    assert_eq!(guard.claim(&key).await.unwrap(), ClaimResult::Handled);
}

#[tokio::test]
async fn an_event_is_handled_once_and_again_after_a_failure() {
    let Fixture { guard, .. } = fixture();
    let verified = delivery("1");
    let runs = AtomicUsize::new(0);
    let run = |result: Result<u8, &'static str>| {
        let (verified, guard, runs) = (&verified, &guard, &runs);
        async move {
            handle(verified, guard, |event| async move {
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
async fn a_panic_or_a_drop_gives_the_event_back() {
    let Fixture { guard, .. } = fixture();
    let verified = delivery("1");
    let key = event_key("1");

    let panicking = tokio::spawn({
        let (verified, guard) = (verified.clone(), guard.clone());
        async move {
            handle(&verified, &guard, |_| async {
                if true {
                    panic!("as a handler may");
                }
                Ok::<_, ()>(())
            })
            .await
        }
    });
    assert!(panicking.await.unwrap_err().is_panic());
    free(&guard, &key).await;

    let mut waiting = Box::pin(handle(&verified, &guard, |_| {
        std::future::pending::<Result<(), ()>>()
    }));
    assert!(poll_once(&mut waiting).await.is_pending());
    assert_eq!(guard.claim(&key).await.unwrap(), ClaimResult::InProgress);
    drop(waiting);
    free(&guard, &key).await;
}

/// Waits for the task that gives an event back: it is ready when this one lets it run.
async fn free(guard: &MemoryDeduplicator, key: &EventKey) {
    for _ in 0..100 {
        if let ClaimResult::Claimed(lease) = guard.claim(key).await.unwrap() {
            return guard.release(&lease).await.unwrap();
        }
        tokio::task::yield_now().await;
    }
    panic!("the event was not given back");
}

async fn poll_once<F: Future + Unpin>(future: &mut F) -> std::task::Poll<F::Output> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context))
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_at_once_one_runs() {
    let Fixture { guard, .. } = fixture();
    let verified = Arc::new(delivery("1"));
    let runs = Arc::new(AtomicUsize::new(0));
    const MANY: usize = 32;
    // All have claimed before the one that runs may end.
    let all_asked = Arc::new(Barrier::new(MANY));
    let tasks: Vec<_> = (0..MANY)
        .map(|_| {
            let (verified, guard) = (verified.clone(), guard.clone());
            let (runs, all_asked) = (runs.clone(), all_asked.clone());
            tokio::spawn(async move {
                let outcome = handle(&verified, &guard, |_| async {
                    runs.fetch_add(1, Ordering::SeqCst);
                    all_asked.wait().await;
                    Ok::<_, ()>(())
                })
                .await
                .unwrap();
                if matches!(outcome, HandleOutcome::InProgress) {
                    assert!(!outcome.is_acknowledged());
                    all_asked.wait().await;
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
async fn without_an_id_it_is_known_by_its_body() {
    let Fixture { guard, .. } = fixture();
    let handled = async |delivery: TestDelivery| {
        let outcome = handle(&verified(delivery), &guard, |_| async { Ok::<_, ()>(()) }).await;
        match outcome.unwrap() {
            HandleOutcome::Handled(()) => true,
            HandleOutcome::Duplicate => false,
            other => panic!("{other:?}"),
        }
    };
    for (body, new) in [
        (r#"{"type":"X","data":1}"#, true),
        (r#"{"type":"X","data":1}"#, false),
        // One byte more, or an id that says nothing, and it is another event.
        (r#"{"type":"X","data":1} "#, true),
        (r#"{"type":"X","data":1,"eventId":""}"#, true),
        (r#"{"type":"X","data":1,"eventId":null}"#, true),
        (r#"{"type":"X","data":1,"eventId":null}"#, false),
        // With an id the rest does not matter, nor how the id is written.
        (r#"{"type":"X","eventId":"7"}"#, true),
        (r#"{"type":"Y","eventId":7,"data":2}"#, false),
        ("{}", true),
        ("{}", false),
    ] {
        assert_eq!(handled(TestDelivery::raw(body)).await, new, "{body}");
    }
}

#[tokio::test]
async fn lease_and_retention_are_as_they_are_set() {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    let second = Duration::from_secs(1);
    let guard = MemoryDeduplicator::new(Arc::new(clock.clone()));
    let guard = guard.lease(5 * second).retention(7 * second);
    let key = event_key("1");
    lease(&guard, &key).await;
    clock.advance(5 * second);
    let held = lease(&guard, &key).await;
    assert!(guard.commit(&held).await.unwrap());
    clock.advance(6 * second);
    assert_eq!(guard.claim(&key).await.unwrap(), ClaimResult::Handled);
    clock.advance(second);
    assert!(matches!(
        guard.claim(&key).await.unwrap(),
        ClaimResult::Claimed(_)
    ));

    // Of no time at all, an event is still one's own, and still remembered.
    let guard = MemoryDeduplicator::new(Arc::new(clock.clone()));
    let guard = guard.lease(Duration::ZERO).retention(Duration::ZERO);
    let held = lease(&guard, &key).await;
    assert_eq!(guard.claim(&key).await.unwrap(), ClaimResult::InProgress);
    assert!(guard.commit(&held).await.unwrap());
    assert_eq!(guard.claim(&key).await.unwrap(), ClaimResult::Handled);
}

#[tokio::test]
async fn a_handler_that_outlives_its_lease_is_still_acknowledged() {
    let Fixture { clock, guard } = fixture();
    let verified = delivery("1");
    // While it runs its lease ends, and another takes the event.
    let outcome = handle(&verified, &guard, async |_| {
        clock.advance(LEASE);
        let again = handle(&verified, &guard, async |_| Ok::<_, ()>("second")).await;
        assert!(matches!(again.unwrap(), HandleOutcome::Handled("second")));
        Ok::<_, ()>("first")
    })
    .await
    .unwrap();
    assert!(matches!(outcome, HandleOutcome::Handled("first")));
    assert!(outcome.is_acknowledged());
    let third = handle(&verified, &guard, async |_| Ok::<_, ()>("third")).await;
    assert!(matches!(third.unwrap(), HandleOutcome::Duplicate));
    // And one that fails then takes nothing from the other.
    let verified = delivery("2");
    let failed = handle(&verified, &guard, async |_| {
        clock.advance(LEASE);
        lease(&guard, &event_key("2")).await;
        Err::<(), _>("late")
    })
    .await;
    assert!(matches!(failed, Err(HandleError::Handler("late"))));
    let meanwhile = guard.claim(&event_key("2")).await.unwrap();
    assert_eq!(meanwhile, ClaimResult::InProgress);
}

#[tokio::test]
async fn what_is_no_event_is_not_claimed() {
    let guard: Arc<dyn Deduplicator> = Arc::new(Broken {
        claim: true,
        commit: true,
    });
    let verified = verified(TestDelivery::raw("[]"));
    let outcome = handle(&verified, &guard, |_| async { Ok::<(), &str>(()) }).await;
    let error = outcome.unwrap_err();
    assert!(matches!(error, HandleError::Malformed(_)), "{error:?}");
    assert_eq!(
        error.to_string(),
        "no event: the delivery can't be read at `.`: expected an object"
    );
}

/// A guard whose parts fail.
#[derive(Clone, Copy)]
struct Broken {
    claim: bool,
    commit: bool,
}

fn broken() -> DeduplicatorError {
    "no table".into()
}

impl Deduplicator for Broken {
    fn claim<'a>(
        &'a self,
        key: &'a EventKey,
    ) -> BoxFuture<'a, Result<ClaimResult, DeduplicatorError>> {
        let broken_here = self.claim;
        Box::pin(async move {
            if broken_here {
                return Err(broken());
            }
            Ok(ClaimResult::Claimed(EventClaim::new(key.clone())))
        })
    }

    fn commit<'a>(&'a self, _: &'a EventClaim) -> BoxFuture<'a, Result<bool, DeduplicatorError>> {
        let broken_here = self.commit;
        Box::pin(async move { if broken_here { Err(broken()) } else { Ok(true) } })
    }

    fn release<'a>(&'a self, _: &'a EventClaim) -> BoxFuture<'a, Result<(), DeduplicatorError>> {
        Box::pin(async { Err(broken()) })
    }
}

#[tokio::test]
async fn a_guard_that_fails_is_told() {
    let verified = delivery("1");
    let run = async |claim, commit, result: Result<(), &'static str>| {
        let guard: Arc<dyn Deduplicator> = Arc::new(Broken { claim, commit });
        handle(&verified, &guard, |_| async move { result }).await
    };
    let unclaimed = run(true, false, Ok(())).await;
    let Err(HandleError::Deduplicator(error)) = unclaimed else {
        panic!("{unclaimed:?}");
    };
    assert!(matches!(error.kind(), ErrorKind::Store { .. }));
    assert_eq!(error.to_string(), "the replay guard failed: no table");
    // It was handled: that it is not remembered must not bring it again.
    let unremembered = run(false, true, Ok(())).await.unwrap();
    assert!(unremembered.is_acknowledged());
    assert!(matches!(unremembered, HandleOutcome::NotRecorded((), _)));
    // What the handler said goes before what the guard says.
    let failed = run(false, false, Err("no database")).await;
    assert!(matches!(failed, Err(HandleError::Handler("no database"))));
}

/// A guard that takes its time to commit and, the first time, to take an event back; it counts what is given back.
#[derive(Default)]
struct Slow(AtomicUsize);

impl Deduplicator for Slow {
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
async fn dropped_while_it_gives_the_event_back_it_does_so_again() {
    let (verified, guard) = (delivery("1"), Arc::new(Slow::default()));
    let mut failing = Box::pin(handle(&verified, &guard, |_| async { Err::<(), _>(()) }));
    assert!(poll_once(&mut failing).await.is_pending());
    assert_eq!(guard.0.load(Ordering::SeqCst), 1);
    drop(failing);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(guard.0.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn what_was_handled_is_not_given_back() {
    let (verified, guard) = (delivery("1"), Arc::new(Slow::default()));
    // Dropped while the guard commits: the handler has run.
    let mut committing = Box::pin(handle(&verified, &guard, |_| async { Ok::<_, ()>(()) }));
    assert!(poll_once(&mut committing).await.is_pending());
    drop(committing);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(guard.0.load(Ordering::SeqCst), 0);
}
