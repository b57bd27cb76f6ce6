//! An OpenAPI export of a project: each operation becomes a page.

use crate::diagnostic::Diagnostic;
use crate::json::{Budget, JsonField, JsonNode};
use crate::markdown::operation::{METHODS, OperationNode, page_id, read_operation};
use crate::page::{Page, PageKind};
use crate::rendered::lines::decode;
use crate::yaml::parse_project;
use crate::{PageRole, PageSource};
use std::collections::HashSet;

/// The number of bytes at the start of a file that are searched for `openapi` or `swagger`.
const HEAD: usize = 4096;

/// Returns whether a file is an OpenAPI document, in JSON or YAML.
pub(crate) fn is_export(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let head = String::from_utf8_lossy(&text[..text.len().min(HEAD)]);
    let head = head.trim_start();
    if head.starts_with('{') {
        return ["\"openapi\"", "\"swagger\""].iter().any(|key| {
            head.find(key).is_some_and(|at| {
                let value = head[at + key.len()..].trim_start().strip_prefix(':');
                value.is_some_and(|value| value.trim_start().starts_with(['"', '2', '3']))
            })
        });
    }
    let first = head
        .lines()
        .find(|line| !line.trim().is_empty() && !line.starts_with("---"));
    first.is_some_and(|line| line.starts_with("openapi:") || line.starts_with("swagger:"))
}

/// Reads the operations of an export. If it returns no page, the diagnostics contain an error.
pub(crate) fn read(source: &PageSource, diagnostics: &mut Vec<Diagnostic>) -> Vec<Page> {
    let Some(root) = document(source, diagnostics) else {
        return Vec::new();
    };
    let version = root.get("openapi").and_then(JsonNode::scalar);
    if !version.is_some_and(|version| version.starts_with('3')) {
        diagnostics.push(
            Diagnostic::error(
                source.name,
                root.line,
                "the export is not an OpenAPI 3 document",
            )
            .with_help("export the project as OpenAPI 3.0 or 3.1"),
        );
        return Vec::new();
    }
    let mut reader = ExportReader {
        root: &root,
        source,
        pages: Vec::new(),
        keys: HashSet::new(),
        operations: 0,
    };
    for (word, role) in [("paths", source.role), ("webhooks", PageRole::Webhook)] {
        for path in root.get(word).map(JsonNode::fields).unwrap_or_default() {
            reader.path(path, role, diagnostics);
        }
    }
    if reader.operations == 0 {
        diagnostics.push(
            Diagnostic::error(source.name, root.line, "the export has no operation")
                .with_help("export the project with its endpoints"),
        );
    }
    reader.pages
}

struct ExportReader<'a> {
    root: &'a JsonNode,
    source: &'a PageSource<'a>,
    pages: Vec<Page>,
    /// Keys of the pages.
    keys: HashSet<String>,
    /// Number of operations, including those that cannot be read.
    operations: usize,
}

impl ExportReader<'_> {
    /// Reads the operations of a path, or of a webhook, whose name is in the place of a path.
    fn path(&mut self, path: &JsonField, role: PageRole, diagnostics: &mut Vec<Diagnostic>) {
        let is_webhook = role == PageRole::Webhook && self.source.role != role;
        for method in path.value.fields() {
            if !METHODS.contains(&method.name.to_ascii_lowercase().as_str()) {
                continue;
            }
            self.operations += 1;
            let mut page = page(self.source, &path.name, &method.name, &method.value);
            page.role = role;
            if is_webhook {
                page.key = format!("webhook-{}", page.key);
                if page.title.is_empty() {
                    page.title.clone_from(&path.name);
                }
            }
            while !self.keys.insert(page.key.clone()) {
                page.key.push('x');
            }
            let own = PageSource {
                key: &page.key.clone(),
                role,
                ..*self.source
            };
            let chosen = OperationNode {
                path: if is_webhook { "" } else { &path.name },
                item: path,
                method,
            };
            if read_operation(self.root, Some(chosen), &mut page, &own, diagnostics).is_some() {
                self.pages.push(page);
            }
        }
    }
}

pub(crate) fn document(source: &PageSource, diagnostics: &mut Vec<Diagnostic>) -> Option<JsonNode> {
    let text = decode(source.name, source.text, diagnostics)?;
    if text.trim_start().starts_with('{') {
        let mut budget = Budget::of_project();
        return crate::published::document(&text, source.name, &mut budget, diagnostics);
    }
    let read = parse_project(&text)
        .map(|read| read.root)
        .map_err(|error| (error.line, error.message.to_string()));
    match read {
        Ok(root) => Some(root),
        Err((line, reason)) => {
            diagnostics.push(
                Diagnostic::error(
                    source.name,
                    line,
                    format!("the OpenAPI export cannot be read: {reason}"),
                )
                .with_help("export the project again, or import its pages one by one"),
            );
            None
        }
    }
}

/// Creates the page of an operation. Its key is the number of the page on the site, or else the
/// method and the path.
fn page(source: &PageSource, path: &str, method: &str, node: &JsonNode) -> Page {
    let link = node
        .text_of("x-run-in-apifox")
        .or(node.text_of("x-run-in-apidog"));
    let id = link.map(page_id).filter(|id| !id.is_empty());
    let words: String = path
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let key = match id {
        Some(id) => format!("{id}e0"),
        None => format!("{}{words}", method.to_ascii_lowercase()),
    };
    let title = node.text_of("summary").or(node.text_of("operationId"));
    Page {
        key,
        name: source.name.to_owned(),
        title: title.unwrap_or_default().trim().to_owned(),
        folder: Vec::new(),
        status: None,
        role: source.role,
        kind: PageKind::Guide,
        text: String::new(),
        notes: Vec::new(),
        modified: None,
        schemas: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SchemaList, parse_page, parse_pages};

    fn source(text: &str) -> PageSource<'_> {
        PageSource {
            name: "shop.json",
            key: "shop",
            role: PageRole::Auto,
            text: text.as_bytes(),
        }
    }

    #[test]
    fn each_operation_of_an_export_becomes_a_page() {
        let json = r##"{"openapi": "3.0.1", "info": {"title": "Shop"}, "paths": {
            "/teas": {
                "get": {"summary": "List teas", "x-run-in-apifox": "https://app.apifox.com/web/project/1/apis/api-12-run", "responses": {}},
                "post": {"summary": "Add a tea", "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Tea"}}}}, "responses": {}}},
            "/pots/{id}": {"delete": {"responses": {}}}},
            "components": {"schemas": {
                "Tea": {"type": "object", "properties": {"kind": {"$ref": "#/components/schemas/Kind"}}},
                "Kind": {"type": "string"}, "Unused": {"type": "string"}}}}"##;
        let yaml = "openapi: 3.0.1\npaths:\n  /teas:\n    get:\n      summary: List teas\n      responses: {}\n";
        let parsed = parse_pages(&source(json), &SchemaList::default());
        assert_eq!(parsed.diagnostics, []);
        let keys: Vec<&str> = parsed.pages.iter().map(|page| page.key.as_str()).collect();
        assert_eq!(keys, ["12e0", "post-teas", "delete-pots--id-"]);
        let mut names: Vec<&str> = parsed.pages[1]
            .schemas
            .iter()
            .map(|schema| &*schema.name)
            .collect();
        names.sort_unstable();
        assert_eq!(names, ["Kind", "Tea"]);
        let parsed = parse_pages(&source(yaml), &SchemaList::default());
        assert_eq!((parsed.pages.len(), parsed.diagnostics), (1, vec![]));
    }

    #[test]
    fn export_without_operations_or_of_another_version_is_an_error() {
        for (text, message) in [
            (
                "{\"openapi\": \"3.0.1\", \"paths\": {}}",
                "the export has no operation",
            ),
            (
                "{\"swagger\": \"2.0\", \"paths\": {}}",
                "the export is not an OpenAPI 3 document",
            ),
            ("openapi: [", "the OpenAPI export cannot be read"),
        ] {
            let parsed = parse_pages(&source(text), &SchemaList::default());
            assert_eq!(parsed.pages, []);
            assert!(
                parsed.diagnostics[0].text.starts_with(message),
                "{:?}",
                parsed.diagnostics
            );
        }
        let parsed = parse_page(&source("{\"openapi\": \"3.0.1\", \"paths\": {}}"));
        assert!(parsed.diagnostics[0].text.contains("OpenAPI export"));
    }
}
