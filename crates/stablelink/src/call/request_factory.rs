//! Creates the request of each attempt, and signs it.

use std::time::SystemTime;

use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use stablelink_signature::{NO_BODY, RequestLine, SigningKey};
use url::{Url, form_urlencoded};

use crate::client::{ClientInner, ClockSkew};
#[cfg(feature = "provisional")]
use crate::clock::BoxFuture;
use crate::environment::Origin;
use crate::error::Error;
use crate::token::BearerToken;

// The names of `stablelink_signature` in the normal form of HTTP, so that they are not parsed for each attempt.
const SIGNATURE_HEADER: HeaderName = HeaderName::from_static("signature");
const TIMESTAMP_HEADER: HeaderName = HeaderName::from_static("timestamp");

/// Creates the request of each attempt.
pub(crate) enum RequestFactory {
    /// A request with its body in memory: it is sent, and a clone is kept for the next attempt.
    Fixed(Box<reqwest::Request>),
    /// A request whose body is opened again for each attempt, and is not signed.
    #[cfg(feature = "provisional")]
    Multipart(Box<dyn Fn() -> BoxFuture<'static, Result<reqwest::Request, Error>> + Send + Sync>),
}

impl RequestFactory {
    /// Creates the factory for a request of the generated client. That client encodes a space in the query as `+`, which is
    /// replaced by `%20` here.
    pub(super) fn generated(mut request: reqwest::Request, query: &[(String, String)]) -> Self {
        if let Some(encoded) = request.url().query().filter(|query| query.contains('+')) {
            let encoded = encode_spaces(encoded);
            request.url_mut().set_query(Some(&encoded));
        }
        Self::fixed(request, query)
    }

    /// Creates the factory for a request whose URL is final, except for these parameters.
    pub(super) fn fixed(mut request: reqwest::Request, query: &[(String, String)]) -> Self {
        if !query.is_empty() {
            append_query(request.url_mut(), query);
        }
        Self::Fixed(Box::new(request))
    }

    /// Returns the URL of a fixed request.
    pub(super) fn url(&self) -> Option<&Url> {
        match self {
            Self::Fixed(request) => Some(request.url()),
            #[cfg(feature = "provisional")]
            Self::Multipart(_) => None,
        }
    }

    /// Returns the request of the next attempt.
    pub(super) async fn next(&mut self) -> Result<reqwest::Request, Error> {
        match self {
            Self::Fixed(request) => match request.try_clone() {
                // The original goes out first: its header map has spare capacity for the headers that are added.
                Some(copy) => Ok(std::mem::replace(request, copy)),
                None => Err(Error::invalid(
                    "body",
                    "is a stream, which can be neither signed nor sent again",
                )),
            },
            #[cfg(feature = "provisional")]
            Self::Multipart(create) => create().await,
        }
    }
}

/// Appends parameters to the query of a URL. A space is encoded as `%20`, which a server decodes in the same way whether it
/// treats `+` as a space or not.
pub(crate) fn append_query<N: AsRef<str>, V: AsRef<str>>(url: &mut Url, query: &[(N, V)]) {
    let encoded = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(query)
        .finish();
    let encoded = encode_spaces(&encoded);
    let query = match url.query().filter(|query| !query.is_empty()) {
        Some(query) => format!("{query}&{encoded}"),
        None => encoded,
    };
    url.set_query(Some(&query));
}

/// Replaces `+` with `%20` in a form-encoded query. A literal plus sign is encoded as `%2B` and does not change.
fn encode_spaces(form_encoded: &str) -> String {
    form_encoded.replace('+', "%20")
}

/// Rejects a request to another origin, because it would send the token and the signature there.
pub(super) fn ensure_same_origin(origin: &Origin, request: &reqwest::Request) -> Result<(), Error> {
    if origin.contains(request.url()) {
        return Ok(());
    }
    Err(Error::invalid("path", format!("leads away from {origin}")))
}

/// Adds the token, the timestamp and the signature over the final bytes of the request.
pub(super) fn sign(
    request: &mut reqwest::Request,
    bearer: &BearerToken,
    key: &SigningKey,
    client: &ClientInner,
    now: SystemTime,
    skew_millis: i64,
) -> Result<(), Error> {
    let timestamp = ClockSkew::timestamp(now, skew_millis).ok_or_else(|| {
        Error::configuration("the clock of this machine is set to a time before 1970")
    })?;
    let line = RequestLine::new(request.method().as_str(), request.url().path())
        .query(request.url().query().unwrap_or_default())
        .query_form(client.query_form);
    // The parts of a multipart body are not signed, and a stream has no bytes to sign.
    let signature = match request.body().and_then(reqwest::Body::as_bytes) {
        Some(bytes) => key.sign(line, timestamp, [bytes]),
        None => key.sign(line, timestamp, NO_BODY),
    };
    let header = |value: String| {
        HeaderValue::try_from(value).map_err(|error| {
            Error::configuration("the signature is not a valid header value").because(error)
        })
    };
    let mut signature = header(signature.to_base64())?;
    // Its `Debug` form hides the value, like that of the token.
    signature.set_sensitive(true);
    let timestamp = header(timestamp.to_string())?;
    let headers = request.headers_mut();
    headers.insert(AUTHORIZATION, bearer.header().clone());
    headers.insert(SIGNATURE_HEADER, signature);
    headers.insert(TIMESTAMP_HEADER, timestamp);
    Ok(())
}

#[cfg(test)]
mod tests {
    use stablelink_signature::{SIGNATURE, TIMESTAMP};

    use super::*;
    use crate::ErrorKind;

    #[test]
    fn request_to_other_origin_is_rejected() {
        let origin: Origin = "https://pay.example".parse().unwrap();
        for (url, allowed) in [
            ("https://pay.example/a?b", true),
            ("https://pay.example:443/a", true),
            ("https://pay.example.other.example/a", false),
            ("https://pay.example@other.example/a", false),
            ("https://pay.example:444/a", false),
            ("http://pay.example/a", false),
            ("https://user@pay.example/a", false),
        ] {
            let request = reqwest::Request::new(http::Method::GET, url.parse().unwrap());
            let result = ensure_same_origin(&origin, &request);
            assert_eq!(result.is_ok(), allowed, "{url}");
            if let Err(error) = result {
                assert!(
                    matches!(error.kind(), ErrorKind::InvalidArgument { .. }),
                    "{url}"
                );
            }
        }
    }

    #[test]
    fn header_names_match_signature_crate() {
        assert_eq!(SIGNATURE_HEADER, SIGNATURE);
        assert_eq!(TIMESTAMP_HEADER, TIMESTAMP);
    }

    #[test]
    fn extra_query_parameters_are_encoded_and_appended() {
        let request = reqwest::Request::new(
            http::Method::GET,
            "https://pay.example/a?b=1".parse().unwrap(),
        );
        let query = [("c d".to_owned(), "e&f+ü".to_owned())];
        let requests = RequestFactory::fixed(request, &query);
        assert_eq!(
            requests.url().and_then(Url::query),
            Some("b=1&c%20d=e%26f%2B%C3%BC")
        );
    }

    #[test]
    fn space_in_a_query_is_percent_encoded() {
        for (url, factory, expected) in [
            (
                "https://pay.example/a?b=c+d%2B+e",
                RequestFactory::generated as fn(_, _) -> _,
                "b=c%20d%2B%20e",
            ),
            // The caller has encoded this query, so its plus signs are not changed.
            (
                "https://pay.example/a?b=c+d",
                RequestFactory::fixed,
                "b=c+d",
            ),
        ] {
            let request = reqwest::Request::new(http::Method::GET, url.parse().unwrap());
            let requests: RequestFactory = factory(request, &[]);
            assert_eq!(requests.url().and_then(Url::query), Some(expected));
        }
    }
}
