//! Handling each event once, and the response to the gateway.

use std::fmt;
use std::sync::Arc;

use tokio::runtime::Handle;

use super::{
    ClaimResult, Deduplicator, DeduplicatorError, EventClaim, VerifiedDelivery, WebhookEvent,
};
use crate::{Error, ErrorKind};

/// The response body that acknowledges a delivery, as JSON text, to send with a status of 2xx.
///
/// One page asks for the text `SUCCESS`, another page and the vendor's client for this object, which contains both. A delivery
/// fails if the status is not 2xx or if there is no response within 15 seconds. The gateway repeats a failed delivery 14 times
/// within 23.6 hours. Pages: <https://developer.stablelink.app/7865392m0>,
/// <https://developer.en.wcheckout.app/8061103m0>.
///
/// ```
/// use stablelink::webhook::Acknowledgement;
///
/// assert_eq!(Acknowledgement.to_string(), r#"{"retcode":200,"retmsg":"SUCCESS"}"#);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Acknowledgement;

impl Acknowledgement {
    /// Its `retcode` is an integer, as on the pages about webhooks.
    pub(super) const BODY: &'static str = r#"{"retcode":200,"retmsg":"SUCCESS"}"#;
    #[cfg(feature = "axum")]
    pub(super) const CONTENT_TYPE: &'static str = "application/json";
}

impl fmt::Display for Acknowledgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::BODY)
    }
}

/// The result of [`handle`].
#[derive(Debug)]
pub enum HandleOutcome<T> {
    /// The handler succeeded, and the event is recorded as handled. Acknowledge the delivery.
    Handled(T),
    /// The handler succeeded, but the event could not be recorded. Acknowledge the delivery nevertheless: a redelivery would run
    /// the handler again.
    NotRecorded(T, Error),
    /// The event was handled before; the handler did not run. Acknowledge the delivery.
    Duplicate,
    /// Another receiver is handling the event; the handler did not run. Respond with a status other than 2xx, so that the
    /// gateway delivers again: the other handler may still fail.
    InProgress,
}

impl<T> HandleOutcome<T> {
    /// Returns whether to respond with an [`Acknowledgement`] and a status of 2xx.
    #[must_use]
    pub const fn is_acknowledged(&self) -> bool {
        !matches!(self, Self::InProgress)
    }
}

/// The reason why an event was not handled. Respond with a status other than 2xx, so that the gateway delivers again.
#[derive(Debug)]
#[non_exhaustive]
pub enum HandleError<E> {
    /// The body is not an event.
    Malformed(Error),
    /// The deduplicator failed; the handler did not run.
    Deduplicator(Error),
    /// The handler failed; the claim was released.
    Handler(E),
}

impl<E: fmt::Display> fmt::Display for HandleError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => write!(f, "invalid event: {error}"),
            Self::Deduplicator(error) => write!(f, "the event could not be claimed: {error}"),
            Self::Handler(error) => write!(f, "the handler failed: {error}"),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for HandleError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Malformed(error) | Self::Deduplicator(error) => Some(error),
            Self::Handler(error) => Some(error),
        }
    }
}

/// Runs the handler if the event was not handled before, and records the event if the handler succeeds.
///
/// If the handler fails or panics, or if this future is dropped, the claim is released and the next delivery runs the handler
/// again. After a panic or a drop, a task of the current tokio runtime releases the claim; without a runtime, the claim expires.
/// A future that is dropped while it claims the event may leave a claim, which expires. The effects of an interrupted handler remain:
/// write them and a record of the event in one transaction, or make the handler idempotent.
///
/// ```
/// use std::sync::Arc;
/// use std::time::SystemTime;
/// use stablelink::testing::TestDelivery;
/// use stablelink::webhook::{MemoryDeduplicator, HandleOutcome, WebhookVerifier, handle};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let key = "unit-test-sign-key-not-real-0001".into();
/// # let now = SystemTime::now();
/// # let sent = TestDelivery::new("ABNORMAL_PAYMENT").id("evt_1").signed(&key, now)?;
/// let verifier = WebhookVerifier::new(&key)?;
/// let deduplicator = Arc::new(MemoryDeduplicator::default());
/// for round in 0..2 {
///     let verified = verifier.verify(&sent.headers, sent.body.clone(), now)?;
///     let outcome = handle(&verified, &deduplicator, |event| async move {
///         println!("{:?}", event.event_type());
///         Ok::<_, std::io::Error>(())
///     })
///     .await?;
///     assert!(outcome.is_acknowledged());
///     assert_eq!(matches!(outcome, HandleOutcome::Duplicate), round == 1);
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// See [`HandleError`].
pub async fn handle<D, F, A, T, E>(
    delivery: &VerifiedDelivery,
    deduplicator: &Arc<D>,
    handler: F,
) -> Result<HandleOutcome<T>, HandleError<E>>
where
    D: Deduplicator + ?Sized,
    F: FnOnce(WebhookEvent) -> A,
    A: Future<Output = Result<T, E>>,
{
    let event = delivery.parse().map_err(HandleError::Malformed)?;
    let claim = match deduplicator.claim(&event.key()).await {
        Ok(ClaimResult::Claimed(claim)) => claim,
        Ok(ClaimResult::InProgress) => return Ok(HandleOutcome::InProgress),
        Ok(ClaimResult::Handled) => return Ok(HandleOutcome::Duplicate),
        Err(error) => return Err(HandleError::Deduplicator(to_error(error))),
    };
    let claim = ReleaseOnDrop {
        deduplicator: deduplicator.clone(),
        claim: Some(claim),
    };
    match handler(event).await {
        Ok(value) => Ok(match claim.commit().await {
            Ok(()) => HandleOutcome::Handled(value),
            Err(error) => HandleOutcome::NotRecorded(value, to_error(error)),
        }),
        Err(error) => {
            claim.release().await;
            Err(HandleError::Handler(error))
        }
    }
}

/// Returns errors of this crate's deduplicators unchanged, and wraps others.
fn to_error(error: DeduplicatorError) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => *error,
        Err(error) => Error::new(ErrorKind::Store {
            problem: format!("the deduplicator failed: {error}").into(),
        })
        .because(error),
    }
}

/// A claim that is released unless it is committed.
struct ReleaseOnDrop<D: Deduplicator + ?Sized> {
    deduplicator: Arc<D>,
    claim: Option<EventClaim>,
}

impl<D: Deduplicator + ?Sized> ReleaseOnDrop<D> {
    async fn commit(mut self) -> Result<(), DeduplicatorError> {
        // The claim is taken first: the handler has run, so the claim must no longer be released.
        let Some(claim) = self.claim.take() else {
            return Ok(());
        };
        if !self.deduplicator.commit(&claim).await? {
            tracing::warn!(
                event = claim.key().as_str(),
                "a webhook handler took longer than the TTL of its claim, and the event was claimed again: increase the TTL"
            );
        }
        Ok(())
    }

    async fn release(mut self) {
        if let Some(claim) = &self.claim {
            release(&*self.deduplicator, claim).await;
        }
        // The claim is taken last: if this future is dropped during the release, `drop` releases the claim.
        self.claim = None;
    }
}

impl<D: Deduplicator + ?Sized> Drop for ReleaseOnDrop<D> {
    fn drop(&mut self) {
        if let (Some(claim), Ok(runtime)) = (self.claim.take(), Handle::try_current()) {
            let deduplicator = self.deduplicator.clone();
            runtime.spawn(async move { release(&*deduplicator, &claim).await });
        }
    }
}

async fn release<D: Deduplicator + ?Sized>(deduplicator: &D, claim: &EventClaim) {
    if let Err(error) = deduplicator.release(claim).await {
        tracing::warn!(
            event = claim.key().as_str(),
            %error,
            "the claim of a webhook event could not be released; it expires"
        );
    }
}

#[cfg(test)]
mod tests {
    use stablelink_api::types::WebhookReply;

    use super::*;

    #[test]
    fn body_matches_the_document() {
        let reply: WebhookReply = serde_json::from_str(Acknowledgement::BODY).unwrap();
        assert_eq!(reply.retcode, 200);
        assert_eq!(reply.retmsg.as_deref(), Some("SUCCESS"));
        assert_eq!(
            serde_json::to_string(&reply).unwrap(),
            Acknowledgement::BODY
        );
    }
}
