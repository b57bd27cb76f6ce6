//! Handling each event once.

use std::fmt;
use std::sync::Arc;

use tokio::runtime::Handle;

use super::{Claim, Event, GuardError, Lease, ReplayGuard, Verified};
use crate::{Error, ErrorKind};

/// What became of a delivery.
#[derive(Debug)]
pub enum Outcome<T> {
    /// The handler ran, and the event is remembered, be it by another that claimed it when the lease had ended. Acknowledge it.
    Handled(T),
    /// The handler ran, but the guard could not remember it. Acknowledge it: if the gateway came again, the event
    /// would be handled again for certain.
    Unremembered(T, Error),
    /// It was handled before; the handler did not run. Acknowledge it.
    Duplicate,
    /// It is being handled by another; the handler did not run. Answer with a status that is not 2xx, so that the
    /// gateway comes again: the other may fail yet.
    InProgress,
}

impl<T> Outcome<T> {
    /// Whether to answer with an [`Acknowledgement`](super::Acknowledgement) and a status of 2xx.
    #[must_use]
    pub const fn is_acknowledged(&self) -> bool {
        !matches!(self, Self::InProgress)
    }
}

/// Why an event was not handled. Answer with a status that is not 2xx: the gateway comes again.
#[derive(Debug)]
#[non_exhaustive]
pub enum HandleError<E> {
    /// The body is no event.
    Unreadable(Error),
    /// The guard failed; the handler did not run.
    Guard(Error),
    /// The handler failed; the event was given back.
    Handler(E),
}

impl<E: fmt::Display> fmt::Display for HandleError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "no event: {error}"),
            Self::Guard(error) => write!(f, "the event could not be claimed: {error}"),
            Self::Handler(error) => write!(f, "the event was not handled: {error}"),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for HandleError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable(error) | Self::Guard(error) => Some(error),
            Self::Handler(error) => Some(error),
        }
    }
}

/// Runs the handler for an event that was not handled yet, and remembers it when the handler succeeded.
///
/// When the handler fails or panics, or this future is dropped, the event is given back and the next delivery runs the
/// handler again (of a panic or a drop by a task of the runtime that this was polled in; without one, when the lease
/// ends). Dropped while the guard takes the event, it may leave a claim, which ends by itself. What the handler did until then
/// stays done: let its effects and its own record of the event be one transaction, or let it bear being run twice.
///
/// ```
/// use std::sync::Arc;
/// use std::time::SystemTime;
/// use stablelink::testing::TestDelivery;
/// use stablelink::webhook::{MemoryGuard, Outcome, Webhooks, handle};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let key = "unit-test-sign-key-not-real-0001".into();
/// # let now = SystemTime::now();
/// # let sent = TestDelivery::of("ABNORMAL_PAYMENT").id("evt_1").signed(&key, now)?;
/// let webhooks = Webhooks::new(&key)?;
/// let guard = Arc::new(MemoryGuard::default());
/// for round in 0..2 {
///     let verified = webhooks.verify(&sent.headers, sent.body.clone(), now)?;
///     let outcome = handle(&verified, &guard, |event| async move {
///         println!("{:?}", event.kind());
///         Ok::<_, std::io::Error>(())
///     })
///     .await?;
///     assert!(outcome.is_acknowledged());
///     assert_eq!(matches!(outcome, Outcome::Duplicate), round == 1);
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`HandleError`]: the body is no event, the guard failed, the handler failed.
pub async fn handle<G, F, A, T, E>(
    verified: &Verified,
    guard: &Arc<G>,
    handler: F,
) -> Result<Outcome<T>, HandleError<E>>
where
    G: ReplayGuard + ?Sized,
    F: FnOnce(Event) -> A,
    A: Future<Output = Result<T, E>>,
{
    let event = verified.parse().map_err(HandleError::Unreadable)?;
    let lease = match guard.claim(&event.key()).await {
        Ok(Claim::New(lease)) => lease,
        Ok(Claim::InProgress) => return Ok(Outcome::InProgress),
        Ok(Claim::Done) => return Ok(Outcome::Duplicate),
        Err(error) => return Err(HandleError::Guard(of_guard(error))),
    };
    let claimed = Claimed {
        guard: guard.clone(),
        lease: Some(lease),
    };
    match handler(event).await {
        Ok(value) => Ok(match claimed.commit().await {
            Ok(()) => Outcome::Handled(value),
            Err(error) => Outcome::Unremembered(value, of_guard(error)),
        }),
        Err(error) => {
            claimed.release().await;
            Err(HandleError::Handler(error))
        }
    }
}

/// Guards of this crate give errors of this crate; those of others are wrapped.
fn of_guard(error: GuardError) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => *error,
        Err(error) => Error::new(ErrorKind::Store {
            problem: format!("the replay guard failed: {error}").into(),
        })
        .because(error),
    }
}

/// A claim that is given back unless it is committed.
struct Claimed<G: ReplayGuard + ?Sized> {
    guard: Arc<G>,
    lease: Option<Lease>,
}

impl<G: ReplayGuard + ?Sized> Claimed<G> {
    async fn commit(mut self) -> Result<(), GuardError> {
        // Taken first: the handler has run, so the event must not be given back from here on.
        let Some(lease) = self.lease.take() else {
            return Ok(());
        };
        if !self.guard.commit(&lease).await? {
            tracing::warn!(
                event = lease.key().as_str(),
                "a webhook handler outlived its claim, and the event was claimed again; make the lease longer"
            );
        }
        Ok(())
    }

    async fn release(mut self) {
        if let Some(lease) = &self.lease {
            give_back(&*self.guard, lease).await;
        }
        // Taken last: dropped in between, it is given back by `drop`.
        self.lease = None;
    }
}

impl<G: ReplayGuard + ?Sized> Drop for Claimed<G> {
    fn drop(&mut self) {
        if let (Some(lease), Ok(runtime)) = (self.lease.take(), Handle::try_current()) {
            let guard = self.guard.clone();
            runtime.spawn(async move { give_back(&*guard, &lease).await });
        }
    }
}

async fn give_back<G: ReplayGuard + ?Sized>(guard: &G, lease: &Lease) {
    if let Err(error) = guard.release(lease).await {
        tracing::warn!(
            event = lease.key().as_str(),
            %error,
            "a webhook event could not be given back; its claim ends by itself"
        );
    }
}
