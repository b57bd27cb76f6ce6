//! The operation of a published page.

use super::SchemaList;
use crate::PageSource;
use crate::diagnostic::{Diagnostic, quoted};
use crate::json::{Budget, JsonNode, JsonValue};
use crate::page::{
    ApiOperation, ApiResponse, BodyContent, BodyExample, Page, PageKind, RequestBody,
    SecurityScheme,
};
use crate::schema_import::SchemaImporter;
use crate::schema_import::body::{
    self, Examples, FORM, PARTS, content, headers, is_json, shows_content,
};
use crate::schema_import::endpoint::{call, further_tags};
use crate::schema_import::parameters::{DocumentedParameters, add_query, place};
use crate::schema_import::schema::object_of;
use crate::schema_import::security::{scheme, take_headers};
use crate::schema_import::values::is_placeholder;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Parses the operation and stores it in `page`. If it returns `None`, the method or the path is
/// invalid, and `diagnostics` contains an error.
pub(super) fn read(
    node: &JsonNode,
    page: &mut Page,
    source: &PageSource,
    schemas: &SchemaList,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<()> {
    let file: Arc<str> = Arc::from(source.name);
    let text = |name: &str| {
        node.get(name)
            .and_then(JsonNode::scalar)
            .unwrap_or_default()
    };
    let line = |name: &str| {
        let members = node.fields().iter();
        members
            .rev()
            .find(|member| member.name == name)
            .map_or(node.line, |member| member.line)
    };
    let at = line("method");
    let (method, address) = call(&text("method"), &text("path"), at, source, diagnostics)?;
    let known = schemas.with_own(node, source.name, diagnostics);
    let mut reader = SchemaImporter::new(&file, &known, Budget::default());
    let mut parameters = DocumentedParameters::new(&address.path, line("path"));
    for group in ["parameters", "commonParameters"] {
        let Some(group) = node.get(group) else {
            continue;
        };
        // Parameters are grouped by location; upload tools produce a list as in OpenAPI.
        parameters.add_list(group.items(), &mut reader);
        for word in ["path", "query", "header", "cookie"] {
            let Some(place) = place(word) else { continue };
            for parameter in group.get(word).map(JsonNode::items).unwrap_or_default() {
                parameters.add(place, parameter, &mut reader);
            }
        }
    }
    let mut parameters = parameters.finish();
    add_query(&address.query, line("path"), &mut parameters);
    let mut security = security(node, &mut reader);
    take_headers(&mut parameters, &mut security);
    let mut bodies = Bodies {
        file: Arc::clone(&file),
        reader: &mut reader,
        budget: Budget::default(),
    };
    let body = node
        .get("requestBody")
        .and_then(|body| bodies.request(body))
        .filter(|body| method.has_body() || shows_content(body));
    let examples = node
        .get("responseExamples")
        .map(JsonNode::items)
        .unwrap_or_default();
    let responses = bodies.responses(
        node.get("responses")
            .map(JsonNode::items)
            .unwrap_or_default(),
        examples,
    );
    page.kind = PageKind::Operation(ApiOperation {
        line: at,
        method,
        path: address.path,
        server: address.server,
        parameters,
        body,
        responses,
        auth: None,
        security,
        deprecated: page.status.as_deref() == Some("deprecated") || node.says("deprecated"),
        operation_id: node.text_of("operationId").map(str::to_owned),
        tags: further_tags(node, &page.folder),
        callbacks: serde_json::Map::new(),
    });
    page.schemas = known.closure(&mut reader);
    diagnostics.append(&mut reader.diagnostics);
    Some(())
}

/// Returns the security scheme of the page, which is in one of two fields. A scheme referenced by
/// its number in the project is not on the page.
fn security(node: &JsonNode, reader: &mut SchemaImporter) -> Vec<Vec<SecurityScheme>> {
    let named = |word: &str| {
        let node = node.get(word)?;
        let scheme = scheme(node)?;
        let name = match scheme["scheme"].as_str().or(scheme["name"].as_str()) {
            Some(name) => crate::names::camel_case(name),
            None => scheme["type"].as_str().unwrap_or_default().to_owned(),
        };
        Some(vec![vec![SecurityScheme {
            name,
            scheme,
            line: node.line,
        }]])
    };
    let found = named("auth").or_else(|| named("securityScheme"));
    let elsewhere = node
        .get("securityScheme")
        .filter(|node| !node.fields().is_empty());
    if let (None, Some(elsewhere)) = (&found, elsewhere) {
        reader.warn(
            elsewhere.line,
            "the page references a security scheme that it does not contain; no scheme is required",
            "set the security of the operation in an overlay",
        );
    }
    found.unwrap_or_default()
}

/// Reads the request body and responses.
pub(super) struct Bodies<'r, 'a> {
    pub(super) file: Arc<str>,
    pub(super) reader: &'r mut SchemaImporter<'a>,
    pub(super) budget: Budget,
}

impl Bodies<'_, '_> {
    pub(super) fn request(&mut self, node: &JsonNode) -> Option<RequestBody> {
        let word = node.text_of("mediaType").or(node.text_of("type"))?;
        let Some(media_type) = body::media_type(word) else {
            if !matches!(word.trim(), "" | "none") {
                self.reader.warn(
                    node.line,
                    format!(
                        "{} is not a media type; the request body is left out",
                        quoted(word)
                    ),
                    "correct the media type in the file",
                );
            }
            return None;
        };
        let fields = node
            .get("parameters")
            .map(JsonNode::items)
            .unwrap_or_default();
        let schema = if (media_type == FORM || media_type == PARTS) && !fields.is_empty() {
            Some(self.form(fields))
        } else {
            self.schema(node)
        };
        let mut shown: Vec<(&JsonNode, Option<&str>)> = Vec::new();
        for example in node
            .get("examples")
            .map(JsonNode::items)
            .unwrap_or_default()
        {
            // The site does not show the examples of a media type that the body had before.
            let own = example.text_of("mediaType").and_then(body::media_type);
            if own.is_none_or(|own| own == media_type)
                && let Some(value) = example.get("value").or(example.get("data"))
            {
                shown.push((value, example.text_of("name")));
            }
        }
        if shown.is_empty() {
            shown.extend(node.get("example").map(|example| (example, None)));
        }
        let examples = self.examples(&shown, &media_type);
        Some(RequestBody {
            line: node.line,
            required: node.get("required").and_then(JsonNode::truth),
            contents: vec![content(node.line, media_type, schema, examples)],
        })
    }

    pub(super) fn responses(
        &mut self,
        nodes: &[JsonNode],
        examples: &[JsonNode],
    ) -> Vec<ApiResponse> {
        let mut by_response: HashMap<String, Vec<&JsonNode>> = HashMap::new();
        for example in examples {
            let of = example
                .get("responseId")
                .and_then(JsonNode::scalar)
                .unwrap_or_default();
            by_response.entry(of).or_default().push(example);
        }
        let mut met = HashSet::new();
        let mut responses = Vec::new();
        for node in nodes {
            let code = node
                .get("code")
                .and_then(JsonNode::scalar)
                .unwrap_or_default();
            let Some((status, _)) = body::status(&code) else {
                self.reader.warn(
                    node.line,
                    format!(
                        "{} is not a response status; the response is left out",
                        quoted(&code)
                    ),
                    "correct the status in the file",
                );
                continue;
            };
            let name = node.text_of("name");
            let first = met.insert(status.clone());
            // Examples without a response id belong to the first response.
            let id = node
                .get("id")
                .and_then(JsonNode::scalar)
                .unwrap_or_default();
            let mut own = by_response.remove(&id).unwrap_or_default();
            if responses.is_empty() {
                own.extend(by_response.remove("").unwrap_or_default());
            }
            responses.push(ApiResponse {
                line: node.line,
                status,
                name: node
                    .text_of("description")
                    .or(name)
                    .unwrap_or_default()
                    .to_owned(),
                label: name.filter(|_| !first).map(str::to_owned),
                contents: self.response(node, &own).into_iter().collect(),
                headers: node.get("headers").map(headers).unwrap_or_default(),
            });
        }
        let mut others: Vec<&JsonNode> = by_response.into_values().flatten().collect();
        others.sort_by_key(|example| example.line);
        if let Some(example) = others.first() {
            self.reader.warn(
                example.line,
                format!(
                    "examples of a response that the page does not have are left out: {}",
                    others.len()
                ),
                "download the page again if the examples are needed",
            );
        }
        responses
    }

    fn response(&mut self, node: &JsonNode, examples: &[&JsonNode]) -> Option<BodyContent> {
        let word = node.text_of("mediaType").or(node.text_of("contentType"));
        let media_type = body::media_type(word.unwrap_or(if node.get("jsonSchema").is_some() {
            "json"
        } else {
            ""
        }))?;
        let schema = self.schema(node);
        let shown: Vec<(&JsonNode, Option<&str>)> = examples
            .iter()
            .filter_map(|example| {
                Some((
                    example.get("data").or(example.get("value"))?,
                    example.text_of("name"),
                ))
            })
            .collect();
        let examples = self.examples(&shown, &media_type);
        Some(content(node.line, media_type, schema, examples))
    }

    fn schema(&mut self, node: &JsonNode) -> Option<Value> {
        let schema = node.get("jsonSchema").filter(|schema| schema.is_object())?;
        Some(self.reader.schema(schema))
    }

    fn examples(
        &mut self,
        shown: &[(&JsonNode, Option<&str>)],
        media_type: &str,
    ) -> Vec<BodyExample> {
        let mut read = Examples {
            file: &self.file,
            budget: &mut self.budget,
            diagnostics: &mut self.reader.diagnostics,
        };
        let read = shown.iter().filter_map(|(value, name)| {
            // The site has an empty string if there is no example.
            let text = value.text();
            if is_json(media_type) && text.is_some_and(|text| text == "{}" || text == "[]") {
                return None;
            }
            read.read(value, *name, media_type)
        });
        read.collect()
    }

    /// Imports form fields as the properties of an object.
    fn form(&mut self, fields: &[JsonNode]) -> Value {
        let mut met = HashSet::new();
        let mut read = Vec::new();
        for field in fields {
            let Some(name) = field.text_of("name") else {
                self.reader.warn(
                    field.line,
                    "a form field has no name; it is left out",
                    "correct the field in the file",
                );
                continue;
            };
            if field.get("enable").and_then(JsonNode::truth) == Some(false) || !met.insert(name) {
                continue;
            }
            let own = field
                .get("schema")
                .filter(|schema| !schema.fields().is_empty());
            let mut schema = self.reader.field(own.unwrap_or(field), field.line);
            if let Value::Object(schema) = &mut schema
                && !schema.contains_key("$ref")
            {
                if let Some(description) = field.text_of("description") {
                    schema.insert("description".to_owned(), json!(description));
                }
                let shown = ["example", "sampleValue"]
                    .iter()
                    .find_map(|word| field.get(word));
                let text = schema.get("type") == Some(&json!("string"))
                    && schema.get("format") != Some(&json!("binary"));
                if let Some(JsonValue::String(shown)) = shown.map(|shown| &shown.value)
                    && text
                    && !shown.is_empty()
                    && !is_placeholder(shown)
                {
                    schema.insert("example".to_owned(), json!(shown));
                }
            }
            read.push((name.to_owned(), schema, field.says("required")));
        }
        object_of(read)
    }
}
