//! URLs and path templates.

/// A URL in its decoded parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Address {
    /// `https://host:port`; absent if the page has a placeholder instead.
    pub(crate) server: Option<String>,
    /// Starts with `/`; as printed, not decoded.
    pub(crate) path: String,
    /// Decoded names and values.
    pub(crate) query: Vec<(String, String)>,
}

/// Splits a URL. Returns `None` if it has no path.
pub(crate) fn address(text: &str) -> Option<Address> {
    let text = text.trim();
    let text = text.split('#').next().unwrap_or_default();
    let (place, query) = text.split_once('?').unwrap_or((text, ""));
    let (server, path) = if let Some((scheme, rest)) = place.split_once("://") {
        let (host, path) = split_at_slash(rest);
        let known = matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https")
            && !host.is_empty()
            && !host.contains(['{', '}', '<', '>', '@', ' ', '\\', '%', '"', '$']);
        let server = known.then(|| {
            format!(
                "{}://{}",
                scheme.to_ascii_lowercase(),
                host.to_ascii_lowercase()
            )
        });
        (server, path)
    } else if place.starts_with('/') {
        (None, place)
    } else {
        // `{{host}}/path` or `host/path`
        (None, split_at_slash(place).1)
    };
    let path = if path.is_empty() { "/" } else { path };
    (server.is_some() || path != "/").then(|| Address {
        server,
        path: path.to_owned(),
        query: pairs(query, false),
    })
}

fn split_at_slash(text: &str) -> (&str, &str) {
    text.find('/')
        .map_or((text, ""), |slash| text.split_at(slash))
}

/// Decodes `a=b&c=d`. In a form `+` is a space; in a query it is kept as printed.
pub(crate) fn pairs(text: &str, form: bool) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name, form), decode(value, form))
        })
        .filter(|(name, _)| !name.is_empty())
        .collect()
}

/// Percent-decodes a text; invalid escapes and invalid UTF-8 are kept as printed.
pub(crate) fn decode(text: &str, form: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let source = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = source.get(at) {
        let escape = source
            .get(at + 1..at + 3)
            .filter(|_| byte == b'%')
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        if let Some(decoded) = escape {
            bytes.push(decoded);
            at += 3;
        } else {
            bytes.push(if form && byte == b'+' { b' ' } else { byte });
            at += 1;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_split() {
        for (text, server, path, query) in [
            (
                "https://api.harbour.example/orders/7?a=1&b=x%20y&c",
                Some("https://api.harbour.example"),
                "/orders/7",
                &[("a", "1"), ("b", "x y"), ("c", "")][..],
            ),
            (
                "HTTPS://API.example:8443",
                Some("https://api.example:8443"),
                "/",
                &[],
            ),
            ("{{host}}/orders#top", None, "/orders", &[]),
            ("https://{{host}}/orders", None, "/orders", &[]),
            ("/orders?=1&&", None, "/orders", &[]),
        ] {
            let read = address(text).unwrap();
            assert_eq!(read.server.as_deref(), server, "{text}");
            assert_eq!(read.path, path, "{text}");
            let pairs: Vec<_> = read.query.iter().map(|(n, v)| (&**n, &**v)).collect();
            assert_eq!(pairs, query, "{text}");
        }
        assert_eq!(address("{{host}}"), None);
        assert_eq!(address(""), None);
    }

    #[test]
    fn percent_decoding_keeps_invalid_escapes() {
        for (text, form, read) in [
            ("%E4%BD%A0", false, "你"),
            ("100%", false, "100%"),
            ("%zz%4", false, "%zz%4"),
            ("%ff", false, "%ff"),
            ("%+1", false, "%+1"),
            ("a+b", false, "a+b"),
            ("a+b", true, "a b"),
        ] {
            assert_eq!(decode(text, form), read, "{text}");
        }
    }
}
