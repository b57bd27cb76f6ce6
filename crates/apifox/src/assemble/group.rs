use std::collections::HashMap;

use super::ApiPage;
use crate::PageRole;
use crate::message::{Diagnostic, quoted};
use crate::page::HttpMethod;

/// Where the document has an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Path(String),
    Webhook(String),
}

/// The pages of one operation, in order.
#[derive(Debug)]
pub(super) struct Group<'a> {
    pub(super) target: Target,
    pub(super) method: HttpMethod,
    pub(super) pages: Vec<ApiPage<'a>>,
    /// For each page, the document's names of its path parameters.
    pub(super) renamed: Vec<HashMap<&'a str, String>>,
}

impl Group<'_> {
    /// Returns the tag: the innermost folder of the first page.
    pub(super) fn tag(&self) -> Option<&str> {
        let first = self.pages.first()?;
        first.page.folder.last().map(String::as_str)
    }
}

/// Groups pages by method and path, or by webhook, in the order of their first occurrence.
pub(super) fn groups<'a>(
    pages: &[ApiPage<'a>],
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Group<'a>> {
    let mut groups: Vec<Group> = Vec::new();
    let mut index: HashMap<(String, HttpMethod), usize> = HashMap::new();
    // Templates that differ only in parameter names are one path: OpenAPI does not allow both.
    let mut templates: HashMap<String, (String, &str)> = HashMap::new();
    for &api in pages {
        let method = api.operation.method;
        let mut renamed = HashMap::new();
        let (key, target, method) = if api.page.role == PageRole::Webhook {
            let name = api.webhook();
            (format!(" {name}"), Target::Webhook(name), HttpMethod::Post)
        } else {
            let path = &api.operation.path;
            let plain = without_names(path);
            let (first, page) = templates
                .entry(plain.clone())
                .or_insert_with(|| (path.clone(), &api.page.name))
                .clone();
            if first != *path {
                renamed = names(path).zip(names(&first).map(str::to_owned)).collect();
                diagnostics.push(Diagnostic::warning(
                    &api.page.name,
                    api.operation.line,
                    format!(
                        "the path {} is written {}, as on the page {page}",
                        quoted(path),
                        quoted(&first)
                    ),
                ));
            }
            (plain, Target::Path(first), method)
        };
        let next = groups.len();
        let at = *index.entry((key, method)).or_insert(next);
        if at == next {
            groups.push(Group {
                target,
                method,
                pages: Vec::new(),
                renamed: Vec::new(),
            });
        }
        groups[at].pages.push(api);
        groups[at].renamed.push(renamed);
    }
    groups
}

/// `/orders/{id}` → `/orders/{}`
fn without_names(path: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in path.chars() {
        inside &= c != '}';
        if !inside {
            out.push(c);
        }
        inside |= c == '{';
    }
    out
}

fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('{')
        .skip(1)
        .filter_map(|part| part.split('}').next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameter_names_are_removed_from_templates() {
        assert_eq!(
            without_names("/orders/{id}/x{n}.json"),
            "/orders/{}/x{}.json"
        );
        assert_eq!(names("/orders/{id}/x{n}").collect::<Vec<_>>(), ["id", "n"]);
    }
}
