//! A request of an operation, made from what the document says of it: its example, or else the first value that fits.

use serde_json::{Map, Value, json};

use crate::openapi::Operation;

/// What is sent.
#[derive(Debug, PartialEq)]
pub(super) struct Sample {
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: Vec<(String, String)>,
    /// With its media type.
    pub(super) body: Option<(String, Value)>,
}

/// The parameters that must be there, what the security asks for, and the body.
pub(super) fn sample(document: &Value, operation: &Operation<'_>) -> Sample {
    let mut made = Sample {
        query: Vec::new(),
        headers: Vec::new(),
        body: None,
    };
    for parameter in list(&operation.value["parameters"]) {
        let parameter = resolved(document, parameter);
        if parameter["required"] == true {
            let value = text(&value_of(document, parameter, &parameter["schema"]));
            let name = text(&parameter["name"]);
            match parameter["in"].as_str() {
                Some("query") => made.query.push((name, value)),
                Some("header") => made.headers.push((name, value)),
                // The document has no others.
                _ => {}
            }
        }
    }
    let security = operation.value.get("security");
    let security = security.unwrap_or(&document["security"]);
    let schemes = list(security).next().and_then(Value::as_object);
    for name in schemes.into_iter().flat_map(Map::keys) {
        let scheme = &document["components"]["securitySchemes"][name];
        made.headers.push(match scheme["name"].as_str() {
            Some(header) => (header.to_owned(), "1".to_owned()),
            None => ("Authorization".to_owned(), "Bearer 1".to_owned()),
        });
    }
    let contents = operation.value["requestBody"]["content"].as_object();
    if let Some((media, content)) = contents.and_then(|contents| contents.iter().next()) {
        let body = value_of(document, content, &content["schema"]);
        made.body = Some((media.clone(), body));
    }
    made
}

/// The examples that a parameter, a body or an answer has.
pub(super) fn examples(of: &Value) -> impl Iterator<Item = &Value> {
    let named = of["examples"].as_object().into_iter().flat_map(Map::values);
    of.get("example")
        .into_iter()
        .chain(named.filter_map(|example| example.get("value")))
}

fn value_of(document: &Value, of: &Value, schema: &Value) -> Value {
    match examples(of).next() {
        Some(example) => example.clone(),
        None => of_schema(document, schema),
    }
}

fn of_schema(document: &Value, schema: &Value) -> Value {
    let schema = resolved(document, schema);
    if let Some(example) = schema.get("example") {
        return example.clone();
    }
    for choice in ["enum", "x-extensible-enum"] {
        if let Some(first) = list(&schema[choice]).next() {
            return first.clone();
        }
    }
    for parts in ["allOf", "oneOf", "anyOf"] {
        if let Some(first) = list(&schema[parts]).next() {
            return of_schema(document, first);
        }
    }
    match schema["type"].as_str() {
        Some("string") => json!("1"),
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(true),
        Some("array") => json!([of_schema(document, &schema["items"])]),
        _ => {
            let required = list(&schema["required"]).filter_map(Value::as_str);
            let member = |name: &str| of_schema(document, &schema["properties"][name]);
            Value::Object(
                required
                    .map(|name| (name.to_owned(), member(name)))
                    .collect(),
            )
        }
    }
}

fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value["$ref"].as_str().and_then(|reference| {
        let pointer = reference.strip_prefix('#')?;
        document.pointer(pointer)
    });
    target.unwrap_or(value)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi;

    #[test]
    fn examples_go_first_and_what_must_be_there_is_made_up() {
        let document = json!({
            "security": [{"bearer": [], "signature": []}],
            "paths": {
                "/a": {"get": {
                    "security": [{}],
                    "parameters": [
                        {"$ref": "#/components/parameters/no"},
                        {"name": "page", "in": "query", "schema": {"type": "integer"}}
                    ]
                }},
                "/b": {"post": {"requestBody": {"content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/B"}
                }}}}},
                "/c": {"post": {"requestBody": {"content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/B"},
                    "examples": {"1e0": {"value": {"name": "shown"}}}
                }}}}}
            },
            "components": {
                "parameters": {"no": {"name": "no", "in": "query", "required": true, "schema": {"type": "integer"}}},
                "securitySchemes": {
                    "bearer": {"type": "http", "scheme": "bearer"},
                    "signature": {"type": "apiKey", "in": "header", "name": "SIGNATURE"}
                },
                "schemas": {"B": {
                    "type": "object",
                    "required": ["name", "kind", "sizes", "on"],
                    "properties": {
                        "name": {"type": "string"},
                        "kind": {"allOf": [{"x-extensible-enum": ["A", "B"]}]},
                        "sizes": {"type": "array", "items": {"oneOf": [{"type": "number"}]}},
                        "on": {"type": "boolean"},
                        "more": {"type": "string"}
                    }
                }}
            }
        });
        let made: Vec<Sample> = openapi::operations(&document)
            .iter()
            .map(|operation| sample(&document, operation))
            .collect();
        insta::assert_snapshot!(format!("{made:#?}"));
    }
}
