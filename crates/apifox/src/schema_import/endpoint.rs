//! Method, path and identity of an operation on a page with schemas.

use crate::diagnostic::{Diagnostic, quoted};
use crate::json::JsonNode;
use crate::page::HttpMethod;
use crate::rendered::url as path;
use crate::rendered::url::{Address, address};
use crate::{PageRole, PageSource};

/// Reads method and path. If it returns none, the diagnostics contain an error.
pub(crate) fn call(
    method: &str,
    text: &str,
    line: u32,
    source: &PageSource,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<(HttpMethod, Address)> {
    let Some(method) = HttpMethod::from_name(method.trim()) else {
        diagnostics.push(
            Diagnostic::error(
                source.name,
                line,
                format!(
                    "the operation cannot be read: OpenAPI 3.0 has no method {}",
                    quoted(method)
                ),
            )
            .with_help("correct the method, or leave the page out"),
        );
        return None;
    };
    let text = text.trim();
    if text.is_empty() && source.role == PageRole::Webhook {
        return Some((method, Address::default()));
    }
    // A path may lack its leading slash.
    let text = if text.contains("://") || text.starts_with(['/', '{', '<']) {
        text.to_owned()
    } else {
        format!("/{text}")
    };
    let shown = address(&text).unwrap_or_else(|| Address {
        path: "/".to_owned(),
        ..Address::default()
    });
    // Some servers distinguish a path from the same path with a slash at its end.
    let has_slash = shown.path.len() > 1 && shown.path.ends_with('/');
    match path::with_template(shown) {
        Ok(mut address) => {
            if has_slash {
                address.path.push('/');
            }
            Some((method, address))
        }
        Err(reason) => {
            diagnostics.push(
                Diagnostic::error(
                    source.name,
                    line,
                    format!("the path {} cannot be read: {reason}", quoted(&text)),
                )
                .with_help(
                    "write it as `/orders/{id}`, each path parameter in braces with a unique name",
                ),
            );
            None
        }
    }
}

/// Returns a base URL without its trailing slash, or `None` if it is a placeholder.
pub(crate) fn server(url: &str) -> Option<String> {
    let url = url.trim().trim_end_matches('/');
    let host = url
        .strip_prefix("https://")
        .or(url.strip_prefix("http://"))?;
    let fits = !host.is_empty()
        && !url.contains(|c: char| c.is_whitespace() || c.is_control() || "{}<>\"'".contains(c));
    fits.then(|| url.to_owned())
}

/// Reports a file that contains another page than the one in its key. The key identifies the page.
pub(crate) fn check_key(
    id: &str,
    line: u32,
    source: &PageSource,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let key = source.key;
    let count = digits(key);
    // `312999607e0`: the number of the page and the kind of page.
    let is_id = count > 0
        && key[count..]
            .strip_prefix(['e', 'm', 'd', 'f'])
            .is_some_and(|rest| !rest.is_empty() && digits(rest) == rest.len());
    if !is_id || id.is_empty() || digits(id) != id.len() || key[..count] == *id {
        return;
    }
    diagnostics.push(
        Diagnostic::error(
            source.name,
            line,
            format!(
                "the file is named after the page {}, but contains the page {id}",
                quoted(key)
            ),
        )
        .with_help("add the page again under its own id"),
    );
}

/// Returns the first tag of an operation, which is its folder if the page names none.
pub(crate) fn first_tag(node: &JsonNode) -> Option<&str> {
    node.get("tags")?.items().iter().find_map(JsonNode::text)
}

/// Returns the tags of an operation that are not its folder.
pub(crate) fn further_tags(node: &JsonNode, folder: &[String]) -> Vec<String> {
    let tags = node.get("tags").map(JsonNode::items).unwrap_or_default();
    let named = tags.iter().filter_map(JsonNode::text).map(str::trim);
    let mut further: Vec<String> = Vec::new();
    for tag in named.filter(|tag| !tag.is_empty()) {
        let is_folder =
            folder.starts_with(&folders(tag)) || folder.last().is_some_and(|last| last == tag);
        if !is_folder && !further.iter().any(|known| known == tag) {
            further.push(tag.to_owned());
        }
    }
    further
}

/// Splits a folder path `a/b/c`.
pub(crate) fn folders(path: &str) -> Vec<String> {
    path.split('/')
        .map(str::trim)
        .filter(|folder| !folder.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_are_validated() {
        for (url, wanted) in [
            (
                "https://api.harbour.example/",
                Some("https://api.harbour.example"),
            ),
            ("http://a.example/v1", Some("http://a.example/v1")),
            ("", None),
            ("{{host}}", None),
            ("https://{{host}}", None),
            ("ftp://a.example", None),
            ("https:///", None),
        ] {
            assert_eq!(server(url).as_deref(), wanted, "{url}");
        }
    }

    #[test]
    fn page_in_the_file_of_another_page_is_reported() {
        for (key, id, said) in [
            ("12e0", "12", false),
            ("12e0", "13", true),
            ("12m0", "13", true),
            ("get-order", "13", false),
            ("12", "13", false),
            ("12e0", "", false),
        ] {
            let mut diagnostics = Vec::new();
            let source = PageSource {
                name: "a.md",
                key,
                role: PageRole::Auto,
                text: b"",
            };
            check_key(id, 3, &source, &mut diagnostics);
            assert_eq!(diagnostics.len(), usize::from(said), "{key} {id}");
        }
    }
}
