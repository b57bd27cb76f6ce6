//! Types of a schema: the `type` keyword, limits, and combined schemas.

use serde_json::{Map, Value, json};

use super::Reader;
use crate::infer::Format;
use crate::json::{JsonNode, JsonValue};
use crate::message::quoted;
use crate::types::{self, Declared};

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

impl Reader<'_> {
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
            _ => match types::declared(&lower) {
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
