//! Puts pages together to one OpenAPI 3.0.3 document.

mod components;
mod contents;
mod fields;
mod fits;
mod given;
mod group;
mod operation;
mod parameters;
mod security;
mod writer;

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::message::Diagnostic;
use crate::names::{camel_case, page_name};
use crate::page::{ApiOperation, Page, PageKind};
use components::Components;
use group::{Group, Target};
use security::Schemes;

/// What the document says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentInfo {
    /// Title of the API.
    pub title: String,
    /// Version of the document.
    pub version: String,
    /// What the API is; Markdown.
    pub description: Option<String>,
}

/// A document, and what there is to say of it.
#[derive(Debug, Clone, PartialEq)]
pub struct AssembledDocument {
    /// An OpenAPI 3.0.3 document. It is valid and holds what could be read, whatever the messages say.
    pub document: Value,
    /// Contradictions and doubts. An error means that something of a page is missing.
    pub diagnostics: Vec<Diagnostic>,
}

/// An API page and its operation.
#[derive(Debug, Clone, Copy)]
struct ApiPage<'a> {
    page: &'a Page,
    operation: &'a ApiOperation,
}

impl ApiPage<'_> {
    /// What names of its components begin with.
    fn name(&self) -> String {
        page_name(
            &self.page.title,
            self.operation.method.name(),
            &self.operation.path,
        )
    }

    /// The name of the webhook that it describes.
    fn webhook(&self) -> String {
        camel_case(&self.name())
    }
}

/// Assembles a document from pages, in their order. Guides are left out.
///
/// Pages that share method and path become one operation. The result depends on nothing but the arguments.
pub fn assemble(pages: &[Page], info: &DocumentInfo) -> AssembledDocument {
    let mut diagnostics = Vec::new();
    let pages = api_pages(pages, &mut diagnostics);
    let groups = group::groups(&pages, &mut diagnostics);
    let mut components = Components::default();
    for api in &pages {
        components.reserve(api.page);
    }
    for api in &pages {
        components.add_given(api.page, &mut diagnostics);
    }
    let mut paths = Map::new();
    let mut webhooks = Map::new();
    let mut schemes = Schemes::default();
    for (number, group) in groups.iter().enumerate() {
        let operation = operation::operation(group, number, &mut components, &mut diagnostics);
        let security = schemes.requirement(group, &mut diagnostics);
        let operation = with_security(operation, security);
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
        "servers": servers(&pages),
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

/// Puts what an operation asks for behind its responses.
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

/// The pages with operations, each key once.
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
                        "the page has the key `{}`, which {} has too; this one is left out",
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

fn servers(pages: &[ApiPage]) -> Value {
    let mut seen: Vec<&str> = Vec::new();
    for api in pages {
        if let Some(server) = api.operation.server.as_deref()
            && api.page.role != crate::PageRole::Webhook
            && !seen.contains(&server)
        {
            seen.push(server);
        }
    }
    seen.iter().map(|server| json!({ "url": server })).collect()
}

fn tags(groups: &[Group]) -> Value {
    let mut seen: Vec<&str> = Vec::new();
    for tag in groups.iter().filter_map(Group::tag) {
        if !seen.contains(&tag) {
            seen.push(tag);
        }
    }
    seen.iter().map(|tag| json!({ "name": tag })).collect()
}
