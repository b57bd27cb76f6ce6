//! Bodies of the operation: what is sent, and what comes back.

use std::sync::Arc;

use crate::given::Reader;
use crate::given::body::{content, headers};
use crate::given::media::{self, Examples};
use crate::json::{Budget, Node};
use crate::message::{Message, quoted};
use crate::page::{Body, Content, Example, Response};

/// Reads what an operation sends and gets back.
pub(super) struct Bodies<'r, 'a> {
    pub(super) file: Arc<str>,
    pub(super) reader: &'r mut Reader<'a>,
    pub(super) budget: Budget,
}

impl Bodies<'_, '_> {
    pub(super) fn request(&mut self, node: &Node) -> Option<Body> {
        let contents = self.contents(node.get("content")?);
        (!contents.is_empty()).then(|| Body {
            line: node.line,
            required: node.get("required").and_then(Node::truth),
            contents,
        })
    }

    pub(super) fn responses(&mut self, node: &Node) -> Vec<Response> {
        let mut responses = Vec::new();
        for member in node.members() {
            let Some((status, label)) = media::status(&member.name) else {
                if !member.name.starts_with("x-") {
                    self.reader.warn(
                        member.line,
                        format!(
                            "{} is no status of a response; it is left out",
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
            responses.push(Response {
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

    fn contents(&mut self, node: &Node) -> Vec<Content> {
        let mut contents: Vec<Content> = Vec::new();
        for member in node.members() {
            let Some(media_type) = media::media_type(&member.name) else {
                self.reader.warn(
                    member.line,
                    format!(
                        "{} is no media type; the body is left out",
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

    fn examples(&mut self, node: &Node, media_type: &str) -> Vec<Example> {
        let mut read = Examples {
            file: &self.file,
            budget: &mut self.budget,
            messages: &mut self.reader.messages,
        };
        let mut examples = Vec::new();
        if let Some(example) = node.get("example") {
            examples.extend(read.read(example, None, media_type));
        }
        let named = node.get("examples");
        for member in named.map(Node::members).unwrap_or_default() {
            let name = member.value.text_of("summary");
            let value = member.value.get("value");
            examples.extend(value.and_then(|value| read.read(value, name, media_type)));
        }
        // In 3.1 a schema has a list of them.
        for value in named.map(Node::items).unwrap_or_default() {
            examples.extend(read.read(value, None, media_type));
        }
        examples
    }
}

/// Says what of a document is left out, since a page describes one call.
pub(super) fn only_one(file: &str, line: u32, what: &str) -> Message {
    Message::warning(
        file,
        line,
        format!("the page describes more than one {what}; only the first one is read"),
    )
    .with_help("file each call as a page of its own")
}
