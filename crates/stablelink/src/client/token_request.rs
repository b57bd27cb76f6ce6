//! Requests tokens from the gateway. A token request is the only call that is not signed, and its URL contains secrets.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use stablelink_api::operations::ISSUE_ACCESS_TOKEN;
use tracing::Instrument;
use url::Url;

use super::ClockSkew;
use crate::account::{CredentialCache, KnownSecrets};
use crate::call::{
    AttemptError, ResponseClass, RetryPolicy, append_query, classify, into_attempt_error, send,
};
use crate::clock::{BoxFuture, Clock};
use crate::environment::Origin;
use crate::error::{DecodeError, Error, ErrorKind};
use crate::observe;
use crate::raw_object::RawObject;
use crate::token::{IssuedToken, TokenSource, TokenSourceError};

/// Requests tokens over HTTP, with a timeout and with errors that omit the URL.
///
/// The generated client is not used: it rejects a response if any field does not have the documented type, although only the
/// token itself is needed.
pub(crate) struct HttpTokenSource {
    pub(crate) http: reqwest::Client,
    pub(crate) origin: Origin,
    pub(crate) credentials: Arc<CredentialCache>,
    pub(crate) secrets: Arc<KnownSecrets>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) clock_skew: Arc<ClockSkew>,
    pub(crate) retry: RetryPolicy,
    pub(crate) attempt_timeout: Duration,
    pub(crate) max_response_size: usize,
}

const CLIENT_CREDENTIALS: &str = "client_credentials";
const REFRESH_TOKEN: &str = "refresh_token";

impl HttpTokenSource {
    /// Requests a token with this grant and its further parameters.
    async fn request(
        &self,
        grant: &'static str,
        parameters: &[(&str, &str)],
    ) -> Result<IssuedToken, TokenSourceError> {
        let result = match self.send_with_retries(grant, parameters).await {
            Ok(body) => parse_token(&body).map_err(|error| {
                let error = Error::new(ErrorKind::Decode(error)).of_token_request(1);
                TokenSourceError::Unavailable(error)
            }),
            Err(error) => Err(error),
        };
        if let Ok(token) = &result {
            self.secrets.remember(&token.access_token);
            token
                .refresh_token
                .iter()
                .for_each(|token| self.secrets.remember(token));
        }
        let error = result.as_ref().map_err(|error| match error {
            TokenSourceError::Rejected(error) | TokenSourceError::Unavailable(error) => error,
        });
        observe::token_refresh(grant, error);
        result
    }

    /// Retries failures after which the token request is safe to repeat. A `Retry-After` header ends the retries: the token
    /// cooldown then lasts that long.
    async fn send_with_retries(
        &self,
        grant: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Bytes, TokenSourceError> {
        let mut attempt = 1;
        loop {
            let request = self
                .build_request(grant, parameters)
                .map_err(TokenSourceError::Rejected)?;
            let error = match self.send_once(request, attempt).await {
                Err(TokenSourceError::Unavailable(error)) if error.is_retryable() => error,
                result => return result,
            };
            if attempt >= self.retry.max_attempts || error.retry_after().is_some() {
                return Err(TokenSourceError::Unavailable(error));
            }
            self.clock.sleep(self.retry.delay(attempt)).await;
            attempt += 1;
        }
    }

    fn build_request(
        &self,
        grant: &str,
        parameters: &[(&str, &str)],
    ) -> Result<reqwest::Request, Error> {
        let url = format!("{}{}", self.origin, ISSUE_ACCESS_TOKEN.path);
        let mut url = Url::parse(&url)
            .map_err(|error| Error::configuration("the origin is not a URL").because(error))?;
        append_query(&mut url, &[&[("grant_type", grant)], parameters].concat());
        let mut request = reqwest::Request::new(Method::POST, url);
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(ACCEPT, json);
        Ok(request)
    }

    async fn send_once(
        &self,
        request: reqwest::Request,
        attempt: u32,
    ) -> Result<Bytes, TokenSourceError> {
        let clock = Arc::clone(&self.clock);
        let id = ISSUE_ACCESS_TOKEN.id;
        let span = observe::AttemptSpan::start(id, request.method(), attempt, clock);
        let timed_out = self.clock.alarm(self.attempt_timeout);
        let sent = send(&self.http, request, self.max_response_size, timed_out)
            .instrument(span.span())
            .await;
        let response = match sent {
            Ok(completed) => completed.response,
            Err(failure) => {
                span.fail(&failure.error);
                return Err(source_error(failure, attempt));
            }
        };
        let now = self.clock.now();
        self.clock_skew.update(response.headers(), now, None);
        let (response, class) = classify(response, now, &self.secrets);
        span.finish(&response, class.error_type());
        let json = response.body().slice_ref(response.json());
        match class {
            // The page about refresh tokens shows a token without an envelope.
            ResponseClass::Malformed(_) if is_bare_token(response.json()) => {}
            // The body is dropped, because it may contain a token.
            class => {
                if let Err(failure) = into_attempt_error(class, response.without_body()) {
                    return Err(source_error(failure, attempt));
                }
            }
        }
        Ok(json)
    }
}

/// Maps a failed attempt to the error of the token source. A rejected request is not repeated before the cooldown ends.
fn source_error(failure: AttemptError, attempt: u32) -> TokenSourceError {
    let error = failure.error.of_token_request(attempt);
    match error.api_error().cloned() {
        Some(api_error) if api_error.is_about_address() => {
            TokenSourceError::Rejected(error.with_kind(ErrorKind::AddressNotAllowed(api_error)))
        }
        Some(api_error) => TokenSourceError::Rejected(error.with_kind(ErrorKind::Authentication {
            problem: "the gateway issued no token".into(),
            api_error: Some(api_error),
        })),
        None => TokenSourceError::Unavailable(error.retryable(failure.retry)),
    }
}

const ACCESS_TOKEN: &str = "access_token";

/// Returns whether a body is a token without the envelope.
fn is_bare_token(body: &[u8]) -> bool {
    RawObject::parse(body).is_ok_and(|object| {
        let has = |name| object.get(name).is_some_and(|json| json != "null");
        has(ACCESS_TOKEN) && !has("retcode")
    })
}

/// The `expires_in` that the pages show, for a response without a readable one. If the token expires earlier, the gateway
/// rejects it and it is refreshed then.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(21_600);

/// Reads a token, with or without the envelope. Only the token itself must be readable.
fn parse_token(body: &[u8]) -> Result<IssuedToken, DecodeError> {
    let envelope = RawObject::parse(body)?;
    let token = match envelope.get("retdata").filter(|json| *json != "null") {
        _ if envelope
            .get(ACCESS_TOKEN)
            .is_some_and(|json| json != "null") =>
        {
            envelope
        }
        Some(retdata) => RawObject::parse(retdata.as_bytes())
            .map_err(|error| DecodeError::new("retdata", error.problem()))?,
        None => {
            let problem = "it is missing: the response has no token";
            return Err(DecodeError::new("retdata", problem));
        }
    };
    let secret = |name| {
        Some(SecretString::from(
            token.non_empty_string(name)?.into_string(),
        ))
    };
    let access_token = secret(ACCESS_TOKEN).ok_or_else(|| {
        DecodeError::new(
            ACCESS_TOKEN,
            "expected a non-empty string: the response has no token",
        )
    })?;
    Ok(IssuedToken {
        access_token,
        expires_in: token
            .get("expires_in")
            .and_then(parse_seconds)
            .unwrap_or(DEFAULT_LIFETIME),
        refresh_token: secret(REFRESH_TOKEN),
        refresh_expires_in: token.get("rt_expires_in").and_then(parse_seconds),
    })
}

/// Reads a number of seconds: a JSON number or a string, without its fraction. A negative number is zero. `None` for any other
/// value and for a number of more than 63 bits.
fn parse_seconds(json: &str) -> Option<Duration> {
    let string: Option<String> = serde_json::from_str(json).ok();
    let text = string.as_deref().unwrap_or(json).trim();
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let seconds: i64 = seconds.parse().ok()?;
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

impl TokenSource for HttpTokenSource {
    fn account(&self) -> BoxFuture<'_, Result<String, Error>> {
        Box::pin(async { Ok(self.credentials.reload().await?.account.clone()) })
    }

    fn by_credentials<'a>(
        &'a self,
        account: &'a str,
    ) -> BoxFuture<'a, Result<IssuedToken, TokenSourceError>> {
        Box::pin(async move {
            let credentials = self
                .credentials
                .current()
                .await
                .map_err(TokenSourceError::Unavailable)?;
            if credentials.account != account {
                return Err(TokenSourceError::Unavailable(
                    Error::configuration("the credentials changed during a token request")
                        .retryable(true),
                ));
            }
            let parameters = [
                ("api_key", credentials.api_key.expose_secret()),
                ("api_secret", credentials.api_secret.expose_secret()),
            ];
            self.request(CLIENT_CREDENTIALS, &parameters).await
        })
    }

    fn by_refresh_token<'a>(
        &'a self,
        token: &'a SecretString,
    ) -> BoxFuture<'a, Result<IssuedToken, TokenSourceError>> {
        Box::pin(async move {
            let parameters = [(REFRESH_TOKEN, token.expose_secret())];
            self.request(REFRESH_TOKEN, &parameters).await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(body: &str) -> Result<(String, u64, Option<u64>), String> {
        let token = parse_token(body.as_bytes()).map_err(|error| error.to_string())?;
        Ok((
            token.access_token.expose_secret().to_owned(),
            token.expires_in.as_secs(),
            token.refresh_expires_in.map(|lifetime| lifetime.as_secs()),
        ))
    }

    #[test]
    fn only_the_token_itself_must_be_readable() {
        for (json, seconds) in [
            ("7200", Some(7_200)),
            (r#""7200""#, Some(7_200)),
            ("7200.0", Some(7_200)),
            (r#"" 7200.9 ""#, Some(7_200)),
            ("0", Some(0)),
            ("-7", Some(0)),
            ("10000000000000000000", None),
            ("7.2e3", None),
            (r#""never""#, None),
            (r#""""#, None),
            ("null", None),
            ("true", None),
            ("[7200]", None),
        ] {
            let token = format!(
                r#"{{"access_token":"t","token_type":7,"expires_in":{json},"rt_expires_in":{json}}}"#
            );
            let expected = ("t".to_owned(), seconds.unwrap_or(21_600), seconds);
            let enveloped = format!(r#"{{"retcode":200,"retdata":{token},"success":1}}"#);
            for body in [token, enveloped] {
                assert_eq!(parsed(&body).as_ref(), Ok(&expected), "{body}");
            }
        }
    }

    #[test]
    fn response_without_a_token_says_what_is_missing() {
        for (body, problem) in [
            (
                r#"{"retcode":200}"#,
                "at `retdata`: it is missing: the response has no token",
            ),
            (
                r#"{"retdata":null}"#,
                "at `retdata`: it is missing: the response has no token",
            ),
            (r#"{"retdata":"t"}"#, "at `retdata`: expected an object"),
            (
                r#"{"retdata":{}}"#,
                "at `access_token`: expected a non-empty string",
            ),
            (
                r#"{"access_token":""}"#,
                "at `access_token`: expected a non-empty string",
            ),
            (
                r#"{"access_token":7}"#,
                "at `access_token`: expected a non-empty string",
            ),
            ("<html>", "at `.`: it is not JSON"),
        ] {
            let error = parsed(body).unwrap_err();
            assert!(error.contains(problem), "{body}: {error}");
        }
    }

    #[test]
    fn token_without_an_envelope_has_no_retcode() {
        for (body, expected) in [
            (r#"{"access_token":"t"}"#, true),
            (r#"{"access_token":"t","retcode":null}"#, true),
            (r#"{"access_token":"t","retcode":true}"#, false),
            (r#"{"access_token":"t","retcode":[500]}"#, false),
            (r#"{"access_token":"t","retcode":{}}"#, false),
            (r#"{"access_token":"t","retcode":1.5}"#, false),
            (r#"{"access_token":null}"#, false),
            ("{}", false),
            ("<html>", false),
        ] {
            assert_eq!(is_bare_token(body.as_bytes()), expected, "{body}");
        }
    }
}
