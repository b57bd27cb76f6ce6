//! Where webhooks go.

use std::net::IpAddr;
use std::str::FromStr;

use http::Uri;

/// The receiver of a client's webhooks: an address on HTTP without TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Receiver {
    /// As it was given.
    pub(crate) url: String,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Of the header `Host`.
    pub(crate) authority: String,
    /// Path and query.
    pub(crate) target: String,
}

/// No URL that the sandbox can send webhooks to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a webhook URL must be http://HOST[:PORT][/PATH], with no user or password: the sandbox speaks no TLS"
)]
pub struct InvalidWebhookUrl;

impl Receiver {
    /// Whether it is this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        let ip = self.host.parse::<IpAddr>();
        self.host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
    }
}

impl FromStr for Receiver {
    type Err = InvalidWebhookUrl;

    fn from_str(url: &str) -> Result<Self, InvalidWebhookUrl> {
        let uri: Uri = url.parse().map_err(|_| InvalidWebhookUrl)?;
        let authority = uri.authority().ok_or(InvalidWebhookUrl)?;
        if uri.scheme_str() != Some("http") || authority.as_str().contains('@') {
            return Err(InvalidWebhookUrl);
        }
        let host = authority.host().trim_matches(['[', ']']);
        if host.is_empty() {
            return Err(InvalidWebhookUrl);
        }
        Ok(Self {
            url: url.to_owned(),
            host: host.to_owned(),
            port: authority.port_u16().unwrap_or(80),
            authority: authority.to_string(),
            target: uri
                .path_and_query()
                .map_or("/", |it| it.as_str())
                .to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_plain_http() {
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
            let receiver: Receiver = url.parse().unwrap();
            assert_eq!(
                (&*receiver.host, receiver.port, &*receiver.target),
                (host, port, target)
            );
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
            assert_eq!(url.parse::<Receiver>(), Err(InvalidWebhookUrl), "{url}");
        }
    }
}
