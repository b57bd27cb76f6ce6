//! Schemas of pages: comparison, merging, and the names in their references.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::given::PREFIX;
use crate::infer::SourceLine;
use crate::message::{Diagnostic, quoted};

/// Returns whether two schemas are equal except for their lines.
pub(super) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let own =
                |schema: &Map<String, Value>| schema.len() - usize::from(schema.contains_key(AT));
            own(one) == own(other)
                && one.iter().all(|(name, value)| {
                    name == AT || other.get(name).is_some_and(|other| same(value, other))
                })
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        _ => one == other,
    }
}

const AT: &str = "x-apifox-at";

/// Keywords whose values are schemas.
const SCHEMAS: &[&str] = &["items", "additionalProperties", "not"];

/// Returns the schema with other names in its references. A reference without a target becomes an
/// empty schema.
pub(super) fn renamed(schema: &Value, names: &HashMap<String, String>) -> Value {
    let Value::Object(schema) = schema else {
        return schema.clone();
    };
    if let Some(reference) = schema.get("$ref") {
        let name = reference
            .as_str()
            .and_then(|reference| names.get(reference.strip_prefix(PREFIX)?));
        let mut object = Map::new();
        if let Some(name) = name {
            object.insert("$ref".to_owned(), Value::String(format!("{PREFIX}{name}")));
        }
        return Value::Object(object);
    }
    let each = |value: &Value| match value {
        Value::Array(branches) => branches
            .iter()
            .map(|branch| renamed(branch, names))
            .collect(),
        other => other.clone(),
    };
    schema
        .iter()
        .map(|(word, value)| {
            let value = match (word.as_str(), value) {
                ("properties", Value::Object(properties)) => properties
                    .iter()
                    .map(|(name, schema)| (name.clone(), renamed(schema, names)))
                    .collect::<Map<_, _>>()
                    .into(),
                ("allOf" | "oneOf" | "anyOf", value) => each(value),
                (word, value) if SCHEMAS.contains(&word) => renamed(value, names),
                (_, value) => value.clone(),
            };
            (word.clone(), value)
        })
        .collect::<Map<_, _>>()
        .into()
}

/// Merges the schemas of two pages: enumerated values are combined, and any other difference is a
/// conflict.
pub(super) fn unite(
    name: &str,
    first_at: &SourceLine,
    mut first: Value,
    second: Value,
    at: &SourceLine,
    diagnostics: &mut Vec<Diagnostic>,
) -> Value {
    if same(&first, &second) {
        return first;
    }
    let without = |value: &Value| {
        let mut value = value.clone();
        if let Value::Object(schema) = &mut value {
            schema.shift_remove("enum");
        }
        value
    };
    if !same(&without(&first), &without(&second)) {
        diagnostics.push(
            Diagnostic::error(
                &at.file,
                at.line,
                format!(
                    "the schema of the parameter {} differs from the one on the page {}",
                    quoted(name),
                    first_at
                ),
            )
            .with_help("correct the wrong page; the first one is used"),
        );
        return first;
    }
    let more = second["enum"].as_array().cloned().unwrap_or_default();
    match first.get_mut("enum").and_then(Value::as_array_mut) {
        Some(values) if !more.is_empty() => {
            for value in more {
                if !values.contains(&value) {
                    values.push(value);
                }
            }
            first
        }
        // One of the pages allows any value.
        _ => without(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lines_do_not_affect_equality() {
        let one = json!({"type": "object", "properties": {"a": {"type": "string", "x-apifox-at": "a:1"}}});
        let other = json!({"x-apifox-at": "b:2", "properties": {"a": {"type": "string"}}, "type": "object"});
        assert!(same(&one, &other) && same(&other, &one));
        for different in [
            json!({"type": "object", "properties": {"a": {"type": "integer"}}}),
            json!({"type": "object", "properties": {}}),
            json!({"type": "object", "properties": {"a": {"type": "string"}}, "x": 1}),
        ] {
            assert!(
                !same(&one, &different) && !same(&different, &one),
                "{different}"
            );
        }
    }

    #[test]
    fn references_are_renamed() {
        let names = HashMap::from([("Page«A»".to_owned(), "PageOfA".to_owned())]);
        let reference = |name: &str| json!({"$ref": format!("{PREFIX}{name}")});
        let schema = json!({
            "properties": {"$ref": reference("Page«A»"), "b": {"items": reference("Page«A»")}},
            "oneOf": [reference("Page«A»"), reference("gone")],
            "example": reference("Page«A»"),
        });
        let wanted = json!({
            "properties": {"$ref": reference("PageOfA"), "b": {"items": reference("PageOfA")}},
            "oneOf": [reference("PageOfA"), {}],
            "example": reference("Page«A»"),
        });
        assert_eq!(renamed(&schema, &names), wanted);
    }
}
