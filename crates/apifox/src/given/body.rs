use serde_json::{Value, json};

use super::media::{BINARY, FORM, PARTS, is_json, settle};
use super::{is_blank, members};
use crate::json::JsonNode;
use crate::page::{BodyContent, BodyExample, FieldSpec, SchemaSource};

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

/// Reads the headers of a response, which are a map by name or a list.
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
