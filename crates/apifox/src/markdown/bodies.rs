//! Parameters, request body, responses and callbacks of an operation in an OpenAPI document.

use super::operation::METHODS;
use crate::diagnostic::quoted;
use crate::json::{Budget, JsonNode};
use crate::page::{ApiResponse, BodyContent, BodyExample, FieldSpec, RequestBody};
use crate::schema_import::SchemaImporter;
use crate::schema_import::body::{self, Examples, content, header};
use crate::schema_import::percent_decoded;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// References from one component to the next that are followed.
const LONGEST_CHAIN: usize = 8;

/// Follows the references of a parameter, a request body, a response, a header or an example to the
/// component of the document. A reference without a target is reported.
pub(super) fn resolve<'n>(
    root: &'n JsonNode,
    node: &'n JsonNode,
    reader: &mut SchemaImporter,
) -> Option<&'n JsonNode> {
    let mut found = node;
    for _ in 0..LONGEST_CHAIN {
        let Some(reference) = found.text_of("$ref") else {
            return Some(found);
        };
        let target = reference.strip_prefix("#/").and_then(|path| {
            path.split('/').try_fold(root, |node, part| {
                let part = percent_decoded(part).replace("~1", "/").replace("~0", "~");
                node.get(&part)
            })
        });
        match target {
            Some(target) => found = target,
            None => break,
        }
    }
    let reference = found.text_of("$ref").unwrap_or_default();
    reader.warn(
        node.line,
        format!(
            "the reference {} leads to no component of the document; it is left out",
            quoted(reference)
        ),
        "export the project again with all its components",
    );
    None
}

/// Reads the request body and responses.
pub(super) struct Bodies<'r, 'a> {
    /// The document, whose components the operation may refer to.
    pub(super) root: &'r JsonNode,
    pub(super) file: Arc<str>,
    pub(super) reader: &'r mut SchemaImporter<'a>,
    pub(super) budget: Budget,
}

impl Bodies<'_, '_> {
    pub(super) fn request(&mut self, node: &JsonNode) -> Option<RequestBody> {
        let node = resolve(self.root, node, self.reader)?;
        let contents = self.contents(node.get("content")?);
        (!contents.is_empty()).then(|| RequestBody {
            line: node.line,
            required: node.get("required").and_then(JsonNode::truth),
            contents,
        })
    }

    pub(super) fn responses(&mut self, node: &JsonNode) -> Vec<ApiResponse> {
        let mut responses = Vec::new();
        for member in node.fields() {
            let Some((status, label)) = body::status(&member.name) else {
                if !member.name.starts_with("x-") {
                    self.reader.warn(
                        member.line,
                        format!(
                            "{} is not a response status; the response is left out",
                            quoted(&member.name)
                        ),
                        "correct the status in the file",
                    );
                }
                continue;
            };
            let Some(response) = resolve(self.root, &member.value, self.reader) else {
                continue;
            };
            let words = ["description", "x-apifox-name", "x-apidog-name"];
            let name = words.iter().find_map(|word| response.text_of(word));
            responses.push(ApiResponse {
                line: member.line,
                status,
                name: name.or(label.as_deref()).unwrap_or_default().to_owned(),
                label,
                contents: response
                    .get("content")
                    .map(|node| self.contents(node))
                    .unwrap_or_default(),
                headers: self.headers(response),
            });
        }
        responses
    }

    fn headers(&mut self, response: &JsonNode) -> Vec<FieldSpec> {
        let named = response.get("headers").map(JsonNode::fields);
        let named = named.unwrap_or_default().iter();
        named
            .filter_map(|member| {
                let found = resolve(self.root, &member.value, self.reader)?;
                header(&member.name, member.line, found)
            })
            .collect()
    }

    /// Converts the callbacks of an operation: their request bodies and responses.
    pub(super) fn callbacks(&mut self, node: Option<&JsonNode>) -> Map<String, Value> {
        let mut callbacks = Map::new();
        for callback in node.map(JsonNode::fields).unwrap_or_default() {
            let mut expressions = Map::new();
            for expression in callback.value.fields() {
                let mut item = Map::new();
                for method in expression.value.fields() {
                    let name = method.name.to_ascii_lowercase();
                    if METHODS.contains(&name.as_str()) {
                        item.insert(name, self.callback(&method.value));
                    }
                }
                if !item.is_empty() {
                    expressions.insert(expression.name.clone(), Value::Object(item));
                }
            }
            if !expressions.is_empty() {
                callbacks.insert(callback.name.clone(), Value::Object(expressions));
            }
        }
        callbacks
    }

    fn callback(&mut self, node: &JsonNode) -> Value {
        let mut operation = Map::new();
        for word in ["summary", "description"] {
            if let Some(text) = node.text_of(word) {
                operation.insert(word.to_owned(), json!(text));
            }
        }
        let body = node.get("requestBody");
        let body = body.and_then(|body| resolve(self.root, body, self.reader));
        let body = body.and_then(|body| body.get("content"));
        if let Some(content) = body.map(|node| self.schemas_of(node)) {
            operation.insert("requestBody".to_owned(), json!({ "content": content }));
        }
        let mut responses = Map::new();
        for response in node
            .get("responses")
            .map(JsonNode::fields)
            .unwrap_or_default()
        {
            let Some((status, _)) = body::status(&response.name) else {
                continue;
            };
            let Some(response) = resolve(self.root, &response.value, self.reader) else {
                continue;
            };
            let text = response.text_of("description").unwrap_or_default();
            let mut object = Map::new();
            object.insert("description".to_owned(), json!(text));
            if let Some(content) = response.get("content") {
                object.insert("content".to_owned(), self.schemas_of(content));
            }
            responses.insert(status, Value::Object(object));
        }
        if responses.is_empty() {
            responses.insert(
                "default".to_owned(),
                json!({ "description": "Any response." }),
            );
        }
        operation.insert("responses".to_owned(), Value::Object(responses));
        Value::Object(operation)
    }

    /// Converts the media types of a callback with their schemas.
    fn schemas_of(&mut self, content: &JsonNode) -> Value {
        let mut media_types = Map::new();
        for member in content.fields() {
            if let Some(media_type) = body::media_type(&member.name) {
                let schema = member.value.get("schema");
                let schema = schema.map_or_else(|| json!({}), |schema| self.reader.schema(schema));
                media_types.insert(media_type, json!({ "schema": schema }));
            }
        }
        Value::Object(media_types)
    }

    fn contents(&mut self, node: &JsonNode) -> Vec<BodyContent> {
        let mut contents: Vec<BodyContent> = Vec::new();
        for member in node.fields() {
            let Some(media_type) = body::media_type(&member.name) else {
                self.reader.warn(
                    member.line,
                    format!(
                        "{} is not a media type; the body is left out",
                        quoted(&member.name)
                    ),
                    "correct the media type in the file",
                );
                continue;
            };
            let schema = member
                .value
                .get("schema")
                .map(|schema| self.reader.schema(schema));
            let examples = self.examples(&member.value, &media_type);
            contents.push(content(member.line, media_type, schema, examples));
        }
        contents
    }

    fn examples(&mut self, node: &JsonNode, media_type: &str) -> Vec<BodyExample> {
        let named = node.get("examples");
        let referred: Vec<&JsonNode> = named
            .map(JsonNode::fields)
            .unwrap_or_default()
            .iter()
            .filter_map(|member| resolve(self.root, &member.value, self.reader))
            .collect();
        let mut read = Examples {
            file: &self.file,
            budget: &mut self.budget,
            diagnostics: &mut self.reader.diagnostics,
        };
        let mut examples = Vec::new();
        if let Some(example) = node.get("example") {
            examples.extend(read.read(example, None, media_type));
        }
        for example in referred {
            let name = example.text_of("summary");
            let value = example.get("value");
            examples.extend(value.and_then(|value| read.read(value, name, media_type)));
        }
        // In OpenAPI 3.1 a schema has a list of examples.
        for value in named.map(JsonNode::items).unwrap_or_default() {
            examples.extend(read.read(value, None, media_type));
        }
        examples
    }
}
