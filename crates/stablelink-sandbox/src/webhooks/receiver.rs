//! The receiver of webhooks.

use std::net::IpAddr;
use std::str::FromStr;

use axum::body::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request, Uri};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// The address to which the webhooks of a client are sent, over HTTP without TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WebhookReceiver {
    /// The URL as it was registered.
    pub(crate) url: String,
    host: String,
    port: u16,
    /// Value of the `Host` header.
    authority: String,
    path_and_query: String,
}

/// The URL is not a valid webhook URL of the sandbox.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a webhook URL must be http://HOST[:PORT][/PATH] without user and password; the sandbox does not support TLS"
)]
pub struct InvalidWebhookUrl;

impl WebhookReceiver {
    /// Returns true if the receiver is on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        let ip = self.host.parse::<IpAddr>();
        self.host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
    }

    /// Sends a body and returns the status of the response. The body of the response is not read,
    /// and redirects are not followed.
    pub(super) async fn post(
        &self,
        headers: [(&'static str, &str); 2],
        body: Bytes,
    ) -> Result<u16, String> {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(&self.path_and_query)
            .header(HOST, &self.authority)
            .header(CONTENT_TYPE, "application/json; charset=utf-8");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(body));
        let request = request.map_err(|error| error.to_string())?;
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await;
        let stream = stream.map_err(|error| format!("no connection: {error}"))?;
        let handshake = http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|error| error.to_string())?;
        // Dropping the set closes the connection.
        let mut tasks = JoinSet::new();
        tasks.spawn(connection);
        let response = sender.send_request(request).await;
        let response = response.map_err(|error| format!("no response: {error}"))?;
        Ok(response.status().as_u16())
    }
}

impl FromStr for WebhookReceiver {
    type Err = InvalidWebhookUrl;

    fn from_str(url: &str) -> Result<Self, InvalidWebhookUrl> {
        let uri: Uri = url.parse().map_err(|_| InvalidWebhookUrl)?;
        let authority = uri.authority().ok_or(InvalidWebhookUrl)?;
        let host = authority.host().trim_matches(['[', ']']);
        if uri.scheme_str() != Some("http") || authority.as_str().contains('@') || host.is_empty() {
            return Err(InvalidWebhookUrl);
        }
        let path_and_query = uri.path_and_query().map_or("/", |it| it.as_str());
        Ok(Self {
            url: url.to_owned(),
            host: host.to_owned(),
            port: authority.port_u16().unwrap_or(80),
            authority: authority.to_string(),
            path_and_query: path_and_query.to_owned(),
        })
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
            (
                "http://receiver.invalid/x",
                "receiver.invalid",
                80,
                "/x",
                false,
            ),
        ] {
            let receiver: WebhookReceiver = url.parse().unwrap();
            let parts = (&*receiver.host, receiver.port, &*receiver.path_and_query);
            assert_eq!(parts, (host, port, target));
            assert_eq!(receiver.is_loopback(), loopback);
        }
        for url in [
            "",
            "/a",
            "https://a.invalid/",
            "http://",
            "http://u:p@a.invalid/",
            "ftp://a/",
        ] {
            assert_eq!(
                url.parse::<WebhookReceiver>(),
                Err(InvalidWebhookUrl),
                "{url}"
            );
        }
    }
}
