//! URLs and path templates.

use crate::schema_import::percent_decoded;

/// A URL in its decoded parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Address {
    /// `https://host:port`; absent if the page has a placeholder instead.
    pub(crate) server: Option<String>,
    /// The path as it is printed, percent-encoding included. It starts with `/`.
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

/// Decodes `a=b&c=d`. In a form, `+` is a space; in a query, `+` is not changed.
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

/// Decodes the percent escapes of a text. In a form, `+` is a space.
pub(crate) fn decode(text: &str, form: bool) -> String {
    if form {
        percent_decoded(&text.replace('+', " "))
    } else {
        percent_decoded(text)
    }
}

/// Maximum length of a path in bytes.
const LONGEST: usize = 2000;

/// Normalises a path template: `/orders/:id/{{part}}` → `/orders/{id}/{part}`, without a trailing
/// `/`. The error states the problem.
pub(crate) fn template(path: &str) -> Result<String, String> {
    if path.len() > LONGEST {
        return Err(format!("it has more than {LONGEST} characters"));
    }
    let mut out = String::new();
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        out.push('/');
        let name = segment
            .strip_prefix("{{")
            .and_then(|rest| rest.strip_suffix("}}"))
            .or_else(|| {
                segment
                    .strip_prefix("${")
                    .and_then(|rest| rest.strip_suffix('}'))
            })
            .or_else(|| {
                segment
                    .strip_prefix('<')
                    .and_then(|rest| rest.strip_suffix('>'))
            })
            .or_else(|| segment.strip_prefix(':').filter(|rest| is_word(rest)));
        match name {
            Some(name) => {
                out.push('{');
                out.push_str(name.trim());
                out.push('}');
            }
            None => out.push_str(segment),
        }
    }
    let names = names(&out).ok_or("its braces do not match")?;
    for (at, name) in names.iter().enumerate() {
        if name.is_empty() {
            return Err("a path parameter has no name".to_owned());
        }
        if names[..at].contains(name) {
            return Err(format!("two path parameters are called `{name}`"));
        }
    }
    Ok(if out.is_empty() { "/".to_owned() } else { out })
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
}

/// Returns the parameter names of a template, or `None` if its braces do not match.
pub(crate) fn names(template: &str) -> Option<Vec<&str>> {
    let mut names = Vec::new();
    let mut rest = template;
    while let Some(brace) = rest.find(['{', '}']) {
        let inner = rest[brace..].strip_prefix('{')?;
        let end = inner.find(['{', '}'])?;
        let behind = inner[end..].strip_prefix('}')?;
        names.push(&inner[..end]);
        rest = behind;
    }
    Some(names)
}

/// The match of the path of a code sample with a template.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fit {
    /// Path segments before the matching part.
    pub(crate) prefix: String,
    /// Parameter names and their values in the sample.
    pub(crate) values: Vec<(String, String)>,
}

/// Matches the path of a code sample against a template, from its end. Returns `None` if it is
/// another path.
pub(crate) fn fit(template: &str, sample: &str) -> Option<Fit> {
    let split = |path: &str| -> Vec<String> {
        path.split('/')
            .filter(|segment| !segment.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (wanted, seen) = (split(template), split(sample));
    let front = seen.len().checked_sub(wanted.len())?;
    let mut values = Vec::new();
    for (wanted, seen) in wanted.iter().zip(&seen[front..]) {
        if wanted == seen {
            continue;
        }
        let (open, close) = (wanted.find('{')?, wanted.rfind('}')?);
        let (before, name, behind) = (
            &wanted[..open],
            wanted.get(open + 1..close)?,
            &wanted[close + 1..],
        );
        let value = seen.strip_prefix(before)?.strip_suffix(behind)?;
        // Two parameters in one segment cannot be separated.
        if !name.contains(['{', '}']) && !is_placeholder(value) {
            values.push((name.to_owned(), decode(value, false)));
        }
    }
    let prefix: String = seen[..front]
        .iter()
        .map(|segment| format!("/{segment}"))
        .collect();
    (!prefix.contains(['{', '}'])).then_some(Fit { prefix, values })
}

/// Returns whether a sample shows a placeholder instead of a value.
pub(crate) fn is_placeholder(value: &str) -> bool {
    value.is_empty()
        || value.starts_with(['{', '<', ':', '$'])
        || value.contains("{{")
        || value.to_ascii_lowercase().starts_with("%7b")
}

/// Normalises the path of a URL to a template.
pub(crate) fn with_template(mut address: Address) -> Result<Address, String> {
    address.path = template(&address.path)?;
    Ok(address)
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

    #[test]
    fn path_templates_are_normalised() {
        for (path, read) in [
            ("/orders/{id}", Ok("/orders/{id}")),
            ("/orders/:id/", Ok("/orders/{id}")),
            ("/orders/{{id}}", Ok("/orders/{id}")),
            ("/orders/${id}/<part>", Ok("/orders/{id}/{part}")),
            ("/orders/{id}.json", Ok("/orders/{id}.json")),
            ("/orders:cancel", Ok("/orders:cancel")),
            ("/", Ok("/")),
            ("/orders/{id", Err("its braces do not match")),
            ("/orders/}{", Err("its braces do not match")),
            ("/orders/{}", Err("a path parameter has no name")),
            ("/{a}/{a}", Err("two path parameters are called `a`")),
        ] {
            assert_eq!(
                template(path).as_deref().map_err(String::as_str),
                read,
                "{path}"
            );
        }
    }

    #[test]
    fn sample_paths_match_from_the_end() {
        for (template, sample, prefix, values) in [
            (
                "/orders/{id}",
                "/v1/orders/7",
                Some("/v1"),
                &[("id", "7")][..],
            ),
            ("/orders/{id}", "/orders/{id}", Some(""), &[]),
            ("/orders/{id}", "/orders/%7Bid%7D", Some(""), &[]),
            (
                "/orders/{id}.json",
                "/orders/a%20b.json",
                Some(""),
                &[("id", "a b")],
            ),
            ("/orders/{id}", "/books/7", None, &[]),
            ("/a/b", "/b", None, &[]),
        ] {
            let read = fit(template, sample);
            assert_eq!(read.as_ref().map(|fit| &*fit.prefix), prefix, "{sample}");
            let seen: Vec<_> = read
                .iter()
                .flat_map(|fit| &fit.values)
                .map(|(name, value)| (&**name, &**value))
                .collect();
            assert_eq!(seen, values, "{sample}");
        }
    }
}
