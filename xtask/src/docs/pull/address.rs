//! The URLs that a pull may request: those of the site and of the published JSON.

use reqwest::Url;

use super::error::PullError;
use crate::openapi::is_plain;

/// The origin of a documentation site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    url: Url,
}

impl Site {
    /// Parses `--site`: an `https` origin, or `http` on localhost.
    ///
    /// # Errors
    /// Fails for any other URL.
    pub fn parse(text: &str) -> Result<Self, PullError> {
        let refuse = |why| PullError::Address {
            option: "--site",
            text: sanitize(text),
            why,
        };
        let url = parse(text).map_err(refuse)?;
        if !matches!(url.path(), "" | "/") {
            return Err(refuse("it has a path; pass only the origin"));
        }
        Ok(Self { url })
    }

    /// Returns the name of the site in the lock: the host, and the port if it has one.
    pub fn name(&self) -> String {
        match self.url.port() {
            Some(port) => format!("{}:{port}", self.host()),
            None => self.host().to_owned(),
        }
    }

    /// Returns the host, by which the published JSON identifies a site.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Returns the origin as in the `CaptureOrigin` header.
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// Returns whether the site is on localhost.
    pub fn is_local(&self) -> bool {
        is_loopback(&self.url)
    }

    /// Returns a URL of the site.
    pub fn below(&self, path: &str) -> String {
        format!("{}/{path}", self.origin())
    }

    /// Resolves a link of the site.
    ///
    /// # Errors
    /// Returns the reason if the link leaves the site or is invalid.
    pub fn resolve(&self, link: &str) -> Result<Url, &'static str> {
        let climbs = link
            .split(['?', '#'])
            .next()
            .unwrap_or_default()
            .split(['/', '\\'])
            .any(|part| matches!(part.to_ascii_lowercase().replace("%2e", ".").as_str(), ".."));
        if climbs {
            return Err("it contains `..`");
        }
        if link
            .chars()
            .any(|c| c.is_control() || c == '\\' || c == ' ')
        {
            return Err("it has characters that are invalid in a URL");
        }
        let url = self.url.join(link).map_err(|_| "it is not a URL")?;
        if url.origin() != self.url.origin() {
            return Err("it leads to another origin");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it contains a user name");
        }
        Ok(url)
    }
}

/// The base URL of the published JSON, without a trailing slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiBase {
    url: Url,
}

impl ApiBase {
    /// The API of the vendor of such sites.
    pub const DEFAULT: &str = "https://api.apifox.com/api/v1";

    /// Parses `--api-base`: an `https` URL, or `http` on localhost.
    ///
    /// # Errors
    /// Fails for any other URL.
    pub fn parse(text: &str) -> Result<Self, PullError> {
        let url = parse(text.trim_end_matches('/')).map_err(|why| PullError::Address {
            option: "--api-base",
            text: sanitize(text),
            why,
        })?;
        Ok(Self { url })
    }

    /// Returns a URL below the base.
    pub fn below(&self, path: &str) -> String {
        format!("{}/{path}", self.url.as_str().trim_end_matches('/'))
    }

    /// Returns whether the base is on localhost.
    pub fn is_local(&self) -> bool {
        is_loopback(&self.url)
    }
}

fn parse(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "it is not a URL")?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => return Err("http is only allowed for localhost; use https"),
        _ => return Err("it is not https"),
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err("it has no host");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it contains a user name");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("it has a query or a fragment");
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Returns text of a site for a message: one line, no control characters, at most 120 characters.
pub fn sanitize(text: &str) -> String {
    const MAX_CHARS: usize = 120;
    let mut sanitized: String = text
        .chars()
        .take(MAX_CHARS)
        .map(|c| if is_plain(c) { c } else { '\u{FFFD}' })
        .collect();
    if text.chars().nth(MAX_CHARS).is_some() {
        sanitized.push('…');
    }
    sanitized
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn site_is_https_origin_or_localhost() {
        for (text, name, origin) in [
            (
                "https://docs.example",
                "docs.example",
                "https://docs.example",
            ),
            (
                "https://docs.example/",
                "docs.example",
                "https://docs.example",
            ),
            (
                "http://127.0.0.1:8080",
                "127.0.0.1:8080",
                "http://127.0.0.1:8080",
            ),
            ("http://[::1]:80", "[::1]", "http://[::1]"),
            ("http://localhost:1", "localhost:1", "http://localhost:1"),
        ] {
            let site = Site::parse(text).unwrap();
            assert_eq!(
                (site.name().as_str(), site.origin().as_str()),
                (name, origin)
            );
        }
        for text in [
            "",
            "docs.example",
            "http://docs.example",
            "http://127.0.0.1.docs.example",
            "http://localhost.docs.example",
            "ftp://docs.example",
            "https://user@docs.example",
            "https://docs.example/en",
            "https://docs.example?x",
            "file:///etc/passwd",
        ] {
            assert!(Site::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn links_stay_on_origin() {
        let site = Site::parse("https://docs.example").unwrap();
        for (link, expected) in [
            ("https://docs.example/1e0.md", "https://docs.example/1e0.md"),
            ("/1e0.md", "https://docs.example/1e0.md"),
            ("1e0.md", "https://docs.example/1e0.md"),
            ("./1e0.md", "https://docs.example/1e0.md"),
        ] {
            assert_eq!(site.resolve(link).unwrap().as_str(), expected);
        }
        for link in [
            "https://other.example/1e0.md",
            "//other.example/1e0.md",
            "http://docs.example/1e0.md",
            "https://docs.example:444/1e0.md",
            "https://docs.example@other.example/1e0.md",
            "https://user@docs.example/1e0.md",
            "../1e0.md",
            "/a/../1e0.md",
            "/a/%2e%2E/1e0.md",
            "/a\\..\\1e0.md",
            "\\\\other.example/1e0.md",
            "file:///1e0.md",
            "1e0\n.md",
        ] {
            assert!(site.resolve(link).is_err(), "{link}");
        }
    }

    #[test]
    fn site_text_is_sanitized_to_one_short_line() {
        assert_eq!(
            sanitize("a\n\u{1b}[31mb\u{202e}"),
            "a\u{FFFD}\u{FFFD}[31mb\u{FFFD}"
        );
        assert_eq!(sanitize(&"x".repeat(500)).chars().count(), 121);
    }
}
