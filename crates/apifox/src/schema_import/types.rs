//! Types of a schema: the `type` keyword, limits, and combined schemas.

use super::values::{limit, of_type};
use super::{PREFIX, SchemaImporter, members};
use crate::diagnostic::quoted;
use crate::infer::Format;
use crate::json::{JsonNode, JsonValue};
use crate::type_names::{self, Declared};
use serde_json::{Map, Value, json};

/// The types of a schema.
#[derive(Debug, Default)]
pub(super) struct Kinds {
    /// One small schema per type; empty means any type.
    pub(super) types: Vec<Map<String, Value>>,
    pub(super) nullable: bool,
}

impl Kinds {
    /// Returns the type if there is exactly one.
    pub(super) fn only(&self) -> Option<&str> {
        match self.types.as_slice() {
            [one] => one.get("type")?.as_str(),
            _ => None,
        }
    }
}

impl SchemaImporter<'_> {
    pub(super) fn kinds(&mut self, node: &JsonNode) -> Kinds {
        let mut kinds = Kinds {
            nullable: node.says("nullable") || node.says("x-nullable"),
            ..Kinds::default()
        };
        match node.get("type") {
            None => {}
            Some(list) if !list.items().is_empty() => {
                for word in list.items() {
                    self.kind(word, &mut kinds);
                }
            }
            Some(word) => self.kind(word, &mut kinds),
        }
        // A missing type is derived from the other keywords.
        if kinds.types.is_empty() && node.get("type").is_none() {
            let word = |name: &str| {
                node.get(name)
                    .is_some_and(|value| !value.fields().is_empty())
            };
            if word("properties") || word("x-apifox-refs") {
                kinds.types.push(small("object"));
            } else if node.get("items").is_some_and(JsonNode::is_object) {
                kinds.types.push(small("array"));
            }
        }
        kinds
    }

    fn kind(&mut self, word: &JsonNode, kinds: &mut Kinds) {
        let JsonValue::String(text) = &word.value else {
            // YAML reads an unquoted null as null.
            kinds.nullable |= word.is_null();
            return;
        };
        let lower = text.trim().to_ascii_lowercase();
        let kind = match lower.as_str() {
            "string" | "number" | "integer" | "boolean" | "object" | "array" => small(&lower),
            "null" => {
                kinds.nullable = true;
                return;
            }
            "" | "any" | "ref" | "$ref" => return,
            _ => match type_names::declared(&lower) {
                Some(declared) => of_declared(&declared),
                None => {
                    self.warn(
                        word.line,
                        format!("{} is not a type; any value is accepted", quoted(text)),
                        "set the type in an overlay",
                    );
                    return;
                }
            },
        };
        if !kinds.types.contains(&kind) {
            kinds.types.push(kind);
        }
    }
}

fn small(word: &str) -> Map<String, Value> {
    super::members([("type", json!(word))])
}

fn of_declared(declared: &Declared) -> Map<String, Value> {
    let (word, format) = match declared {
        Declared::Any => return Map::new(),
        Declared::Boolean => ("boolean", None),
        Declared::Integer => ("integer", Some("int64")),
        Declared::Number | Declared::Decimal => ("number", None),
        Declared::Text(format) => ("string", format.map(Format::name)),
        Declared::Binary => ("string", Some("binary")),
        Declared::Object => ("object", None),
        Declared::Array(items) => {
            let mut schema = small("array");
            schema.insert("items".to_owned(), Value::Object(of_declared(items)));
            return schema;
        }
    };
    let mut schema = small(word);
    if let Some(format) = format {
        schema.insert("format".to_owned(), json!(format));
    }
    schema
}

/// Limits that are counts, with the type that they apply to.
const COUNTS: &[(&str, &str)] = &[
    ("minLength", "string"),
    ("maxLength", "string"),
    ("minItems", "array"),
    ("maxItems", "array"),
    ("minProperties", "object"),
    ("maxProperties", "object"),
];

/// Copies the limits that apply to the type, and converts those of OpenAPI 3.1.
pub(super) fn take(node: &JsonNode, kind: Option<&str>, schema: &mut Map<String, Value>) {
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            schema.insert(name.to_owned(), value);
        }
    };
    for (word, of) in COUNTS {
        if kind == Some(of) {
            let count = node
                .get(word)
                .and_then(|value| of_type(value, Some("integer")));
            put(word, count.filter(|count| count.as_u64().is_some()));
        }
    }
    match kind {
        Some("string") => put("pattern", node.text_of("pattern").map(|text| json!(text))),
        Some("array") if node.says("uniqueItems") => put("uniqueItems", Some(json!(true))),
        Some("number" | "integer") => {
            for (word, exclusive) in [
                ("minimum", "exclusiveMinimum"),
                ("maximum", "exclusiveMaximum"),
            ] {
                let bound = node.get(word).and_then(limit);
                match node.get(exclusive) {
                    // In OpenAPI 3.1 the exclusive limit is a number.
                    Some(own) if matches!(own.value, JsonValue::Number(_)) => {
                        put(word, limit(own));
                        put(exclusive, Some(json!(true)));
                    }
                    Some(own) if bound.is_some() && own.truth() == Some(true) => {
                        put(word, bound);
                        put(exclusive, Some(json!(true)));
                    }
                    _ => put(word, bound),
                }
            }
            put("multipleOf", node.get("multipleOf").and_then(limit));
        }
        _ => {}
    }
}

impl SchemaImporter<'_> {
    pub(super) fn choices(&mut self, node: &JsonNode, schema: &mut Map<String, Value>) {
        for word in ["allOf", "oneOf", "anyOf"] {
            let Some(list) = node.get(word) else {
                continue;
            };
            let mut branches = Vec::new();
            for item in list.items() {
                // In OpenAPI 3.1 null is one of the branches.
                if word != "allOf" && is_null(item) {
                    schema.insert("nullable".to_owned(), json!(true));
                    continue;
                }
                let branch = self.schema(item);
                if !branches.contains(&branch) {
                    branches.push(branch);
                }
            }
            self.put_branches(word, branches, schema);
        }
        let has_branches = schema.contains_key("oneOf") || schema.contains_key("anyOf");
        if let Some(node) = node.get("discriminator").filter(|_| has_branches)
            && let Some(name) = node.text_of("propertyName")
        {
            let mut discriminator = members([("propertyName", json!(name))]);
            let mapping = self.mapping(node);
            if !mapping.is_empty() {
                discriminator.insert("mapping".to_owned(), Value::Object(mapping));
            }
            schema.insert("discriminator".to_owned(), Value::Object(discriminator));
        }
        if let Some(not) = node.get("not").filter(|not| !not.fields().is_empty()) {
            let not = self.schema(not);
            schema.insert("not".to_owned(), not);
        }
    }

    /// Imports the schemas of the values of a discriminator. A value whose schema is missing is
    /// reported.
    fn mapping(&mut self, discriminator: &JsonNode) -> Map<String, Value> {
        let named = discriminator.get("mapping").map(JsonNode::fields);
        named
            .unwrap_or_default()
            .iter()
            .filter_map(|member| {
                let target = member.value.text()?;
                let reference = if target.contains('/') {
                    target.to_owned()
                } else {
                    format!("{PREFIX}{target}")
                };
                let name = self.target(&reference, member.line)?;
                Some((member.name.clone(), json!(format!("{PREFIX}{name}"))))
            })
            .collect()
    }

    fn put_branches(
        &mut self,
        word: &str,
        mut branches: Vec<Value>,
        schema: &mut Map<String, Value>,
    ) {
        let alone = schema
            .keys()
            .all(|name| name == "nullable" || name == "description");
        match branches.len() {
            0 => {}
            1 if alone && !schema.contains_key("allOf") => {
                let Some(Value::Object(branch)) = branches.pop() else {
                    return;
                };
                // A single branch needs no keyword. `$ref` allows no sibling keywords.
                if schema.is_empty() || !branch.contains_key("$ref") {
                    for (name, value) in branch {
                        schema.entry(name).or_insert(value);
                    }
                } else {
                    schema.insert("allOf".to_owned(), json!([branch]));
                }
            }
            _ => {
                schema.insert(word.to_owned(), Value::Array(branches));
            }
        }
    }
}

/// Returns whether a schema only accepts null.
fn is_null(node: &JsonNode) -> bool {
    node.get("type").is_some_and(|kind| match &kind.value {
        JsonValue::String(text) => text == "null",
        JsonValue::Null => true,
        JsonValue::Array(items) => {
            !items.is_empty() && items.iter().all(|item| item.text() == Some("null"))
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Budget, parse};

    #[test]
    fn limits_of_each_type_are_copied() {
        for (kind, text, wanted) in [
            (
                "string",
                r#"{"minLength":"1","maxLength":64,"maxItems":2,"pattern":"^a"}"#,
                r#"{"minLength":1,"maxLength":64,"pattern":"^a"}"#,
            ),
            (
                "integer",
                r#"{"exclusiveMinimum":0,"maximum":"9.50"}"#,
                r#"{"minimum":0,"exclusiveMinimum":true,"maximum":9.50}"#,
            ),
            (
                "number",
                r#"{"minimum":1,"exclusiveMinimum":true}"#,
                r#"{"minimum":1,"exclusiveMinimum":true}"#,
            ),
            ("number", r#"{"exclusiveMinimum":true,"maxLength":3}"#, "{}"),
            (
                "array",
                r#"{"minItems":-1,"maxItems":3,"uniqueItems":"true"}"#,
                r#"{"maxItems":3,"uniqueItems":true}"#,
            ),
        ] {
            let node = parse(text, 1, 1, &mut Budget::default()).unwrap().node;
            let mut schema = Map::new();
            take(&node, Some(kind), &mut schema);
            assert_eq!(Value::Object(schema).to_string(), wanted, "{text}");
        }
    }
}
