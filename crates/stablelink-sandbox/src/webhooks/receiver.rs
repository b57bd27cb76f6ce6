//! The receiver of webhooks.

use std::net::IpAddr;
use std::str::FromStr;

use axum::body::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::uri::Authority;
use http::{Method, Request, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// The address to which the webhooks of a client are sent, over HTTP without TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReceiverAddress {
    /// The URL as it was registered.
    pub(crate) url: String,
    authority: Authority,
    path_and_query: String,
}

/// The URL is not a valid webhook URL of the sandbox.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a webhook URL must be http://HOST[:PORT][/PATH] without user and password; the sandbox does not support TLS"
)]
pub struct InvalidWebhookUrl;

/// The response of a receiver.
#[derive(Debug)]
pub(super) struct ReceiverResponse {
    pub(super) status: u16,
    /// The `retcode` of a body that is a JSON object.
    pub(super) retcode: Option<Value>,
}

/// Maximum length of the body of a response in bytes. A longer body is not read.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

impl ReceiverAddress {
    fn host(&self) -> &str {
        self.authority.host().trim_matches(['[', ']'])
    }

    fn port(&self) -> u16 {
        self.authority.port_u16().unwrap_or(80)
    }

    /// Returns true if the receiver is on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        let ip = self.host().parse::<IpAddr>();
        self.host() == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
    }

    /// Sends a body and returns the response. Redirects are not followed.
    pub(super) async fn post(
        &self,
        headers: [(&'static str, &str); 2],
        body: Bytes,
    ) -> Result<ReceiverResponse, String> {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(&self.path_and_query)
            .header(HOST, self.authority.as_str())
            .header(CONTENT_TYPE, "application/json; charset=utf-8");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(body));
        let request = request.map_err(|error| error.to_string())?;
        let stream = TcpStream::connect((self.host(), self.port())).await;
        let stream = stream.map_err(|error| format!("no connection: {error}"))?;
        let handshake = http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|error| error.to_string())?;
        // Dropping the set closes the connection.
        let mut tasks = JoinSet::new();
        tasks.spawn(connection);
        let response = sender.send_request(request).await;
        let response = response.map_err(|error| format!("no response: {error}"))?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), MAX_RESPONSE_BYTES)
            .collect()
            .await;
        let body = body.map_or(Bytes::new(), |body| body.to_bytes());
        let body = serde_json::from_slice::<Value>(&body).unwrap_or_default();
        let retcode = body.get("retcode").cloned();
        Ok(ReceiverResponse { status, retcode })
    }
}

impl FromStr for ReceiverAddress {
    type Err = InvalidWebhookUrl;

    fn from_str(url: &str) -> Result<Self, InvalidWebhookUrl> {
        let uri: Uri = url.parse().map_err(|_| InvalidWebhookUrl)?;
        let authority = uri.authority().ok_or(InvalidWebhookUrl)?.clone();
        let path_and_query = uri
            .path_and_query()
            .map_or("/", |it| it.as_str())
            .to_owned();
        let address = Self {
            url: url.to_owned(),
            authority,
            path_and_query,
        };
        let has_credentials = address.authority.as_str().contains('@');
        if uri.scheme_str() != Some("http") || has_credentials || address.host().is_empty() {
            return Err(InvalidWebhookUrl);
        }
        Ok(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_urls_without_credentials_are_accepted() {
        for (url, host, port, target, loopback) in [
            (
                "http://127.0.0.1:8080/a?b=c",
                "127.0.0.1",
                8080,
                "/a?b=c",
                true,
            ),
            ("http://[::1]:1", "::1", 1, "/", true),
            ("http://localhost", "localhost", 80, "/", true),
            ("http://other.invalid/x", "other.invalid", 80, "/x", false),
        ] {
            let receiver: ReceiverAddress = url.parse().unwrap();
            let parts = (receiver.host(), receiver.port(), &*receiver.path_and_query);
            assert_eq!(parts, (host, port, target));
            assert_eq!(receiver.is_loopback(), loopback);
        }
        let urls = "/a https://a.invalid/ http:// http://u:p@a.invalid/ ftp://a/";
        for url in urls.split(' ').chain([""]) {
            let parsed = url.parse::<ReceiverAddress>();
            assert_eq!(parsed, Err(InvalidWebhookUrl), "{url}");
        }
    }
}
