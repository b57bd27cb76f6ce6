//! Where a pull may go: the site and the base of the published JSON.

use reqwest::Url;

use super::error::PullError;
use crate::openapi::is_plain;

/// A documentation site: scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    url: Url,
}

impl Site {
    /// Reads `--site`. `https` alone, and `http` on this machine; nothing behind the host.
    ///
    /// # Errors
    /// The text is another address.
    pub fn parse(text: &str) -> Result<Self, PullError> {
        let refuse = |why| PullError::Address {
            option: "--site",
            text: shown(text),
            why,
        };
        let url = parse(text).map_err(refuse)?;
        if !matches!(url.path(), "" | "/") {
            return Err(refuse("it goes on behind the host; give the site alone"));
        }
        Ok(Self { url })
    }

    /// What the lock calls the site: its host, with the port where there is one.
    pub fn name(&self) -> String {
        match self.url.port() {
            Some(port) => format!("{}:{port}", self.host()),
            None => self.host().to_owned(),
        }
    }

    /// The host alone: what the published JSON knows a site by.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// `https://host`, as in the header `Origin`.
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// Whether the site is a copy on this machine.
    pub fn is_local(&self) -> bool {
        is_loopback(&self.url)
    }

    /// An address below the site.
    pub fn below(&self, path: &str) -> String {
        format!("{}/{path}", self.origin())
    }

    /// The address that a link on a page of the site means, if it stays there.
    ///
    /// # Errors
    /// Why it is not followed.
    pub fn resolve(&self, link: &str) -> Result<Url, &'static str> {
        let climbs = link
            .split(['?', '#'])
            .next()
            .unwrap_or_default()
            .split(['/', '\\'])
            .any(|part| matches!(part.to_ascii_lowercase().replace("%2e", ".").as_str(), ".."));
        if climbs {
            return Err("it climbs with `..`");
        }
        if link
            .chars()
            .any(|c| c.is_control() || c == '\\' || c == ' ')
        {
            return Err("it has characters that no address has");
        }
        let url = self.url.join(link).map_err(|_| "it is no address")?;
        if url.origin() != self.url.origin() {
            return Err("it leads to another origin");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it names a user");
        }
        Ok(url)
    }
}

/// The base of the published JSON, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiBase {
    url: Url,
}

impl ApiBase {
    /// Where the vendor of the sites serves their pages.
    pub const DEFAULT: &str = "https://api.apifox.com/api/v1";

    /// Reads `--api-base`. `https` alone, and `http` on this machine.
    ///
    /// # Errors
    /// The text is another address.
    pub fn parse(text: &str) -> Result<Self, PullError> {
        let url = parse(text.trim_end_matches('/')).map_err(|why| PullError::Address {
            option: "--api-base",
            text: shown(text),
            why,
        })?;
        Ok(Self { url })
    }

    /// An address below the base.
    pub fn below(&self, path: &str) -> String {
        format!("{}/{path}", self.url.as_str().trim_end_matches('/'))
    }

    /// Whether the base is on this machine.
    pub fn is_local(&self) -> bool {
        is_loopback(&self.url)
    }
}

fn parse(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "it is no address")?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => return Err("http is for this machine alone; give https"),
        _ => return Err("it is not https"),
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err("it names no host");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it names a user");
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

/// Text of a site as a message may hold it: in one line, without control characters, 120 characters.
pub fn shown(text: &str) -> String {
    const MOST: usize = 120;
    let mut shown: String = text
        .chars()
        .take(MOST)
        .map(|c| if is_plain(c) { c } else { '\u{FFFD}' })
        .collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_an_https_origin_or_a_copy_on_this_machine() {
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
    fn links_stay_on_the_origin() {
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
    fn text_of_a_site_is_shown_in_one_short_line() {
        assert_eq!(
            shown("a\n\u{1b}[31mb\u{202e}"),
            "a\u{FFFD}\u{FFFD}[31mb\u{FFFD}"
        );
        assert_eq!(shown(&"x".repeat(500)).chars().count(), 121);
    }
}
