//! Assembles pages into one OpenAPI 3.0.3 document.
//!
//! This file builds the frame of the document and its security schemes; `operation` builds one
//! operation from its pages with `parameters` and `contents`; `components` collects the named
//! schemas, `writer` writes them, and `documented` compares schemas and examples of pages.

use crate::diagnostic::{Diagnostic, quoted};
use crate::infer::SourceLine;
use crate::names::{Names, camel_case, is_legal, legal, page_name};
use crate::page::{ApiOperation, Page, PageKind};
use crate::schema_import::security::same;
use components::Components;
use operation::{Group, Target};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

mod components;
mod contents;
mod documented;
mod operation;
mod parameters;
mod writer;

/// The `info` of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentInfo {
    /// The title.
    pub title: String,
    /// The version of the API.
    pub version: String,
    /// Markdown.
    pub description: Option<String>,
}

/// A document with the diagnostics of its assembly.
#[derive(Debug, Clone, PartialEq)]
pub struct AssembledDocument {
    /// An OpenAPI 3.0.3 document. It is valid even if there are errors, and then lacks what could
    /// not be read.
    pub document: Value,
    /// Conflicts between pages, and doubtful places.
    pub diagnostics: Vec<Diagnostic>,
}

/// A page with its operation.
#[derive(Debug, Clone, Copy)]
struct ApiPage<'a> {
    page: &'a Page,
    operation: &'a ApiOperation,
}

impl ApiPage<'_> {
    /// Returns the prefix of its component names.
    fn name(&self) -> String {
        page_name(
            &self.page.title,
            self.operation.method.name(),
            &self.operation.path,
        )
    }

    /// Returns the name of its webhook.
    fn webhook(&self) -> String {
        camel_case(&self.name())
    }
}

/// Assembles a document from pages, in their order. Guides are left out.
///
/// Pages with the same method and path become one operation. The function is pure.
pub fn assemble(pages: &[Page], info: &DocumentInfo) -> AssembledDocument {
    let mut diagnostics = Vec::new();
    let pages = api_pages(pages, &mut diagnostics);
    let groups = operation::groups(&pages, &mut diagnostics);
    let mut components = Components::default();
    for api in &pages {
        components.reserve(api.page);
    }
    for api in &pages {
        components.add_given(api.page, &mut diagnostics);
    }
    let servers = servers(&pages);
    let mut paths = Map::new();
    let mut webhooks = Map::new();
    let mut schemes = Schemes::default();
    for (number, group) in groups.iter().enumerate() {
        let operation = operation::operation(group, number, &mut components, &mut diagnostics);
        let security = schemes.requirement(group, &mut diagnostics);
        let mut operation = with_security(operation, security);
        if let (Some(own), Value::Object(object)) = (own_server(group, &servers), &mut operation) {
            object.insert("servers".to_owned(), json!([{ "url": own }]));
        }
        let (items, key) = match &group.target {
            Target::Path(path) => (&mut paths, path),
            Target::Webhook(name) => (&mut webhooks, name),
        };
        let item = items.entry(key.clone()).or_insert_with(|| json!({}));
        if let Value::Object(item) = item {
            item.insert(group.method.name().to_owned(), operation);
        }
    }
    let mut parts = Map::new();
    parts.insert("schemas".to_owned(), components.finish(&mut diagnostics));
    if let Some(schemes) = schemes.finish() {
        parts.insert("securitySchemes".to_owned(), schemes);
    }
    let document = json!({
        "openapi": "3.0.3",
        "info": info_object(info),
        "servers": servers.iter().map(|server| json!({ "url": server })).collect::<Vec<_>>(),
        "tags": tags(&groups),
        "paths": paths,
        "x-webhooks": webhooks,
        "components": parts,
    });
    AssembledDocument {
        document,
        diagnostics,
    }
}

/// Inserts `security` after `responses`.
fn with_security(operation: Value, security: Option<Value>) -> Value {
    let (Value::Object(operation), Some(security)) = (&operation, security) else {
        return operation;
    };
    let mut with = Map::new();
    let mut security = Some(security);
    for (word, value) in operation {
        with.insert(word.clone(), value.clone());
        if word == "responses"
            && let Some(security) = security.take()
        {
            with.insert("security".to_owned(), security);
        }
    }
    Value::Object(with)
}

fn info_object(info: &DocumentInfo) -> Value {
    let mut object = Map::new();
    object.insert("title".to_owned(), json!(info.title));
    if let Some(description) = &info.description {
        object.insert("description".to_owned(), json!(description));
    }
    object.insert("version".to_owned(), json!(info.version));
    Value::Object(object)
}

/// Returns the pages with operations. A second page with the same key is reported and skipped.
fn api_pages<'a>(pages: &'a [Page], diagnostics: &mut Vec<Diagnostic>) -> Vec<ApiPage<'a>> {
    let mut keys: HashMap<&str, &Page> = HashMap::new();
    let mut found = Vec::new();
    for page in pages {
        if let Some(first) = keys.get(page.key.as_str()) {
            diagnostics.push(
                Diagnostic::error(
                    &page.name,
                    None,
                    format!(
                        "the page has the key `{}`, which {} has too; this page is left out",
                        page.key, first.name
                    ),
                )
                .with_help("keep the newer capture and remove the other one"),
            );
            continue;
        }
        keys.insert(&page.key, page);
        if let PageKind::Operation(operation) = &page.kind {
            found.push(ApiPage { page, operation });
        }
    }
    found
}

/// Returns the server of most pages; of several such servers, the first one.
fn servers<'a>(pages: &[ApiPage<'a>]) -> Option<&'a str> {
    let mut seen: Vec<(&str, usize)> = Vec::new();
    for api in pages {
        let Some(server) = api.operation.server.as_deref() else {
            continue;
        };
        if api.page.role == crate::PageRole::Webhook {
            continue;
        }
        match seen.iter_mut().find(|(known, _)| *known == server) {
            Some((_, count)) => *count += 1,
            None => seen.push((server, 1)),
        }
    }
    let most = seen.iter().map(|&(_, count)| count).max()?;
    let first = seen.iter().find(|&&(_, count)| count == most)?;
    Some(first.0)
}

/// Returns the server of an operation if it is not the server of the document.
fn own_server<'a>(group: &Group<'a>, document: &Option<&str>) -> Option<&'a str> {
    if matches!(group.target, Target::Webhook(_)) {
        return None;
    }
    let pages = group.pages.iter();
    let own: Vec<&str> = pages
        .filter_map(|api| api.operation.server.as_deref())
        .collect();
    let differs = !own.is_empty() && !own.iter().any(|own| Some(*own) == *document);
    own.first().copied().filter(|_| differs)
}

fn tags(groups: &[Group]) -> Value {
    let mut seen: Vec<&str> = Vec::new();
    for tag in groups.iter().flat_map(Group::tags) {
        if !seen.contains(&tag) {
            seen.push(tag);
        }
    }
    seen.iter().map(|tag| json!({ "name": tag })).collect()
}

/// The security schemes in the order of their first occurrence.
#[derive(Debug, Default)]
struct Schemes {
    names: Names,
    entries: Vec<SchemeEntry>,
}

#[derive(Debug)]
struct SchemeEntry {
    wanted: String,
    name: String,
    scheme: Value,
    at: SourceLine,
}

impl Schemes {
    /// Returns the requirement of an operation, from the first page that has one.
    fn requirement(&mut self, group: &Group, diagnostics: &mut Vec<Diagnostic>) -> Option<Value> {
        let api = group
            .pages
            .iter()
            .find(|api| !api.operation.security.is_empty())?;
        let mut sets: Vec<Value> = Vec::new();
        for set in &api.operation.security {
            let mut asked = Map::new();
            for security in set {
                let at = SourceLine {
                    file: api.page.name.as_str().into(),
                    line: security.line,
                };
                let name = self.name(&security.name, &security.scheme, at, diagnostics);
                asked.insert(name, json!([]));
            }
            let asked = Value::Object(asked);
            if !sets.contains(&asked) {
                sets.push(asked);
            }
        }
        Some(Value::Array(sets))
    }

    fn name(
        &mut self,
        wanted: &str,
        scheme: &Value,
        at: SourceLine,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> String {
        let known = self
            .entries
            .iter()
            .find(|entry| entry.wanted == wanted && same(&entry.scheme, scheme));
        if let Some(known) = known {
            return known.name.clone();
        }
        let fit = if is_legal(wanted) {
            wanted.to_owned()
        } else {
            legal(wanted)
        };
        let (name, _) = self.names.take(&fit);
        if let Some(other) = self.entries.iter().find(|entry| entry.wanted == wanted) {
            diagnostics.push(
                Diagnostic::warning(
                    &at.file,
                    at.line,
                    format!(
                        "the security scheme {} differs from the one on the page {}; this one is called {name}",
                        quoted(wanted),
                        other.at
                    ),
                )
                .with_help("correct the wrong page, or rename the schemes in an overlay"),
            );
        }
        self.entries.push(SchemeEntry {
            wanted: wanted.to_owned(),
            name: name.clone(),
            scheme: scheme.clone(),
            at,
        });
        name
    }

    /// Returns all schemes, or `None` if no page has one.
    fn finish(self) -> Option<Value> {
        if self.entries.is_empty() {
            return None;
        }
        let schemes: Map<String, Value> = self
            .entries
            .into_iter()
            .map(|entry| {
                let mut scheme = entry.scheme;
                scheme["x-apifox-at"] = json!(entry.at.marker());
                (entry.name, scheme)
            })
            .collect();
        Some(Value::Object(schemes))
    }
}
