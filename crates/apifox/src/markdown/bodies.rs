use std::sync::Arc;

use crate::given::Reader;
use crate::given::body::{content, headers};
use crate::given::media::{self, Examples};
use crate::json::{Budget, JsonNode};
use crate::message::{Diagnostic, quoted};
use crate::page::{ApiResponse, BodyContent, BodyExample, RequestBody};

/// Reads the request body and responses.
pub(super) struct Bodies<'r, 'a> {
    pub(super) file: Arc<str>,
    pub(super) reader: &'r mut Reader<'a>,
    pub(super) budget: Budget,
}

impl Bodies<'_, '_> {
    pub(super) fn request(&mut self, node: &JsonNode) -> Option<RequestBody> {
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
            let Some((status, label)) = media::status(&member.name) else {
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
            let response = &member.value;
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
                headers: response.get("headers").map(headers).unwrap_or_default(),
            });
        }
        responses
    }

    fn contents(&mut self, node: &JsonNode) -> Vec<BodyContent> {
        let mut contents: Vec<BodyContent> = Vec::new();
        for member in node.fields() {
            let Some(media_type) = media::media_type(&member.name) else {
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
        let mut read = Examples {
            file: &self.file,
            budget: &mut self.budget,
            diagnostics: &mut self.reader.diagnostics,
        };
        let mut examples = Vec::new();
        if let Some(example) = node.get("example") {
            examples.extend(read.read(example, None, media_type));
        }
        let named = node.get("examples");
        for member in named.map(JsonNode::fields).unwrap_or_default() {
            let name = member.value.text_of("summary");
            let value = member.value.get("value");
            examples.extend(value.and_then(|value| read.read(value, name, media_type)));
        }
        // In OpenAPI 3.1 a schema has a list of examples.
        for value in named.map(JsonNode::items).unwrap_or_default() {
            examples.extend(read.read(value, None, media_type));
        }
        examples
    }
}

/// Reports that only the first operation of a page is read.
pub(super) fn only_one(file: &str, line: u32, what: &str) -> Diagnostic {
    Diagnostic::warning(
        file,
        line,
        format!("the page describes more than one {what}; only the first one is read"),
    )
    .with_help("save each operation as a separate page")
}
