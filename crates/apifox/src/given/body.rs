//! A body in one media type, from its schema and its examples.

use serde_json::{Value, json};

use super::media::{BINARY, FORM, PARTS, is_json, settle};
use super::{is_blank, members};
use crate::json::JsonNode;
use crate::page::{BodyContent, BodyExample, FieldSpec, SchemaSource};

/// Puts a body together. A schema that says nothing gives way to the examples.
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
        // An object of which nothing is told is still one.
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

/// The headers of a response: by their names, or a list of them.
pub(crate) fn headers(node: &JsonNode) -> Vec<FieldSpec> {
    let field = |name: &str, line: u32, header: &JsonNode| FieldSpec {
        name: name.trim().to_owned(),
        line,
        type_name: header
            .get("schema")
            .unwrap_or(header)
            .text_of("type")
            .map(str::to_owned),
        description: header.text_of("description").map(str::to_owned),
        ..FieldSpec::default()
    };
    let named = node.fields().iter();
    let named = named.map(|member| field(&member.name, member.line, &member.value));
    let listed = node.items().iter();
    let listed = listed.map(|header| {
        let name = header.text_of("name").unwrap_or_default();
        field(name, header.line, header)
    });
    let all = named.chain(listed);
    all.filter(|field| !field.name.is_empty()).collect()
}
