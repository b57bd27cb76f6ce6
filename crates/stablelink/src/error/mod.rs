//! What can go wrong, told apart by what the caller can do about it.

mod ambiguous;
mod api_error;
mod decode;
mod kind;
mod redact;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use ambiguous::Ambiguous;
pub use api_error::ApiError;
pub use decode::DecodeError;
pub use kind::ErrorKind;

use crate::raw_response::RawResponse;

type Source = Arc<dyn StdError + Send + Sync + 'static>;

/// Why a call, a check or a setting failed.
///
/// `Display` and `Debug` show neither secrets nor addresses with secrets nor what an answer held; the answer itself
/// is at [`raw`](Self::raw_response). The text of a refusal is the gateway's: it is shown, with what may be personal veiled (see
/// [`ApiError`]).
///
/// A pointer in size, and not `Clone`: share it by an `Arc`.
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    operation: Option<Cow<'static, str>>,
    attempts: u32,
    retryable: bool,
    wait: Option<Duration>,
    raw: Option<RawResponse>,
    source: Option<Source>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Inner {
            kind,
            operation: None,
            attempts: 0,
            retryable: false,
            wait: None,
            raw: None,
            source: None,
        }))
    }

    /// A setting, or what a setting names, can't be used.
    pub(crate) fn configuration(problem: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Configuration {
            problem: problem.into(),
        })
    }

    /// An argument was refused before anything was sent.
    pub(crate) fn invalid(
        argument: impl Into<Cow<'static, str>>,
        problem: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(ErrorKind::InvalidArgument {
            argument: argument.into(),
            problem: problem.into(),
        })
    }

    pub(crate) fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
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

    pub(crate) fn answered(mut self, raw: RawResponse) -> Self {
        self.0.raw = Some(raw);
        self
    }

    /// Nothing took effect, and the same call may succeed later.
    pub(crate) fn retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    /// The gateway asked to wait that long.
    pub(crate) fn after(mut self, wait: Option<Duration>) -> Self {
        self.0.wait = wait;
        self
    }

    pub(crate) fn during(mut self, operation: impl Into<Cow<'static, str>>, attempts: u32) -> Self {
        self.0.operation.get_or_insert_with(|| operation.into());
        self.0.attempts = self.0.attempts.max(attempts);
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The operation that failed, by the name of the low-level client, such as `create_checkout_order`.
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        self.0.operation.as_deref()
    }

    /// How often the call was sent, or tried to be, repeats with a renewed token or a corrected time included.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Whether the same call may succeed if it is made again later, and can do no harm: nothing took effect.
    ///
    /// Never true of an [ambiguous](Self::is_ambiguous) error.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.retryable && !self.is_ambiguous()
    }

    /// Whether the call was sent and nobody knows if it took effect. Look the record up by its
    /// [key](Self::idempotency_key) before you do anything else with this payment.
    ///
    /// False of a success whose record can't be read or used: [`may_have_taken_effect`](Self::may_have_taken_effect) is
    /// true of both.
    #[must_use]
    pub fn is_ambiguous(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Ambiguous(_))
    }

    /// Whether a call that does more than read may have changed something although it failed: it is
    /// [ambiguous](Self::is_ambiguous), or the gateway answered with success, and what it answered can't be read
    /// ([`Decode`](ErrorKind::Decode)) or used ([`NotEnabled`](ErrorKind::NotEnabled)), or it refused the key for
    /// [having been used](Self::is_duplicate).
    ///
    /// Where it is false this call changed nothing; what became of an earlier one with the same key is another matter. It means
    /// nothing of a call that only reads.
    #[must_use]
    pub fn may_have_taken_effect(&self) -> bool {
        match self.0.kind {
            ErrorKind::Ambiguous(_) | ErrorKind::NotEnabled { .. } => true,
            ErrorKind::Decode(_) => self.raw_response().is_some_and(RawResponse::says_success),
            _ => self.is_duplicate(),
        }
    }

    /// Whether the gateway refused the idempotency key for having been used.
    ///
    /// Inferred from the words of the refusal, for no list of codes is public: a hint for people and
    /// for a look-up, nothing to base a payment on.
    #[must_use]
    pub fn is_duplicate(&self) -> bool {
        self.api_error().is_some_and(ApiError::is_duplicate)
    }

    /// The idempotency key of an [ambiguous](Self::is_ambiguous) call, if its operation has one.
    #[must_use]
    pub fn idempotency_key(&self) -> Option<&str> {
        match &self.0.kind {
            ErrorKind::Ambiguous(ambiguous) => ambiguous.idempotency_key(),
            _ => None,
        }
    }

    /// The refusal of the gateway, if it gave one: of an ambiguous call, that of its last attempt.
    #[must_use]
    pub fn api_error(&self) -> Option<&ApiError> {
        match &self.0.kind {
            ErrorKind::Api(refusal)
            | ErrorKind::AddressNotAllowed(refusal)
            | ErrorKind::Authentication {
                api_error: Some(refusal),
                ..
            } => Some(refusal),
            ErrorKind::Ambiguous(ambiguous) => ambiguous.cause().api_error(),
            _ => None,
        }
    }

    /// The `retcode` of the answer as text, such as `00008`.
    #[must_use]
    pub fn retcode(&self) -> Option<&str> {
        self.api_error()
            .and_then(ApiError::retcode)
            .or_else(|| self.raw_response()?.retcode())
    }

    /// The HTTP status of the answer; `None` if none came.
    #[must_use]
    pub fn http_status(&self) -> Option<u16> {
        self.raw_response().map(|raw| raw.status().as_u16())
    }

    /// How long the gateway, or a proxy before it, asked to wait from the answer on (`Retry-After`); it may be absurdly long.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match &self.0.kind {
            ErrorKind::RateLimited { retry_after } => *retry_after,
            ErrorKind::Ambiguous(ambiguous) => ambiguous.cause().retry_after(),
            _ => self.0.wait,
        }
    }

    /// The answer as it came, if one came.
    #[must_use]
    pub fn raw_response(&self) -> Option<&RawResponse> {
        match (&self.0.raw, &self.0.kind) {
            (None, ErrorKind::Ambiguous(ambiguous)) => ambiguous.cause().raw_response(),
            (raw, _) => raw.as_ref(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = &self.0.operation {
            write!(f, "{}: ", operation.replace('_', " "))?;
        }
        let mut status = self.0.raw.as_ref().map(|raw| raw.status().as_u16());
        match &self.0.kind {
            // One sentence: the cause would name operation and attempts a second time.
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
            (Some(status), 0) => write!(f, " (HTTP {status})"),
            (Some(status), attempts) => write!(f, " (HTTP {status}, attempt {attempts})"),
            (None, 0 | 1) => Ok(()),
            (None, attempts) => write!(f, " (attempt {attempts})"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("operation", &self.0.operation)
            .field("attempts", &self.0.attempts)
            .field("retryable", &self.is_retryable())
            .field("raw", &self.0.raw)
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
    fn it_is_one_pointer_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn an_ambiguous_error_is_never_retryable() {
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

    /// Each kind: its word, how it reads, and whether it has a cause. What stands in an answer is not in it.
    #[test]
    fn each_kind_is_one_line_that_says_what_to_do() {
        let api_error = || ApiError::new(Some("00008".to_owned()), Some("for \"Leo\"".to_owned()));
        let lost = || Error::new(ErrorKind::Timeout).during("create_checkout_order", 2);
        let ambiguous = |key: Option<&str>| {
            let field = key.map(|_| "orderNo");
            ErrorKind::Ambiguous(Ambiguous::new(field, key.map(str::to_owned), lost()))
        };
        for (kind, name, text, has_cause) in [
            (
                ErrorKind::Api(api_error()),
                "refused",
                "refused: 00008 \"for …\"",
                false,
            ),
            (
                ErrorKind::NotEnabled {
                    what: "SOL_USDT".into(),
                },
                "not_enabled",
                "not enabled for this account: SOL_USDT; ask the vendor for it",
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
                "too many calls; wait 7 s",
                false,
            ),
            (
                ErrorKind::RateLimited { retry_after: None },
                "rate_limited",
                "too many calls; wait before the next one",
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
                "the time was up before an answer came",
                false,
            ),
            (
                ErrorKind::Cancelled,
                "cancelled",
                "the caller stopped waiting",
                false,
            ),
            (
                ambiguous(Some("A7")),
                "ambiguous",
                "sent, but the outcome is not known; look it up by orderNo \"A7\": \
                 the time was up before an answer came (attempt 2)",
                true,
            ),
            (
                ambiguous(None),
                "ambiguous",
                "sent, but the outcome is not known; look for its record before you send it again: \
                 the time was up before an answer came (attempt 2)",
                true,
            ),
            (
                ErrorKind::Decode(DecodeError::new("retdata.a", "expected a string")),
                "decode",
                "the answer can't be read at `retdata.a`: expected a string",
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

    /// Of an ambiguous call the answer of its last attempt is told as its own.
    #[test]
    fn an_ambiguous_error_knows_what_its_cause_knows() {
        let reply = RawResponse::new(
            StatusCode::SERVICE_UNAVAILABLE,
            HeaderMap::new(),
            Bytes::new(),
        );
        let reply = reply.with_retcode(Some("00099".to_owned()));
        let wait = Some(Duration::from_secs(9));
        let cause = Error::new(ErrorKind::Transport {
            problem: "broken".into(),
        });
        let cause = cause
            .answered(reply)
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
