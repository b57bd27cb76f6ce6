//! Bodies: media types, statuses, schemas, headers and examples.

use super::{is_blank, members};
use crate::diagnostic::{Diagnostic, quoted};
use crate::json::{Budget, JsonNode, JsonValue, parse};
use crate::page::{BodyContent, BodyExample, FieldSpec, RequestBody, SchemaSource};
use serde_json::{Value, json};
use std::sync::Arc;

pub(crate) const JSON: &str = "application/json";
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
pub(crate) const PARTS: &str = "multipart/form-data";
pub(crate) const BINARY: &str = "application/octet-stream";
const ANY: &str = "*/*";

/// Returns the media type for a page's word. `None` means that there is no body.
pub(crate) fn media_type(word: &str) -> Option<String> {
    let word = word
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    Some(match word.as_str() {
        "" | "none" | "nobody" => return None,
        "json" => JSON.to_owned(),
        "xml" => "application/xml".to_owned(),
        "html" => "text/html".to_owned(),
        "raw" | "text" | "plain" => "text/plain".to_owned(),
        "binary" | "file" => BINARY.to_owned(),
        "eventstream" | "event-stream" | "sse" => "text/event-stream".to_owned(),
        "msgpack" => "application/x-msgpack".to_owned(),
        "form-data" | "formdata" => PARTS.to_owned(),
        "urlencoded" | "x-www-form-urlencoded" => FORM.to_owned(),
        "*" => ANY.to_owned(),
        word if is_media_type(word) => word.to_owned(),
        _ => return None,
    })
}

fn is_media_type(word: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-*".contains(&byte))
    };
    word.len() <= 127
        && word
            .split_once('/')
            .is_some_and(|(kind, of)| part(kind) && part(of))
}

pub(crate) fn is_json(media_type: &str) -> bool {
    media_type == JSON || media_type == ANY || media_type.ends_with("+json")
}

/// Replaces `*/*` by JSON if the schema or an example shows JSON.
pub(crate) fn settle(content: &mut BodyContent) {
    if content.media_type != ANY {
        return;
    }
    let structured =
        |value: &JsonValue| matches!(value, JsonValue::Object(_) | JsonValue::Array(_));
    let shown = content
        .examples
        .iter()
        .any(|example| structured(&example.value.value));
    let given = match &content.schema {
        SchemaSource::Documented(Value::Object(schema)) => {
            schema.contains_key("$ref")
                || ["object", "array"]
                    .iter()
                    .any(|kind| schema.get("type") == Some(&Value::from(*kind)))
        }
        _ => false,
    };
    if shown || given {
        content.media_type = JSON.to_owned();
    }
}

/// Parses the key of a response into its status and label: `200`, `x-200:Error`, `4XX`, `default`.
pub(crate) fn status(key: &str) -> Option<(String, Option<String>)> {
    let key = key.trim();
    let rest = key.strip_prefix("x-").unwrap_or(key);
    let (code, label) = rest
        .split_once(':')
        .map_or((rest, None), |(code, label)| (code, Some(label)));
    let label = label
        .map(str::trim)
        .filter(|label| !label.is_empty())
        .map(str::to_owned);
    let code = code.trim().to_ascii_uppercase();
    // Some upload tools write all numbers with a fraction.
    let code = code.strip_suffix(".0").unwrap_or(&code).to_owned();
    if code == "DEFAULT" || code == "0" {
        return Some(("default".to_owned(), label));
    }
    let bytes = code.as_bytes();
    let fits = match bytes {
        [b'1'..=b'5', b'X', b'X'] => true,
        [b'1'..=b'9', tens, ones] => tens.is_ascii_digit() && ones.is_ascii_digit(),
        _ => false,
    };
    fits.then_some((code, label))
}

/// Parses examples.
pub(crate) struct Examples<'a> {
    pub(crate) file: &'a Arc<str>,
    pub(crate) budget: &'a mut Budget,
    pub(crate) diagnostics: &'a mut Vec<Diagnostic>,
}

impl Examples<'_> {
    /// Parses an example. A string is parsed as JSON if the media type is JSON; an invalid one is
    /// left out with a warning.
    pub(crate) fn read(
        &mut self,
        node: &JsonNode,
        name: Option<&str>,
        media_type: &str,
    ) -> Option<BodyExample> {
        let name = name
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(str::to_owned);
        let (value, cut) = match &node.value {
            JsonValue::Null => return None,
            JsonValue::String(text) if text.trim().is_empty() => return None,
            JsonValue::String(text)
                if is_json(media_type) && text.trim_start().starts_with(['{', '[', '"']) =>
            {
                if super::values::is_placeholder(text) && text.trim_start().starts_with("{{") {
                    return None;
                }
                self.json(text, node.line)?
            }
            // A plain word is not an example of a JSON body.
            JsonValue::String(text) if is_json(media_type) && media_type != ANY => {
                self.diagnostics.push(
                    Diagnostic::warning(
                        self.file,
                        node.line,
                        format!("the example {} is not JSON; it is left out", quoted(text)),
                    )
                    .with_help("correct the example in the file if it is needed"),
                );
                return None;
            }
            _ => (node.clone(), false),
        };
        Some(BodyExample {
            line: node.line,
            name,
            value,
            cut,
        })
    }

    fn json(&mut self, text: &str, line: u32) -> Option<(JsonNode, bool)> {
        let parsed = match parse(text, 1, 1, self.budget) {
            Ok(parsed) => parsed,
            Err(failure) => {
                self.diagnostics.push(
                    Diagnostic::warning(
                        self.file,
                        line,
                        format!(
                            "the example is not JSON and is left out: {} (line {} of the example, column {})",
                            failure.reason, failure.line, failure.column
                        ),
                    )
                    .with_help("correct the example in the file if it is needed"),
                );
                return None;
            }
        };
        if let Some((_, remark)) = parsed.remarks.first() {
            self.diagnostics
                .push(Diagnostic::warning(self.file, line, *remark));
        }
        let behind = text[parsed.end..].trim();
        if !behind.is_empty() {
            self.diagnostics.push(Diagnostic::warning(
                self.file,
                line,
                format!("{} after the example is ignored", quoted(behind)),
            ));
        }
        if parsed.cut.is_some() {
            self.diagnostics.push(Diagnostic::warning(
                self.file,
                line,
                "the example is truncated; it contributes to the schema only if the page has none",
            ));
        }
        let mut node = parsed.node;
        set_line(&mut node, line);
        Some((node, parsed.cut.is_some()))
    }
}

/// Sets the line of all parts of a value to the line of the string that contained it.
fn set_line(node: &mut JsonNode, line: u32) {
    node.line = line;
    match &mut node.value {
        JsonValue::Array(items) => items.iter_mut().for_each(|item| set_line(item, line)),
        JsonValue::Object(members) => {
            for member in members {
                member.line = line;
                set_line(&mut member.value, line);
            }
        }
        JsonValue::Null | JsonValue::Bool(_) | JsonValue::Number(_) | JsonValue::String(_) => {}
    }
}

/// Builds a body. If the schema adds nothing to the examples, they are used instead.
pub(crate) fn content(
    line: u32,
    media_type: String,
    schema: Option<Value>,
    examples: Vec<BodyExample>,
) -> BodyContent {
    let blank = schema.as_ref().is_none_or(is_blank);
    let typed = is_json(&media_type) || media_type == FORM || media_type == PARTS;
    let schema = match schema {
        _ if blank && media_type == BINARY => {
            SchemaSource::Documented(json!({ "type": "string", "format": "binary" }))
        }
        Some(schema) if !blank => SchemaSource::Documented(schema),
        // An object without properties is still an object.
        Some(Value::Object(schema))
            if examples.is_empty() && typed && schema.contains_key("type") =>
        {
            SchemaSource::Documented(Value::Object(members([("type", json!("object"))])))
        }
        _ => SchemaSource::Inferred,
    };
    let mut content = BodyContent {
        line,
        media_type,
        schema,
        fields: Vec::new(),
        examples,
    };
    settle(&mut content);
    content
}

/// Returns whether a request body has an example, or a schema that specifies more than the type
/// object. The site has an empty form on pages of operations without a body.
pub(crate) fn shows_content(body: &RequestBody) -> bool {
    body.contents.iter().any(|content| {
        let schema = match &content.schema {
            SchemaSource::Documented(schema) => !is_blank(schema),
            SchemaSource::Inferred => !content.fields.is_empty(),
        };
        schema || !content.examples.is_empty()
    })
}

/// Reads a header of a response. Returns `None` for a header without a name.
pub(crate) fn header(name: &str, line: u32, node: &JsonNode) -> Option<FieldSpec> {
    let name = name.trim();
    let schema = node.get("schema").unwrap_or(node);
    (!name.is_empty()).then(|| FieldSpec {
        name: name.to_owned(),
        line,
        type_name: schema.text_of("type").map(str::to_owned),
        description: node.text_of("description").map(str::to_owned),
        ..FieldSpec::default()
    })
}

/// Reads the headers of a response, which are a map by name or a list.
pub(crate) fn headers(node: &JsonNode) -> Vec<FieldSpec> {
    let named = node.fields().iter();
    let named = named.filter_map(|member| header(&member.name, member.line, &member.value));
    let listed = node.items().iter();
    let listed = listed.filter_map(|node| header(node.text_of("name")?, node.line, node));
    named.chain(listed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_are_recognised() {
        for (word, wanted) in [
            ("json", Some(JSON)),
            ("application/json; charset=utf-8", Some(JSON)),
            ("eventStream", Some("text/event-stream")),
            ("raw", Some("text/plain")),
            ("*/*", Some("*/*")),
            ("application/vnd.x+json", Some("application/vnd.x+json")),
            ("none", None),
            ("../x/y", None),
            ("a b", None),
        ] {
            assert_eq!(media_type(word).as_deref(), wanted, "{word}");
        }
    }

    #[test]
    fn response_keys_are_parsed() {
        for (key, wanted) in [
            ("200", Some(("200", None))),
            ("x-200:Error", Some(("200", Some("Error")))),
            ("x-404: Not found", Some(("404", Some("Not found")))),
            ("default", Some(("default", None))),
            ("5xx", Some(("5XX", None))),
            ("200.0", Some(("200", None))),
            ("200.5", None),
            ("20", None),
            ("20000", None),
            ("x-apifox-name", None),
        ] {
            let read = status(key);
            let read = read
                .as_ref()
                .map(|(code, label)| (code.as_str(), label.as_deref()));
            assert_eq!(read, wanted, "{key}");
        }
    }

    #[test]
    fn examples_in_strings_are_parsed() {
        for (text, value, said) in [
            ("{\"a\": 1.50}", Some("{\"a\":1.50}"), ""),
            ("{\"a\": 1, // one\n}", Some("{\"a\":1}"), "comment"),
            (
                "{\"a\": 4111****1}",
                None,
                "not JSON and is left out: expected the end of the number",
            ),
            ("{\"a\": \"x", Some("{}"), "truncated"),
            ("{} {}", Some("{}"), "ignored"),
            ("ok", None, "`ok` is not JSON"),
            ("", None, ""),
            ("{{body}}", None, ""),
        ] {
            let mut diagnostics = Vec::new();
            let node = JsonNode {
                line: 7,
                value: JsonValue::String(text.to_owned()),
            };
            let read = Examples {
                file: &Arc::from("a.json"),
                budget: &mut Budget::default(),
                diagnostics: &mut diagnostics,
            }
            .read(&node, None, JSON);
            let read = read.map(|example| example.value.to_value().to_string());
            assert_eq!(read.as_deref(), value, "{text}");
            let told: String = diagnostics.iter().map(Diagnostic::to_string).collect();
            assert!(
                told.contains(said) && told.is_empty() == said.is_empty(),
                "{text}: {told}"
            );
        }
    }
}
