//! JSON as an example on a page holds it: with the line of every member, every digit of a number,
//! and an end that may be missing.

mod budget;
mod reader;
mod scalars;
mod view;

use serde_json::{Map, Number, Value};

pub(crate) use budget::{Budget, MAX_PAGE_VALUES};
pub(crate) use reader::parse;

/// A value of an example and the line where it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonNode {
    /// Line of the page, counted from 1.
    pub line: u32,
    /// The value.
    pub value: JsonValue,
}

/// What a [`JsonNode`] holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonValue {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, digit for digit as printed.
    Number(String),
    /// A string, its escapes resolved.
    String(String),
    /// An array.
    Array(Vec<JsonNode>),
    /// An object; its members in the order of the page.
    Object(Vec<JsonField>),
}

/// One member of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonField {
    /// Its name.
    pub name: String,
    /// The line of the name.
    pub line: u32,
    /// Its value.
    pub value: JsonNode,
}

impl JsonNode {
    /// The same value without places. Numbers keep their digits; of two members of one name the last counts.
    pub fn to_value(&self) -> Value {
        match &self.value {
            JsonValue::Null => Value::Null,
            JsonValue::Bool(value) => Value::Bool(*value),
            JsonValue::Number(digits) => number(digits),
            JsonValue::String(text) => Value::String(text.clone()),
            JsonValue::Array(items) => items.iter().map(JsonNode::to_value).collect(),
            JsonValue::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|member| (member.name.clone(), member.value.to_value()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }
}

/// A number with its digits kept. Text that is no number stays text.
pub(crate) fn number(digits: &str) -> Value {
    digits
        .parse::<Number>()
        .map_or_else(|_| Value::String(digits.to_owned()), Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_survive() {
        for (digits, kept) in [
            ("12345678901234567890.12", "12345678901234567890.12"),
            ("0.00", "0.00"),
            ("-0", "-0"),
            ("214.650", "214.650"),
            ("12345678901234567890123", "12345678901234567890123"),
            // The JSON library writes exponents its own way.
            ("1e400", "1e+400"),
            ("1E2", "1e+2"),
        ] {
            let parsed = parse(digits, 1, 1, &mut Budget::default()).unwrap();
            assert_eq!(parsed.node.value, JsonValue::Number(digits.to_owned()));
            assert_eq!(parsed.node.to_value().to_string(), kept);
        }
    }
}
