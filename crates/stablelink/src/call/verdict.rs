//! What an answer means: the envelope is opened here and nowhere else.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use http::StatusCode;
use http::header::{DATE, RETRY_AFTER};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::glance::is_plain_success;
use crate::error::{ApiError, DecodeError};
use crate::raw_response::{RawResponse, SUCCESS};

/// What an answer means.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// The envelope says so.
    Success,
    /// HTTP 401: the token, or who we are.
    Unauthorized(ApiError),
    /// The gateway understood and refused: by its retcode, or by HTTP 4xx.
    Refused(ApiError),
    /// HTTP 429.
    RateLimited(Option<Duration>),
    /// HTTP 3xx. Following it would carry secrets, signature and body to another host.
    Redirect,
    /// HTTP 5xx, 408, or a status of no known class: whether anything took effect is not known.
    Broken(ApiError, Option<Duration>),
    /// None of the gateway's envelopes although the status says success, or an answer that says yes and no.
    Unreadable(DecodeError),
}

impl Verdict {
    /// A word for it, as [`ErrorKind::name`](crate::ErrorKind::name) has them; `None` of success.
    pub(crate) const fn error_type(&self) -> Option<&'static str> {
        match self {
            Self::Success => None,
            Self::Unauthorized(_) => Some("authentication"),
            Self::Refused(_) => Some("refused"),
            Self::RateLimited(_) => Some("rate_limited"),
            Self::Redirect | Self::Broken(..) => Some("transport"),
            Self::Unreadable(_) => Some("decode"),
        }
    }
}

/// The parts of the envelope that tell success from refusal.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow, default)]
    retcode: Option<&'a RawValue>,
    #[serde(borrow, default)]
    retmsg: Option<&'a RawValue>,
    #[serde(borrow, default)]
    success: Option<&'a RawValue>,
}

impl<'a> Head<'a> {
    fn read(body: &'a [u8]) -> Result<Self, serde_json::Error> {
        // A list would do for a struct: serde takes its items for the members in their order.
        match body.trim_ascii_start().first() {
            None | Some(b'{') => serde_json::from_slice(body),
            Some(_) => Err(serde_json::from_slice::<Object>(body)
                .err()
                .unwrap_or_else(|| serde::de::Error::custom("not an object"))),
        }
    }
}

/// An object of any members: what is not one gives the right error.
type Object<'a> = std::collections::BTreeMap<Cow<'a, str>, serde::de::IgnoredAny>;

/// Judges an answer whose record will be read: a success may yet turn out to be [no JSON](spoilt).
pub(super) fn judge_before_reading(reply: RawResponse, now: SystemTime) -> (RawResponse, Verdict) {
    if reply.status().is_success() && is_plain_success(reply.body()) {
        let reply = reply.with_retcode(Some(SUCCESS.to_owned()));
        return (reply, Verdict::Success);
    }
    judge(reply, now)
}

/// What is wrong with the envelope of an answer that was taken for a success, and whose record could not be read, and the
/// answer with the retcode that it really has; `None` if it is a success all the same.
pub(super) fn spoilt(reply: RawResponse) -> Option<(RawResponse, DecodeError)> {
    match judge(reply, SystemTime::UNIX_EPOCH) {
        (reply, Verdict::Unreadable(decode)) => Some((reply, decode)),
        _ => None,
    }
}

/// Judges an answer that came at `now`, and keeps its retcode.
///
/// An answer that contradicts itself proves nothing, neither that a payment was made nor that it was not.
pub(crate) fn judge(reply: RawResponse, now: SystemTime) -> (RawResponse, Verdict) {
    let head = Head::read(reply.body());
    let (retcode, message, success) = match &head {
        Ok(head) => (
            head.retcode.and_then(code),
            head.retmsg.and_then(text),
            head.success.map(RawValue::get),
        ),
        Err(_) => (None, None, None),
    };
    let succeeded = retcode.as_deref() == Some(SUCCESS);
    let api_error = || ApiError::new(retcode.clone(), message.clone());
    let contradiction = |path, problem| Verdict::Unreadable(DecodeError::new(path, problem));
    let status = reply.status();
    let verdict = match status {
        StatusCode::REQUEST_TIMEOUT => Verdict::Broken(api_error(), wait(&reply, now)),
        status if status.is_client_error() && succeeded => contradiction(
            ".",
            "the HTTP status is that of a refusal, but the retcode that of success",
        ),
        StatusCode::UNAUTHORIZED => Verdict::Unauthorized(api_error()),
        StatusCode::TOO_MANY_REQUESTS => Verdict::RateLimited(wait(&reply, now)),
        status if status.is_client_error() => Verdict::Refused(api_error()),
        status if status.is_redirection() => Verdict::Redirect,
        status if !status.is_success() => Verdict::Broken(api_error(), wait(&reply, now)),
        _ => match (&retcode, success, &head) {
            (Some(_), None | Some("true"), _) if succeeded => Verdict::Success,
            (Some(_), Some("false"), _) if succeeded => {
                contradiction("success", "it is false, but the retcode is that of success")
            }
            (Some(_), Some("true"), _) => contradiction(
                "success",
                "it is true, but the retcode is not that of success",
            ),
            (Some(_), _, _) if succeeded => contradiction("success", "expected a boolean"),
            (Some(_), _, _) => Verdict::Refused(api_error()),
            (None, _, Err(error)) => Verdict::Unreadable(DecodeError::of_json(".", error)),
            (None, _, Ok(head)) => Verdict::Unreadable(DecodeError::new(
                "retcode",
                match head.retcode {
                    None => "it is missing: this is no envelope",
                    Some(_) => "expected an integer or a text",
                },
            )),
        },
    };
    (reply.with_retcode(retcode), verdict)
}

/// A retcode as text: an integer, or a word without white space. Anything else is no word of the gateway, and proves no
/// refusal.
fn code(raw: &RawValue) -> Option<String> {
    let raw = raw.get();
    if raw.starts_with('"') {
        let word: String = serde_json::from_str(raw).ok()?;
        let is_word =
            !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || c.is_control());
        return is_word.then_some(word);
    }
    let digits = raw.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| raw.to_owned())
}

/// A message as text, whichever form it has; `None` of null.
fn text(raw: &RawValue) -> Option<String> {
    match raw.get() {
        "null" => None,
        text => Some(serde_json::from_str(text).unwrap_or_else(|_| text.to_owned())),
    }
}

/// `Retry-After`, in seconds or as a date.
fn wait(reply: &RawResponse, now: SystemTime) -> Option<Duration> {
    let text = reply.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More seconds than a number holds are no reason to come at once.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    // By the clock that the date was written by, if it shows: ours may be wrong.
    let theirs = reply.headers().get(DATE).and_then(|value| {
        let text = value.to_str().ok()?;
        httpdate::parse_http_date(text).ok()
    });
    Some(
        date.duration_since(theirs.unwrap_or(now))
            .unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;

    fn judged(status: u16, body: &str) -> String {
        let reply = RawResponse::new(
            StatusCode::from_u16(status).unwrap(),
            HeaderMap::new(),
            Bytes::from(body.to_owned()),
        );
        let (reply, verdict) = judge_before_reading(reply, SystemTime::UNIX_EPOCH);
        match verdict {
            Verdict::Success => match spoilt(reply.clone()) {
                None => format!("success {}", reply.retcode().unwrap()),
                Some((reply, decode)) => {
                    let retcode = reply.retcode().unwrap_or("no retcode");
                    format!("spoilt {}, {retcode}", decode.path())
                }
            },
            Verdict::Unreadable(decode) => format!("unreadable {}", decode.path()),
            Verdict::Redirect => "redirect".to_owned(),
            Verdict::RateLimited(wait) => format!("rate {wait:?}"),
            Verdict::Unauthorized(refusal) => format!("401 {refusal}"),
            Verdict::Refused(refusal) => format!("refused {refusal}"),
            Verdict::Broken(refusal, _) => format!("broken {refusal}"),
        }
    }

    #[test]
    fn the_retcode_decides_whatever_its_form() {
        for (status, body, verdict) in [
            (200, r#"{"retcode":200,"retdata":{}}"#, "success 200"),
            (200, r#"{"retcode":"200","retmsg":null}"#, "success 200"),
            (201, r#"{"retcode":"200","success":true}"#, "success 200"),
            (
                200,
                r#"{"retcode":"200","success":false}"#,
                "unreadable success",
            ),
            (
                200,
                r#"{"retcode":"200","retmsg":"success","retdata":null}"#,
                "success 200",
            ),
            (
                200,
                r#"{"retcode":"00008","retmsg":"no"}"#,
                r#"refused 00008 "no""#,
            ),
            (200, r#"{"retcode":13,"success":false}"#, "refused 13"),
            (200, r#"{"retcode":13,"success":null}"#, "refused 13"),
            (200, r#"{"retcode":13,"success":"no"}"#, "refused 13"),
            // Yes and no: neither is believed.
            (
                200,
                r#"{"retcode":13,"success":true}"#,
                "unreadable success",
            ),
            (
                200,
                r#"{"retcode":200,"success":"false"}"#,
                "unreadable success",
            ),
            (
                200,
                r#"{"retcode":200,"success":"true"}"#,
                "unreadable success",
            ),
            (200, r#"{"retcode":200,"success":0}"#, "unreadable success"),
            (400, r#"{"retcode":200}"#, "unreadable ."),
            (401, r#"{"retcode":"200","success":true}"#, "unreadable ."),
            (429, r#"{"retcode":"200"}"#, "unreadable ."),
            (200, r#"{"retcode":"200","success":null}"#, "success 200"),
            (200, r#"{"retcode":"\u0032\u00300"}"#, "success 200"),
            (200, r#"{"retcode":" 200"}"#, "unreadable retcode"),
            (200, r#"{"retcode":" "}"#, "unreadable retcode"),
            (200, r#"{"retcode":"\u0000"}"#, "unreadable retcode"),
            (200, r#"{"retcode":"\ud800"}"#, "unreadable retcode"),
            (200, r#"{"retcode":2e2}"#, "unreadable retcode"),
            (200, r#"{"retcode":"null"}"#, "refused null"),
            (200, r#"{"retcode":99999999999999999999999}"#, "refused …"),
            (200, r#"{"retcode":null}"#, "unreadable retcode"),
            (200, r#"{"retcode":""}"#, "unreadable retcode"),
            (200, r#"{"retcode":true}"#, "unreadable retcode"),
            (200, r#"{"retcode":{"code":200}}"#, "unreadable retcode"),
            (200, r#"{"retcode":[200]}"#, "unreadable retcode"),
            (200, r#"{"retcode":200.0}"#, "unreadable retcode"),
            (200, r#"{"retcode":-1}"#, "unreadable retcode"),
            (
                200,
                r#"{"retcode":"200","retcode":"00008"}"#,
                "unreadable .",
            ),
            (200, r#"{"access_token":"x"}"#, "unreadable retcode"),
            (200, "<html>", "unreadable ."),
            (200, "", "unreadable ."),
            (200, "[]", "unreadable ."),
            (200, r#"["200"]"#, "unreadable ."),
            (200, r#"{"retcode":"200","retmsg":{"a":1}}"#, "success 200"),
            (204, "", "unreadable ."),
            // Found out by whoever reads the record.
            (
                200,
                r#"{"retcode":"200","retdata":{"a"#,
                "spoilt ., no retcode",
            ),
            (
                200,
                r#"{"retcode":200,"retdata":{}} x"#,
                "spoilt ., no retcode",
            ),
            (400, r#"{"retcode":"00008"}"#, "refused 00008"),
            (403, "<html>", "refused no reason given"),
            (
                401,
                r#"{"retcode":"00001","retmsg":"token"}"#,
                r#"401 00001 "token""#,
            ),
            (408, "", "broken no reason given"),
            (408, r#"{"retcode":"200"}"#, "broken 200"),
            (101, "", "broken no reason given"),
            (600, "", "broken no reason given"),
            (999, r#"{"retcode":"00008"}"#, "broken 00008"),
            (429, "", "rate None"),
            (302, "", "redirect"),
            (500, r#"{"retcode":"500"}"#, "broken 500"),
            (503, "<html>", "broken no reason given"),
        ] {
            assert_eq!(judged(status, body), verdict, "{status} {body}");
        }
    }

    #[test]
    fn a_wait_is_seconds_or_a_date() {
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
            ("1.5", None),
            ("1e30", None),
            ("", None),
            ("soon", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            let reply =
                |headers| RawResponse::new(StatusCode::TOO_MANY_REQUESTS, headers, Bytes::new());
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(wait(&reply(headers.clone()), now), expected, "{text}");
            // With the gateway's own time beside it, ours does not matter.
            headers.insert(DATE, httpdate::fmt_http_date(now).parse().unwrap());
            let reply = reply(headers);
            for ours in [
                now - Duration::from_secs(3_600),
                now + Duration::from_secs(3_600),
            ] {
                assert_eq!(wait(&reply, ours), expected, "{text}");
            }
        }
    }
}
