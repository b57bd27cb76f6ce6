//! The kinds of errors.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use stablelink_signature::VerifyError;

use super::{Ambiguous, ApiError, DecodeError};

/// What went wrong, told apart by what the caller can do about it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The gateway understood the call and refused it, by its retcode or by HTTP 4xx. Nothing took effect.
    Api(ApiError),
    /// The gateway answered with success, but what was asked for is not enabled for the account. Observed live of the
    /// deposit address "-1" of a checkout order.
    NotEnabled {
        /// What is not.
        what: Cow<'static, str>,
    },
    /// No token could be had, or the gateway refused the one that was sent, and a new one too.
    Authentication {
        /// What failed.
        problem: Cow<'static, str>,
        /// The gateway's refusal, unless the token call did not come through at all.
        api_error: Option<ApiError>,
    },
    /// The gateway does not take calls from this network address: add it to the allow-list of the dashboard.
    AddressNotAllowed(ApiError),
    /// Too many calls. Nothing took effect.
    RateLimited {
        /// How long the gateway asked to wait, if it did.
        retry_after: Option<Duration>,
    },
    /// The call did not come through, or the answer did not: connection, proxy, TLS, a redirect, a server error. Of a call
    /// that may have taken effect this is the cause of an [`Ambiguous`](Self::Ambiguous) error.
    Transport {
        /// What failed.
        problem: Cow<'static, str>,
    },
    /// The time for the call, or for one attempt, was up. Of a call that may have taken effect this is the cause of an
    /// [`Ambiguous`](Self::Ambiguous) error.
    Timeout,
    /// The caller stopped waiting.
    Cancelled,
    /// The call was sent, and nobody knows if it took effect.
    Ambiguous(Ambiguous),
    /// The answer could not be read. Of an operation that does more than read, its envelope said success, and the operation
    /// succeeded: without that it is [`Ambiguous`](Self::Ambiguous).
    Decode(DecodeError),
    /// A signature, of a webhook or of an answer, is missing, wrong or too old.
    Signature(VerifyError),
    /// The place where tokens or events are kept failed.
    Store {
        /// Which, and what failed.
        problem: Cow<'static, str>,
    },
    /// An argument was refused before anything was sent.
    InvalidArgument {
        /// Which one.
        argument: Cow<'static, str>,
        /// What is wrong with it.
        problem: Cow<'static, str>,
    },
    /// A setting, or what a setting names, can't be used.
    Configuration {
        /// What is wrong, and what to do.
        problem: Cow<'static, str>,
    },
}

impl ErrorKind {
    /// A word for it, for logs and metrics: `refused`, `not_enabled`, `authentication`, `address_not_allowed`,
    /// `rate_limited`, `transport`, `timeout`, `cancelled`, `ambiguous`, `decode`, `signature`, `store`, `invalid_argument`,
    /// `configuration`.
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
                    "not enabled for this account: {what}; ask the vendor for it"
                )
            }
            Self::Authentication { problem, api_error } => {
                write!(f, "{problem}")?;
                match api_error {
                    Some(api_error) => write!(f, ": {api_error}"),
                    None => Ok(()),
                }
            }
            Self::AddressNotAllowed(refusal) => write!(
                f,
                "not allowed from this network address (add it to the allow-list in the dashboard): {refusal}"
            ),
            Self::RateLimited { retry_after } => match retry_after {
                Some(wait) => write!(f, "too many calls; wait {} s", wait.as_secs()),
                None => write!(f, "too many calls; wait before the next one"),
            },
            Self::Transport { problem } => write!(f, "{problem}"),
            Self::Timeout => write!(f, "the time was up before an answer came"),
            Self::Cancelled => write!(f, "the caller stopped waiting"),
            Self::Ambiguous(ambiguous) => write!(f, "{ambiguous}"),
            Self::Decode(decode) => write!(f, "{decode}"),
            Self::Signature(error) => write!(f, "{error}"),
            Self::Store { problem } => write!(f, "{problem}"),
            Self::InvalidArgument { argument, problem } => write!(f, "`{argument}`: {problem}"),
            Self::Configuration { problem } => write!(f, "{problem}"),
        }
    }
}
