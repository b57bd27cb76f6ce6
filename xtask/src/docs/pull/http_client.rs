//! Sends a request with retries, limits the response, and classifies failures.

use std::{
    error::Error,
    hash::{BuildHasher, Hasher, RandomState},
    io::Read as _,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use flate2::read::MultiGzDecoder;
use reqwest::{
    Client, RequestBuilder, Response, StatusCode, Url,
    header::{
        CONTENT_ENCODING, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue, LOCATION,
        ORIGIN, REFERER, RETRY_AFTER, SET_COOKIE,
    },
    redirect,
};
use serde_json::Value;

use super::{
    address::{ApiBase, Site, sanitize},
    error::{FailureKind, FetchError, PullError},
    settings::PullSettings,
};

/// The published JSON requires a client version.
const CLIENT_VERSION: &str = "2.0.0";
/// The client version that the vendor's program sends for an export.
const EXPORT_CLIENT_VERSION: &str = "100.100.100";
/// The first bytes of a body that is compressed with gzip. Neither JSON nor Markdown starts with them.
const GZIP: [u8; 2] = [0x1f, 0x8b];
const CLIENT_VERSION_HEADER: HeaderName = HeaderName::from_static("x-client-version");
/// Error code: "Client version too low".
const VERSION_REFUSED: u64 = 400_105;
/// The maximum size of an error response that is read for its error code, in bytes.
const ERROR_BYTES: usize = 64 * 1024;

/// The destination of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Destination {
    /// The published JSON, with the headers that it requires.
    Api,
    /// The export of the published JSON: a POST without a body.
    Export,
    /// The site itself.
    Site,
}

/// A request for a page, a list or an export.
#[derive(Debug, Clone)]
pub(super) struct PageRequest {
    /// The URL.
    pub address: String,
    /// The destination.
    pub destination: Destination,
    /// The maximum size of the response, in bytes.
    pub limit: usize,
}

/// An HTTP client with the settings of a pull.
#[derive(Debug)]
pub(super) struct HttpClient {
    client: Client,
    api_headers: HeaderMap,
    /// The cookies of a protected documentation, and the origin that set them.
    cookie: Mutex<Option<(String, HeaderValue)>>,
    settings: PullSettings,
}

impl HttpClient {
    /// Creates a client that follows no redirects. It stores only the cookies of [`log_in`](Self::log_in).
    ///
    /// # Errors
    /// Fails if TLS cannot be initialised.
    pub(super) fn new(
        site: &Site,
        bases: &[ApiBase],
        settings: &PullSettings,
    ) -> Result<Self, PullError> {
        // Another part of the process may have installed a provider; any provider works.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = Client::builder()
            .redirect(redirect::Policy::none())
            .referer(false)
            .user_agent("cargo-xtask-docs-pull")
            .connect_timeout(settings.connect_timeout)
            .read_timeout(settings.read_timeout)
            .timeout(settings.total_timeout);
        if site.is_local() && bases.iter().all(ApiBase::is_local) {
            // A local site needs neither a proxy nor system certificates.
            client = client.no_proxy().tls_certs_only([]);
        }
        let client = client.build().map_err(|error| {
            PullError::Client(format!(
                "{}; check that the system certificates are installed",
                root_cause(&error)
            ))
        })?;
        let header = |text: &str| {
            HeaderValue::from_str(text).map_err(|error| PullError::Client(error.to_string()))
        };
        let api_headers = HeaderMap::from_iter([
            (ORIGIN, header(&site.origin())?),
            (REFERER, header(&format!("{}/", site.origin()))?),
            (
                CLIENT_VERSION_HEADER,
                HeaderValue::from_static(CLIENT_VERSION),
            ),
        ]);
        Ok(Self {
            client,
            api_headers,
            cookie: Mutex::default(),
            settings: settings.clone(),
        })
    }

    /// Sends the request until `read` accepts the response, the failure is permanent, or no attempt is
    /// left.
    pub(super) async fn get<T>(
        &self,
        request: &PageRequest,
        read: impl Fn(&[u8]) -> Result<T, FetchError>,
    ) -> Result<T, FetchError> {
        let mut attempt = 1;
        loop {
            let outcome = match self.send(request).await {
                Ok(body) => read(&body),
                Err(failure) => Err(failure),
            };
            match outcome {
                Err(failure)
                    if failure.class == FailureKind::Transient
                        && attempt < self.settings.attempts =>
                {
                    let delay = self.settings.backoff_delay(
                        attempt,
                        failure.retry_after,
                        random_fraction(),
                    );
                    tokio::time::sleep(delay).await;
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn send(&self, request: &PageRequest) -> Result<Vec<u8>, FetchError> {
        let response = self.respond(self.builder(request)).await?;
        let coding = response.headers().get(CONTENT_ENCODING).cloned();
        let body = self.body(response, request.limit).await?;
        if body.starts_with(&GZIP) {
            return gunzip(&body, request.limit);
        }
        match coding.as_ref().map(HeaderValue::as_bytes) {
            None | Some(b"" | b"gzip" | b"identity" | b"x-gzip") => Ok(body),
            Some(coding) => Err(FetchError::new(
                FailureKind::Permanent,
                format!(
                    "the response is compressed with {:?} although no compression was requested; only gzip is supported",
                    sanitize(&String::from_utf8_lossy(coding))
                ),
            )),
        }
    }

    fn builder(&self, request: &PageRequest) -> RequestBuilder {
        let address = &request.address;
        let builder = match request.destination {
            Destination::Site => self.client.get(address),
            Destination::Api => self.client.get(address).headers(self.api_headers.clone()),
            Destination::Export => {
                let mut headers = self.api_headers.clone();
                headers.insert(
                    CLIENT_VERSION_HEADER,
                    HeaderValue::from_static(EXPORT_CLIENT_VERSION),
                );
                self.client.post(address).headers(headers).body("")
            }
        };
        let cookie = self.cookie.lock().unwrap_or_else(PoisonError::into_inner);
        match cookie.as_ref() {
            Some((origin, cookie)) if origin_of(address).as_ref() == Some(origin) => {
                builder.header(COOKIE, cookie)
            }
            _ => builder,
        }
    }

    /// Sends the password of a protected documentation as a form. Further requests to the same origin send the cookies
    /// of the response.
    ///
    /// # Errors
    /// Fails if the password is rejected or no cookie is set.
    pub(super) async fn log_in(
        &self,
        address: &str,
        id: &str,
        password: &str,
    ) -> Result<(), FetchError> {
        let post = self
            .client
            .post(address)
            .headers(self.api_headers.clone())
            .header(
                CONTENT_TYPE,
                "application/x-www-form-urlencoded;charset=UTF-8",
            )
            .body(form(address, &[("id", id), ("password", password)]));
        let response = self.respond(post).await?;
        let cookies: Vec<String> = response
            .headers()
            .get_all(SET_COOKIE)
            .iter()
            .filter_map(|cookie| cookie.to_str().ok()?.split(';').next())
            .map(str::to_owned)
            .collect();
        let body = self.body(response, ERROR_BYTES).await?;
        if let Some(failure) = serde_json::from_slice::<Value>(&body)
            .ok()
            .and_then(|body| api_failure(&body))
        {
            return Err(failure);
        }
        let cookie = HeaderValue::from_str(&cookies.join("; "));
        match (cookie, origin_of(address)) {
            (Ok(mut cookie), Some(origin)) if !cookie.is_empty() => {
                cookie.set_sensitive(true);
                *self.cookie.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some((origin, cookie));
                Ok(())
            }
            _ => Err(FetchError::new(
                FailureKind::Permanent,
                "the response to the password sets no cookie",
            )),
        }
    }

    async fn respond(&self, request: RequestBuilder) -> Result<Response, FetchError> {
        let response = request
            .send()
            .await
            .map_err(|error| self.connection_failure(&error))?;
        let status = response.status();
        if matches!(status, StatusCode::OK | StatusCode::CREATED) {
            return Ok(response);
        }
        Err(self.error_response(response, status).await)
    }

    async fn error_response(&self, response: Response, status: StatusCode) -> FetchError {
        let headers = response.headers();
        let text = |name| {
            headers
                .get(name)
                .and_then(|value: &HeaderValue| value.to_str().ok())
        };
        if status.is_redirection() {
            let to = text(LOCATION).map_or("an unknown URL".to_owned(), |to| {
                format!("{:?}", sanitize(to))
            });
            return FetchError {
                status: Some(status.as_u16()),
                ..FetchError::new(
                    FailureKind::Permanent,
                    format!(
                        "redirects ({}) to {to}; redirects are not followed",
                        status.as_u16()
                    ),
                )
            };
        }
        let retry_after = text(RETRY_AFTER).and_then(retry_after);
        let transient =
            status.is_server_error() || matches!(status.as_u16(), 403 | 408 | 425 | 429);
        let class = if transient {
            FailureKind::Transient
        } else {
            FailureKind::Permanent
        };
        let api_error = match self.body(response, ERROR_BYTES).await {
            Ok(body) => serde_json::from_slice::<Value>(&body)
                .ok()
                .and_then(|body| api_failure(&body)),
            Err(_) => None,
        };
        let (class, text) = match api_error {
            Some(error) if error.class == FailureKind::Fatal => (FailureKind::Fatal, error.text),
            Some(error) => (
                class,
                format!("responds with {} ({})", status.as_u16(), error.text),
            ),
            None => (class, format!("responds with {}", status.as_u16())),
        };
        FetchError {
            text,
            class,
            status: Some(status.as_u16()),
            has_no_data: false,
            retry_after,
        }
    }

    async fn body(&self, mut response: Response, limit: usize) -> Result<Vec<u8>, FetchError> {
        let length = response.content_length();
        if let Some(length) =
            length.filter(|length| usize::try_from(*length).is_ok_and(|length| length > limit))
        {
            return Err(too_large(&length.to_string(), limit));
        }
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > limit => {
                    return Err(too_large(&format!("more than {limit}"), limit));
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Ok(body),
                Err(error) if error.is_timeout() => return Err(self.connection_failure(&error)),
                Err(_) => {
                    let whole = length.map_or(String::new(), |length| format!(" of {length}"));
                    let text = format!("the response ended after {}{whole} bytes", body.len());
                    return Err(FetchError::new(FailureKind::Transient, text));
                }
            }
        }
    }

    fn connection_failure(&self, error: &reqwest::Error) -> FetchError {
        let text = if error.is_connect() {
            format!("no connection: {}", root_cause(error))
        } else if error.is_timeout() {
            format!(
                "timeout (no data for {}, or {} in total)",
                seconds(self.settings.read_timeout),
                seconds(self.settings.total_timeout)
            )
        } else {
            format!("connection error: {}", root_cause(error))
        };
        FetchError::new(FailureKind::Transient, text)
    }
}

/// Decompresses a body. A server may compress it although the request does not allow that.
fn gunzip(body: &[u8], limit: usize) -> Result<Vec<u8>, FetchError> {
    let mut text = Vec::new();
    let mut decoder = MultiGzDecoder::new(body).take(limit as u64 + 1);
    match decoder.read_to_end(&mut text) {
        Ok(size) if size > limit => Err(too_large(&format!("more than {limit}"), limit)),
        Ok(_) => Ok(text),
        Err(error) => Err(FetchError::new(
            FailureKind::Transient,
            format!("the compressed response cannot be read: {error}"),
        )),
    }
}

fn too_large(size: &str, limit: usize) -> FetchError {
    let text = format!("the response has {size} bytes, but the limit is {limit}");
    FetchError::new(FailureKind::Permanent, text)
}

/// Returns the body of a form.
fn form(address: &str, fields: &[(&str, &str)]) -> String {
    // A query has the encoding of a form.
    Url::parse(address).map_or_else(
        |_| String::new(),
        |mut url| {
            url.query_pairs_mut().clear().extend_pairs(fields);
            url.query().unwrap_or_default().to_owned()
        },
    )
}

fn origin_of(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    Some(url.origin().ascii_serialization())
}

/// Returns the failure of an error response: `{"success": false, "errorCode": …, "errorMessage": …}`.
pub(super) fn api_failure(body: &Value) -> Option<FetchError> {
    if body.get("success") != Some(&Value::Bool(false)) {
        return None;
    }
    let code = body.get("errorCode").and_then(|code| match code {
        Value::String(code) => code.parse().ok(),
        code => code.as_u64(),
    });
    let message = sanitize(
        body.get("errorMessage")
            .and_then(Value::as_str)
            .unwrap_or("no message"),
    );
    let Some(code) = code else {
        return Some(FetchError::new(
            FailureKind::Transient,
            format!("error: {message:?}"),
        ));
    };
    let text = format!("error {code}: {message:?}");
    Some(match code {
        VERSION_REFUSED => FetchError::new(
            FailureKind::Fatal,
            format!(
                "{text}; it requires a newer client than {CLIENT_VERSION}: increase `CLIENT_VERSION` in xtask/src/docs/pull/http_client.rs"
            ),
        ),
        // 404, and codes such as 404003.
        404 | 404_000..=404_999 => FetchError {
            status: Some(404),
            ..FetchError::new(FailureKind::Permanent, text)
        },
        // The codes of denied access, such as 403001.
        401 | 403 | 401_000..=401_999 | 403_000..=403_999 => FetchError {
            status: Some(403),
            ..FetchError::new(FailureKind::Transient, text)
        },
        _ => FetchError::new(FailureKind::Transient, text),
    })
}

/// Parses a `Retry-After` header: seconds or a date.
fn retry_after(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(text.trim()).ok()?.timestamp();
    let delay = at.duration_since(jiff::Timestamp::now());
    Some(Duration::try_from(delay).unwrap_or_default())
}

/// Returns a random number between 0 and 1. For jitter, the seed of a hasher is random enough.
fn random_fraction() -> f64 {
    let bits = RandomState::new().build_hasher().finish();
    f64::from((bits >> 32) as u32) / f64::from(u32::MAX)
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

/// Returns the root cause of an error, without the URL, which the message already has.
fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    sanitize(&cause.to_string())
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
    fn compressed_body_is_limited_after_decompression() {
        let mut gzip = flate2::read::GzEncoder::new(&[b'a'; 1_000][..], Default::default());
        let mut body = Vec::new();
        gzip.read_to_end(&mut body).unwrap();
        assert_eq!(gunzip(&body, 1_000).unwrap(), [b'a'; 1_000]);
        let error = gunzip(&body, 999).unwrap_err();
        assert_eq!(
            error.text,
            "the response has more than 999 bytes, but the limit is 999"
        );
        let error = gunzip(&body[..body.len() / 2], 1_000).unwrap_err();
        assert_eq!(error.class, FailureKind::Transient, "{error}");
    }

    #[test]
    fn form_encodes_its_fields() {
        let fields = [("id", "7"), ("password", "a&b=c d%ü")];
        assert_eq!(
            form("https://docs.example/x", &fields),
            "id=7&password=a%26b%3Dc+d%25%C3%BC"
        );
    }

    #[test]
    fn error_code_decides_failure_kind() {
        for (body, expected) in [
            (r#"{"success": true}"#, None),
            (r#"{"data": 1}"#, None),
            (r#"{"success": false}"#, Some(FailureKind::Transient)),
            (
                r#"{"success": false, "errorCode": "400105"}"#,
                Some(FailureKind::Fatal),
            ),
            (
                r#"{"success": false, "errorCode": 404001, "errorMessage": "gone"}"#,
                Some(FailureKind::Permanent),
            ),
            (
                r#"{"success": false, "errorCode": 403001}"#,
                Some(FailureKind::Transient),
            ),
        ] {
            let body = serde_json::from_str(body).unwrap();
            assert_eq!(
                api_failure(&body).map(|failure| failure.class),
                expected,
                "{body}"
            );
        }
    }

    #[test]
    fn random_fraction_is_between_0_and_1() {
        assert!(
            (0..100)
                .map(|_| random_fraction())
                .all(|fraction| (0.0..=1.0).contains(&fraction))
        );
    }
}
