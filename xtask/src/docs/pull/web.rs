//! One request: headers, limits, and what a failure means. And its repetition.

use std::{
    error::Error,
    hash::{BuildHasher, Hasher, RandomState},
    time::Duration,
};

use reqwest::{
    Client, Response, StatusCode,
    header::{HeaderMap, HeaderName, HeaderValue, LOCATION, ORIGIN, REFERER, RETRY_AFTER},
    redirect,
};
use serde_json::Value;

use super::{
    address::{ApiBase, Site, shown},
    error::{Class, Failure, PullError},
    settings::Settings,
};

/// The published JSON answers nobody who does not name a version.
const CLIENT_VERSION: &str = "2.0.0";
/// "Client version too low".
const VERSION_REFUSED: u64 = 400_105;
/// Most bytes of the body of a refusal that are read, for its error code.
const REFUSAL_BYTES: usize = 64 * 1024;

/// Whom a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum To {
    /// The published JSON: with the headers that it wants.
    Api,
    /// The site itself.
    Site,
}

/// A request: always GET.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// The address.
    pub address: String,
    /// Whom it is for.
    pub to: To,
    /// Most bytes of the answer.
    pub limit: usize,
}

/// A client with the settings of a pull.
#[derive(Debug)]
pub(super) struct Web {
    client: Client,
    api_headers: HeaderMap,
    settings: Settings,
}

impl Web {
    /// Sets up a client that follows no redirect, keeps no cookie and has no secret.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub(super) fn new(site: &Site, api: &ApiBase, settings: &Settings) -> Result<Self, PullError> {
        // Another part of the process may have chosen already; any choice will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = Client::builder()
            .redirect(redirect::Policy::none())
            .referer(false)
            .user_agent("cargo-xtask-docs-pull (unofficial StableLink bindings)")
            .connect_timeout(settings.connect_timeout)
            .read_timeout(settings.read_timeout)
            .timeout(settings.total_timeout);
        if site.is_local() && api.is_local() {
            // No proxy for this machine, and no need for the certificates of the system.
            client = client.no_proxy().tls_certs_only([]);
        }
        let client = client.build().map_err(|error| {
            PullError::Client(format!(
                "{}; are the system's certificates installed?",
                chain(&error)
            ))
        })?;
        let header = |text: &str| {
            HeaderValue::from_str(text).map_err(|error| PullError::Client(error.to_string()))
        };
        let api_headers = HeaderMap::from_iter([
            (ORIGIN, header(&site.origin())?),
            (REFERER, header(&format!("{}/", site.origin()))?),
            (
                HeaderName::from_static("x-client-version"),
                HeaderValue::from_static(CLIENT_VERSION),
            ),
        ]);
        Ok(Self {
            client,
            api_headers,
            settings: settings.clone(),
        })
    }

    /// Asks until `read` takes the answer, the failure is a lasting one, or the attempts are used up.
    pub(super) async fn get<T>(
        &self,
        request: &Request,
        read: impl Fn(&[u8]) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut attempt = 1;
        loop {
            let outcome = match self.once(request).await {
                Ok(body) => read(&body),
                Err(failure) => Err(failure),
            };
            match outcome {
                Err(failure)
                    if failure.class == Class::Passing && attempt < self.settings.attempts =>
                {
                    let wait = self.settings.wait(attempt, failure.retry_after, chance());
                    tokio::time::sleep(wait).await;
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn once(&self, request: &Request) -> Result<Vec<u8>, Failure> {
        let mut get = self.client.get(&request.address);
        if request.to == To::Api {
            get = get.headers(self.api_headers.clone());
        }
        let response = get.send().await.map_err(|error| self.broken(&error))?;
        let status = response.status();
        if status == StatusCode::OK {
            return self.body(response, request.limit).await;
        }
        Err(self.refusal(response, status).await)
    }

    async fn refusal(&self, response: Response, status: StatusCode) -> Failure {
        let headers = response.headers();
        let text = |name| {
            headers
                .get(name)
                .and_then(|value: &HeaderValue| value.to_str().ok())
        };
        if status.is_redirection() {
            let to = text(LOCATION).map_or("somewhere".to_owned(), |to| format!("{:?}", shown(to)));
            return Failure {
                status: Some(status.as_u16()),
                ..Failure::new(
                    Class::Lasting,
                    format!(
                        "redirects ({}) to {to}; redirects are not followed",
                        status.as_u16()
                    ),
                )
            };
        }
        let retry_after = text(RETRY_AFTER).and_then(retry_after);
        let passing = status.is_server_error() || matches!(status.as_u16(), 403 | 408 | 425 | 429);
        let class = if passing {
            Class::Passing
        } else {
            Class::Lasting
        };
        let told = match self.body(response, REFUSAL_BYTES).await {
            Ok(body) => serde_json::from_slice::<Value>(&body)
                .ok()
                .and_then(|body| refused(&body)),
            Err(_) => None,
        };
        let (class, text) = match told {
            Some(told) if told.class == Class::Fatal => (Class::Fatal, told.text),
            Some(told) => (
                class,
                format!("answers {} ({})", status.as_u16(), told.text),
            ),
            None => (class, format!("answers {}", status.as_u16())),
        };
        Failure {
            text,
            class,
            status: Some(status.as_u16()),
            retry_after,
        }
    }

    async fn body(&self, mut response: Response, limit: usize) -> Result<Vec<u8>, Failure> {
        let too_large = |size: String| {
            let text = format!("the answer has {size} bytes, the limit is {limit}");
            Failure::new(Class::Lasting, text)
        };
        let length = response.content_length();
        if let Some(length) =
            length.filter(|length| usize::try_from(*length).is_ok_and(|length| length > limit))
        {
            return Err(too_large(length.to_string()));
        }
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > limit => {
                    return Err(too_large(format!("more than {limit}")));
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Ok(body),
                Err(error) if error.is_timeout() => return Err(self.broken(&error)),
                Err(_) => {
                    let whole = length.map_or(String::new(), |length| format!(" of {length}"));
                    let text = format!("the answer broke off after {}{whole} bytes", body.len());
                    return Err(Failure::new(Class::Passing, text));
                }
            }
        }
    }

    fn broken(&self, error: &reqwest::Error) -> Failure {
        let text = if error.is_connect() {
            format!("no connection: {}", chain(error))
        } else if error.is_timeout() {
            format!(
                "no answer in time (a pause of {}, {} in all)",
                seconds(self.settings.read_timeout),
                seconds(self.settings.total_timeout)
            )
        } else {
            format!("the connection broke: {}", chain(error))
        };
        Failure::new(Class::Passing, text)
    }
}

/// What a refusal in JSON says, if it is one: `{"success": false, "errorCode": …, "errorMessage": …}`.
pub(super) fn refused(body: &Value) -> Option<Failure> {
    if body.get("success") != Some(&Value::Bool(false)) {
        return None;
    }
    let code = body.get("errorCode").and_then(|code| match code {
        Value::String(code) => code.parse().ok(),
        code => code.as_u64(),
    });
    let message = shown(
        body.get("errorMessage")
            .and_then(Value::as_str)
            .unwrap_or("no reason given"),
    );
    let Some(code) = code else {
        return Some(Failure::new(
            Class::Passing,
            format!("refused: {message:?}"),
        ));
    };
    let text = format!("refused with code {code}: {message:?}");
    Some(match code {
        VERSION_REFUSED => Failure::new(
            Class::Fatal,
            format!(
                "{text}; it wants a newer client than {CLIENT_VERSION}: raise `CLIENT_VERSION` in xtask/src/docs/pull/web.rs"
            ),
        ),
        // 404, and codes such as 404003.
        404 | 404_000..=404_999 => Failure {
            status: Some(404),
            ..Failure::new(Class::Lasting, text)
        },
        _ => Failure::new(Class::Passing, text),
    })
}

/// Seconds, or a date.
fn retry_after(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(text.trim()).ok()?.timestamp();
    let wait = at.duration_since(jiff::Timestamp::now());
    Some(Duration::try_from(wait).unwrap_or_default())
}

/// Between 0 and 1; for jitter, so any source that differs between processes will do.
fn chance() -> f64 {
    let bits = RandomState::new().build_hasher().finish();
    f64::from((bits >> 32) as u32) / f64::from(u32::MAX)
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

/// The cause at the end of an error: without the address, which the message names anyway.
fn chain(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    shown(&cause.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(retry_after(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(
            retry_after("Wed, 21 Oct 2015 07:28:00 GMT"),
            Some(Duration::ZERO)
        );
        assert!(
            retry_after("Thu, 31 Dec 9998 23:59:59 GMT")
                .is_some_and(|wait| wait > Duration::from_secs(1))
        );
        assert_eq!(retry_after("soon"), None);
        assert_eq!(retry_after("-1"), None);
    }

    #[test]
    fn a_refusal_is_told_by_its_code() {
        for (body, expected) in [
            (r#"{"success": true}"#, None),
            (r#"{"data": 1}"#, None),
            (r#"{"success": false}"#, Some(Class::Passing)),
            (
                r#"{"success": false, "errorCode": "400105"}"#,
                Some(Class::Fatal),
            ),
            (
                r#"{"success": false, "errorCode": 404001, "errorMessage": "gone"}"#,
                Some(Class::Lasting),
            ),
            (
                r#"{"success": false, "errorCode": 403001}"#,
                Some(Class::Passing),
            ),
        ] {
            let body = serde_json::from_str(body).unwrap();
            assert_eq!(
                refused(&body).map(|failure| failure.class),
                expected,
                "{body}"
            );
        }
    }

    #[test]
    fn chance_is_a_share() {
        assert!(
            (0..100)
                .map(|_| chance())
                .all(|chance| (0.0..=1.0).contains(&chance))
        );
    }
}
