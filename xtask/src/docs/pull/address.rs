//! The URLs that a pull may request: those of the site and of the published JSON.

use reqwest::Url;

use super::{super::names, error::PullError};
use crate::openapi::is_plain;

/// The base URL of a documentation site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Its path ends with a slash.
    url: Url,
}

impl Site {
    /// Parses `--site`: an `https` URL, or `http` on localhost. A path is the subdirectory of the site, or the ID of
    /// a shared documentation.
    ///
    /// # Errors
    /// Fails for any other URL, and for the URL of a page.
    pub fn parse(text: &str) -> Result<Self, PullError> {
        let refuse = |why| PullError::Address {
            option: "--site",
            text: shown(text),
            why,
        };
        let mut url = parse(text).map_err(refuse)?;
        if names::page_id(url.path()).is_some() {
            return Err(refuse("it is the URL of a page; pass the URL of the site"));
        }
        let path = plain_path(url.path()).ok_or_else(|| {
            refuse("its path has other characters than letters, digits, `-`, `_` and `.`")
        })?;
        url.set_path(&path);
        Ok(Self { url })
    }

    /// Returns the name of the site in the lock: the host, with the port and the path if it has them.
    pub fn name(&self) -> String {
        let path = self.url.path().trim_end_matches('/');
        match self.url.port() {
            Some(port) => format!("{}:{port}{path}", self.host()),
            None => format!("{}{path}", self.host()),
        }
    }

    /// Returns the ID of a shared documentation: the UUID at the end of the path, with or without `shared-`.
    pub fn shared_id(&self) -> Option<&str> {
        let last = self.url.path().trim_end_matches('/').rsplit('/').next()?;
        let id = last.strip_prefix("shared-").unwrap_or(last);
        let groups: Vec<usize> = id.split('-').map(str::len).collect();
        let is_hex = |c: char| c.is_ascii_hexdigit() || c == '-';
        (groups == [8, 4, 4, 4, 12] && id.chars().all(is_hex)).then_some(id)
    }

    /// Returns the site in a subdirectory of its origin. A site whose URL has a path, and an invalid subdirectory,
    /// change nothing.
    pub(super) fn in_subdirectory(&self, subdirectory: &str) -> Self {
        let mut site = self.clone();
        if site.url.path() == "/"
            && let Some(path) = plain_path(subdirectory)
        {
            site.url.set_path(&path);
        }
        site
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
        format!("{}{path}", self.url)
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
    /// The APIs of the vendor of such sites: Apifox and Apidog.
    const VENDOR: [&str; 2] = [
        "https://api.apifox.com/api/v1",
        "https://api.apidog.com/api/v1",
    ];

    /// Returns the bases that may serve the published JSON of a site, in the order in which they are tried: those of
    /// the vendor, and the one below the origin of the site. A local site is never looked up elsewhere.
    pub fn candidates(site: &Site) -> Vec<Self> {
        let own = format!("{}/api/v1", site.origin());
        let vendor = Self::VENDOR.into_iter().filter(|_| !site.is_local());
        let bases = vendor.chain([own.as_str()]);
        bases.filter_map(|base| Self::parse(base).ok()).collect()
    }

    /// Parses `--api-base`: an `https` URL, or `http` on localhost.
    ///
    /// # Errors
    /// Fails for any other URL.
    pub fn parse(text: &str) -> Result<Self, PullError> {
        let url = parse(text.trim_end_matches('/')).map_err(|why| PullError::Address {
            option: "--api-base",
            text: shown(text),
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

/// Returns a path with one slash before, between and after its parts. Returns `None` if it has other characters than
/// those of plain names, or a part of dots.
fn plain_path(path: &str) -> Option<String> {
    let mut plain = String::from("/");
    for part in path.split('/').filter(|part| !part.is_empty()) {
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if !part.chars().all(is_name) || part.chars().all(|c| c == '.') {
            return None;
        }
        plain.push_str(part);
        plain.push('/');
    }
    Some(plain)
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

/// Returns the value of an option for a message. A URL with user info is omitted, because it may contain a password.
fn shown(text: &str) -> String {
    if text.contains('@') {
        "<omitted>".to_owned()
    } else {
        sanitize(text)
    }
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
            (
                "https://docs.example/help//api",
                "docs.example/help/api",
                "https://docs.example",
            ),
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
            "https://docs.example/doc-123",
            "https://docs.example/a%2fb",
            "https://docs.example?x",
            "file:///etc/passwd",
        ] {
            assert!(Site::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn user_info_is_not_in_messages() {
        for text in [
            "https://user:secret@docs.example",
            "https://user:secret@docs.example:port",
            "user:secret@docs.example",
        ] {
            let site = Site::parse(text).unwrap_err();
            let base = ApiBase::parse(text).unwrap_err();
            for message in [site.to_string(), base.to_string()] {
                assert!(!message.contains("secret"), "{message}");
            }
        }
        let error = Site::parse("http://docs.example").unwrap_err().to_string();
        assert!(error.contains("http://docs.example"), "{error}");
    }

    #[test]
    fn shared_documentation_has_uuid_in_path() {
        const ID: &str = "6aa360d3-d8f2-471e-b841-3a35c33a7b7c";
        for (path, expected) in [
            (ID.to_owned(), Some(ID)),
            (format!("apidoc/shared-{ID}/"), Some(ID)),
            (String::new(), None),
            (format!("{ID}/help"), None),
            (ID.replace('6', "z"), None),
            (ID.replace('-', "a"), None),
        ] {
            let site = Site::parse(&format!("https://docs.example/{path}")).unwrap();
            assert_eq!(site.shared_id(), expected, "{path}");
        }
    }

    #[test]
    fn pages_of_subdirectory_are_below_it() {
        let site = Site::parse("https://docs.example").unwrap();
        for (subdirectory, expected) in [
            ("help", "https://docs.example/help/1e0"),
            ("/a/b/", "https://docs.example/a/b/1e0"),
            ("", "https://docs.example/1e0"),
            ("../x", "https://docs.example/1e0"),
            ("//other.example?x", "https://docs.example/1e0"),
        ] {
            assert_eq!(site.in_subdirectory(subdirectory).below("1e0"), expected);
        }
        let below = Site::parse("https://docs.example/help").unwrap();
        assert_eq!(below.in_subdirectory("x"), below);
        let link = below.resolve("1e0.md").unwrap();
        assert_eq!(link.as_str(), "https://docs.example/help/1e0.md");
    }

    #[test]
    fn local_site_is_looked_up_only_at_its_origin() {
        let bases = |site: &str| -> Vec<String> {
            let bases = ApiBase::candidates(&Site::parse(site).unwrap());
            bases.iter().map(|base| base.below("x")).collect()
        };
        assert_eq!(
            bases("https://docs.example/help"),
            [
                "https://api.apifox.com/api/v1/x",
                "https://api.apidog.com/api/v1/x",
                "https://docs.example/api/v1/x"
            ]
        );
        assert_eq!(bases("http://127.0.0.1:8"), ["http://127.0.0.1:8/api/v1/x"]);
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
