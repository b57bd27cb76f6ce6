//! Builds one operation of the document from its pages.

use serde_json::{Map, Value, json};

use super::components::Components;
use super::contents::{Variant, content, join_inferred, variant};
use super::fields::headers;
use super::group::Group;
use super::parameters::parameters;
use crate::infer::SourceLine;
use crate::message::Diagnostic;
use crate::page::{ApiResponse, SchemaSource};

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
    if let Some(tag) = group.tag() {
        put("tags", json!([tag]));
    }
    if let Some(first) = group.pages.first() {
        put("summary", json!(first.page.title));
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
