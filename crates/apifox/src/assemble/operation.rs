//! Builds one operation of the document from its pages.

use super::ApiPage;
use super::components::Components;
use super::contents::{Variant, content, join_inferred, variant};
use super::parameters::parameters;
use super::writer::{details, scalar};
use crate::PageRole;
use crate::diagnostic::{Diagnostic, quoted};
use crate::infer::{
    InferredShape, PropertyShape, ShapeKind, SourceLine, SourceLine as At, TextFormat, declared,
};
use crate::page::{ApiResponse, FieldSpec, HttpMethod, SchemaSource};
use crate::type_names::{self, Declared};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::Arc;

/// Builds the operation of a group of pages.
pub(super) fn operation(
    group: &Group,
    number: usize,
    components: &mut Components,
    diagnostics: &mut Vec<Diagnostic>,
) -> Value {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| {
        object.insert(name.to_owned(), value);
    };
    let tags = group.tags();
    if !tags.is_empty() {
        put("tags", json!(tags));
    }
    let titles = group.pages.iter().map(|api| api.page.title.as_str());
    if let Some(title) = titles.into_iter().find(|title| !title.is_empty()) {
        put("summary", json!(title));
    }
    let ids = group.pages.iter();
    if let Some(id) = ids
        .filter_map(|api| api.operation.operation_id.as_deref())
        .next()
    {
        put("operationId", json!(id));
    }
    let text = description(group);
    if !text.is_empty() {
        put("description", json!(text));
    }
    if group.pages.iter().all(|api| api.operation.deprecated) {
        put("deprecated", json!(true));
    }
    let parameters = parameters(group, components, diagnostics);
    if !parameters.is_empty() {
        put("parameters", Value::Array(parameters));
    }
    if let Some(body) = request_body(group, number, components, diagnostics) {
        put("requestBody", body);
    }
    put(
        "responses",
        responses(group, number, components, diagnostics),
    );
    let keys: Vec<&str> = group
        .pages
        .iter()
        .map(|api| api.page.key.as_str())
        .collect();
    let mut callbacks = Map::new();
    for api in &group.pages {
        for (name, callback) in &api.operation.callbacks {
            let callback = with_renamed_schemas(callback, components);
            callbacks.entry(name.clone()).or_insert(callback);
        }
    }
    if !callbacks.is_empty() {
        put("callbacks", Value::Object(callbacks));
    }
    put("x-apifox-pages", json!(keys));
    if let Some(status) = group.pages.iter().find_map(|api| api.page.status.as_ref()) {
        put("x-apifox-status", json!(status));
    }
    let modified: Map<String, Value> = group
        .pages
        .iter()
        .filter_map(|api| Some((api.page.key.clone(), json!(api.page.modified.as_ref()?))))
        .collect();
    if !modified.is_empty() {
        put("x-apifox-modified", Value::Object(modified));
    }
    if let Some(first) = group.pages.first() {
        let place = SourceLine {
            file: first.page.name.as_str().into(),
            line: first.operation.line,
        };
        put("x-apifox-at", json!(place.marker()));
    }
    Value::Object(object)
}

/// Returns a callback with the document's names of schemas.
fn with_renamed_schemas(value: &Value, components: &Components) -> Value {
    let Value::Object(object) = value else {
        return value.clone();
    };
    let object = object.iter().map(|(name, value)| {
        let value = match name.as_str() {
            "schema" => components.renamed(value),
            _ => with_renamed_schemas(value, components),
        };
        (name.clone(), value)
    });
    Value::Object(object.collect())
}

/// Joins the texts of the pages, each text once.
fn description(group: &Group) -> String {
    let mut texts: Vec<&str> = Vec::new();
    for api in &group.pages {
        let text = api.page.text.trim();
        if !text.is_empty() && !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts.join("\n\n")
}

fn request_body(
    group: &Group,
    number: usize,
    components: &mut Components,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Value> {
    let mut variants: Vec<Variant> = Vec::new();
    let mut required = true;
    for &api in &group.pages {
        let Some(body) = &api.operation.body else {
            required = false;
            continue;
        };
        required &= body.required == Some(true);
        for content in &body.contents {
            let shown = !content.examples.is_empty() || !content.fields.is_empty();
            if !shown && content.schema == SchemaSource::Inferred {
                diagnostics.push(
                    Diagnostic::warning(
                        &api.page.name,
                        content.line,
                        "the body has neither an example nor fields, so its schema is unknown",
                    )
                    .with_help("define the schema in an overlay"),
                );
            }
            variants.push(variant(api, content, None, components, diagnostics));
        }
    }
    if variants.is_empty() {
        return None;
    }
    let content = content(variants, "Request", number, components, diagnostics);
    let mut object = Map::new();
    if required {
        object.insert("required".to_owned(), json!(true));
    }
    object.insert("content".to_owned(), Value::Object(content));
    Some(Value::Object(object))
}

fn responses(
    group: &Group,
    number: usize,
    components: &mut Components,
    diagnostics: &mut Vec<Diagnostic>,
) -> Value {
    let mut statuses: Vec<&str> = Vec::new();
    for response in group.pages.iter().flat_map(|api| &api.operation.responses) {
        if !statuses.contains(&response.status.as_str()) {
            statuses.push(&response.status);
        }
    }
    if statuses.is_empty() {
        return json!({ "default": { "description": "Not described by the page." } });
    }
    let mut responses = Map::new();
    for status in statuses {
        let mut variants = Vec::new();
        let mut described: Option<&ApiResponse> = None;
        let mut fields = Vec::new();
        for &api in &group.pages {
            let own = api
                .operation
                .responses
                .iter()
                .filter(|response| response.status == status);
            for response in own {
                described = described
                    .filter(|known| !known.name.is_empty())
                    .or(Some(response));
                fields.extend(response.headers.iter().map(|field| (api, field)));
                let contents = response.contents.iter();
                // A media type without a schema or example is not useful.
                let label = response.label.as_deref();
                let known =
                    contents.map(|content| variant(api, content, label, components, diagnostics));
                variants.extend(known.filter(Variant::is_known));
            }
        }
        let name = described
            .map(|response| response.name.trim())
            .unwrap_or_default();
        let description = match (name, status) {
            ("", "default") => "Any other response.".to_owned(),
            ("", status) => format!("Status {status}."),
            (name, _) => name.to_owned(),
        };
        let mut object = Map::new();
        object.insert("description".to_owned(), json!(description));
        let headers = headers(&fields);
        if !headers.is_empty() {
            object.insert("headers".to_owned(), Value::Object(headers));
        }
        if !variants.is_empty() {
            let suffix = suffix(status);
            let variants = join_inferred(variants);
            let content = content(variants, &suffix, number, components, diagnostics);
            object.insert("content".to_owned(), Value::Object(content));
        }
        responses.insert(status.to_owned(), Value::Object(object));
    }
    Value::Object(responses)
}

/// Returns the suffix of a response's component name.
fn suffix(status: &str) -> String {
    match status {
        "200" => "Response".to_owned(),
        "default" => "ResponseDefault".to_owned(),
        status => format!("Response{status}"),
    }
}

/// The location of an operation in the document.
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
    /// For each page, the names of the page's path parameters in the document.
    pub(super) renamed: Vec<HashMap<&'a str, String>>,
}

impl Group<'_> {
    /// Returns the tags: the innermost folder of the first page, and the further tags of the pages.
    pub(super) fn tags(&self) -> Vec<&str> {
        let first = self.pages.first();
        let folder = first.and_then(|first| first.page.folder.last());
        let further = self.pages.iter().flat_map(|api| &api.operation.tags);
        let mut tags: Vec<&str> = Vec::new();
        for tag in folder.into_iter().chain(further) {
            if !tags.contains(&tag.as_str()) {
                tags.push(tag);
            }
        }
        tags
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

/// Removes the parameter names from a path: `/orders/{id}` → `/orders/{}`.
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

/// Returns the schema of a value that is sent as text.
pub(super) fn schema(property: &PropertyShape) -> Map<String, Value> {
    let mut schema = scalar(&property.shape.kind);
    if let ShapeKind::Array(items) = &property.shape.kind {
        let items = match &items.kind {
            ShapeKind::Unknown | ShapeKind::Object(_) | ShapeKind::Array(_) => {
                scalar(&ShapeKind::Text(TextFormat::Plain))
            }
            kind => scalar(kind),
        };
        schema.insert("type".to_owned(), json!("array"));
        schema.insert("items".to_owned(), Value::Object(items));
    }
    details(&mut schema, property);
    schema
}

/// Builds the headers of a response; the first page that names a header describes it.
pub(super) fn headers(fields: &[(ApiPage, &FieldSpec)]) -> Map<String, Value> {
    let mut headers = Map::new();
    for (api, field) in fields {
        let at = At {
            file: Arc::from(api.page.name.as_str()),
            line: field.line,
        };
        let shape = match field.type_name.as_deref().and_then(type_names::declared) {
            Some(Declared::Any | Declared::Object) | None => {
                InferredShape::new(at.clone(), ShapeKind::Text(TextFormat::Plain))
            }
            Some(word) => declared(&word, &at),
        };
        let property = PropertyShape {
            max_length: field.max_length,
            ..PropertyShape::new(&field.name, at.clone(), shape)
        };
        let mut header = Map::new();
        if let Some(description) = &field.description {
            header.insert("description".to_owned(), json!(description));
        }
        header.insert("schema".to_owned(), Value::Object(schema(&property)));
        header.insert("x-apifox-at".to_owned(), json!(at.marker()));
        headers
            .entry(field.name.clone())
            .or_insert(Value::Object(header));
    }
    headers
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
