//! File names of captures: page ID, slug and extension.

/// The extensions of captures.
pub const EXTENSIONS: [&str; 3] = ["txt", "json", "md"];

/// Returns the extension of the file name of a capture, or `None` for other files.
pub fn extension(name: &str) -> Option<&'static str> {
    EXTENSIONS.into_iter().find(|extension| {
        name.strip_suffix(extension)
            .is_some_and(|stem| stem.ends_with('.'))
    })
}

/// Returns the file name without the extension of a capture.
pub fn stem(name: &str) -> &str {
    match extension(name) {
        Some(extension) => &name[..name.len() - extension.len() - 1],
        None => name,
    }
}

/// Returns whether a string is a page ID: 1 to 20 digits and `e0` (API page), `m0` (guide) or `f0`
/// (page of a folder).
pub fn is_page_id(text: &str) -> bool {
    ["e0", "m0", "f0"]
        .iter()
        .find_map(|end| text.strip_suffix(end))
        .is_some_and(is_number)
}

/// Returns whether a string consists of 1 to 20 ASCII digits.
pub fn is_number(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns the page ID at the end of a URL: `…/get-token-312999607e0`, `…/312999607e0.md`, and the
/// older `…/doc-123` and `…/api-123`.
pub fn page_id(address: &str) -> Option<String> {
    let path = address.split(['?', '#']).next()?;
    let path = path.strip_suffix(".md").unwrap_or(path);
    let name = path.rsplit('/').next()?;
    let (words, last) = name.rsplit_once('-').unwrap_or(("", name));
    if is_page_id(last) {
        return Some(last.to_owned());
    }
    match words {
        "api" if is_number(last) => Some(format!("{last}e0")),
        "doc" if is_number(last) => Some(format!("{last}m0")),
        _ => None,
    }
}

/// Returns the name at the end of a reference, which is percent-encoded and has `~1` for `/` and `~0` for `~`.
pub fn decode_pointer(text: &str) -> String {
    apifox::percent_decoded(text)
        .replace("~1", "/")
        .replace("~0", "~")
}

/// Returns a slug of at most 60 lower-case ASCII letters, digits and dashes. A file name never
/// contains other characters of a page.
pub fn slug(title: &str) -> String {
    let mut slug = String::new();
    for c in title.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= 60 {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() {
        "page".to_owned()
    } else {
        slug.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slug_is_safe_file_name() {
        for (title, expected) in [
            ("Get Access Token", "get-access-token"),
            ("../../etc/passwd", "etc-passwd"),
            ("  --a  b--  ", "a-b"),
            ("接口", "page"),
        ] {
            assert_eq!(slug(title), expected);
        }
        assert!(slug(&"long title ".repeat(50)).len() <= 60);
    }

    #[test]
    fn pointer_is_decoded() {
        for (text, expected) in [
            ("Page%C2%ABTea%C2%BB", "Page«Tea»"),
            ("a~1b~01", "a/b~1"),
            ("100%", "100%"),
            ("%zz%2", "%zz%2"),
            ("%+1", "%+1"),
        ] {
            assert_eq!(decode_pointer(text), expected);
        }
    }

    #[test]
    fn page_id_is_at_end_of_url() {
        for (address, expected) in [
            ("https://docs.example/312999607e0", Some("312999607e0")),
            (
                "/get-access-token-312999607e0.md?x=1#y",
                Some("312999607e0"),
            ),
            ("6916921m0.md", Some("6916921m0")),
            ("46286628f0.md", Some("46286628f0")),
            ("doc-1589130.md", Some("1589130m0")),
            ("/api-7", Some("7e0")),
            ("e0", None),
            ("/guide", None),
            ("/x-7", None),
            ("123d0.md", None),
            ("123456789012345678901e0", None),
            ("1e0/..", None),
        ] {
            assert_eq!(page_id(address).as_deref(), expected, "{address}");
        }
    }

    #[test]
    fn extension_identifies_captures() {
        for (name, expected) in [
            ("1e0-a.txt", Some("txt")),
            ("1e0-a.json", Some("json")),
            ("1e0-a.md", Some("md")),
            ("docs.lock", None),
            ("md", None),
            ("atxt", None),
        ] {
            assert_eq!(extension(name), expected, "{name}");
        }
        assert_eq!(stem("1e0-a.json"), "1e0-a");
        assert_eq!(stem("docs.lock"), "docs.lock");
    }
}
