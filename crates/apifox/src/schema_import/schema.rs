//! Imports one schema, keyword by keyword.

use super::types::Kinds;
use super::values::{enumeration, has_placeholder, of_type, value_descriptions};
use super::{SchemaImporter, members};
use crate::diagnostic::quoted;
use crate::json::{JsonNode, JsonValue};
use crate::names::pascal_case;
use serde_json::{Map, Value, json};

/// Keywords that cause no warning, because they are imported or do not describe a value.
const KNOWN: &[&str] = &[
    "$ref",
    "$schema",
    "$id",
    "id",
    "$comment",
    "type",
    "format",
    "nullable",
    "title",
    "description",
    "enum",
    "const",
    "default",
    "example",
    "examples",
    "properties",
    "required",
    "items",
    "additionalProperties",
    "allOf",
    "oneOf",
    "anyOf",
    "not",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "readOnly",
    "writeOnly",
    "deprecated",
    "discriminator",
    "xml",
    "externalDocs",
    "mock",
    "contentMediaType",
    "contentEncoding",
    "definitions",
    "$defs",
    "name",
    "key",
    "enable",
    "ordering",
];

impl SchemaImporter<'_> {
    pub(super) fn read(&mut self, node: &JsonNode) -> Map<String, Value> {
        if !node.is_object() {
            return Map::new();
        }
        if let Some(reference) = node.text_of("$ref") {
            return self.refer(node, reference);
        }
        self.unknown_words(node);
        let kinds = self.kinds(node);
        let mut schema = match kinds.types.as_slice() {
            [one] => one.clone(),
            _ => Map::new(),
        };
        self.format(node, &mut schema);
        if kinds.nullable {
            schema.insert("nullable".to_owned(), json!(true));
        }
        let described = self.enumerated(node, &kinds, &mut schema);
        if let Some(description) = with_value_descriptions(self.description(node), &described) {
            schema.insert("description".to_owned(), json!(description));
        }
        self.limits(node, &kinds, &mut schema);
        self.shown(node, &kinds, &mut schema);
        let kind = kinds.only();
        if kind == Some("object") || kinds.types.is_empty() {
            self.properties(node, &mut schema);
        }
        if kind == Some("array") {
            self.items(node, &mut schema);
        }
        self.choices(node, &mut schema);
        if kinds.types.len() > 1 && !schema.contains_key("oneOf") {
            let branches = kinds.types.iter().map(|kind| self.branch(node, kind));
            schema.insert("oneOf".to_owned(), branches.collect());
        }
        schema
    }

    /// Creates the branch of one of several types, with its keywords.
    fn branch(&mut self, node: &JsonNode, kind: &Map<String, Value>) -> Value {
        let mut branch = kind.clone();
        match kind.get("type").and_then(Value::as_str) {
            Some("object") => self.properties(node, &mut branch),
            Some("array") => self.items(node, &mut branch),
            Some("integer") if !branch.contains_key("format") => {
                branch.insert("format".to_owned(), json!("int64"));
            }
            _ => {}
        }
        Value::Object(branch)
    }

    /// Returns the description, or else the title.
    pub(super) fn description(&self, node: &JsonNode) -> Option<String> {
        let text = node.text_of("description").or(node.text_of("title"))?;
        Some(text.to_owned())
    }

    fn format(&mut self, node: &JsonNode, schema: &mut Map<String, Value>) {
        let encoding = node.text_of("contentEncoding");
        let media = node.text_of("contentMediaType");
        let format = match (node.text_of("format"), encoding, media) {
            (Some(format), ..) => format,
            (None, Some("base64"), _) => "byte",
            (None, Some("binary"), _) | (None, None, Some("application/octet-stream")) => "binary",
            _ => return,
        };
        if schema.contains_key("type") && format.len() <= 40 {
            schema.insert("format".to_owned(), json!(format));
        }
    }

    /// Imports the enumerated values; returns their descriptions.
    fn enumerated(
        &mut self,
        node: &JsonNode,
        kinds: &Kinds,
        schema: &mut Map<String, Value>,
    ) -> Vec<(String, String)> {
        let kind = kinds.only();
        let mut described = value_descriptions(node);
        let constant = node.get("const").map(std::slice::from_ref);
        let listed = node
            .get("enum")
            .map(JsonNode::items)
            .filter(|items| !items.is_empty());
        let Some(items) = constant.or(listed) else {
            return described;
        };
        let found = enumeration(items, kind);
        if let Some(odd) = found.odd.first() {
            let what = kind.unwrap_or("of the type");
            self.warn(
                node.line,
                format!(
                    "the enumerated value {} is not {what}; other values are accepted too",
                    quoted(odd)
                ),
                "correct the type or the value in an overlay",
            );
        }
        // Values without a description are already in the list.
        described.retain(|(_, words)| !words.is_empty());
        for (value, text) in found.descriptions {
            if !described
                .iter()
                .any(|(known, words)| *known == value && !words.is_empty())
            {
                described.retain(|(known, _)| *known != value);
                described.push((value, text));
            }
        }
        if let Some(prose) = found.prose.first() {
            self.warn(
                node.line,
                format!(
                    "the enumerated value {} is a sentence; other values are accepted too",
                    quoted(prose)
                ),
                "list the values in an overlay",
            );
            described.extend(
                found
                    .values
                    .iter()
                    .map(|value| (plain(value), String::new())),
            );
            described.extend(found.prose.into_iter().map(|text| (text, String::new())));
            return described;
        }
        let mut values = found.values;
        if values.is_empty() || !found.odd.is_empty() {
            return described;
        }
        if found.null || kinds.nullable {
            values.push(Value::Null);
            schema.insert("nullable".to_owned(), json!(true));
        }
        schema.insert("enum".to_owned(), Value::Array(values));
        described
    }

    /// Imports `default` and the example, without placeholders and values of another type.
    fn shown(&mut self, node: &JsonNode, kinds: &Kinds, schema: &mut Map<String, Value>) {
        let kind = kinds.only();
        if let Some(default) = node.get("default").filter(|default| shows(default, kind)) {
            let value = of_type(default, kind);
            let listed = schema.get("enum").and_then(Value::as_array);
            match value.filter(|value| listed.is_none_or(|listed| listed.contains(value))) {
                Some(value) => {
                    schema.insert("default".to_owned(), value);
                }
                None => self.warn(
                    default.line,
                    format!(
                        "the default {} is not an allowed value; it is left out",
                        quoted(
                            &default
                                .scalar()
                                .unwrap_or_else(|| "an array or object".to_owned())
                        )
                    ),
                    "correct the default or the type in an overlay",
                ),
            }
        }
        let first = node
            .get("examples")
            .and_then(|examples| examples.items().first());
        let example = node
            .get("example")
            .or(first)
            .filter(|example| shows(example, kind));
        // An example of another type is left out without a warning, because examples are not
        // binding.
        if let Some(value) = example.and_then(|example| of_type(example, kind)) {
            schema.insert("example".to_owned(), value);
        }
    }

    /// Warns once about each keyword that is lost.
    fn unknown_words(&mut self, node: &JsonNode) {
        for member in node.fields() {
            let word = member.name.as_str();
            if KNOWN.contains(&word) || word.starts_with("x-") || is_empty(&member.value) {
                continue;
            }
            if self.unknown_words.len() < 20 && self.unknown_words.insert(word.to_owned()) {
                self.warn(
                    member.line,
                    format!(
                        "OpenAPI 3.0 has no schema keyword {}; it is left out",
                        quoted(word)
                    ),
                    "describe it in an overlay if it matters",
                );
            }
        }
    }

    fn items(&mut self, node: &JsonNode, schema: &mut Map<String, Value>) {
        let items = match node.get("items") {
            Some(list) if !list.items().is_empty() => match list.items() {
                [one] => self.schema(one),
                _ => json!({}),
            },
            Some(items) if !items.fields().is_empty() => self.schema(items),
            // The type name may include the items: `array[string]`.
            _ if schema.contains_key("items") => return,
            _ => json!({}),
        };
        schema.insert("items".to_owned(), items);
    }

    /// Imports the schema of a property, with its line unless it is only a reference.
    pub(super) fn property(&mut self, name: &str, node: &JsonNode, line: u32) -> Value {
        let mut schema = self.object(node);
        // Some sites name a property in the title, and describe its values in the description.
        if let (Some(title), Some(text)) = (node.text_of("title"), node.text_of("description"))
            && let Some(Value::String(description)) = schema.get_mut("description")
            && pascal_case(title) != pascal_case(name)
            && !text.contains(title.trim())
        {
            *description = format!("{}\n\n{description}", title.trim());
        }
        if !schema.contains_key("$ref") {
            schema.insert("x-apifox-at".to_owned(), self.marker(line));
        }
        Value::Object(schema)
    }

    /// Returns the key if a schema is a reference.
    pub(super) fn key_of(node: &JsonNode) -> Option<String> {
        super::reference_key(node.text_of("$ref")?)
    }
}

/// Returns whether a value is usable as an example or default.
fn shows(node: &JsonNode, kind: Option<&str>) -> bool {
    match &node.value {
        JsonValue::Null => false,
        JsonValue::String(text) if text.is_empty() => kind == Some("string"),
        _ => !has_placeholder(node),
    }
}

fn is_empty(node: &JsonNode) -> bool {
    match &node.value {
        JsonValue::Null => true,
        JsonValue::String(text) => text.is_empty(),
        JsonValue::Array(items) => items.is_empty(),
        JsonValue::Object(members) => members.is_empty(),
        JsonValue::Bool(_) | JsonValue::Number(_) => false,
    }
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Appends the descriptions of the values as a list.
fn with_value_descriptions(
    description: Option<String>,
    described: &[(String, String)],
) -> Option<String> {
    let words = described.iter().any(|(_, text)| !text.is_empty());
    let prose = described.iter().any(|(value, _)| value.contains(' '));
    if !words && !prose {
        return description;
    }
    let list: Vec<String> = described
        .iter()
        .filter(|(value, text)| !text.is_empty() || prose && !value.is_empty())
        .map(|(value, text)| match text.as_str() {
            "" => format!("- {value}"),
            text => format!("- `{value}`: {text}"),
        })
        .collect();
    let list = list.join("\n");
    Some(match description {
        Some(description) => format!("{description}\n\n{list}"),
        None => list,
    })
}

impl SchemaImporter<'_> {
    fn limits(&mut self, node: &JsonNode, kinds: &Kinds, schema: &mut Map<String, Value>) {
        super::types::take(node, kinds.only(), schema);
        for word in ["readOnly", "writeOnly", "deprecated"] {
            if node.says(word) {
                schema.insert(word.to_owned(), json!(true));
            }
        }
    }
}

/// Creates the object schema of form fields: name, schema, and whether it is required.
pub(crate) fn object_of(fields: Vec<(String, Value, bool)>) -> Value {
    let required: Vec<String> = fields
        .iter()
        .filter(|(_, _, required)| *required)
        .map(|(name, ..)| name.clone())
        .collect();
    let properties: Map<String, Value> = fields
        .into_iter()
        .map(|(name, schema, _)| (name, schema))
        .collect();
    let mut schema = members([("type", json!("object"))]);
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    if !properties.is_empty() {
        schema.insert("properties".to_owned(), Value::Object(properties));
    }
    Value::Object(schema)
}
