//! Any signed request, for parts of the API that are not documented.

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use stablelink_api::operations::{self, EvidenceLevel, OperationInfo, RetrySafety};
use stablelink_api::scalars::RawJson;
use url::Url;

use super::{CallContext, CallOptions, RequestFactory, optional_retdata, required_retdata};
use crate::client::ClientInner;
use crate::clock::BoxFuture;
use crate::error::{DecodeError, Error};
use crate::lenient::LenientRecord;
use crate::raw_object::RawObject;
use crate::response::{RawResponse, Response};

/// Any request to the gateway, with the token, signature and errors of the other calls: see
/// [`Client::request`](crate::Client::request).
#[must_use = "a request is sent when it is awaited"]
pub struct RawRequest {
    client: Arc<ClientInner>,
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    body: Option<Result<Vec<u8>, String>>,
    operation: Option<&'static OperationInfo>,
    retry: RetrySafety,
    key: Option<String>,
    identity: Vec<(&'static str, String)>,
    deadline: Option<Duration>,
    attempt_timeout: Option<Duration>,
}

impl RawRequest {
    pub(crate) fn new(
        client: impl Into<Arc<ClientInner>>,
        method: Method,
        path: impl Into<String>,
    ) -> Self {
        Self {
            client: client.into(),
            method,
            path: path.into(),
            query: Vec::new(),
            body: None,
            operation: None,
            retry: RetrySafety::Never,
            key: None,
            identity: Vec::new(),
            deadline: None,
            attempt_timeout: None,
        }
    }

    /// Sets the operation that the request belongs to. `identity` holds the fields that identify the requested record.
    pub(crate) fn of_operation(
        mut self,
        operation: &'static OperationInfo,
        key: Option<String>,
        identity: Vec<(&'static str, String)>,
    ) -> Self {
        self.operation = Some(operation);
        self.retry = operation.retry;
        self.key = key;
        self.identity = identity;
        self
    }

    /// Adds a query parameter. The name and the value are percent-encoded here.
    pub fn query(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.query.push((name.into(), value.to_string()));
        self
    }

    /// Sets a JSON body without whitespace. For exact amounts use types of [`scalars`](crate::scalars), or [`RawJson`].
    pub fn json(mut self, body: &impl Serialize) -> Self {
        self.body = Some(serde_json::to_vec(body).map_err(|error| error.to_string()));
        self
    }

    /// Sets a JSON body of these bytes, which are sent and signed unchanged. A page of W Checkout requires that it contains no
    /// whitespace.
    pub fn body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = Some(Ok(bytes.into()));
        self
    }

    /// Allows retries. Use this only for requests that change nothing; for requests that the gateway rejects if they are
    /// repeated, use [`idempotency_key`](Self::idempotency_key).
    pub fn safe_to_retry(mut self) -> Self {
        self.retry = RetrySafety::Safe;
        self
    }

    /// Allows retries of a request whose body or query contains this idempotency key in this field, if the gateway rejects a
    /// repeated key. The key is not added to the request: a request without it is
    /// [invalid](crate::ErrorKind::InvalidArgument) and not sent. An [ambiguous](Error::is_ambiguous) error contains the key.
    /// If the method and the path are those of a known operation with this key, its record must contain the key.
    pub fn idempotency_key(mut self, field: &'static str, key: impl Into<String>) -> Self {
        self.retry = RetrySafety::Keyed { field };
        self.key = Some(key.into());
        self
    }

    /// Sets the deadline of the whole call: token, locks, attempts and delays. Defaults to the client's.
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = Some(limit);
        self
    }

    /// Sets the timeout of one attempt, from connecting to the end of the response body. Defaults to the client's.
    pub fn attempt_timeout(mut self, limit: Duration) -> Self {
        self.attempt_timeout = Some(limit);
        self
    }

    /// Sends the request and parses `retdata` as this type. Types of [`scalars`](crate::scalars) keep numbers exact.
    ///
    /// # Errors
    ///
    /// Fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)), and with
    /// [`Decode`](crate::ErrorKind::Decode) if `retdata` has another form, or is missing and the type does not accept null.
    /// `Option<T>`, `serde_json::Value` and [`RawJson`] accept null, and `()` accepts nothing but null: with these types, the
    /// call also succeeds if the response lacks the record, unless its record must contain an
    /// [idempotency key](Self::idempotency_key).
    pub async fn fetch<T: DeserializeOwned>(self) -> Result<Response<T>, Error> {
        self.send(required_retdata).await
    }

    pub(crate) async fn send<T>(
        self,
        parse: impl FnOnce(&RawResponse) -> Result<LenientRecord<T>, DecodeError>,
    ) -> Result<Response<T>, Error> {
        let operation = match self.operation {
            Some(operation) => operation.id.into(),
            // The path may contain personal data, so only the method is recorded.
            None => format!("{} request", self.method).into(),
        };
        let described = self.operation.or_else(|| self.known_create());
        let options = CallOptions {
            operation,
            retry: self.retry,
            query: Vec::new(),
            key: self.key.clone(),
            identity: self.identity.clone(),
            record_fields: described.map_or(&[], |operation| operation.record_fields),
            is_documented: described
                .is_some_and(|operation| operation.evidence == EvidenceLevel::Documented),
            max_attempts: None,
            attempt_timeout: self.attempt_timeout,
            deadline: self.deadline.unwrap_or(self.client.deadline),
        };
        let context = CallContext::new(Arc::clone(&self.client), options);
        let request = self.build(context.client.origin.as_str());
        let requests = request.map(|request| RequestFactory::fixed(request, &self.query));
        let requests = requests.and_then(|requests| {
            self.ensure_contains_key(&requests)?;
            Ok(requests)
        });
        context.execute_request(requests, parse).await
    }

    /// Returns the path, the query and the body.
    #[cfg(test)]
    pub(crate) fn parts(&self) -> (&str, Vec<(&str, &str)>, Option<&str>) {
        let query = self.query.iter().map(|(name, value)| (&**name, &**value));
        let body = self.body.as_ref().and_then(|body| body.as_ref().ok());
        let body = body.map(|body| std::str::from_utf8(body).unwrap());
        (&self.path, query.collect(), body)
    }

    fn build(&self, origin: &str) -> Result<reqwest::Request, Error> {
        if self.method == Method::CONNECT {
            let problem = "is CONNECT, which opens a tunnel and has no path to sign";
            return Err(Error::invalid("method", problem));
        }
        let url = join(origin, &self.path)?;
        let mut request = reqwest::Request::new(self.method.clone(), url);
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        match &self.body {
            None => {}
            Some(Err(problem)) => return Err(Error::invalid("body", problem.clone())),
            Some(Ok(bytes)) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                *request.body_mut() = Some(bytes.clone().into());
            }
        }
        Ok(request)
    }

    /// Returns the operation with this method, path and field of the idempotency key: its record must have the key.
    fn known_create(&self) -> Option<&'static OperationInfo> {
        let path = self.path.split('?').next().unwrap_or_default();
        let mut keyed = operations::ALL
            .iter()
            .filter(|known| known.retry == self.retry && self.key.is_some());
        keyed.find(|known| known.method == self.method.as_str() && known.path == path)
    }

    fn ensure_contains_key(&self, requests: &RequestFactory) -> Result<(), Error> {
        let (RetrySafety::Keyed { field }, Some(key)) = (self.retry, &self.key) else {
            return Ok(());
        };
        let body = match &self.body {
            Some(Ok(bytes)) => bytes.as_slice(),
            _ => b"",
        };
        if requests
            .url()
            .is_some_and(|url| contains_key(url, body, field, key))
        {
            return Ok(());
        }
        let problem =
            "is not in the body or query with this key: a repeated request would count twice";
        Err(Error::invalid(field, problem))
    }
}

impl IntoFuture for RawRequest {
    type Output = Result<Response<Option<RawJson>>, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send(optional_retdata))
    }
}

impl fmt::Debug for RawRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawRequest")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// Returns whether a request contains this key in this field of its query or its body.
fn contains_key(url: &Url, body: &[u8], field: &str, key: &str) -> bool {
    if url
        .query_pairs()
        .any(|pair| pair == (field.into(), key.into()))
    {
        return true;
    }
    RawObject::parse(body).is_ok_and(|object| {
        object.get(field).is_some_and(|value| {
            let string: Result<String, _> = serde_json::from_str(value);
            string.map_or(value == key, |string| string == key)
        })
    })
}

/// Joins an origin and a path, and rejects paths that would lead elsewhere or be sent in another form.
fn join(origin: &str, path: &str) -> Result<Url, Error> {
    let invalid = |problem: &'static str| Err(Error::invalid("path", problem));
    let (location, query) = match path.split_once('?') {
        Some((location, query)) => (location, Some(query)),
        None => (path, None),
    };
    if !location.starts_with('/') || location.starts_with("//") {
        return invalid("does not start with exactly one slash; the host is that of the client");
    }
    if path.contains('\\') {
        return invalid("contains a backslash, which some servers treat as a slash");
    }
    if path.contains('#') {
        return invalid("has a fragment, which is never sent");
    }
    if path.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return invalid("contains whitespace or control characters; percent-encode them");
    }
    let has_dots = location.split('/').any(|segment| {
        let segment = segment.to_ascii_lowercase().replace("%2e", ".");
        matches!(segment.as_str(), "." | "..")
    });
    if has_dots {
        return invalid("has a dot segment; write the resolved path");
    }
    let mut url = Url::parse(origin)
        .map_err(|error| Error::configuration("the origin is not a URL").because(error))?;
    url.set_path(location);
    url.set_query(query);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ErrorKind;
    use crate::environment::Origin;

    const ORIGIN: &str = "https://pay.example:8443";

    #[test]
    fn join_accepts_only_plain_paths() {
        for (path, url) in [
            ("/a/b", "https://pay.example:8443/a/b"),
            ("/", "https://pay.example:8443/"),
            (
                "/a?b=c%20d&e=/../f",
                "https://pay.example:8443/a?b=c%20d&e=/../f",
            ),
            ("/a//b", "https://pay.example:8443/a//b"),
            ("/@host", "https://pay.example:8443/@host"),
            ("/a:80", "https://pay.example:8443/a:80"),
            ("/ü", "https://pay.example:8443/%C3%BC"),
            ("/a%2Fb", "https://pay.example:8443/a%2Fb"),
            ("/...", "https://pay.example:8443/..."),
            ("/a/", "https://pay.example:8443/a/"),
            ("/https://host/a", "https://pay.example:8443/https://host/a"),
            ("/%252e%252e/a", "https://pay.example:8443/%252e%252e/a"),
            ("/a..b", "https://pay.example:8443/a..b"),
            ("/a?", "https://pay.example:8443/a?"),
            ("/a?b?c=//host", "https://pay.example:8443/a?b?c=//host"),
            ("/a?@host", "https://pay.example:8443/a?@host"),
            ("/%", "https://pay.example:8443/%"),
            ("/\u{202e}a", "https://pay.example:8443/%E2%80%AEa"),
        ] {
            assert_eq!(join(ORIGIN, path).unwrap().as_str(), url, "{path}");
        }
        for path in [
            "",
            "a",
            "//host",
            "///host",
            "\\\\host",
            "/\\host",
            "https://host",
            "/a/../b",
            "/..",
            "/./a",
            "/%2e%2E/a",
            "/.%2e",
            "@host",
            ":80/a",
            "/a#b",
            "/a b",
            "/a\tb",
            "/a\nHost: x",
            "/a\r\nHost: x",
            "/a\0b",
            "/a\u{2028}b",
            "/a/%2E%2e/b",
            "/a/%2e",
            "/a/.%2E",
            "/a/..?b",
            "/..%2e/..",
            "http:/host",
            "http:host",
            "//user:word@host:80/a",
            "/\t/host",
            "?//host",
            "#/a",
            "?a",
            "/a?b#c",
            "javascript:alert(1)",
            " /a",
            "/a\u{a0}b",
        ] {
            let error = join(ORIGIN, path).unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::InvalidArgument { .. }),
                "{path}"
            );
        }
    }

    #[test]
    fn key_is_found_in_body_and_query() {
        for (query, body, expected) in [
            ("", r#"{"orderNo":"7"}"#, true),
            ("", r#" { "orderNo" : 7 } "#, true),
            ("", r#"{"\u006frderNo":"\u0037"}"#, true),
            ("orderNo=7", "", true),
            ("a=b&order%4eo=%37", "not JSON", true),
            // The last field wins if a name occurs twice, here and at the gateway.
            ("", r#"{"orderNo":"7","orderNo":"8"}"#, false),
            ("", r#"{"orderNo":"8"}"#, false),
            ("", r#"{"orderNo":7.0}"#, false),
            ("", r#"{"orderNo":["7"]}"#, false),
            ("", r#"{"orderNo":null}"#, false),
            ("", r#"{"orderno":"7"}"#, false),
            ("", r#"{"data":{"orderNo":"7"}}"#, false),
            ("", r#"["orderNo","7"]"#, false),
            ("", "", false),
            ("orderNo=8", "{}", false),
            ("x=orderNo=7", "{}", false),
        ] {
            let url = Url::parse(&format!("{ORIGIN}/a?{query}")).unwrap();
            let found = contains_key(&url, body.as_bytes(), "orderNo", "7");
            assert_eq!(found, expected, "{query} {body}");
        }
    }

    proptest! {
        #[test]
        fn accepted_path_stays_on_origin(path in r"[/\\.@:%a-z0-9?&=#~ -]{0,24}|\PC{0,16}") {
            let origin: Origin = ORIGIN.parse().unwrap();
            if let Ok(url) = join(ORIGIN, &path) {
                prop_assert!(origin.contains(&url), "{}", url);
                let location = path.split('?').next().unwrap();
                if location.is_ascii() {
                    prop_assert_eq!(url.path().to_lowercase().replace("%7e", "~"), encoded(location).to_lowercase());
                }
            }
        }
    }

    /// Percent-encodes the ASCII characters that the crate `url` encodes in paths.
    fn encoded(location: &str) -> String {
        location
            .chars()
            .map(|c| match c {
                '"' | '<' | '>' | '`' | '{' | '}' => format!("%{:02X}", u32::from(c)),
                c => c.to_string(),
            })
            .collect()
    }
}
