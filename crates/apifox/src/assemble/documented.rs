//! Schemas of pages: comparison, merging, and the names in their references.

use super::components::Components;
use crate::diagnostic::{Diagnostic, quoted};
use crate::infer::SourceLine;
use crate::json::{JsonNode, JsonValue};
use crate::schema_import::PREFIX;
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};

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
                ("discriminator", Value::Object(discriminator)) => {
                    let mut discriminator = discriminator.clone();
                    if let Some(Value::Object(mapping)) = discriminator.get_mut("mapping") {
                        for target in mapping.values_mut() {
                            let name = target.as_str().and_then(|text| text.strip_prefix(PREFIX));
                            if let Some(name) = name.and_then(|name| names.get(name)) {
                                *target = Value::String(format!("{PREFIX}{name}"));
                            }
                        }
                    }
                    Value::Object(discriminator)
                }
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

/// Maximum number of comparisons of a value and a schema per example.
const MOST_STEPS: usize = 500_000;
/// Maximum number of references that follow each other directly.
const MOST_HOPS: usize = 50;

/// A mismatch between an example and a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExampleMismatch {
    pub(super) line: u32,
    /// The problem, without a full stop.
    pub(super) text: String,
}

/// Compares an example with a schema: types, null, enumerated values, maximum lengths, required
/// fields.
pub(super) fn fits(
    components: &Components,
    schema: &Value,
    node: &JsonNode,
) -> Result<(), ExampleMismatch> {
    let mut check = Check {
        components,
        steps: 0,
        way: Vec::new(),
    };
    check.value(schema, node, 0)
}

struct Check<'a> {
    components: &'a Components,
    steps: usize,
    way: Vec<String>,
}

impl Check<'_> {
    fn value(
        &mut self,
        schema: &Value,
        node: &JsonNode,
        hops: usize,
    ) -> Result<(), ExampleMismatch> {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            return Err(self.misfit(
                node,
                "the example is too large to be compared with the schema".to_owned(),
            ));
        }
        let Some(schema) = schema.as_object() else {
            return Ok(());
        };
        // A reference to itself accepts any value.
        if hops > MOST_HOPS {
            return Ok(());
        }
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let target = reference
                .strip_prefix(PREFIX)
                .and_then(|name| self.components.brought(name));
            return match target {
                Some(target) => self.value(target, node, hops + 1),
                None => Ok(()),
            };
        }
        if node.is_null() && schema.get("nullable") == Some(&Value::Bool(true)) {
            return Ok(());
        }
        self.kind(schema, node)?;
        self.details(schema, node)?;
        for branch in branches(schema, "allOf") {
            self.value(branch, node, hops + 1)?;
        }
        for word in ["oneOf", "anyOf"] {
            let mut first = None;
            let mut fitted = false;
            for branch in branches(schema, word) {
                let way = self.way.len();
                match self.value(branch, node, hops + 1) {
                    Ok(()) => {
                        fitted = true;
                        break;
                    }
                    Err(misfit) => first = first.or(Some(misfit)),
                }
                self.way.truncate(way);
            }
            if let (Some(misfit), false) = (first, fitted) {
                return Err(misfit);
            }
        }
        Ok(())
    }

    fn kind(&self, schema: &Map<String, Value>, node: &JsonNode) -> Result<(), ExampleMismatch> {
        let Some(kind) = schema.get("type").and_then(Value::as_str) else {
            return Ok(());
        };
        let (shown, fits) = match &node.value {
            JsonValue::Null => ("null", false),
            JsonValue::Bool(_) => ("a boolean", kind == "boolean"),
            JsonValue::Number(digits) if digits.contains(['.', 'e', 'E']) => {
                ("a number", kind == "number")
            }
            JsonValue::Number(_) => ("an integer", matches!(kind, "number" | "integer")),
            JsonValue::String(_) => ("a string", kind == "string"),
            JsonValue::Array(_) => ("an array", kind == "array"),
            JsonValue::Object(_) => ("an object", kind == "object"),
        };
        if fits {
            return Ok(());
        }
        let place = self.place();
        Err(self.misfit(
            node,
            format!("{place} is {shown}, but the schema says {kind}"),
        ))
    }

    fn details(
        &mut self,
        schema: &Map<String, Value>,
        node: &JsonNode,
    ) -> Result<(), ExampleMismatch> {
        if let Some(values) = schema.get("enum").and_then(Value::as_array)
            && !values.contains(&node.to_value())
        {
            let place = self.place();
            let text = format!(
                "{place} is {}, which is not an enumerated value",
                quoted(&node.scalar().unwrap_or_default())
            );
            return Err(self.misfit(node, text));
        }
        match &node.value {
            JsonValue::String(text) => {
                let longest = schema.get("maxLength").and_then(Value::as_u64);
                let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
                if longest.is_some_and(|longest| length > longest) {
                    let text = format!(
                        "{} has {length} characters, which is too long",
                        self.place()
                    );
                    return Err(self.misfit(node, text));
                }
            }
            JsonValue::Array(items) => {
                if let Some(schema) = schema.get("items") {
                    self.way.push("[]".to_owned());
                    for item in items {
                        self.value(schema, item, 0)?;
                    }
                    self.way.pop();
                }
            }
            JsonValue::Object(members) => {
                let names: HashSet<&str> =
                    members.iter().map(|member| member.name.as_str()).collect();
                let required = schema.get("required").and_then(Value::as_array);
                let lacking = required
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .find(|name| !names.contains(name));
                if let Some(name) = lacking {
                    self.way.push(name.to_owned());
                    let text = format!("{} is required and missing", self.place());
                    return Err(self.misfit(node, text));
                }
                let properties = schema.get("properties").and_then(Value::as_object);
                let more = schema
                    .get("additionalProperties")
                    .filter(|more| more.is_object());
                for member in members {
                    let inner = properties
                        .and_then(|properties| properties.get(&member.name))
                        .or(more);
                    if let Some(inner) = inner {
                        self.way.push(member.name.clone());
                        self.value(inner, &member.value, 0)?;
                        self.way.pop();
                    }
                }
            }
            JsonValue::Null | JsonValue::Bool(_) | JsonValue::Number(_) => {}
        }
        Ok(())
    }

    /// Returns the path to the value, for diagnostics.
    fn place(&self) -> String {
        let mut way = String::new();
        for part in &self.way {
            if !way.is_empty() && part != "[]" {
                way.push('.');
            }
            way.push_str(part);
        }
        if way.is_empty() {
            "it".to_owned()
        } else {
            quoted(&way)
        }
    }

    fn misfit(&self, node: &JsonNode, text: String) -> ExampleMismatch {
        ExampleMismatch {
            line: node.line,
            text,
        }
    }
}

fn branches<'a>(schema: &'a Map<String, Value>, word: &str) -> &'a [Value] {
    schema
        .get(word)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
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
