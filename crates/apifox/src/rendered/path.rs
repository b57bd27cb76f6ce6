use super::curl::Address;

/// Maximum length of a path in bytes.
const LONGEST: usize = 2000;

/// Normalises a path template: `/orders/:id/{{part}}` → `/orders/{id}/{part}`, without a trailing
/// `/`. The error says what is wrong.
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

/// How the path of a code sample matches a template.
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
            values.push((name.to_owned(), super::curl::decode(value, false)));
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
