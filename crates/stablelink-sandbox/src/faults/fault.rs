//! What a fault is, and what it strikes.

use std::time::Duration;

use axum::body::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};

use crate::random::Seeded;
use crate::{Operation, envelope};

/// Something that goes wrong on demand: add it to [`Sandbox::faults`](crate::Sandbox::faults).
///
/// As it is made, a fault strikes the next request, whatever it asks for, once, and before the
/// operation takes effect; kinds that spoil the answer of an operation say so.
///
/// ```
/// use stablelink_sandbox::{Fault, Operation};
///
/// let once = Fault::reset().on(Operation::CreateCheckoutOrder).after_effect();
/// let storm = Fault::status(503).retry_after(1).on_calls().times(3);
/// let noise = Fault::reset().rate(0.2, 42);
/// # let _ = (once, storm, noise);
/// ```
///
/// # As text
///
/// For command lines a fault may be written `KIND[=ARGUMENT][@TARGET][:OPTION]…`:
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
/// - Kinds: `reset`, `stall`, `stall-within-body`, `truncate`, `latency=TIME`, `date-skew=TIME` (may
///   be negative), `status=STATUS`, `html=STATUS`, `unauthorized`, `rate-limited[=SECONDS]`,
///   `malformed-json`, `unexpected-json`, `large-error=BYTES`, `duplicate`, `null=MEMBER`,
///   `wrong-type=MEMBER`, `unknown-value=MEMBER`. A time is a whole number with `ms` or `s`.
/// - Targets: an operationId, `token`, `calls` (all but the token's), a path. None: everything.
/// - Options: `before`, `after`, `times=N`, `always`, `skip=N`, `rate=P` (0 to 1), `seed=N` (of the
///   rate, 0 if there is none), `retry-after=SECONDS`, `no-body`.
///
/// Redirects, other members and answers of the caller's own have no text.
#[derive(Clone, Debug)]
#[must_use]
pub struct Fault {
    pub(crate) kind: Kind,
    pub(crate) target: Target,
    pub(crate) stage: Stage,
    pub(crate) limit: Option<u64>,
    pub(crate) skipped: u64,
    pub(crate) chance: Option<(u32, Seeded)>,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Latency(Duration),
    DateSkew(i64),
    Stall,
    StallWithinBody,
    Reset,
    Truncate,
    Answer(Answer),
    Duplicate,
    Member { path: String, json: String },
}

/// An answer in place of the gateway's.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Bytes,
}

#[derive(Clone, Debug)]
pub(crate) enum Target {
    All,
    Calls,
    Operation(Operation),
    Path(String),
}

/// When a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Before,
    After,
}

impl Fault {
    const fn new(kind: Kind, stage: Stage) -> Self {
        Self {
            kind,
            target: Target::All,
            stage,
            limit: Some(1),
            skipped: 0,
            chance: None,
        }
    }

    /// The answer comes that much later. The request then goes on, and may meet further faults.
    pub const fn latency(by: Duration) -> Self {
        Self::new(Kind::Latency(by), Stage::Before)
    }

    /// The `Date` header is off by so many milliseconds; negative: behind. The clock of the
    /// sandbox stays right, and the request goes on.
    pub const fn date_skew(millis: i64) -> Self {
        Self::new(Kind::DateSkew(millis), Stage::Before)
    }

    /// No answer, until the client closes the connection.
    pub const fn stall() -> Self {
        Self::new(Kind::Stall, Stage::Before)
    }

    /// The head and one half of the answer of the operation come, the rest never does.
    pub const fn stall_within_body() -> Self {
        Self::new(Kind::StallWithinBody, Stage::After)
    }

    /// The connection ends by a TCP reset.
    pub const fn reset() -> Self {
        Self::new(Kind::Reset, Stage::Before)
    }

    /// One half of the answer of the operation comes, then the connection ends.
    pub const fn truncate() -> Self {
        Self::new(Kind::Truncate, Stage::After)
    }

    /// This HTTP status with an error envelope. A status that HTTP does not have becomes 500.
    pub fn status(status: u16) -> Self {
        let retcode = status.to_string();
        let body = envelope::failure(&retcode, "the sandbox was asked to fail");
        Self::custom(status, [("content-type", "application/json")], body)
    }

    /// HTTP 429 with an error envelope, and `Retry-After` in seconds if there is one.
    pub fn rate_limited(retry_after: Option<u64>) -> Self {
        let fault = Self::status(429);
        match retry_after {
            Some(seconds) => fault.retry_after(seconds),
            None => fault,
        }
    }

    /// HTTP 401 with an error envelope, although the token lives.
    pub fn unauthorized() -> Self {
        Self::status(401)
    }

    /// A page for people with this HTTP status, as proxies give it.
    pub fn html(status: u16) -> Self {
        let body = "<!DOCTYPE html><html><head><title>Sandbox</title></head>\
                    <body><h1>The sandbox was asked to fail</h1></body></html>";
        Self::custom(status, [("content-type", "text/html; charset=utf-8")], body)
    }

    /// HTTP 200 and a body that ends in the middle of its JSON, with the length it has.
    pub fn malformed_json() -> Self {
        let body = r#"{"retcode":"200","retmsg":"success","retdata":{"orderNo":"#;
        Self::custom(200, [("content-type", "application/json")], body)
    }

    /// HTTP 200 and JSON that is no envelope: a list of numbers.
    pub fn unexpected_json() -> Self {
        Self::custom(200, [("content-type", "application/json")], "[1,2,3]")
    }

    /// HTTP 500 and an error envelope whose message has so many bytes.
    pub fn large_error(bytes: usize) -> Self {
        let body = envelope::failure("500", &"x".repeat(bytes));
        Self::custom(500, [("content-type", "application/json")], body)
    }

    /// A redirect: 302, 307 or any other status, to this location. A location that no header can
    /// hold is left out.
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::custom(status, [("location", location)], "")
    }

    /// Refused as if its idempotency key had been used before, although it was not.
    pub const fn duplicate() -> Self {
        Self::new(Kind::Duplicate, Stage::Before)
    }

    /// One member of the operation's answer has another value. `path` leads to it from the
    /// envelope, by names and indexes between points: `retdata.records.0.status`. `json` is its
    /// value; text that is no JSON goes out as it is. An answer without that member is left alone.
    pub fn replace_field(path: impl Into<String>, json: impl Into<String>) -> Self {
        let (path, json) = (path.into(), json.into());
        Self::new(Kind::Member { path, json }, Stage::After)
    }

    /// One member of the operation's answer is an object, which none of the gateway's scalars is.
    pub fn wrong_type(path: impl Into<String>) -> Self {
        Self::replace_field(path, r#"{"unexpected":true}"#)
    }

    /// One member of the operation's answer is null.
    pub fn null(path: impl Into<String>) -> Self {
        Self::replace_field(path, "null")
    }

    /// One member of the operation's answer is a word that no document knows.
    pub fn unknown_value(path: impl Into<String>) -> Self {
        Self::replace_field(path, r#""NEVER_SEEN_BEFORE""#)
    }

    /// Any answer: status, headers, body. A status that HTTP does not have becomes 500, and a
    /// header that it could not send is left out.
    pub fn custom<'a>(
        status: u16,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
        body: impl Into<Bytes>,
    ) -> Self {
        let answer = Answer {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers: headers.into_iter().filter_map(header).collect(),
            body: body.into(),
        };
        Self::new(Kind::Answer(answer), Stage::Before)
    }

    /// Adds a header to the answer that stands in for the gateway's. Other kinds have no such
    /// answer, and stay as they are.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Kind::Answer(answer) = &mut self.kind {
            answer.headers.extend(header((name, value)));
        }
        self
    }

    /// Adds `Retry-After`, in seconds.
    pub fn retry_after(self, seconds: u64) -> Self {
        self.header("retry-after", &seconds.to_string())
    }

    /// Takes the body of the answer that stands in for the gateway's away.
    pub fn without_body(mut self) -> Self {
        if let Kind::Answer(answer) = &mut self.kind {
            answer.body = Bytes::new();
            answer
                .headers
                .retain(|(name, _)| name != http::header::CONTENT_TYPE);
        }
        self
    }

    /// Strikes this operation alone.
    pub fn on(mut self, operation: Operation) -> Self {
        self.target = Target::Operation(operation);
        self
    }

    /// Strikes requests to this path alone, be it an operation's or not.
    pub fn on_path(mut self, path: impl Into<String>) -> Self {
        self.target = Target::Path(path.into());
        self
    }

    /// Strikes token requests alone.
    pub fn on_token(self) -> Self {
        self.on(Operation::IssueAccessToken)
    }

    /// Strikes everything but token requests.
    pub fn on_calls(mut self) -> Self {
        self.target = Target::Calls;
        self
    }

    /// Strikes before the operation takes effect, and before token and signature are looked at.
    /// Kinds that spoil the answer of an operation strike after it all the same.
    pub fn before_effect(mut self) -> Self {
        if !matches!(
            self.kind,
            Kind::Truncate | Kind::StallWithinBody | Kind::Member { .. }
        ) {
            self.stage = Stage::Before;
        }
        self
    }

    /// Strikes once the operation was carried out; a call that is refused is spared, and not
    /// counted. This is what makes the outcome of a payment unknown.
    pub const fn after_effect(mut self) -> Self {
        self.stage = Stage::After;
        self
    }

    /// Strikes so many times. 1 by default.
    pub const fn times(mut self, times: u64) -> Self {
        self.limit = Some(times);
        self
    }

    /// Strikes every time.
    pub const fn always(mut self) -> Self {
        self.limit = None;
        self
    }

    /// Spares the first requests that it could strike.
    pub const fn skip(mut self, requests: u64) -> Self {
        self.skipped = requests;
        self
    }

    /// Strikes each time with this probability, from 0 to 1, and always the same requests for the
    /// same seed. Of a fault that has no other number of [`times`](Self::times): without end.
    pub fn rate(mut self, probability: f64, seed: u64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "within a million; a float that is no number becomes 0"
        )]
        let parts = (probability.clamp(0.0, 1.0) * 1_000_000.0).round() as u32;
        self.chance = Some((parts, Seeded::new(seed)));
        if self.limit == Some(1) {
            self.limit = None;
        }
        self
    }
}

fn header((name, value): (&str, &str)) -> Option<(HeaderName, HeaderValue)> {
    Some((
        HeaderName::from_bytes(name.as_bytes()).ok()?,
        HeaderValue::from_str(value).ok()?,
    ))
}

impl Kind {
    /// Whether the request goes on after it, and may meet further faults.
    pub(crate) const fn goes_on(&self) -> bool {
        matches!(
            self,
            Self::Latency(_) | Self::DateSkew(_) | Self::Member { .. }
        )
    }
}

impl Target {
    pub(crate) fn includes(&self, operation: Option<Operation>, path: &str) -> bool {
        match self {
            Self::All => true,
            Self::Calls => operation != Some(Operation::IssueAccessToken),
            Self::Operation(wanted) => operation == Some(*wanted),
            Self::Path(wanted) => wanted == path,
        }
    }
}
