//! JSON that keeps the line of every field and every digit of a number.

mod budget;
mod reader;
mod scalars;
mod view;

use serde_json::{Map, Number, Value};

pub(crate) use budget::{Budget, MAX_PAGE_VALUES};
pub(crate) use reader::parse;

/// A value and the line on which it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonNode {
    /// Line of the page, counted from 1.
    pub line: u32,
    /// The value.
    pub value: JsonValue,
}

/// The value of a [`JsonNode`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonValue {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number with the digits as printed.
    Number(String),
    /// A string with its escapes resolved.
    String(String),
    /// An array.
    Array(Vec<JsonNode>),
    /// An object; its fields in the order of the page.
    Object(Vec<JsonField>),
}

/// A field of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonField {
    /// The name.
    pub name: String,
    /// Line of the name.
    pub line: u32,
    /// The value.
    pub value: JsonNode,
}

impl JsonNode {
    /// Returns the value without lines. Numbers keep their digits; of two fields with one name the
    /// last one counts.
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

/// Returns a number with its digits, or a string if the text is not a number.
pub(crate) fn number(digits: &str) -> Value {
    digits
        .parse::<Number>()
        .map_or_else(|_| Value::String(digits.to_owned()), Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_digits_survive_conversion() {
        for (digits, kept) in [
            ("12345678901234567890.12", "12345678901234567890.12"),
            ("0.00", "0.00"),
            ("-0", "-0"),
            ("214.650", "214.650"),
            ("12345678901234567890123", "12345678901234567890123"),
            // `serde_json` normalises exponents.
            ("1e400", "1e+400"),
            ("1E2", "1e+2"),
        ] {
            let parsed = parse(digits, 1, 1, &mut Budget::default()).unwrap();
            assert_eq!(parsed.node.value, JsonValue::Number(digits.to_owned()));
            assert_eq!(parsed.node.to_value().to_string(), kept);
        }
    }
}
