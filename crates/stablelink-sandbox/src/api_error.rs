//! Rejections: why the gateway rejects a call, and the codes of the reasons.
//!
//! Two codes were observed on the real gateway: `00006` and `00008`. No list of codes is public.
//! The other codes begin with `009` and are the sandbox's own, so that they cannot be mistaken for
//! the vendor's.

use std::fmt;

use http::StatusCode;

/// A rejection: it determines the retcode, the message and the HTTP status of the response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    kind: ApiErrorKind,
    message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ApiErrorKind {
    MissingToken,
    MissingHeader,
    Field,
    Token,
    Timestamp,
    Signature,
    Address,
    Credentials,
    Duplicate,
    NotFound,
    InvalidState,
    UnknownPath,
    UnknownMethod,
    TooLarge,
    TooSlow,
    Internal,
}

use ApiErrorKind as Kind;

impl ApiError {
    fn new(kind: ApiErrorKind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { kind, message }
    }

    /// A header is missing. The message was observed on the real gateway for SIGNATURE.
    pub(crate) fn missing_header(name: &str) -> Self {
        let kind = match name {
            "Authorization" => Kind::MissingToken,
            _ => Kind::MissingHeader,
        };
        Self::new(kind, format!("Access denied: Missing header [{name}]"))
    }

    /// A field of the request violates a rule. `rule` names the field.
    pub(crate) fn field(rule: impl Into<String>) -> Self {
        Self::new(Kind::Field, rule)
    }

    /// A required field is missing or empty.
    pub(crate) fn missing_field(name: &str) -> Self {
        Self::field(format!("{name} must not be empty"))
    }

    /// The token is unknown, expired, or replaced by a newer one.
    pub(crate) fn rejected_token() -> Self {
        let message = "Access denied: the access token is invalid or has expired";
        Self::new(Kind::Token, message)
    }

    pub(crate) fn timestamp_format() -> Self {
        let message = "Access denied: TIMESTAMP must be milliseconds since the epoch";
        Self::new(Kind::Timestamp, message)
    }

    pub(crate) fn timestamp_age() -> Self {
        let message = "Access denied: TIMESTAMP is too far from the time of the server";
        Self::new(Kind::Timestamp, message)
    }

    pub(crate) fn signature() -> Self {
        let message = "Access denied: SIGNATURE does not match the request";
        Self::new(Kind::Signature, message)
    }

    /// The address of the caller is not allowed. The message was observed on the real gateway; the
    /// code was not.
    pub(crate) fn address(ip: std::net::IpAddr) -> Self {
        Self::new(Kind::Address, format!("ip not matched: {ip}"))
    }

    pub(crate) fn credentials(message: &str) -> Self {
        Self::new(Kind::Credentials, message)
    }

    /// The idempotency key was used before.
    pub(crate) fn duplicate(field: &str) -> Self {
        Self::new(Kind::Duplicate, format!("{field} already exists"))
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(Kind::NotFound, format!("{what} does not exist"))
    }

    /// The status of a record does not allow the call.
    pub(crate) fn invalid_state(message: impl Into<String>) -> Self {
        Self::new(Kind::InvalidState, message)
    }

    pub(crate) fn unknown_path(path: &str) -> Self {
        Self::new(
            Kind::UnknownPath,
            format!("there is no operation at {path}"),
        )
    }

    pub(crate) fn unknown_method(method: &http::Method, path: &str) -> Self {
        Self::new(
            Kind::UnknownMethod,
            format!("{path} does not support {method}"),
        )
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        let message = format!("the body cannot be read, or has more than {limit} bytes");
        Self::new(Kind::TooLarge, message)
    }

    pub(crate) fn too_slow() -> Self {
        Self::new(Kind::TooSlow, "the body did not arrive in time")
    }

    /// The sandbox failed because of a bug in this crate.
    pub(crate) fn internal(error: &dyn fmt::Display) -> Self {
        Self::new(Kind::Internal, format!("the sandbox failed: {error}"))
    }

    /// Returns the retcode and the HTTP status.
    const fn codes(&self) -> (&'static str, StatusCode) {
        use StatusCode as S;

        // A missing header is not a 401, because a client may treat 401 as an expired token.
        match self.kind {
            Kind::MissingToken => ("00006", S::UNAUTHORIZED),
            Kind::MissingHeader => ("00006", S::FORBIDDEN),
            Kind::Field => ("00008", S::BAD_REQUEST),
            Kind::Token => ("00901", S::UNAUTHORIZED),
            Kind::Timestamp => ("00902", S::FORBIDDEN),
            Kind::Signature => ("00903", S::FORBIDDEN),
            Kind::Address => ("00904", S::FORBIDDEN),
            Kind::Credentials => ("00905", S::UNAUTHORIZED),
            Kind::Duplicate => ("00906", S::CONFLICT),
            Kind::NotFound => ("00907", S::NOT_FOUND),
            Kind::InvalidState => ("00908", S::CONFLICT),
            Kind::UnknownPath => ("00909", S::NOT_FOUND),
            Kind::UnknownMethod => ("00909", S::METHOD_NOT_ALLOWED),
            Kind::TooLarge => ("00910", S::PAYLOAD_TOO_LARGE),
            Kind::TooSlow => ("00911", S::REQUEST_TIMEOUT),
            Kind::Internal => ("00999", S::INTERNAL_SERVER_ERROR),
        }
    }

    pub(crate) const fn retcode(&self) -> &'static str {
        self.codes().0
    }

    pub(crate) const fn status(&self) -> StatusCode {
        self.codes().1
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Returns true if the settings do not change the HTTP status, because no operation was
    /// reached.
    pub(crate) const fn has_fixed_status(&self) -> bool {
        matches!(
            self.kind,
            Kind::UnknownPath
                | Kind::UnknownMethod
                | Kind::TooLarge
                | Kind::TooSlow
                | Kind::Internal
        )
    }

    pub(crate) const fn is_rejected_token(&self) -> bool {
        matches!(self.kind, Kind::Token)
    }
}
