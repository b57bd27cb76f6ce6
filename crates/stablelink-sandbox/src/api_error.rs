//! Rejections of calls: the reasons and their retcodes.
//!
//! Two codes were observed on the real gateway: `00006` and `00008`. No list of codes is public.
//! The other codes begin with `009` and are the sandbox's own, so that they cannot be mistaken for
//! the vendor's.

use std::net::IpAddr;

use http::StatusCode;

/// A rejection: it determines the retcode, the message and the HTTP status of the response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ApiError {
    /// The message was observed on the real gateway for SIGNATURE.
    #[error("Access denied: Missing header [{0}]")]
    MissingHeader(&'static str),
    /// A field of the request violates a rule. The rule names the field.
    #[error("{0}")]
    Field(String),
    /// The token is unknown, expired, or replaced by a newer one.
    #[error("Access denied: the access token is invalid or has expired")]
    Token,
    #[error("Access denied: TIMESTAMP must be milliseconds since the epoch")]
    TimestampFormat,
    #[error("Access denied: TIMESTAMP is too far from the time of the server")]
    TimestampAge,
    #[error("Access denied: SIGNATURE does not match the request")]
    Signature,
    /// The address of the caller is not allowed. The message was observed on the real gateway; the
    /// code was not.
    #[error("ip not matched: {0}")]
    Address(IpAddr),
    #[error("{0}")]
    Credentials(&'static str),
    /// The idempotency key was used before.
    #[error("{0} already exists")]
    Duplicate(&'static str),
    #[error("{0} does not exist")]
    NotFound(String),
    /// The status of a record does not allow the call.
    #[error("{0}")]
    InvalidState(String),
    #[error("there is no operation at {0}")]
    UnknownPath(String),
    #[error("{1} does not support {0}")]
    UnknownMethod(http::Method, String),
    #[error("the body cannot be read, or has more than {0} bytes")]
    TooLarge(usize),
    #[error("the body did not arrive in time")]
    TooSlow,
    /// The bodies of all open requests have too many bytes in sum.
    #[error("the bodies of the open requests have more than {0} bytes")]
    Overloaded(usize),
    /// The sandbox failed because of a bug in this crate.
    #[error("the sandbox failed: {0}")]
    Internal(String),
}

impl ApiError {
    pub(crate) fn field(rule: impl Into<String>) -> Self {
        Self::Field(rule.into())
    }

    /// Returns the rejection of a request in which this required field is missing or empty.
    pub(crate) fn missing_field(name: &str) -> Self {
        Self::Field(format!("{name} must not be empty"))
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::NotFound(what.to_owned())
    }

    pub(crate) fn internal(error: &dyn std::fmt::Display) -> Self {
        Self::Internal(error.to_string())
    }

    /// Returns the retcode and the HTTP status.
    fn codes(&self) -> (&'static str, StatusCode) {
        use StatusCode as S;

        match self {
            Self::MissingHeader("Authorization") => ("00006", S::UNAUTHORIZED),
            // The status is not 401, because a client may treat 401 as an expired token.
            Self::MissingHeader(_) => ("00006", S::FORBIDDEN),
            Self::Field(_) => ("00008", S::BAD_REQUEST),
            Self::Token => ("00901", S::UNAUTHORIZED),
            Self::TimestampFormat | Self::TimestampAge => ("00902", S::FORBIDDEN),
            Self::Signature => ("00903", S::FORBIDDEN),
            Self::Address(_) => ("00904", S::FORBIDDEN),
            Self::Credentials(_) => ("00905", S::UNAUTHORIZED),
            Self::Duplicate(_) => ("00906", S::CONFLICT),
            Self::NotFound(_) => ("00907", S::NOT_FOUND),
            Self::InvalidState(_) => ("00908", S::CONFLICT),
            Self::UnknownPath(_) => ("00909", S::NOT_FOUND),
            Self::UnknownMethod(..) => ("00909", S::METHOD_NOT_ALLOWED),
            Self::TooLarge(_) => ("00910", S::PAYLOAD_TOO_LARGE),
            Self::TooSlow => ("00911", S::REQUEST_TIMEOUT),
            Self::Overloaded(_) => ("00912", S::SERVICE_UNAVAILABLE),
            Self::Internal(_) => ("00999", S::INTERNAL_SERVER_ERROR),
        }
    }

    pub(crate) fn retcode(&self) -> &'static str {
        self.codes().0
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.codes().1
    }

    /// Returns true if the settings do not change the HTTP status, because no operation was
    /// reached.
    pub(crate) fn has_fixed_status(&self) -> bool {
        matches!(
            self,
            Self::UnknownPath(_)
                | Self::UnknownMethod(..)
                | Self::TooLarge(_)
                | Self::TooSlow
                | Self::Overloaded(_)
                | Self::Internal(_)
        )
    }
}
