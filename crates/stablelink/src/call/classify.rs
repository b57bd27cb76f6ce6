//! Stage 6: classifies a response. The envelope is interpreted here and nowhere else.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use http::StatusCode;
use http::header::{DATE, RETRY_AFTER};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::AttemptError;
use super::retry_policy::Effect;
use crate::account::KnownSecrets;
use crate::error::{ApiError, DecodeError, Error, ErrorKind};
use crate::raw_object::range_of;
use crate::response::{RawResponse, SUCCESS};

/// The class of a response.
#[derive(Debug)]
pub(crate) enum ResponseClass {
    /// The envelope reports a success.
    Success,
    /// HTTP 401: the token or the credentials were rejected.
    Unauthorized(ApiError),
    /// The gateway rejected the request: by its retcode, or by a status of [`UNPROCESSED`].
    Rejected(ApiError),
    /// Another HTTP 4xx without the gateway's envelope: a proxy may have sent it after the gateway processed the request.
    Unattributed(StatusCode),
    /// HTTP 429.
    RateLimited(Option<Duration>),
    /// HTTP 3xx. Following it would send secrets, signature and body to another host.
    Redirect,
    /// HTTP 5xx, 408, or a status of no known class: it is unknown whether the request took effect.
    ServerError(ApiError, Option<Duration>),
    /// HTTP 2xx without the gateway's envelope, or a contradictory response.
    Malformed(DecodeError),
}

impl ResponseClass {
    /// Returns the [`ErrorKind::name`] of the resulting error; `None` for a success.
    pub(crate) const fn error_type(&self) -> Option<&'static str> {
        match self {
            Self::Success => None,
            Self::Unauthorized(_) => Some("authentication"),
            Self::Rejected(_) => Some("api"),
            Self::RateLimited(_) => Some("rate_limited"),
            Self::Unattributed(_) | Self::Redirect | Self::ServerError(..) => Some("transport"),
            Self::Malformed(_) => Some("decode"),
        }
    }
}

/// The statuses that a server sends before it processes a request.
const UNPROCESSED: [StatusCode; 9] = [
    StatusCode::BAD_REQUEST,
    StatusCode::METHOD_NOT_ALLOWED,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::URI_TOO_LONG,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    StatusCode::MISDIRECTED_REQUEST,
    StatusCode::TOO_EARLY,
    StatusCode::UPGRADE_REQUIRED,
    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
];

/// Maps a classified response to the error of its attempt, or returns the response if it is a success. The only mapping from
/// responses to errors; token requests use it too.
pub(crate) fn into_attempt_error(
    class: ResponseClass,
    response: RawResponse,
) -> Result<RawResponse, AttemptError> {
    use Effect::{Ambiguous, None as NoEffect};

    let (kind, effect, retry, retry_after) = match class {
        ResponseClass::Success => return Ok(response),
        ResponseClass::Unauthorized(error) => {
            let kind = ErrorKind::Authentication {
                problem: "the gateway rejected the token, and a new one too".into(),
                api_error: Some(error),
            };
            (kind, NoEffect, false, None)
        }
        ResponseClass::Rejected(error) if error.is_about_address() => {
            (ErrorKind::AddressNotAllowed(error), NoEffect, false, None)
        }
        ResponseClass::Rejected(error) => (ErrorKind::Api(error), NoEffect, false, None),
        ResponseClass::Unattributed(status) => {
            let problem = format!(
                "HTTP {} without the gateway's envelope: a proxy may have sent it",
                status.as_u16()
            );
            let kind = ErrorKind::Transport {
                problem: problem.into(),
            };
            (kind, Ambiguous, false, None)
        }
        ResponseClass::RateLimited(retry_after) => {
            let kind = ErrorKind::RateLimited { retry_after };
            (kind, NoEffect, true, retry_after)
        }
        ResponseClass::Redirect => {
            let problem = "the gateway sent a redirect, which is not followed: it would send secrets to another address";
            let kind = ErrorKind::Transport {
                problem: problem.into(),
            };
            (kind, Ambiguous, false, None)
        }
        ResponseClass::ServerError(error, retry_after) => {
            let kind = ErrorKind::Transport {
                problem: format!("the gateway failed: {error}").into(),
            };
            (kind, Ambiguous, true, retry_after)
        }
        ResponseClass::Malformed(error) => (ErrorKind::Decode(error), Ambiguous, false, None),
    };
    Err(AttemptError {
        error: Error::new(kind)
            .retryable(retry && effect == NoEffect)
            .after(retry_after)
            .with_response(response),
        effect,
        retry,
    })
}

/// The fields of the envelope. The body is parsed once: `retdata` is skipped here, and parsed from its range later.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    retcode: Option<&'a RawValue>,
    #[serde(borrow, default)]
    retmsg: Option<&'a RawValue>,
    #[serde(borrow, default)]
    success: Option<&'a RawValue>,
    #[serde(borrow, default)]
    retdata: Option<&'a RawValue>,
}

impl<'a> Envelope<'a> {
    fn parse(body: &'a [u8]) -> Result<Self, serde_json::Error> {
        // serde would accept an array for a struct, with its items as the fields in their order.
        match body.trim_ascii_start().first() {
            None | Some(b'{') => serde_json::from_slice(body),
            Some(_) => Err(serde_json::from_slice::<AnyObject>(body)
                .err()
                .unwrap_or_else(|| serde::de::Error::custom("not an object"))),
        }
    }
}

/// Any object. Parsing another value gives serde's error "expected a map".
type AnyObject<'a> = std::collections::BTreeMap<Cow<'a, str>, serde::de::IgnoredAny>;

/// Classifies a response that was received at `now`, and stores the retcode and the range of `retdata` in the response.
/// Secrets are redacted in the retcode and in the message.
///
/// A contradictory response is neither a success nor a rejection, because it does not show whether a payment took effect.
pub(crate) fn classify(
    response: RawResponse,
    now: SystemTime,
    secrets: &KnownSecrets,
) -> (RawResponse, ResponseClass) {
    let json = response.json();
    let envelope = Envelope::parse(json);
    let fields = envelope.as_ref().ok();
    let retcode = fields.and_then(|fields| parse_retcode(fields.retcode?));
    let retdata = fields.and_then(|fields| Some(range_of(json, fields.retdata?.get().as_bytes())));
    let success = fields
        .and_then(|fields| fields.success)
        .map_or(SuccessField::Missing, SuccessField::parse);
    let succeeded = retcode.as_deref() == Some(SUCCESS);
    let api_error = || {
        let message = fields.and_then(|fields| parse_message(fields.retmsg?));
        ApiError::received(retcode.as_deref(), message.as_deref(), secrets)
    };
    let malformed = |path, problem| ResponseClass::Malformed(DecodeError::new(path, problem));
    let status = response.status();
    let class = match status {
        StatusCode::REQUEST_TIMEOUT => {
            ResponseClass::ServerError(api_error(), retry_after(&response, now))
        }
        status if status.is_client_error() && succeeded => {
            malformed(".", "the HTTP status is an error, but the retcode is 200")
        }
        StatusCode::UNAUTHORIZED => ResponseClass::Unauthorized(api_error()),
        StatusCode::TOO_MANY_REQUESTS => ResponseClass::RateLimited(retry_after(&response, now)),
        status if status.is_client_error() => {
            if retcode.is_some() || UNPROCESSED.contains(&status) {
                ResponseClass::Rejected(api_error())
            } else {
                ResponseClass::Unattributed(status)
            }
        }
        status if status.is_redirection() => ResponseClass::Redirect,
        status if !status.is_success() => {
            ResponseClass::ServerError(api_error(), retry_after(&response, now))
        }
        _ => match (&retcode, success, &envelope) {
            (Some(_), SuccessField::Missing | SuccessField::True, _) if succeeded => {
                ResponseClass::Success
            }
            (Some(_), SuccessField::False, _) if succeeded => {
                malformed("success", "it is false, but the retcode is 200")
            }
            (Some(_), SuccessField::True, _) => {
                malformed("success", "it is true, but the retcode is not 200")
            }
            (Some(_), _, _) if succeeded => malformed("success", "expected a boolean"),
            (Some(_), _, _) => ResponseClass::Rejected(api_error()),
            (None, _, Err(error)) => ResponseClass::Malformed(DecodeError::of_json(".", error)),
            (None, _, Ok(fields)) => malformed(
                "retcode",
                match fields.retcode {
                    None => "it is missing: this is not an envelope of the gateway",
                    Some(_) => "expected an integer or a short string",
                },
            ),
        },
    };
    let retcode = retcode.map(|code| {
        if succeeded {
            code
        } else {
            secrets.redact(&code)
        }
    });
    (response.with_envelope(retcode, retdata), class)
}

/// The field `success` of the envelope: a boolean, or one as a string or an integer.
enum SuccessField {
    Missing,
    True,
    False,
    Invalid,
}

impl SuccessField {
    fn parse(raw: &RawValue) -> Self {
        match raw.get() {
            "null" => Self::Missing,
            "true" | r#""true""# | "1" => Self::True,
            "false" | r#""false""# | "0" => Self::False,
            _ => Self::Invalid,
        }
    }
}

/// A longer value is not a retcode.
const MAX_RETCODE: usize = 64;

/// Returns a retcode as a string. A retcode is an integer, or a short string without whitespace. Any other value was not
/// written by the gateway and does not prove a rejection.
fn parse_retcode(raw: &RawValue) -> Option<String> {
    let raw = raw.get();
    if raw.len() > MAX_RETCODE {
        return None;
    }
    if raw.starts_with('"') {
        let code: String = serde_json::from_str(raw).ok()?;
        let valid =
            !code.is_empty() && !code.contains(|c: char| c.is_whitespace() || c.is_control());
        return valid.then_some(code);
    }
    let digits = raw.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| raw.to_owned())
}

/// Returns a message as a string, regardless of its JSON type; `None` for null.
fn parse_message(raw: &RawValue) -> Option<String> {
    match raw.get() {
        "null" => None,
        json => Some(serde_json::from_str(json).unwrap_or_else(|_| json.to_owned())),
    }
}

/// Returns the delay of `Retry-After`, which is in seconds, or a date. A fraction of a second is rounded up.
fn retry_after(response: &RawResponse, now: SystemTime) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (seconds, fraction) = value.split_once('.').unwrap_or((value, "0"));
    if is_number(seconds) && is_number(fraction) {
        // A number that overflows means a very long delay, not a missing one.
        let seconds: u64 = seconds.parse().unwrap_or(u64::MAX);
        let rounding = u64::from(fraction.bytes().any(|digit| digit != b'0'));
        return Some(Duration::from_secs(seconds.saturating_add(rounding)));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    // The delay is relative to the `Date` of the same response if there is one, because our clock may be wrong.
    let sent = response.headers().get(DATE).and_then(|value| {
        let value = value.to_str().ok()?;
        httpdate::parse_http_date(value).ok()
    });
    Some(date.duration_since(sent.unwrap_or(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;

    fn classified(status: u16, body: &str) -> String {
        let response = RawResponse::new(
            StatusCode::from_u16(status).unwrap(),
            HeaderMap::new(),
            Bytes::from(body.to_owned()),
        );
        let secrets = KnownSecrets::default();
        let (response, class) = classify(response, SystemTime::UNIX_EPOCH, &secrets);
        match class {
            ResponseClass::Success => format!("success {}", response.retcode().unwrap()),
            ResponseClass::Malformed(error) => format!("malformed {}", error.path()),
            ResponseClass::Redirect => "redirect".to_owned(),
            ResponseClass::RateLimited(delay) => format!("rate limited {delay:?}"),
            ResponseClass::Unauthorized(error) => format!("401 {error}"),
            ResponseClass::Rejected(error) => format!("rejected {error}"),
            ResponseClass::Unattributed(status) => format!("unattributed {}", status.as_u16()),
            ResponseClass::ServerError(error, _) => format!("server error {error}"),
        }
    }

    #[test]
    fn retcode_decides_in_every_json_form() {
        for (status, body, class) in [
            (200, r#"{"retcode":200,"retdata":{}}"#, "success 200"),
            (200, r#"{"retcode":"200","retmsg":null}"#, "success 200"),
            (201, r#"{"retcode":"200","success":true}"#, "success 200"),
            (
                200,
                r#"{"retcode":"200","success":false}"#,
                "malformed success",
            ),
            (
                200,
                r#"{"retcode":"200","retmsg":"success","retdata":null}"#,
                "success 200",
            ),
            (
                200,
                r#"{"retcode":"00008","retmsg":"no"}"#,
                r#"rejected 00008 "no""#,
            ),
            (200, r#"{"retcode":13,"success":false}"#, "rejected 13"),
            (200, r#"{"retcode":13,"success":null}"#, "rejected 13"),
            (200, r#"{"retcode":13,"success":"no"}"#, "rejected 13"),
            // Contradictions.
            (200, r#"{"retcode":13,"success":true}"#, "malformed success"),
            (
                200,
                r#"{"retcode":200,"success":"false"}"#,
                "malformed success",
            ),
            (200, r#"{"retcode":200,"success":"true"}"#, "success 200"),
            (200, r#"{"retcode":200,"success":1}"#, "success 200"),
            (200, r#"{"retcode":13,"success":1}"#, "malformed success"),
            (200, r#"{"retcode":13,"success":0}"#, "rejected 13"),
            (200, r#"{"retcode":200,"success":0}"#, "malformed success"),
            (
                200,
                r#"{"retcode":200,"success":"yes"}"#,
                "malformed success",
            ),
            (200, r#"{"retcode":200,"success":2}"#, "malformed success"),
            (200, r#"{"retcode":200,"success":[]}"#, "malformed success"),
            (200, "\u{feff}{\"retcode\":200}", "success 200"),
            (400, r#"{"retcode":200}"#, "malformed ."),
            (401, r#"{"retcode":"200","success":true}"#, "malformed ."),
            (429, r#"{"retcode":"200"}"#, "malformed ."),
            (200, r#"{"retcode":"200","success":null}"#, "success 200"),
            (200, r#"{"retcode":"\u0032\u00300"}"#, "success 200"),
            (200, r#"{"retcode":" 200"}"#, "malformed retcode"),
            (200, r#"{"retcode":" "}"#, "malformed retcode"),
            (200, r#"{"retcode":"\u0000"}"#, "malformed retcode"),
            (200, r#"{"retcode":"\ud800"}"#, "malformed retcode"),
            (200, r#"{"retcode":2e2}"#, "malformed retcode"),
            (200, r#"{"retcode":"null"}"#, "rejected null"),
            (200, r#"{"retcode":99999999999999999999999}"#, "rejected …"),
            (200, r#"{"retcode":null}"#, "malformed retcode"),
            (200, r#"{"retcode":""}"#, "malformed retcode"),
            (200, r#"{"retcode":true}"#, "malformed retcode"),
            (200, r#"{"retcode":{"code":200}}"#, "malformed retcode"),
            (200, r#"{"retcode":[200]}"#, "malformed retcode"),
            (200, r#"{"retcode":200.0}"#, "malformed retcode"),
            (200, r#"{"retcode":-1}"#, "malformed retcode"),
            (200, r#"{"retcode":"200","retcode":"00008"}"#, "malformed ."),
            (200, r#"{"access_token":"x"}"#, "malformed retcode"),
            (200, "<html>", "malformed ."),
            (200, "", "malformed ."),
            (200, "[]", "malformed ."),
            (200, r#"["200"]"#, "malformed ."),
            (200, r#"{"retcode":"200","retmsg":{"a":1}}"#, "success 200"),
            (204, "", "malformed ."),
            // The text after the retcode is not JSON.
            (200, r#"{"retcode":"200","retdata":{"a"#, "malformed ."),
            (200, r#"{"retcode":200,"retdata":{}} x"#, "malformed ."),
            (400, r#"{"retcode":"00008"}"#, "rejected 00008"),
            (403, r#"{"retcode":"00008"}"#, "rejected 00008"),
            // Only the envelope, or a status that is sent before the request is processed, proves a rejection.
            (400, "<html>", "rejected no reason given"),
            (405, "", "rejected no reason given"),
            (413, "", "rejected no reason given"),
            (414, "", "rejected no reason given"),
            (415, "", "rejected no reason given"),
            (421, "", "rejected no reason given"),
            (425, "", "rejected no reason given"),
            (426, "", "rejected no reason given"),
            (431, "", "rejected no reason given"),
            (403, "<html>", "unattributed 403"),
            (404, "", "unattributed 404"),
            (406, r#"{"retmsg":"no"}"#, "unattributed 406"),
            (409, r#"{"retcode":null}"#, "unattributed 409"),
            (409, r#"["00008"]"#, "unattributed 409"),
            (460, "", "unattributed 460"),
            (499, "<html>", "unattributed 499"),
            (
                401,
                r#"{"retcode":"00001","retmsg":"token"}"#,
                r#"401 00001 "token""#,
            ),
            (408, "", "server error no reason given"),
            (408, r#"{"retcode":"200"}"#, "server error 200"),
            (101, "", "server error no reason given"),
            (600, "", "server error no reason given"),
            (999, r#"{"retcode":"00008"}"#, "server error 00008"),
            (429, "", "rate limited None"),
            (302, "", "redirect"),
            (500, r#"{"retcode":"500"}"#, "server error 500"),
            (503, "<html>", "server error no reason given"),
        ] {
            assert_eq!(classified(status, body), class, "{status} {body}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777 - 5);
        for (text, seconds) in [
            ("7", Some(7)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(5)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("0", Some(0)),
            (" 7 ", Some(7)),
            ("007", Some(7)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", Some(u64::MAX)),
            ("1000000000000000000000000000000", Some(u64::MAX)),
            ("-1", None),
            ("+7", None),
            ("1.5", Some(2)),
            ("299.997", Some(300)),
            ("7.000", Some(7)),
            ("18446744073709551615.5", Some(u64::MAX)),
            ("1.5.5", None),
            (".5", None),
            ("1.", None),
            ("1.5s", None),
            ("-1.5", None),
            ("1e30", None),
            ("", None),
            ("soon", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            let response =
                |headers| RawResponse::new(StatusCode::TOO_MANY_REQUESTS, headers, Bytes::new());
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(
                retry_after(&response(headers.clone()), now),
                expected,
                "{text}"
            );
            // With a `Date` header, our own time has no effect.
            headers.insert(DATE, httpdate::fmt_http_date(now).parse().unwrap());
            let response = response(headers);
            for ours in [
                now - Duration::from_secs(3_600),
                now + Duration::from_secs(3_600),
            ] {
                assert_eq!(retry_after(&response, ours), expected, "{text}");
            }
        }
    }
}
