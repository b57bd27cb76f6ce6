//! What one call remembers over its attempts, and what its failure means.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use stablelink_api::operations::{OperationInfo, RetrySafety};

use super::failure::Effect;
use super::limits::TimeLimits;
use super::verdict::spoilt;
use super::{Failure, Shared};
use crate::error::{Ambiguous, DecodeError, Error, ErrorKind};
use crate::observe;
use crate::raw_response::RawResponse;

/// What is known of a call before it is made.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) operation: Cow<'static, str>,
    pub(crate) retry: RetrySafety,
    /// The idempotency key that the request holds.
    pub(crate) key: Option<String>,
    pub(crate) attempts: Option<u32>,
    pub(crate) attempt_time: Option<Duration>,
    pub(crate) deadline: Duration,
}

impl Plan {
    /// That of an operation without a key, with the limits of the client.
    pub(crate) fn of(facts: &'static OperationInfo, deadline: Duration) -> Self {
        Self {
            operation: facts.id.into(),
            retry: facts.retry,
            key: None,
            attempts: None,
            attempt_time: None,
            deadline,
        }
    }
}

/// How many characters a `requestId` may have.
const REQUEST_ID: usize = 64;

/// One call: its plan, and what happened so far.
pub(crate) struct Session {
    shared: Arc<Shared>,
    plan: Plan,
    limits: TimeLimits,
    attempts: AtomicU32,
    in_flight: AtomicBool,
    /// An attempt whose outcome is not known, and that no later one settled.
    doubt: AtomicBool,
    reply: Mutex<Option<RawResponse>>,
}

/// While it lives a request may be on its way.
pub(super) struct Flight<'a>(&'a Session);

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.store(false, Ordering::Release);
        self.0.limits.attempt_ended();
    }
}

impl Session {
    pub(crate) fn new(shared: Arc<Shared>, plan: Plan) -> Self {
        let attempt = plan.attempt_time.unwrap_or(shared.limits.time);
        let limits = TimeLimits::begin(Arc::clone(&shared.clock), plan.deadline, attempt);
        Self {
            shared,
            plan,
            limits,
            attempts: AtomicU32::new(0),
            in_flight: AtomicBool::new(false),
            doubt: AtomicBool::new(false),
            reply: Mutex::new(None),
        }
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(super) fn limits(&self) -> &TimeLimits {
        &self.limits
    }

    pub(super) fn flight(&self) -> Flight<'_> {
        self.in_flight.store(true, Ordering::Release);
        self.limits.attempt_begins();
        Flight(self)
    }

    /// The request goes out once more, or is about to.
    pub(super) fn counts_again(&self) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn watch_attempt(&self, method: &http::Method) -> observe::Attempt {
        let number = self.attempts();
        let clock = Arc::clone(&self.shared.clock);
        observe::Attempt::begin(&self.plan.operation, method, number, clock)
    }

    pub(super) fn watch_call(&self) -> observe::Call {
        observe::Call::begin(self.plan.operation.clone(), Arc::clone(&self.shared.clock))
    }

    /// How often the request was sent, or tried to be.
    pub(super) fn attempts(&self) -> u32 {
        self.attempts.load(Ordering::Relaxed)
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The answer of the last attempt, if it was a success.
    pub(crate) fn reply(&self) -> Option<RawResponse> {
        self.reply
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn keep(&self, reply: RawResponse) {
        *self.reply.lock().unwrap_or_else(PoisonError::into_inner) = Some(reply);
    }

    /// Remembers an attempt that may have taken effect, whatever becomes of the next one.
    pub(super) fn doubts(&self, failure: &Failure) {
        // What only reads takes no effect.
        if failure.effect == Effect::Unknown && self.plan.retry != RetrySafety::Safe {
            self.doubt.store(true, Ordering::Release);
        }
    }

    /// The record of the answer could not be read. If the envelope can't either, nobody knows the outcome of the call.
    pub(super) fn unread(&self, record: DecodeError) -> Error {
        let Some(reply) = self.reply() else {
            return self.lost(Error::new(ErrorKind::Decode(record)));
        };
        match spoilt(reply) {
            Some((reply, envelope)) => {
                self.lost(Error::new(ErrorKind::Decode(envelope)).answered(reply))
            }
            None => self.named(Error::new(ErrorKind::Decode(record))),
        }
    }

    /// What was sent has no answer that can be understood, and won't get one.
    pub(super) fn lost(&self, error: Error) -> Error {
        let failure = match self.attempts() {
            0 => Failure::final_(error),
            _ => Failure {
                again: false,
                ..Failure::lost(error)
            },
        };
        self.doubts(&failure);
        self.conclude(failure)
    }

    /// What the failure of the last attempt means for the call.
    pub(super) fn conclude(&self, failure: Failure) -> Error {
        let operation = &self.plan.operation;
        let attempts = self.attempts();
        let error = failure.error.during(operation.clone(), attempts);
        if !self.doubt.load(Ordering::Acquire) {
            // Of a safe operation nothing takes effect, whatever became of it.
            let harmless = failure.again && self.plan.retry == RetrySafety::Safe;
            let retryable = error.is_retryable() || harmless;
            return error.retryable(retryable);
        }
        self.ambiguous(error)
    }

    fn ambiguous(&self, cause: Error) -> Error {
        let field = match self.plan.retry {
            RetrySafety::Keyed { field } => Some(field),
            _ => None,
        };
        let key = self.plan.key.clone();
        Error::new(ErrorKind::Ambiguous(Ambiguous::new(field, key, cause)))
            .during(self.plan.operation.clone(), self.attempts())
    }

    /// What the end of the call's time means, seen before its future is dropped.
    pub(super) fn interrupted(&self) -> Error {
        let attempts = self.attempts();
        let error = Error::new(ErrorKind::Timeout).during(self.plan.operation.clone(), attempts);
        // An answer that came and was not read to its end counts like one that did not come.
        let sent = self.in_flight.load(Ordering::Acquire) || self.reply().is_some();
        let effective = sent && self.plan.retry != RetrySafety::Safe;
        if effective || self.doubt.load(Ordering::Acquire) {
            self.ambiguous(error)
        } else {
            error.retryable(true)
        }
    }

    /// Whether the idempotency key, if the operation has one, can be one. Without it a repeat is another payment.
    pub(crate) fn check_key(&self) -> Result<(), Error> {
        let (RetrySafety::Keyed { field }, Some(key)) = (self.plan.retry, &self.plan.key) else {
            return Ok(());
        };
        let problem = if key.trim().is_empty() {
            "is empty: without a key that is its own, a repeat would count twice"
        } else if field == "requestId" && key.chars().count() > REQUEST_ID {
            "has more than 64 characters, which is all that the gateway takes"
        } else {
            return Ok(());
        };
        Err(self.named(Error::invalid(field, problem)))
    }

    /// An error found after the exchange, of this call.
    pub(crate) fn named(&self, error: Error) -> Error {
        let error = error.during(self.plan.operation.clone(), self.attempts());
        match self.reply() {
            Some(reply) if error.raw_response().is_none() => error.answered(reply),
            _ => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};

    use super::*;
    use crate::{Client, Credentials, Environment};

    const KEYED: RetrySafety = RetrySafety::Keyed { field: "orderNo" };

    fn session(retry: RetrySafety) -> Session {
        let client = Client::builder()
            .environment(Environment::Sandbox)
            .credentials(Credentials::new("key", "secret", "sign"))
            .build()
            .unwrap();
        let plan = Plan {
            operation: "pay".into(),
            retry,
            key: Some("A7".to_owned()),
            attempts: None,
            attempt_time: None,
            deadline: Duration::from_secs(60),
        };
        Session::new(client.shared(), plan)
    }

    /// What was done when the time was up, of each kind of operation, and whether its outcome is known.
    #[test]
    fn whoever_is_interrupted_knows_what_may_have_happened() {
        for (retry, known) in [
            (RetrySafety::Safe, true),
            (KEYED, false),
            (RetrySafety::Never, false),
        ] {
            let at_rest = session(retry);
            assert_eq!(at_rest.interrupted().kind().name(), "timeout");

            let sending = session(retry);
            let flight = sending.flight();
            assert_eq!(sending.interrupted().is_retryable(), known);
            drop(flight);
            // It came back, refused say, and the next one has not left.
            assert!(sending.interrupted().is_retryable());

            let lost = session(retry);
            lost.counts_again();
            lost.doubts(&Failure::lost(Error::new(ErrorKind::Timeout)));
            assert_eq!(lost.interrupted().is_retryable(), known);

            let refused = session(retry);
            refused.counts_again();
            refused.doubts(&Failure::passing(Error::new(ErrorKind::Timeout)));
            assert!(refused.interrupted().is_retryable());

            let answered = session(retry);
            answered.counts_again();
            let reply = RawResponse::new(StatusCode::OK, HeaderMap::new(), Bytes::new());
            answered.keep(reply);
            let error = answered.interrupted();
            assert_eq!(error.is_ambiguous(), !known, "{error:?}");
            if !known {
                assert_eq!(error.idempotency_key(), Some("A7"));
            }
        }
    }

    /// A failure that nobody foresaw: what was not sent took no effect.
    #[test]
    fn what_failed_in_an_unknown_way_is_in_doubt_once_it_was_sent() {
        for (retry, sent, ambiguous) in [
            (RetrySafety::Never, false, false),
            (RetrySafety::Never, true, true),
            (KEYED, true, true),
            (RetrySafety::Safe, true, false),
        ] {
            let session = session(retry);
            if sent {
                session.counts_again();
            }
            let error = session.unread(DecodeError::new(".", "an answer without an exchange"));
            assert_eq!(error.is_ambiguous(), ambiguous, "{retry:?} {sent}");
            assert!(!error.is_retryable());
        }
    }
}
