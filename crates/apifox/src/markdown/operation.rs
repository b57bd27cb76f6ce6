//! The operation in the OpenAPI document of a Markdown page.

use std::collections::HashMap;
use std::sync::Arc;

use super::bodies::{Bodies, only_one};
use crate::PageSource;
use crate::given::call::{call, check_key, first_tag, folders, server};
use crate::given::parameter::{Parameters, add_query};
use crate::given::security::{scheme, take_headers};
use crate::given::{Lookup, Named, Reader};
use crate::json::{Budget, JsonField, JsonNode};
use crate::message::Diagnostic;
use crate::page::{ApiOperation, NamedSchema, Page, PageKind, SecurityScheme};

/// Schemas of the document by name.
struct Schemas<'a> {
    file: &'a Arc<str>,
    all: HashMap<&'a str, &'a JsonField>,
}

impl Lookup for Schemas<'_> {
    fn find(&self, key: &str) -> Option<Named<'_>> {
        let member = self.all.get(key)?;
        Some(Named {
            name: &member.name,
            file: self.file,
            schema: &member.value,
        })
    }
}

/// Adds the document to a page. A document without an operation but with schemas makes it a guide.
pub(super) fn read(
    root: &JsonNode,
    page: &mut Page,
    source: &PageSource,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<()> {
    let file: Arc<str> = Arc::from(source.name);
    let components = root
        .get("components")
        .and_then(|components| components.get("schemas"));
    let named = components.map(JsonNode::fields).unwrap_or_default();
    let schemas = Schemas {
        file: &file,
        all: named
            .iter()
            .map(|member| (member.name.as_str(), member))
            .collect(),
    };
    let mut reader = Reader::new(&file, &schemas, Budget::default());
    let paths = root.get("paths").filter(|paths| !paths.fields().is_empty());
    let found = match paths {
        Some(paths) => one_operation(paths, source, diagnostics),
        None if source.role == crate::PageRole::Webhook || components.is_none() => {
            diagnostics.push(
                Diagnostic::error(
                    source.name,
                    root.line,
                    "the document of the page has neither a path nor schemas",
                )
                .with_help("download the page again, or leave it out"),
            );
            None
        }
        // A page about a schema.
        None => {
            page.schemas = brought(named, &mut reader);
            diagnostics.append(&mut reader.diagnostics);
            return Some(());
        }
    };
    let Some((path, method, node)) = found else {
        diagnostics.append(&mut reader.diagnostics);
        return None;
    };
    let (kind, address) = call(&method.name, &path.name, method.line, source, diagnostics)?;
    let run = ["x-run-in-apifox", "x-run-in-apidog"]
        .iter()
        .find_map(|word| Some((node.text_of(word)?, node.get(word)?.line)));
    if let Some((link, line)) = run {
        check_key(page_id(link), line, source, diagnostics);
    }
    page.schemas = brought(named, &mut reader);
    let mut parameters = Parameters::new(&address.path, path.line);
    let shared = path
        .value
        .get("parameters")
        .map(JsonNode::items)
        .unwrap_or_default();
    let own = node
        .get("parameters")
        .map(JsonNode::items)
        .unwrap_or_default();
    parameters.add_list(own, &mut reader);
    parameters.add_list(shared, &mut reader);
    let mut parameters = parameters.finish();
    add_query(&address.query, path.line, &mut parameters);
    let mut security = security(root, node);
    take_headers(&mut parameters, &mut security);
    let mut bodies = Bodies {
        file: Arc::clone(&file),
        reader: &mut reader,
        budget: Budget::default(),
    };
    let body = node
        .get("requestBody")
        .and_then(|body| bodies.request(body));
    let responses = node
        .get("responses")
        .map(|node| bodies.responses(node))
        .unwrap_or_default();
    let word = |names: [&str; 2]| names.iter().find_map(|name| node.text_of(name));
    let folder = word(["x-apifox-folder", "x-apidog-folder"]);
    page.folder = folder.or(first_tag(node)).map(folders).unwrap_or_default();
    page.status = word(["x-apifox-status", "x-apidog-status"]).map(str::to_owned);
    if let Some(description) = node.text_of("description") {
        if !page.text.is_empty() {
            page.text.push_str("\n\n");
        }
        page.text.push_str(description);
    }
    page.kind = PageKind::Operation(ApiOperation {
        line: method.line,
        method: kind,
        path: address.path,
        server: address.server.or_else(|| first_server(root, node)),
        parameters,
        body,
        responses,
        auth: None,
        security,
        deprecated: node.says("deprecated"),
    });
    diagnostics.append(&mut reader.diagnostics);
    Some(())
}

const METHODS: &[&str] = &[
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// Returns the only path and method of the document.
fn one_operation<'a>(
    paths: &'a JsonNode,
    source: &PageSource,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<(&'a JsonField, &'a JsonField, &'a JsonNode)> {
    let mut all = paths.fields().iter().filter(|path| path.value.is_object());
    let path = all.next();
    let mut methods = path
        .iter()
        .flat_map(|path| path.value.fields())
        .filter(|member| METHODS.contains(&member.name.to_ascii_lowercase().as_str()));
    let (Some(path), Some(method)) = (path, methods.next()) else {
        diagnostics.push(
            Diagnostic::error(
                source.name,
                paths.line,
                "the operation cannot be read: the document of the page has no path with a method",
            )
            .with_help("download the page again, or leave it out"),
        );
        return None;
    };
    if let Some(other) = methods.next() {
        diagnostics.push(only_one(source.name, other.line, "method"));
    }
    if let Some(other) = all.next() {
        diagnostics.push(only_one(source.name, other.line, "path"));
    }
    Some((path, method, &method.value))
}

/// Imports the schemas of the page, each name once.
fn brought(named: &[JsonField], reader: &mut Reader) -> Vec<NamedSchema> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut schemas: Vec<NamedSchema> = Vec::new();
    for member in named {
        let schema = NamedSchema {
            name: member.name.clone(),
            file: None,
            line: member.line,
            schema: reader.named(&member.name, &member.value),
        };
        match places.get(member.name.as_str()) {
            // Of two fields with one name the last one counts.
            Some(&at) => schemas[at] = schema,
            None => {
                places.insert(&member.name, schemas.len());
                schemas.push(schema);
            }
        }
    }
    schemas
}

/// Returns the number in `https://app.apifox.com/web/project/<P>/apis/api-<N>-run`.
fn page_id(link: &str) -> &str {
    link.rsplit_once("api-")
        .and_then(|(_, rest)| rest.strip_suffix("-run"))
        .unwrap_or_default()
}

fn first_server(root: &JsonNode, node: &JsonNode) -> Option<String> {
    [node, root]
        .iter()
        .filter_map(|node| node.get("servers"))
        .flat_map(JsonNode::items)
        .find_map(|item| server(item.text_of("url")?))
}

/// Returns the alternative sets of security schemes of the operation, or else of the document.
fn security(root: &JsonNode, node: &JsonNode) -> Vec<Vec<SecurityScheme>> {
    let schemes = root
        .get("components")
        .and_then(|components| components.get("securitySchemes"));
    // An empty list means that no scheme is required.
    let asked = node.get("security").or_else(|| root.get("security"));
    let mut sets = Vec::new();
    for set in asked.map(JsonNode::items).unwrap_or_default() {
        let named = set.fields().iter().filter_map(|member| {
            let scheme = scheme(schemes?.get(&member.name)?)?;
            Some(SecurityScheme {
                name: member.name.clone(),
                scheme,
                line: member.line,
            })
        });
        let set: Vec<SecurityScheme> = named.collect();
        if !set.is_empty() && !sets.contains(&set) {
            sets.push(set);
        }
    }
    sets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_ids_are_extracted() {
        for (link, id) in [
            ("https://app.apifox.com/web/project/7/apis/api-12-run", "12"),
            ("https://app.apifox.com/web/project/7/apis/api-12", ""),
            ("", ""),
        ] {
            assert_eq!(page_id(link), id);
        }
    }
}
