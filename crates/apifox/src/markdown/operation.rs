//! The operation in the OpenAPI document of a Markdown page.

use super::bodies::{Bodies, resolve};
use crate::PageSource;
use crate::diagnostic::{Diagnostic, quoted};
use crate::json::{Budget, JsonField, JsonNode};
use crate::page::{ApiOperation, NamedSchema, Page, PageKind, SecurityScheme};
use crate::schema_import::body::shows_content;
use crate::schema_import::endpoint::{call, check_key, first_tag, folders, further_tags, server};
use crate::schema_import::parameters::{DocumentedParameters, add_query};
use crate::schema_import::security::{scheme, take_headers};
use crate::schema_import::{Lookup, Named, SchemaImporter};
use std::collections::HashMap;
use std::sync::Arc;

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

/// One operation of a document.
#[derive(Clone, Copy)]
pub(crate) struct OperationNode<'a> {
    /// The path; empty for a webhook.
    pub(crate) path: &'a str,
    /// The methods of the path.
    pub(crate) item: &'a JsonField,
    /// The method and the operation.
    pub(crate) method: &'a JsonField,
}

/// Adds the OpenAPI document of a page to it. A page whose document has only schemas becomes a guide.
pub(super) fn read(
    root: &JsonNode,
    page: &mut Page,
    source: &PageSource,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<()> {
    read_operation(root, None, page, source, diagnostics)
}

/// Adds one operation of an OpenAPI document to a page: the chosen one, with the schemas that it
/// refers to, or the only one, with all schemas.
pub(crate) fn read_operation(
    root: &JsonNode,
    chosen: Option<OperationNode>,
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
    let mut reader = SchemaImporter::new(&file, &schemas, Budget::default());
    let paths = root.get("paths").filter(|paths| !paths.fields().is_empty());
    let found = match paths {
        _ if chosen.is_some() => chosen,
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
    let Some(OperationNode { path, item, method }) = found else {
        diagnostics.append(&mut reader.diagnostics);
        return None;
    };
    let node = &method.value;
    let (kind, address) = call(&method.name, path, method.line, source, diagnostics)?;
    let run = ["x-run-in-apifox", "x-run-in-apidog"]
        .iter()
        .find_map(|word| Some((node.text_of(word)?, node.get(word)?.line)));
    if let Some((link, line)) = run {
        check_key(page_id(link), line, source, diagnostics);
    }
    if chosen.is_none() {
        page.schemas = brought(named, &mut reader);
    }
    let mut parameters = DocumentedParameters::new(&address.path, item.line);
    let listed: Vec<&JsonNode> = [node, &item.value]
        .into_iter()
        .filter_map(|owner| owner.get("parameters"))
        .flat_map(JsonNode::items)
        .filter_map(|parameter| resolve(root, parameter, &mut reader))
        .collect();
    parameters.add_list(listed, &mut reader);
    let mut parameters = parameters.finish();
    add_query(&address.query, item.line, &mut parameters);
    let mut security = security(root, node, &mut reader);
    take_headers(&mut parameters, &mut security);
    let mut bodies = Bodies {
        root,
        file: Arc::clone(&file),
        reader: &mut reader,
        budget: Budget::default(),
    };
    let body = node
        .get("requestBody")
        .and_then(|body| bodies.request(body))
        .filter(|body| kind.has_body() || shows_content(body));
    let callbacks = bodies.callbacks(node.get("callbacks"));
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
        server: address
            .server
            .or_else(|| first_server([node, &item.value, root])),
        parameters,
        body,
        responses,
        auth: None,
        security,
        deprecated: node.says("deprecated"),
        operation_id: node.text_of("operationId").map(str::to_owned),
        tags: further_tags(node, &page.folder),
        callbacks,
    });
    if chosen.is_some() {
        page.schemas = referred(&schemas, &mut reader);
    }
    diagnostics.append(&mut reader.diagnostics);
    Some(())
}

/// Imports the schemas that an operation refers to, directly or through other schemas.
fn referred(schemas: &Schemas, reader: &mut SchemaImporter) -> Vec<NamedSchema> {
    let mut found = Vec::new();
    let mut keys = reader.take_used();
    while let Some(key) = keys.pop() {
        if let Some(member) = schemas.all.get(key.as_str()) {
            found.push(NamedSchema {
                name: member.name.clone(),
                file: None,
                line: member.line,
                schema: reader.named(&member.name, &member.value),
            });
            keys.extend(reader.take_used());
        }
    }
    found
}

pub(crate) const METHODS: &[&str] = &[
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// Returns the only path and method of the document.
fn one_operation<'a>(
    paths: &'a JsonNode,
    source: &PageSource,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<OperationNode<'a>> {
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
    Some(OperationNode {
        path: &path.name,
        item: path,
        method,
    })
}

/// Imports the schemas of the page, each name once.
fn brought(named: &[JsonField], reader: &mut SchemaImporter) -> Vec<NamedSchema> {
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
            // If a name is repeated, the last field wins.
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
pub(crate) fn page_id(link: &str) -> &str {
    link.rsplit_once("api-")
        .and_then(|(_, rest)| rest.strip_suffix("-run"))
        .unwrap_or_default()
}

/// Returns the first base URL of the operation, else of its path, else of the document.
fn first_server(owners: [&JsonNode; 3]) -> Option<String> {
    owners
        .iter()
        .filter_map(|node| node.get("servers"))
        .flat_map(JsonNode::items)
        .find_map(|item| server(item.text_of("url")?))
}

/// Returns the alternative sets of security schemes of the operation, or else of the document.
fn security(
    root: &JsonNode,
    node: &JsonNode,
    reader: &mut SchemaImporter,
) -> Vec<Vec<SecurityScheme>> {
    let schemes = root
        .get("components")
        .and_then(|components| components.get("securitySchemes"));
    // A requirement may contain the displayed name of a scheme instead of its key.
    let plain = |name: &str| -> String {
        let letters = name.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    let find = |name: &str| {
        let schemes = schemes?;
        let displayed = |member: &&JsonField| {
            plain(&member.name) == plain(name)
                || member.value.text_of("x-apifox-name") == Some(name)
        };
        schemes
            .get(name)
            .or_else(|| Some(&schemes.fields().iter().find(displayed)?.value))
    };
    // An empty list means that no scheme is required.
    let asked = node.get("security").or_else(|| root.get("security"));
    let mut sets = Vec::new();
    for set in asked.map(JsonNode::items).unwrap_or_default() {
        let mut named = Vec::new();
        for member in set.fields() {
            // The site adds its own settings to the requirement.
            if member.name.starts_with("x-") {
                continue;
            }
            match find(&member.name).and_then(scheme) {
                Some(scheme) => named.push(SecurityScheme {
                    name: member.name.clone(),
                    scheme,
                    line: member.line,
                }),
                None => reader.warn(
                    member.line,
                    format!(
                        "the page has no security scheme {}; it is not required",
                        quoted(&member.name)
                    ),
                    "set the security of the operation in an overlay",
                ),
            }
        }
        let set: Vec<SecurityScheme> = named;
        if !set.is_empty() && !sets.contains(&set) {
            sets.push(set);
        }
    }
    sets
}

/// Returns a warning that a page has more than one method or path, and that only the first one is
/// read.
pub(super) fn only_one(file: &str, line: u32, what: &str) -> Diagnostic {
    Diagnostic::warning(
        file,
        line,
        format!("the page describes more than one {what}; only the first one is read"),
    )
    .with_help("save each operation as a separate page")
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
