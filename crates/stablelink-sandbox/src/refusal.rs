//! Why a call is refused, and the codes that say so.
//!
//! Two codes were observed live: `00006` and `00008`. No list is public: the others begin with
//! `009` and are the sandbox's own, so that nobody takes one for the vendor's.

use std::fmt;

use http::StatusCode;

/// A refusal: the retcode, the message and the HTTP status of its envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    kind: Kind,
    message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
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
    NotNow,
    UnknownPath,
    UnknownMethod,
    TooLarge,
    TooSlow,
    Internal,
}

impl Refusal {
    fn new(kind: Kind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { kind, message }
    }

    /// Observed live for SIGNATURE.
    pub(crate) fn missing_header(name: &str) -> Self {
        let kind = if name == "Authorization" {
            Kind::MissingToken
        } else {
            Kind::MissingHeader
        };
        Self::new(kind, format!("Access denied: Missing header [{name}]"))
    }

    /// A field of the request breaks a rule; `rule` names it.
    pub(crate) fn field(rule: impl Into<String>) -> Self {
        Self::new(Kind::Field, rule)
    }

    /// A member that is needed is not there.
    pub(crate) fn missing_field(name: &str) -> Self {
        Self::field(format!("{name} must not be empty"))
    }

    /// The token is unknown, too old, or ended by a newer one.
    pub(crate) fn rejected_token() -> Self {
        Self::new(
            Kind::Token,
            "Access denied: the access token is invalid or has expired",
        )
    }

    pub(crate) fn timestamp_format() -> Self {
        Self::new(
            Kind::Timestamp,
            "Access denied: TIMESTAMP must be milliseconds since the epoch",
        )
    }

    pub(crate) fn timestamp_age() -> Self {
        Self::new(
            Kind::Timestamp,
            "Access denied: TIMESTAMP is too far from the time of the server",
        )
    }

    pub(crate) fn signature() -> Self {
        Self::new(
            Kind::Signature,
            "Access denied: SIGNATURE does not match the request",
        )
    }

    /// Observed live, but for the code.
    pub(crate) fn address(ip: std::net::IpAddr) -> Self {
        Self::new(Kind::Address, format!("ip not matched: {ip}"))
    }

    pub(crate) fn credentials(message: &str) -> Self {
        Self::new(Kind::Credentials, message)
    }

    /// An idempotency key was used before.
    pub(crate) fn duplicate(field: &str) -> Self {
        Self::new(Kind::Duplicate, format!("{field} already exists"))
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(Kind::NotFound, format!("{what} does not exist"))
    }

    /// The record is in no state for that.
    pub(crate) fn not_now(message: impl Into<String>) -> Self {
        Self::new(Kind::NotNow, message)
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
            format!("{path} does not take {method}"),
        )
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(
            Kind::TooLarge,
            format!("the body can't be read, or has more than {limit} bytes"),
        )
    }

    pub(crate) fn too_slow() -> Self {
        Self::new(Kind::TooSlow, "the body did not arrive in time")
    }

    /// The sandbox itself failed: a fault of this crate.
    pub(crate) fn internal(error: &dyn fmt::Display) -> Self {
        Self::new(Kind::Internal, format!("the sandbox failed: {error}"))
    }

    pub(crate) const fn retcode(&self) -> &'static str {
        match self.kind {
            Kind::MissingToken | Kind::MissingHeader => "00006",
            Kind::Field => "00008",
            Kind::Token => "00901",
            Kind::Timestamp => "00902",
            Kind::Signature => "00903",
            Kind::Address => "00904",
            Kind::Credentials => "00905",
            Kind::Duplicate => "00906",
            Kind::NotFound => "00907",
            Kind::NotNow => "00908",
            Kind::UnknownPath | Kind::UnknownMethod => "00909",
            Kind::TooLarge => "00910",
            Kind::TooSlow => "00911",
            Kind::Internal => "00999",
        }
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) const fn status(&self) -> StatusCode {
        match self.kind {
            Kind::Field => StatusCode::BAD_REQUEST,
            Kind::Token | Kind::MissingToken | Kind::Credentials => StatusCode::UNAUTHORIZED,
            // Not 401, so that a client may take 401 for the token's end.
            Kind::MissingHeader | Kind::Timestamp | Kind::Signature | Kind::Address => {
                StatusCode::FORBIDDEN
            }
            Kind::NotFound | Kind::UnknownPath => StatusCode::NOT_FOUND,
            Kind::UnknownMethod => StatusCode::METHOD_NOT_ALLOWED,
            Kind::Duplicate | Kind::NotNow => StatusCode::CONFLICT,
            Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Kind::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Whether the HTTP status is the same whatever the settings say: no operation was reached.
    pub(crate) const fn keeps_its_status(&self) -> bool {
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
