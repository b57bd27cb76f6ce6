//! The kinds of errors.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use stablelink_signature::VerifyError;

use super::{Ambiguous, ApiError, DecodeError};

/// The kind of an error. Each kind needs a different reaction of the caller.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The gateway rejected the call: by its retcode, or by an HTTP status that is sent before a request is processed, such as
    /// 400. Nothing took effect.
    Api(ApiError),
    /// The gateway reported success, but a feature is not enabled for the account. Observed live as the deposit address
    /// "-1" of a checkout order.
    NotEnabled {
        /// The feature and the evidence, such as `SOL_USDT on its chain (depositAddress is -1)`.
        what: Cow<'static, str>,
    },
    /// There is no token, or the gateway rejected the token of the call and then a new token too.
    Authentication {
        /// A description of the failure.
        problem: Cow<'static, str>,
        /// The rejection of the gateway, if there is one.
        api_error: Option<ApiError>,
    },
    /// The gateway does not accept calls from this network address: add it to the allow-list in the dashboard.
    AddressNotAllowed(ApiError),
    /// Too many calls (HTTP 429). Nothing took effect.
    RateLimited {
        /// The `Retry-After` of the gateway, if it sent one.
        retry_after: Option<Duration>,
    },
    /// The request or the response was not transmitted: connection, proxy, TLS, a redirect, a server error. If the call may
    /// have taken effect, this is the cause of an [`Ambiguous`](Self::Ambiguous) error.
    Transport {
        /// A description of the failure.
        problem: Cow<'static, str>,
    },
    /// The deadline of the call or the timeout of an attempt passed. If the call may have taken effect, this is the cause of
    /// an [`Ambiguous`](Self::Ambiguous) error.
    Timeout,
    /// The caller cancelled the polling.
    Cancelled,
    /// The call was sent, and it is unknown whether it took effect.
    Ambiguous(Ambiguous),
    /// The number of the request is used, and its record differs from the request (see
    /// [`Call::or_existing`](crate::Call::or_existing)). An earlier call with the same request may have created the record:
    /// compare both before you send the request with another number.
    Conflict(Conflict),
    /// The response cannot be read. If [`may_have_taken_effect`](super::Error::may_have_taken_effect) is true, the envelope
    /// reported success and the operation succeeded.
    Decode(DecodeError),
    /// The signature of a webhook or a response is missing, wrong or too old.
    Signature(VerifyError),
    /// The token store or the deduplicator failed.
    Store {
        /// A description of the failure.
        problem: Cow<'static, str>,
    },
    /// An argument is invalid. Nothing was sent.
    InvalidArgument {
        /// The argument.
        argument: Cow<'static, str>,
        /// The reason why the argument is invalid.
        problem: Cow<'static, str>,
    },
    /// A setting, or a resource that it names, cannot be used.
    Configuration {
        /// The problem and its fix.
        problem: Cow<'static, str>,
    },
}

/// The first field in which an existing record differs from the request. `Debug` shows neither value, because they may be
/// personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct Conflict {
    pub(crate) field: &'static str,
    pub(crate) requested: String,
    pub(crate) existing: Option<String>,
}

impl Conflict {
    /// Returns the name of the field, such as `orderAmount`.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        self.field
    }

    /// Returns the value of the request.
    #[must_use]
    pub fn requested(&self) -> &str {
        &self.requested
    }

    /// Returns the value of the record; `None` if it is neither a string nor a number.
    #[must_use]
    pub fn existing(&self) -> Option<&str> {
        self.existing.as_deref()
    }
}

impl fmt::Debug for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conflict")
            .field("field", &self.field)
            .finish_non_exhaustive()
    }
}

/// The step of a call at which it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallPhase {
    /// Preparing the request: arguments, settings, credentials, the token store. Nothing was sent.
    Preparing,
    /// Requesting a token (operation `issue_access_token`). The call itself was not sent.
    Token,
    /// The call was sent, and its operation only reads.
    Read,
    /// The call was sent, and its operation may change something.
    Write,
}

impl ErrorKind {
    /// Returns the name of the kind, for logs and metrics: `api`, `not_enabled`, `authentication`, `address_not_allowed`,
    /// `rate_limited`, `transport`, `timeout`, `cancelled`, `ambiguous`, `conflict`, `decode`, `signature`, `store`,
    /// `invalid_argument`, `configuration`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Api(_) => "api",
            Self::NotEnabled { .. } => "not_enabled",
            Self::Authentication { .. } => "authentication",
            Self::AddressNotAllowed(_) => "address_not_allowed",
            Self::RateLimited { .. } => "rate_limited",
            Self::Transport { .. } => "transport",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
            Self::Ambiguous(_) => "ambiguous",
            Self::Conflict(_) => "conflict",
            Self::Decode(_) => "decode",
            Self::Signature(_) => "signature",
            Self::Store { .. } => "store",
            Self::InvalidArgument { .. } => "invalid_argument",
            Self::Configuration { .. } => "configuration",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api(error) => write!(f, "rejected: {error}"),
            Self::NotEnabled { what } => {
                write!(
                    f,
                    "not enabled for this account: {what}; ask the vendor to enable it"
                )
            }
            Self::Authentication { problem, api_error } => {
                write!(f, "{problem}")?;
                match api_error {
                    Some(api_error) => write!(f, ": {api_error}"),
                    None => Ok(()),
                }
            }
            Self::AddressNotAllowed(api_error) => write!(
                f,
                "not allowed from this network address (add it to the allow-list in the dashboard): {api_error}"
            ),
            Self::RateLimited { retry_after } => match retry_after {
                Some(delay) => write!(f, "too many calls; retry after {} s", delay.as_secs()),
                None => write!(f, "too many calls; retry later"),
            },
            Self::Transport { problem } => write!(f, "{problem}"),
            Self::Timeout => write!(f, "timed out before a response was received"),
            Self::Cancelled => write!(f, "cancelled by the caller"),
            Self::Ambiguous(ambiguous) => write!(f, "{ambiguous}"),
            Self::Conflict(conflict) => write!(
                f,
                "this number is used, and the `{}` of its record is not the requested one",
                conflict.field
            ),
            Self::Decode(decode) => write!(f, "{decode}"),
            Self::Signature(error) => write!(f, "{error}"),
            Self::Store { problem } => write!(f, "{problem}"),
            Self::InvalidArgument { argument, problem } => write!(f, "`{argument}`: {problem}"),
            Self::Configuration { problem } => write!(f, "{problem}"),
        }
    }
}
