//! Which gateway is called.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use url::{Host, Url};

use crate::Error;

/// Which gateway is called.
///
/// Hosts of <https://developer.stablelink.app> and, of [`Staging`](Self::Staging) and [`Production`](Self::Production), of the
/// pages of W Checkout.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Environment {
    /// `https://openapi.dev.stablelink.app`, the sandbox of the pages of Global Payment.
    Sandbox,
    /// `https://openapi.stg.stablelink.app`, which a page of W Checkout calls its sandbox.
    Staging,
    /// `https://openapi.stablelink.app`. Money moves here.
    Production,
    /// Another origin, such as a gateway on localhost.
    Custom(Origin),
}

impl Environment {
    /// The environment at this address: scheme, host and port, no path.
    ///
    /// # Errors
    ///
    /// An address that is none, or that has a path, a query, a fragment or a user; plain http to
    /// another machine, unless the builder [allows](crate::ClientBuilder::allow_plain_http) it.
    pub fn at(address: &str) -> Result<Self, Error> {
        Ok(Self::Custom(address.parse()?))
    }

    /// Its origin.
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

/// Scheme, host and port of a gateway.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    text: String,
    /// Nobody can listen: https, or this machine.
    secure: bool,
}

impl Origin {
    /// As text without a slash at the end, such as `http://127.0.0.1:8080`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether nobody between can listen: https, or this machine.
    pub(crate) const fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whether a request to this address stays here.
    pub(crate) fn holds(&self, url: &Url) -> bool {
        // Both are normal forms: a user or another port would stand where the slash of the path is looked for.
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
        let wrong = |problem: &'static str| Error::invalid("environment", problem);
        let url = Url::parse(address)
            .map_err(|error| wrong("is not an address; write https://host:port").because(error))?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(wrong("is neither https nor http"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("holds a user or password; credentials are set apart"));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(wrong(
                "has more than scheme, host and port; the path is signed as the gateway sees it",
            ));
        }
        let loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
            Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
            None => return Err(wrong("has no host")),
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
    fn an_origin_is_scheme_host_and_port() {
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
            let read: Origin = address.parse().unwrap();
            assert_eq!((read.as_str(), read.is_secure()), (origin, secure));
        }
        for wrong in [
            "",
            "pay.example",
            "ftp://pay.example",
            "https://a:b@pay.example",
            "https://pay.example/v1",
            "https://pay.example?x",
            "https://pay.example#x",
            "unix:/run/x",
        ] {
            assert!(Environment::at(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_what_stays_is_held() {
        let origin: Origin = "https://pay.example".parse().unwrap();
        for (url, held) in [
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
            assert_eq!(origin.holds(&Url::parse(url).unwrap()), held, "{url}");
        }
    }
}
