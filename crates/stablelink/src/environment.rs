//! The environments of the gateway, and origins.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use url::{Host, Url};

use crate::Error;

/// The gateway that a client calls.
///
/// The hosts are those of <https://developer.stablelink.app>; [`Staging`](Self::Staging) and
/// [`Production`](Self::Production) are also on the pages of W Checkout.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Environment {
    /// `https://openapi.dev.stablelink.app`, the sandbox of the pages of Global Payment.
    Sandbox,
    /// `https://openapi.stg.stablelink.app`, which a page of W Checkout calls its sandbox.
    Staging,
    /// `https://openapi.stablelink.app`. Calls move real money.
    Production,
    /// Another origin, such as a local sandbox.
    Custom(Origin),
}

impl Environment {
    /// Returns the environment with this URL: scheme, host and port, without a path.
    ///
    /// # Errors
    ///
    /// Fails if the URL is invalid or has a path, a query, a fragment or a user. Plain http to another machine is rejected
    /// when the client is built, unless the builder [allows](crate::ClientBuilder::allow_plain_http) it.
    pub fn at(address: &str) -> Result<Self, Error> {
        Ok(Self::Custom(address.parse()?))
    }

    /// Returns the origin of the environment.
    #[must_use]
    pub fn origin(&self) -> Origin {
        let host = match self {
            Self::Sandbox => "openapi.dev.stablelink.app",
            Self::Staging => "openapi.stg.stablelink.app",
            Self::Production => "openapi.stablelink.app",
            Self::Custom(origin) => return origin.clone(),
        };
        Origin {
            text: format!("https://{host}"),
            secure: true,
        }
    }
}

/// The scheme, host and port of a gateway.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    text: String,
    secure: bool,
}

impl Origin {
    /// Returns the origin without a trailing slash, such as `http://127.0.0.1:8080`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns whether traffic cannot be intercepted: https, or this machine.
    pub(crate) const fn is_secure(&self) -> bool {
        self.secure
    }

    /// Returns whether the URL has this origin.
    pub(crate) fn contains(&self, url: &Url) -> bool {
        // Both are normalised: a user or another port would be in the place of the slash.
        url.as_str()
            .strip_prefix(self.text.as_str())
            .is_some_and(|rest| rest.starts_with('/'))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Origin {
    type Err = Error;

    fn from_str(address: &str) -> Result<Self, Error> {
        let invalid = |problem: &'static str| Error::invalid("environment", problem);
        let url = Url::parse(address)
            .map_err(|error| invalid("is not a URL; expected https://host:port").because(error))?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(invalid("is neither https nor http"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid(
                "contains a user or password; set credentials with `ClientBuilder::credentials`",
            ));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(invalid(
                "has more than scheme, host and port; paths belong to the requests",
            ));
        }
        let loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
            Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
            None => return Err(invalid("has no host")),
        };
        Ok(Self {
            text: url.origin().ascii_serialization(),
            secure: url.scheme() == "https" || loopback,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_is_scheme_host_and_port() {
        for (address, origin, secure) in [
            ("https://pay.example/", "https://pay.example", true),
            ("https://pay.example:443", "https://pay.example", true),
            ("http://127.0.0.1:81", "http://127.0.0.1:81", true),
            ("http://[::1]:81", "http://[::1]:81", true),
            ("http://localhost", "http://localhost", true),
            (
                "http://localhost.pay.example",
                "http://localhost.pay.example",
                false,
            ),
            ("HTTP://Pay.Example", "http://pay.example", false),
        ] {
            let parsed: Origin = address.parse().unwrap();
            assert_eq!((parsed.as_str(), parsed.is_secure()), (origin, secure));
        }
        for invalid in [
            "",
            "pay.example",
            "ftp://pay.example",
            "https://a:b@pay.example",
            "https://pay.example/v1",
            "https://pay.example?x",
            "https://pay.example#x",
            "unix:/run/x",
        ] {
            assert!(Environment::at(invalid).is_err(), "{invalid}");
        }
    }

    #[test]
    fn contains_accepts_only_same_origin() {
        let origin: Origin = "https://pay.example".parse().unwrap();
        for (url, contained) in [
            ("https://pay.example/a?b", true),
            ("https://pay.example:443/a", true),
            ("https://pay.example:444/a", false),
            ("http://pay.example/a", false),
            ("https://other.example/a", false),
            ("https://user@pay.example/a", false),
            ("https://pay.example.other.example/a", false),
            ("https://pay.example@other.example/a", false),
            ("https://pay.example:443@other.example/a", false),
            ("HTTPS://PAY.example/a", true),
        ] {
            assert_eq!(
                origin.contains(&Url::parse(url).unwrap()),
                contained,
                "{url}"
            );
        }
    }
}
