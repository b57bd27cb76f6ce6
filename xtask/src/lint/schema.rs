//! How an example fits its schema, and lists that cannot be null.

use crate::openapi::{Document, SchemaRole, members, strings, text};
use serde_json::Value;
use std::cell::Cell;

/// How far references are followed into each other, and how much work one example may take.
const MAX_DEPTH: usize = 32;
const MAX_STEPS: usize = 20_000;

/// What an optional property is, when it is a list or a map that cannot be null.
pub(super) fn list_without_null<'a>(
    document: &Document<'a>,
    role: SchemaRole,
    schema: &'a Value,
) -> Option<&'static str> {
    let SchemaRole::Property {
        required: false, ..
    } = role
    else {
        return None;
    };
    let target = document.resolve(schema);
    if [schema, target]
        .iter()
        .any(|schema| schema.get("nullable") == Some(&Value::Bool(true)))
    {
        return None;
    }
    match text(target, "type") {
        Some("array") => Some("a list"),
        Some("object")
            if target.get("properties").is_none()
                && target
                    .get("additionalProperties")
                    .is_some_and(|values| *values != Value::Bool(false)) =>
        {
            Some("a map")
        }
        _ => None,
    }
}

/// Why a value does not fit a schema, by types, required members and branches; none when it does.
pub(super) fn mismatch<'a>(
    document: &Document<'a>,
    schema: &'a Value,
    value: &Value,
) -> Option<String> {
    Matcher {
        document,
        steps: Cell::new(0),
    }
    .mismatch(schema, value, "", 0)
}

struct Matcher<'d, 'a> {
    document: &'d Document<'a>,
    steps: Cell<usize>,
}

impl<'a> Matcher<'_, 'a> {
    fn mismatch(&self, schema: &'a Value, value: &Value, at: &str, depth: usize) -> Option<String> {
        self.steps.set(self.steps.get() + 1);
        // What takes longer than this is a circle of unions, and no finding of this rule.
        if depth > MAX_DEPTH || self.steps.get() > MAX_STEPS {
            return None;
        }
        if value.is_null() && self.nullable(schema) {
            return None;
        }
        let schema = self.document.resolve(schema);
        if value.is_null() && self.nullable(schema) {
            return None;
        }
        let place = if at.is_empty() { "the value" } else { at };
        if let Some(kind) = text(schema, "type")
            && !fits(kind, value)
        {
            return Some(format!("{place} is not of type {kind}"));
        }
        for part in schema
            .get("allOf")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            if let Some(found) = self.mismatch(part, value, at, depth + 1) {
                return Some(found);
            }
        }
        for (word, several) in [("oneOf", false), ("anyOf", true)] {
            if let Some(branches) = schema.get(word).and_then(Value::as_array) {
                let fitting = branches
                    .iter()
                    .filter(|branch| self.mismatch(branch, value, at, depth + 1).is_none())
                    .count();
                if fitting == 0 {
                    return Some(format!("{place} fits no branch"));
                }
                if fitting > 1 && !several {
                    return Some(format!("{place} fits {fitting} branches"));
                }
            }
        }
        match value {
            Value::Object(object) => {
                if let Some(name) =
                    strings(schema.get("required")).find(|name| !object.contains_key(*name))
                {
                    return Some(format!("{place} lacks the required `{name}`"));
                }
                members(schema.get("properties")).find_map(|(name, property)| {
                    self.mismatch(property, object.get(name)?, &format!("`{name}`"), depth + 1)
                })
            }
            Value::Array(list) => {
                let items = schema.get("items")?;
                list.iter().find_map(|element| {
                    self.mismatch(items, element, &format!("an element of {place}"), depth + 1)
                })
            }
            _ => None,
        }
    }

    fn nullable(&self, schema: &Value) -> bool {
        schema.get("nullable") == Some(&Value::Bool(true))
    }
}

fn fits(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => {
            matches!(value, Value::Number(number) if !number.to_string().contains(['.', 'e', 'E']))
        }
        _ => true,
    }
}
