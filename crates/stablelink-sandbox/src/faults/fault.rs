//! The definition of a fault.

use std::time::Duration;

use axum::body::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Response, StatusCode};

use crate::credentials::SeededRandom;
use crate::{SandboxOperation, document, envelope};

/// The text is not a valid fault, or no response has the field that the fault replaces. The message
/// names the invalid part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidFault(pub(super) String);

/// A failure on demand. Add it to [`Sandbox::faults`](crate::Sandbox::faults).
///
/// By default, a fault hits the next request of any kind, once, before the operation takes effect.
/// Faults that change the response of an operation hit it after the effect.
///
/// ```
/// use stablelink_sandbox::{Fault, SandboxOperation};
///
/// let once = Fault::reset().on(SandboxOperation::CreateCheckoutOrder).after_effect();
/// let outage = Fault::status(503).retry_after(1).on_calls().times(3);
/// let noise = Fault::reset().rate(0.2, 42);
/// # let _ = (once, outage, noise);
/// ```
///
/// # Text form
///
/// For command lines, a fault has the text form `KIND[=ARGUMENT][@TARGET][:OPTION]…`:
///
/// ```
/// use stablelink_sandbox::Fault;
///
/// let once: Fault = "reset@createTrade:after:times=3".parse()?;
/// let slow: Fault = "latency=200ms@calls:always".parse()?;
/// let busy: Fault = "status=503@token:retry-after=1".parse()?;
/// # let _ = (once, slow, busy);
/// # Ok::<(), stablelink_sandbox::InvalidFault>(())
/// ```
///
/// - Kinds: `reset`, `stall`, `stall-within-body`, `truncate`, `latency=TIME`, `date-skew=TIME`
///   (can be negative), `status=STATUS`, `html=STATUS`, `unauthorized`, `rate-limited[=SECONDS]`,
///   `malformed-json`, `unexpected-json`, `large-error=BYTES`, `duplicate`, `null=FIELD`,
///   `wrong-type=FIELD`, `unknown-value=FIELD`. A time is an integer with the unit `ms` or `s`.
/// - Targets: an operationId, `token` for token requests, `calls` for all other requests, or a
///   path. Without a target, the fault hits every request.
/// - Options: `before`, `after`, `times=N`, `always`, `skip=N`, `rate=P` (0 to 1), `seed=N` (of the
///   rate, default 0), `retry-after=SECONDS`, `no-body`.
///
/// Redirects, other field values and custom responses have no text form.
#[derive(Clone, Debug)]
#[must_use]
pub struct Fault {
    pub(crate) kind: FaultKind,
    pub(crate) target: FaultTarget,
    pub(crate) stage: FaultStage,
    pub(crate) limit: Option<u64>,
    pub(crate) skip: u64,
    pub(crate) rate: Option<(u32, SeededRandom)>,
}

#[derive(Clone, Debug)]
pub(crate) enum FaultKind {
    Latency(Duration),
    DateSkew(i64),
    Stall,
    StallWithinBody,
    Reset,
    Truncate,
    /// A response that replaces the gateway's.
    Response(Response<Bytes>),
    Duplicate,
    ReplaceField {
        path: String,
        json: String,
    },
}

#[derive(Clone, Debug)]
pub(crate) enum FaultTarget {
    All,
    Calls,
    Operation(SandboxOperation),
    Path(String),
}

/// Whether a fault is injected before or after the effect of the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultStage {
    Before,
    After,
}

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

impl Fault {
    pub(super) const NULL: &str = "null";
    pub(super) const WRONG_TYPE: &str = r#"{"unexpected":true}"#;
    pub(super) const UNKNOWN_VALUE: &str = r#""NEVER_SEEN_BEFORE""#;

    const fn new(kind: FaultKind, stage: FaultStage) -> Self {
        Self {
            kind,
            target: FaultTarget::All,
            stage,
            limit: Some(1),
            skip: 0,
            rate: None,
        }
    }

    /// Delays the response. The request then continues and can be hit by further faults.
    pub const fn latency(delay: Duration) -> Self {
        Self::new(FaultKind::Latency(delay), FaultStage::Before)
    }

    /// Shifts the `Date` header by a number of milliseconds, which can be negative. The sandbox's
    /// clock does not change, and the request continues.
    pub const fn date_skew(millis: i64) -> Self {
        Self::new(FaultKind::DateSkew(millis), FaultStage::Before)
    }

    /// Sends no response until the client closes the connection.
    pub const fn stall() -> Self {
        Self::new(FaultKind::Stall, FaultStage::Before)
    }

    /// Sends the head and half of the operation's response, and then nothing.
    pub const fn stall_within_body() -> Self {
        Self::new(FaultKind::StallWithinBody, FaultStage::After)
    }

    /// Ends the connection with a TCP reset.
    pub const fn reset() -> Self {
        Self::new(FaultKind::Reset, FaultStage::Before)
    }

    /// Sends half of the operation's response and then ends the connection.
    pub const fn truncate() -> Self {
        Self::new(FaultKind::Truncate, FaultStage::After)
    }

    /// Responds with this HTTP status and an error envelope. A status that is not valid becomes
    /// 500.
    pub fn status(status: u16) -> Self {
        let message = "a fault of the sandbox was injected";
        let body = envelope::rejection(&status.to_string(), message);
        Self::custom(status, JSON, body)
    }

    /// Responds with HTTP 429 and an error envelope. With `Some`, the response has a `Retry-After`
    /// header in seconds.
    pub fn rate_limited(retry_after: Option<u64>) -> Self {
        let fault = Self::status(429);
        retry_after.map_or(fault.clone(), |seconds| fault.retry_after(seconds))
    }

    /// Responds with HTTP 401 and an error envelope, although the token is valid.
    pub fn unauthorized() -> Self {
        Self::status(401)
    }

    /// Responds with this HTTP status and an HTML page, as proxies do.
    pub fn html(status: u16) -> Self {
        let body = "<!DOCTYPE html><html><head><title>Sandbox</title></head>\
                    <body><h1>A fault of the sandbox was injected</h1></body></html>";
        Self::custom(status, [("content-type", "text/html; charset=utf-8")], body)
    }

    /// Responds with HTTP 200 and truncated JSON. `Content-Length` matches the truncated body.
    pub fn malformed_json() -> Self {
        let body = r#"{"retcode":"200","retmsg":"success","retdata":{"orderNo":"#;
        Self::custom(200, JSON, body)
    }

    /// Responds with HTTP 200 and JSON that is not an envelope: an array of numbers.
    pub fn unexpected_json() -> Self {
        Self::custom(200, JSON, "[1,2,3]")
    }

    /// Responds with HTTP 500 and an error envelope with a message of this length in bytes.
    pub fn large_error(bytes: usize) -> Self {
        Self::custom(500, JSON, envelope::rejection("500", &"x".repeat(bytes)))
    }

    /// Responds with this status, such as 302 or 307, and a `Location` header. A location that is
    /// not a valid header value is omitted.
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::custom(status, [("location", location)], "")
    }

    /// Rejects the request as if its idempotency key had been used before.
    pub const fn duplicate() -> Self {
        Self::new(FaultKind::Duplicate, FaultStage::Before)
    }

    /// Replaces one field of the operation's response. `path` leads to it from the envelope, with
    /// names and indexes separated by dots: `retdata.records.0.status`. `json` is the new value. It
    /// is not validated. A response without this field does not change.
    ///
    /// # Errors
    ///
    /// Fails if no response of any operation can have this field: the test would test nothing.
    pub fn replace_field(
        path: impl Into<String>,
        json: impl Into<String>,
    ) -> Result<Self, InvalidFault> {
        Self::unchecked_field(path, json).check_field()
    }

    pub(super) fn unchecked_field(path: impl Into<String>, json: impl Into<String>) -> Self {
        let (path, json) = (path.into(), json.into());
        Self::new(FaultKind::ReplaceField { path, json }, FaultStage::After)
    }

    /// Rejects a fault that replaces a field that no response of its target can have.
    pub(super) fn check_field(self) -> Result<Self, InvalidFault> {
        let FaultKind::ReplaceField { path, .. } = &self.kind else {
            return Ok(self);
        };
        let is_known = SandboxOperation::all().any(|operation| {
            self.target.matches(Some(operation), operation.path())
                && document::response_has_field(operation, path)
        });
        if is_known {
            return Ok(self);
        }
        let problem = "is not a field of any response that the fault hits";
        Err(InvalidFault(format!("`{path}` {problem}")))
    }

    /// Replaces one field of the operation's response by an object. No scalar of the gateway is
    /// one.
    ///
    /// # Errors
    ///
    /// See [`replace_field`](Self::replace_field).
    pub fn wrong_type(path: impl Into<String>) -> Result<Self, InvalidFault> {
        Self::replace_field(path, Self::WRONG_TYPE)
    }

    /// Replaces one field of the operation's response by null.
    ///
    /// # Errors
    ///
    /// See [`replace_field`](Self::replace_field).
    pub fn null(path: impl Into<String>) -> Result<Self, InvalidFault> {
        Self::replace_field(path, Self::NULL)
    }

    /// Replaces one field of the operation's response by a string that is not documented.
    ///
    /// # Errors
    ///
    /// See [`replace_field`](Self::replace_field).
    pub fn unknown_value(path: impl Into<String>) -> Result<Self, InvalidFault> {
        Self::replace_field(path, Self::UNKNOWN_VALUE)
    }

    /// Responds with any status, headers and body. A status that is not valid becomes 500, and a
    /// header that is not valid is omitted.
    pub fn custom<'a>(
        status: u16,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
        body: impl Into<Bytes>,
    ) -> Self {
        let mut response = Response::new(body.into());
        let status = StatusCode::from_u16(status);
        *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let fault = Self::new(FaultKind::Response(response), FaultStage::Before);
        let headers = headers.into_iter();
        headers.fold(fault, |fault, (name, value)| fault.header(name, value))
    }

    /// Adds a header to a response that replaces the gateway's. It has no effect on other kinds of
    /// faults. A header that is not valid is omitted.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let header = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_str(value),
        );
        if let (FaultKind::Response(response), (Ok(name), Ok(value))) = (&mut self.kind, header) {
            response.headers_mut().append(name, value);
        }
        self
    }

    /// Adds `Retry-After`, in seconds. See [`header`](Self::header).
    pub fn retry_after(self, seconds: u64) -> Self {
        self.header("retry-after", &seconds.to_string())
    }

    /// Removes the body of a response that replaces the gateway's.
    pub fn without_body(mut self) -> Self {
        if let FaultKind::Response(response) = &mut self.kind {
            *response.body_mut() = Bytes::new();
            response.headers_mut().remove(CONTENT_TYPE);
        }
        self
    }

    /// Hits only this operation.
    pub fn on(mut self, operation: SandboxOperation) -> Self {
        self.target = FaultTarget::Operation(operation);
        self
    }

    /// Hits only requests to this path, even if it is not the path of an operation.
    pub fn on_path(mut self, path: impl Into<String>) -> Self {
        self.target = FaultTarget::Path(path.into());
        self
    }

    /// Hits only token requests.
    pub fn on_token(self) -> Self {
        self.on(SandboxOperation::IssueAccessToken)
    }

    /// Hits all requests except token requests.
    pub fn on_calls(mut self) -> Self {
        self.target = FaultTarget::Calls;
        self
    }

    /// Injects the fault before the operation takes effect and before token and signature are
    /// checked. A fault that changes the response of an operation is injected after the effect
    /// anyway.
    pub fn before_effect(mut self) -> Self {
        if !matches!(
            self.kind,
            FaultKind::Truncate | FaultKind::StallWithinBody | FaultKind::ReplaceField { .. }
        ) {
            self.stage = FaultStage::Before;
        }
        self
    }

    /// Injects the fault after the operation took effect, so that the client does not know the
    /// outcome. Rejected calls are not hit and not counted.
    pub const fn after_effect(mut self) -> Self {
        self.stage = FaultStage::After;
        self
    }

    /// Injects the fault this number of times. Default: 1.
    pub const fn times(mut self, times: u64) -> Self {
        self.limit = Some(times);
        self
    }

    /// Injects the fault every time.
    pub const fn always(mut self) -> Self {
        self.limit = None;
        self
    }

    /// Skips the first requests that match.
    pub const fn skip(mut self, requests: u64) -> Self {
        self.skip = requests;
        self
    }

    /// Injects the fault with this probability, from 0 to 1. The same seed hits the same requests.
    /// The number of injections becomes unlimited unless [`times`](Self::times) was set to another
    /// number than 1.
    pub fn rate(mut self, probability: f64, seed: u64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the value is clamped to a million, and NaN becomes 0"
        )]
        let millionths = (probability.clamp(0.0, 1.0) * 1_000_000.0).round() as u32;
        self.rate = Some((millionths, SeededRandom::new(seed)));
        if self.limit == Some(1) {
            self.limit = None;
        }
        self
    }
}

impl FaultKind {
    /// Returns true if the request continues after the fault and can be hit by further faults.
    pub(crate) const fn continues(&self) -> bool {
        matches!(
            self,
            Self::Latency(_) | Self::DateSkew(_) | Self::ReplaceField { .. }
        )
    }
}

impl FaultTarget {
    pub(crate) fn matches(&self, operation: Option<SandboxOperation>, path: &str) -> bool {
        match self {
            Self::All => true,
            Self::Calls => operation != Some(SandboxOperation::IssueAccessToken),
            Self::Operation(target) => operation == Some(*target),
            Self::Path(target) => target == path,
        }
    }
}
