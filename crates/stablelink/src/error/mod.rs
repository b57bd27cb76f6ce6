//! Errors, grouped by the reaction of the caller: `kind` (the kinds of errors), `api_error` (a rejection of the gateway),
//! `ambiguous` (an unknown outcome), `decode` (an unreadable body), `redact_message` (the redaction of displayed messages).

mod ambiguous;
mod api_error;
mod decode;
mod kind;
mod redact_message;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use ambiguous::Ambiguous;
pub use api_error::ApiError;
pub use decode::DecodeError;
pub use kind::{CallPhase, Conflict, ErrorKind};
use stablelink_api::operations::{self, OperationInfo, RetrySafety};

use crate::response::RawResponse;

type SharedSource = Arc<dyn StdError + Send + Sync + 'static>;

/// The reason why a call, a verification or a setting failed.
///
/// `Display` and `Debug` show no secrets, no URLs with secrets and no response bodies; the response is at
/// [`raw_response`](Self::raw_response). The message of a rejection is displayed with possible personal data redacted (see
/// [`ApiError`]).
///
/// The type has the size of a pointer and is not `Clone`: use an `Arc` to share an error.
pub struct Error(Box<ErrorInner>);

#[derive(Clone)]
struct ErrorInner {
    kind: ErrorKind,
    operation: Option<Cow<'static, str>>,
    attempts: u32,
    phase: CallPhase,
    retryable: bool,
    retry_after: Option<Duration>,
    response: Option<RawResponse>,
    source: Option<SharedSource>,
    /// Whether the source is the error of a lookup or of a poll.
    is_source_lookup: bool,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind) -> Self {
        Self(Box::new(ErrorInner {
            kind,
            operation: None,
            attempts: 0,
            phase: CallPhase::Preparing,
            retryable: false,
            retry_after: None,
            response: None,
            source: None,
            is_source_lookup: false,
        }))
    }

    pub(crate) fn configuration(problem: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Configuration {
            problem: problem.into(),
        })
    }

    pub(crate) fn invalid(
        argument: impl Into<Cow<'static, str>>,
        problem: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(ErrorKind::InvalidArgument {
            argument: argument.into(),
            problem: problem.into(),
        })
    }

    /// Fails if the method of an operation has other request fields than the vendor's page.
    pub(crate) fn ensure_current_method(operation: &OperationInfo) -> Result<(), Self> {
        if !operation.outdated_method {
            return Ok(());
        }
        let problem = "has other fields than the vendor's page: use `Client::operation`";
        Err(Self::invalid("method", problem).during(operation.id, 0))
    }

    /// Returns a copy that shares the source, for several callers that wait for the same result.
    pub(crate) fn copy(&self) -> Self {
        Self(self.0.clone())
    }

    pub(crate) fn because(
        mut self,
        source: impl Into<Box<dyn StdError + Send + Sync + 'static>>,
    ) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    /// Sets the reason why the record could not be found or used, or the error of the last poll.
    pub(crate) fn with_lookup_error(mut self, error: Self) -> Self {
        self = self.because(error);
        self.0.is_source_lookup = true;
        self
    }

    pub(crate) fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    pub(crate) fn with_response(mut self, response: RawResponse) -> Self {
        self.0.response = Some(response);
        self
    }

    /// Sets whether the same call may succeed later, because nothing took effect.
    pub(crate) fn retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    /// Sets the `Retry-After` of the gateway.
    pub(crate) fn after(mut self, retry_after: Option<Duration>) -> Self {
        self.0.retry_after = retry_after;
        self
    }

    pub(crate) fn during(mut self, operation: impl Into<Cow<'static, str>>, attempts: u32) -> Self {
        self.0.operation.get_or_insert_with(|| operation.into());
        self.0.attempts = self.0.attempts.max(attempts);
        self
    }

    /// Sets the phase of the call, except for an error of a token request.
    pub(crate) fn in_phase(mut self, phase: CallPhase) -> Self {
        if self.0.phase != CallPhase::Token {
            self.0.phase = phase;
        }
        self
    }

    /// Sets the phase of a call that was sent, also for an error of a token request.
    pub(crate) fn after_sending(mut self, phase: CallPhase) -> Self {
        self.0.phase = phase;
        self
    }

    /// Marks this as an error of a token request.
    pub(crate) fn of_token_request(self, attempts: u32) -> Self {
        self.during(operations::ISSUE_ACCESS_TOKEN.id, attempts)
            .in_phase(CallPhase::Token)
    }

    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Returns the operation that failed: the method of the low-level client, such as `create_checkout_order`.
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        self.0.operation.as_deref()
    }

    /// Returns the step of the call at which it failed. [`CallPhase::Preparing`] and [`CallPhase::Token`] mean that the call had
    /// no effect; an [ambiguous](Self::is_ambiguous) error is always of [`CallPhase::Write`].
    #[must_use]
    pub fn phase(&self) -> CallPhase {
        self.0.phase
    }

    /// Returns the number of times that the call was sent or was about to be sent, including repetitions with a refreshed
    /// token or a corrected timestamp.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Returns whether the same call may succeed later and can do no harm: nothing took effect.
    ///
    /// It is `false` for every [ambiguous](Self::is_ambiguous) error.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.retryable && !self.is_ambiguous()
    }

    /// Returns whether the call was sent and its outcome is unknown. Look up the record by its
    /// [key](Self::idempotency_key) before you do anything else with this payment.
    ///
    /// It is `false` for a success whose record cannot be read or used:
    /// [`may_have_taken_effect`](Self::may_have_taken_effect) is `true` for both.
    #[must_use]
    pub fn is_ambiguous(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Ambiguous(_))
    }

    /// Returns whether a call that does more than read may have changed something although it failed: it is
    /// [ambiguous](Self::is_ambiguous); or the gateway responded with success, and the record cannot be read
    /// ([`Decode`](ErrorKind::Decode)) or used ([`NotEnabled`](ErrorKind::NotEnabled)); or the gateway rejected the
    /// idempotency key as [already used](Self::is_duplicate), even if its record differs from the request
    /// ([`Conflict`](ErrorKind::Conflict)).
    ///
    /// If it is `false`, this call changed nothing. An earlier call with the same key may have.
    #[must_use]
    pub fn may_have_taken_effect(&self) -> bool {
        match self.0.kind {
            ErrorKind::Ambiguous(_) | ErrorKind::NotEnabled { .. } | ErrorKind::Conflict(_) => true,
            // The response may be that of a token request, which the gateway's rejection of the call caused.
            ErrorKind::Decode(_) => {
                self.0.phase == CallPhase::Write
                    && self.operation() != Some(operations::ISSUE_ACCESS_TOKEN.id)
                    && self.raw_response().is_some_and(RawResponse::is_success)
            }
            _ => self.is_duplicate(),
        }
    }

    /// Returns the operation that failed, unless it is a request of an unknown operation.
    fn known_operation(&self) -> Option<&'static OperationInfo> {
        let mut known = operations::ALL.iter();
        known.find(|known| Some(known.id) == self.operation())
    }

    /// Returns whether the gateway rejected the idempotency key as already used. It is `false` for an operation without an
    /// idempotency key.
    ///
    /// The result is inferred from the message of the rejection, because no list of retcodes is public. Use it as a hint for
    /// people and for a lookup, not as the basis of a payment.
    #[must_use]
    pub fn is_duplicate(&self) -> bool {
        let operation = self.known_operation();
        let may_have_key =
            operation.is_none_or(|known| matches!(known.retry, RetrySafety::Keyed { .. }));
        may_have_key && self.api_error().is_some_and(ApiError::is_duplicate)
    }

    /// Returns whether the gateway rejected the call because there is no record with the requested number or ID.
    ///
    /// The result is inferred from the message of the rejection, because no list of retcodes is public. An
    /// [ambiguous](Self::is_ambiguous) error is not of this kind, whatever its last attempt returned.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        let ErrorKind::Api(error) = &self.0.kind else {
            return false;
        };
        let Some(noun) = error.missing_record() else {
            return false;
        };
        // A missing customer does not prove that the requested order is missing.
        self.known_operation().is_none_or(|operation| {
            let fields = operation.fields.iter().map(|field| field.name);
            let mut names = fields.chain([operation.operation_id, "record"]);
            names.any(|name| name.to_ascii_lowercase().contains(&noun))
        })
    }

    /// Returns the idempotency key of an [ambiguous](Self::is_ambiguous) call, if its operation has one.
    #[must_use]
    pub fn idempotency_key(&self) -> Option<&str> {
        match &self.0.kind {
            ErrorKind::Ambiguous(ambiguous) => ambiguous.idempotency_key(),
            _ => None,
        }
    }

    /// Returns the rejection of the gateway, if there is one; for an ambiguous call, the rejection of its last attempt.
    #[must_use]
    pub fn api_error(&self) -> Option<&ApiError> {
        match &self.0.kind {
            ErrorKind::Api(error)
            | ErrorKind::AddressNotAllowed(error)
            | ErrorKind::Authentication {
                api_error: Some(error),
                ..
            } => Some(error),
            ErrorKind::Ambiguous(ambiguous) => ambiguous.cause().api_error(),
            _ => None,
        }
    }

    /// Returns why the record could not be found or used, if it was looked up after the call failed: the error of the lookup,
    /// or a [`Conflict`](ErrorKind::Conflict) with the record. For a poller whose deadline passed, this is the error of the
    /// last poll.
    #[must_use]
    pub fn lookup_error(&self) -> Option<&Error> {
        let source = self.0.source.as_ref();
        source.filter(|_| self.0.is_source_lookup)?.downcast_ref()
    }

    /// Returns the `retcode` of the response as a string, such as `00008`.
    #[must_use]
    pub fn retcode(&self) -> Option<&str> {
        self.api_error()
            .and_then(ApiError::retcode)
            .or_else(|| self.raw_response()?.retcode())
    }

    /// Returns the HTTP status of the response; `None` without a response.
    #[must_use]
    pub fn http_status(&self) -> Option<u16> {
        self.raw_response()
            .map(|response| response.status().as_u16())
    }

    /// Returns the `Retry-After` that the gateway, or a proxy in front of it, sent. The value is not limited and may be
    /// years.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match &self.0.kind {
            ErrorKind::RateLimited { retry_after } => *retry_after,
            ErrorKind::Ambiguous(ambiguous) => ambiguous.cause().retry_after(),
            _ => self.0.retry_after,
        }
    }

    /// Returns the response as received, if there is one.
    #[must_use]
    pub fn raw_response(&self) -> Option<&RawResponse> {
        match (&self.0.response, &self.0.kind) {
            (None, ErrorKind::Ambiguous(ambiguous)) => ambiguous.cause().raw_response(),
            (response, _) => response.as_ref(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = &self.0.operation {
            write!(f, "{}: ", operation.replace('_', " "))?;
        }
        let mut status = self
            .0
            .response
            .as_ref()
            .map(|response| response.status().as_u16());
        match &self.0.kind {
            // The cause would repeat the operation and the attempts.
            ErrorKind::Ambiguous(ambiguous)
                if ambiguous.cause().operation() == self.operation() =>
            {
                ambiguous.advice(f)?;
                write!(f, ": {}", ambiguous.cause().kind())?;
                status = self.http_status();
            }
            kind => write!(f, "{kind}")?,
        }
        match (status, self.0.attempts) {
            (Some(status), 0) => write!(f, " (HTTP {status})")?,
            (Some(status), attempts) => write!(f, " (HTTP {status}, attempt {attempts})")?,
            (None, 0 | 1) => {}
            (None, attempts) => write!(f, " (attempt {attempts})")?,
        }
        match self.0.phase {
            CallPhase::Token => write!(f, "; nothing else was sent"),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("operation", &self.0.operation)
            .field("attempts", &self.0.attempts)
            .field("phase", &self.0.phase)
            .field("retryable", &self.is_retryable())
            .field("response", &self.0.response)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match (&self.0.source, &self.0.kind) {
            (Some(source), _) => Some(source.as_ref()),
            (None, ErrorKind::Ambiguous(ambiguous)) => Some(ambiguous.cause()),
            (None, ErrorKind::Signature(error)) => Some(error),
            (None, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};

    use super::*;

    #[test]
    fn error_has_size_of_pointer() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn ambiguous_error_is_never_retryable() {
        let cause = Error::new(ErrorKind::Timeout).retryable(true);
        assert!(cause.is_retryable());
        let error = Error::new(ErrorKind::Ambiguous(Ambiguous::new(
            Some("orderNo"),
            Some("7".to_owned()),
            cause,
        )))
        .retryable(true);
        assert!(error.is_ambiguous() && !error.is_retryable());
        assert_eq!(error.idempotency_key(), Some("7"));
    }

    #[test]
    fn display_of_each_kind_is_one_line_without_response() {
        let api_error = || ApiError::new(Some("00008".to_owned()), Some("for \"Leo\"".to_owned()));
        let timeout = || Error::new(ErrorKind::Timeout).during("create_checkout_order", 2);
        let ambiguous = |key: Option<&str>| {
            let field = key.map(|_| "orderNo");
            ErrorKind::Ambiguous(Ambiguous::new(field, key.map(str::to_owned), timeout()))
        };
        for (kind, name, text, has_cause) in [
            (
                ErrorKind::Api(api_error()),
                "api",
                "rejected: 00008 \"for …\"",
                false,
            ),
            (
                ErrorKind::NotEnabled {
                    what: "SOL_USDT".into(),
                },
                "not_enabled",
                "not enabled for this account: SOL_USDT; ask the vendor to enable it",
                false,
            ),
            (
                ErrorKind::Authentication {
                    problem: "no token".into(),
                    api_error: Some(api_error()),
                },
                "authentication",
                "no token: 00008 \"for …\"",
                false,
            ),
            (
                ErrorKind::Authentication {
                    problem: "no token".into(),
                    api_error: None,
                },
                "authentication",
                "no token",
                false,
            ),
            (
                ErrorKind::AddressNotAllowed(api_error()),
                "address_not_allowed",
                "not allowed from this network address (add it to the allow-list in the dashboard): 00008 \"for …\"",
                false,
            ),
            (
                ErrorKind::RateLimited {
                    retry_after: Some(Duration::from_secs(7)),
                },
                "rate_limited",
                "too many calls; retry after 7 s",
                false,
            ),
            (
                ErrorKind::RateLimited { retry_after: None },
                "rate_limited",
                "too many calls; retry later",
                false,
            ),
            (
                ErrorKind::Transport {
                    problem: "broken".into(),
                },
                "transport",
                "broken",
                false,
            ),
            (
                ErrorKind::Timeout,
                "timeout",
                "timed out before a response was received",
                false,
            ),
            (
                ErrorKind::Cancelled,
                "cancelled",
                "cancelled by the caller",
                false,
            ),
            (
                ambiguous(Some("A7")),
                "ambiguous",
                "sent, but the outcome is unknown; look it up by orderNo \"A7\": \
                 timed out before a response was received (attempt 2)",
                true,
            ),
            (
                ambiguous(None),
                "ambiguous",
                "sent, but the outcome is unknown; look up the record before you send it again: \
                 timed out before a response was received (attempt 2)",
                true,
            ),
            (
                ErrorKind::Decode(DecodeError::new("retdata.a", "expected a string")),
                "decode",
                "cannot read the response at `retdata.a`: expected a string",
                false,
            ),
            (
                ErrorKind::Store {
                    problem: "the store is gone".into(),
                },
                "store",
                "the store is gone",
                false,
            ),
            (
                ErrorKind::InvalidArgument {
                    argument: "path".into(),
                    problem: "has no slash".into(),
                },
                "invalid_argument",
                "`path`: has no slash",
                false,
            ),
            (
                ErrorKind::Configuration {
                    problem: "set it".into(),
                },
                "configuration",
                "set it",
                false,
            ),
        ] {
            assert_eq!(kind.name(), name);
            let ambiguous = matches!(kind, ErrorKind::Ambiguous(_));
            let attempts = if ambiguous { 2 } else { 1 };
            let error = Error::new(kind).during("create_checkout_order", attempts);
            assert_eq!(
                error.to_string(),
                format!("create checkout order: {text}"),
                "{name}"
            );
            assert_eq!(error.source().is_some(), has_cause, "{name}");
            assert_eq!(error.is_ambiguous(), ambiguous, "{name}");
            let shown = format!("{error:?}{error:#?}{:?}", error.kind());
            assert!(!shown.contains("Leo"), "{shown}");
        }
    }

    #[test]
    fn lookup_error_is_not_the_cause_of_the_call() {
        let timeout = || Error::new(ErrorKind::Timeout);
        let ambiguous = Error::new(ErrorKind::Ambiguous(Ambiguous::new(None, None, timeout())));
        assert!(ambiguous.source().is_some() && ambiguous.lookup_error().is_none());
        let looked_up = ambiguous.with_lookup_error(timeout().during("get_checkout_order", 3));
        let lookup = looked_up.lookup_error().unwrap();
        assert_eq!(lookup.operation(), Some("get_checkout_order"));
        let other = timeout().because(std::io::Error::other("closed"));
        assert!(other.lookup_error().is_none());
        // A credentials provider or a token store may fail with an error of this type.
        let store = Error::new(ErrorKind::Store {
            problem: "the store is gone".into(),
        });
        let store = store.because(timeout());
        assert!(store.source().is_some() && store.lookup_error().is_none());
    }

    #[test]
    fn missing_record_is_that_of_the_operation() {
        for (operation, message, is_missing) in [
            ("get_checkout_order", "order not found", true),
            ("get_checkout_order", "record not found", true),
            ("get_checkout_order", "orderNo A1 does not exist", true),
            ("get_checkout_order", "customer not found", false),
            ("get_checkout_order", "customer record not found", false),
            ("get_checkout_order", "order record not found", true),
            (
                "get_checkout_order",
                "record of the customer not found",
                false,
            ),
            ("get_checkout_order", "record of order A1 not found", true),
            ("get_checkout_order", "refund not found", false),
            ("create_checkout_order", "customer not found", true),
            ("GET request", "customer not found", true),
        ] {
            let api_error = ApiError::new(Some("00001".to_owned()), Some(message.to_owned()));
            let error = Error::new(ErrorKind::Api(api_error)).during(operation, 1);
            assert_eq!(error.is_not_found(), is_missing, "{operation} {message}");
        }
    }

    #[test]
    fn duplicate_needs_an_idempotency_key() {
        for (operation, is_duplicate) in [
            ("create_checkout_order", true),
            ("POST request", true),
            ("cancel_checkout_order", false),
            ("get_checkout_order", false),
        ] {
            let api_error = ApiError::new(None, Some("email already exists".to_owned()));
            let error = Error::new(ErrorKind::Api(api_error)).during(operation, 1);
            assert_eq!(error.is_duplicate(), is_duplicate, "{operation}");
            assert_eq!(error.may_have_taken_effect(), is_duplicate, "{operation}");
        }
    }

    #[test]
    fn ambiguous_error_reports_response_of_its_cause() {
        let response = RawResponse::new(
            StatusCode::SERVICE_UNAVAILABLE,
            HeaderMap::new(),
            Bytes::new(),
        );
        let response = response.with_envelope(Some("00099".to_owned()), None);
        let wait = Some(Duration::from_secs(9));
        let cause = Error::new(ErrorKind::Transport {
            problem: "broken".into(),
        });
        let cause = cause
            .with_response(response)
            .after(wait)
            .during("cancel_checkout_order", 1);
        let error = Error::new(ErrorKind::Ambiguous(Ambiguous::new(None, None, cause)));
        let error = error.during("cancel_checkout_order", 1);
        assert_eq!(error.http_status(), Some(503));
        assert_eq!(error.retcode(), Some("00099"));
        assert_eq!(error.retry_after(), wait);
        assert_eq!(error.idempotency_key(), None);
        assert!(
            error.to_string().ends_with("broken (HTTP 503, attempt 1)"),
            "{error}"
        );
    }
}
