//! Any call, signed: part of the gateway's API is undocumented, and nobody may be stuck for that.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use stablelink_api::operations::RetrySafety;
use stablelink_api::scalars::RawJson;
use url::Url;

use super::run::envelope;
use super::source::Source;
use super::{Plan, Run, Shared};
use crate::clock::BoxFuture;
use crate::error::{DecodeError, Error};
use crate::response::Response;

/// Any call to the gateway, with the same token, signature and errors as the others: see
/// [`Client::request`](crate::Client::request).
#[must_use = "a request is sent when it is awaited"]
pub struct RawRequest {
    shared: Arc<Shared>,
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    body: Option<Result<Vec<u8>, String>>,
    retry: RetrySafety,
    key: Option<String>,
    deadline: Option<Duration>,
    attempt_time: Option<Duration>,
}

impl RawRequest {
    pub(crate) fn new(
        shared: impl Into<Arc<Shared>>,
        method: Method,
        path: impl Into<String>,
    ) -> Self {
        Self {
            shared: shared.into(),
            method,
            path: path.into(),
            query: Vec::new(),
            body: None,
            retry: RetrySafety::Never,
            key: None,
            deadline: None,
            attempt_time: None,
        }
    }

    /// Adds to the query; name and value are encoded here.
    pub fn query(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.query.push((name.into(), value.to_string()));
        self
    }

    /// A JSON body, sent without white space, in place of an earlier one. For exact amounts give types of
    /// [`scalars`](crate::scalars), or [`RawJson`].
    pub fn json(mut self, body: &impl Serialize) -> Self {
        self.body = Some(serde_json::to_vec(body).map_err(|error| error.to_string()));
        self
    }

    /// A body of these bytes, as JSON. They are sent and signed as they are; a sister page asks for no white space.
    pub fn body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = Some(Ok(bytes.into()));
        self
    }

    /// Lets it be repeated if an attempt is lost: say so only of what changes nothing, or of what the gateway refuses
    /// when it comes twice ([`idempotency_key`](RawRequest::idempotency_key)).
    pub fn safe_to_retry(mut self) -> Self {
        self.retry = RetrySafety::Safe;
        self
    }

    /// Lets it be repeated, for its body holds this idempotency key in this member, or its query in this field, and the gateway
    /// refuses a repeated one. The key is not put there: a call that lacks it is
    /// [invalid](crate::ErrorKind::InvalidArgument) and not sent. An [ambiguous](Error::is_ambiguous) error names it.
    pub fn idempotency_key(mut self, field: &'static str, key: impl Into<String>) -> Self {
        self.retry = RetrySafety::Keyed { field };
        self.key = Some(key.into());
        self
    }

    /// How long the call may take in all: token, locks, attempts and pauses. That of the client unless set.
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = Some(limit);
        self
    }

    /// How long one attempt may take, from its connection to the end of its answer. That of the client unless set.
    pub fn attempt_timeout(mut self, limit: Duration) -> Self {
        self.attempt_time = Some(limit);
        self
    }

    /// Sends it and reads `retdata` as this type. Numbers of it are exact in the types of [`scalars`](crate::scalars).
    ///
    /// # Errors
    ///
    /// Those of every call; [`Decode`](crate::ErrorKind::Decode) if `retdata` is missing or of another form.
    pub async fn fetch<T: DeserializeOwned>(self) -> Result<Response<T>, Error> {
        self.sent(|body| envelope(body).map(|envelope: Envelope<T>| envelope.retdata))
            .await
    }

    async fn sent<T>(
        self,
        read: impl FnOnce(&[u8]) -> Result<T, DecodeError>,
    ) -> Result<Response<T>, Error> {
        // Of a path that a caller wrote nothing is known to be fit for logs but the method.
        let operation = format!("{} request", self.method);
        let plan = Plan {
            operation: operation.into(),
            retry: self.retry,
            key: self.key.clone(),
            attempts: None,
            attempt_time: self.attempt_time,
            deadline: self.deadline.unwrap_or(self.shared.deadline),
        };
        let run = Run::new(Arc::clone(&self.shared), plan);
        let request = self.request(run.shared.origin.as_str());
        let source = request.map(|request| Source::Fixed(Box::new(request)));
        run.by_hand(source, read).await
    }

    fn request(&self, origin: &str) -> Result<reqwest::Request, Error> {
        if self.method == Method::CONNECT {
            let problem = "is CONNECT, which asks for a tunnel and has no path to be signed";
            return Err(Error::invalid("method", problem));
        }
        let mut url = address(origin, &self.path)?;
        if !self.query.is_empty() {
            url.query_pairs_mut()
                .extend_pairs(self.query.iter().map(|(name, value)| (name, value)));
        }
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
        if let (RetrySafety::Keyed { field }, Some(key)) = (self.retry, &self.key) {
            let bytes = request.body().and_then(reqwest::Body::as_bytes);
            if !holds(request.url(), bytes.unwrap_or_default(), field, key) {
                let problem = "is not in the body or query with the key that was named: a repeat would count twice";
                return Err(Error::invalid(field, problem));
            }
        }
        Ok(request)
    }
}

impl IntoFuture for RawRequest {
    type Output = Result<Response<Option<RawJson>>, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.sent(|body| envelope(body).map(|envelope: Envelope<_>| envelope.retdata)))
    }
}

impl fmt::Debug for RawRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Envelope<T> {
    retdata: T,
}

/// Whether a request has this key in this member of its body, or this field of its query.
fn holds(url: &Url, body: &[u8], field: &str, key: &str) -> bool {
    if url
        .query_pairs()
        .any(|pair| pair == (field.into(), key.into()))
    {
        return true;
    }
    let members: BTreeMap<Cow<'_, str>, &RawValue> =
        serde_json::from_slice(body).unwrap_or_default();
    members.get(field).is_some_and(|value| {
        let text: Result<Cow<'_, str>, _> = serde_json::from_str(value.get());
        text.map_or(value.get() == key, |text| text == key)
    })
}

/// The address of a path below an origin, or why it would be another one.
fn address(origin: &str, path: &str) -> Result<Url, Error> {
    let wrong = |problem: &'static str| Err(Error::invalid("path", problem));
    let (place, query) = match path.split_once('?') {
        Some((place, query)) => (place, Some(query)),
        None => (path, None),
    };
    if !place.starts_with('/') || place.starts_with("//") {
        return wrong("has not exactly one slash at its start; the host is that of the client");
    }
    if path.contains('\\') {
        return wrong("has a backslash, which some take for a slash");
    }
    if path.contains('#') {
        return wrong("has a fragment, which is never sent");
    }
    if path.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return wrong("has white space or control characters; encode them");
    }
    let dots = place.split('/').any(|segment| {
        let segment = segment.to_ascii_lowercase().replace("%2e", ".");
        matches!(segment.as_str(), "." | "..")
    });
    if dots {
        return wrong("has a dot segment: write the path that is meant");
    }
    let mut url = Url::parse(origin)
        .map_err(|error| Error::configuration("the origin is no address").because(error))?;
    url.set_path(place);
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
    fn a_path_is_a_path() {
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
            assert_eq!(address(ORIGIN, path).unwrap().as_str(), url, "{path}");
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
            let error = address(ORIGIN, path).unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::InvalidArgument { .. }),
                "{path}"
            );
        }
    }

    #[test]
    fn a_key_is_found_where_it_is_sent() {
        for (query, body, held) in [
            ("", r#"{"orderNo":"7"}"#, true),
            ("", r#" { "orderNo" : 7 } "#, true),
            ("", r#"{"\u006frderNo":"\u0037"}"#, true),
            ("orderNo=7", "", true),
            ("a=b&order%4eo=%37", "not JSON", true),
            // Of a doubled member the last one counts, here and at the gateway.
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
            let found = holds(&url, body.as_bytes(), "orderNo", "7");
            assert_eq!(found, held, "{query} {body}");
        }
    }

    proptest! {
        /// Whatever is accepted stays at home, on the path that was written.
        #[test]
        fn no_path_leaves_the_origin(path in r"[/\\.@:%a-z0-9?&=#~ -]{0,24}|\PC{0,16}") {
            let origin: Origin = ORIGIN.parse().unwrap();
            if let Ok(url) = address(ORIGIN, &path) {
                prop_assert!(origin.holds(&url), "{}", url);
                let place = path.split('?').next().unwrap();
                if place.is_ascii() {
                    prop_assert_eq!(url.path().to_lowercase().replace("%7e", "~"), encoded(place).to_lowercase());
                }
            }
        }
    }

    /// As the URL standard writes the few ASCII characters that a path does not hold as they are.
    fn encoded(place: &str) -> String {
        place
            .chars()
            .map(|c| match c {
                '"' | '<' | '>' | '`' | '{' | '}' | '^' | '|' => format!("%{:02X}", u32::from(c)),
                c => c.to_string(),
            })
            .collect()
    }
}
