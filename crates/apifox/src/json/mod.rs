//! JSON that keeps the line of every field and every digit of a number.

pub(crate) use parser::{Budget, MAX_PAGE_VALUES, MAX_PROJECT_VALUES, parse};
use serde_json::{Map, Number, Value};

mod parser;
mod scalars;

/// A value and the line on which it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonNode {
    /// The line of the page, counted from 1.
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
    /// A number with the digits that the page shows.
    Number(String),
    /// A string with its escapes resolved.
    String(String),
    /// An array.
    Array(Vec<JsonNode>),
    /// An object. The fields are in the order of the source.
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
    /// Converts the node to a [`Value`] without line numbers. Numbers keep all digits. If an object
    /// repeats a name, the last field wins.
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

impl JsonNode {
    /// Converts a value. All line numbers are 0.
    pub(crate) fn of(value: &Value) -> Self {
        let value = match value {
            Value::Null => JsonValue::Null,
            Value::Bool(value) => JsonValue::Bool(*value),
            Value::Number(number) => JsonValue::Number(number.to_string()),
            Value::String(text) => JsonValue::String(text.clone()),
            Value::Array(items) => JsonValue::Array(items.iter().map(Self::of).collect()),
            Value::Object(members) => JsonValue::Object(
                members
                    .iter()
                    .map(|(name, value)| JsonField {
                        name: name.clone(),
                        line: 0,
                        value: Self::of(value),
                    })
                    .collect(),
            ),
        };
        Self { line: 0, value }
    }

    /// Returns the value of a field. If a name is repeated, the last field wins.
    pub(crate) fn get(&self, name: &str) -> Option<&JsonNode> {
        let members = self.fields().iter().rev();
        let found = members.into_iter().find(|member| member.name == name)?;
        Some(&found.value)
    }

    /// Returns the fields of an object, or none for any other value.
    pub(crate) fn fields(&self) -> &[JsonField] {
        match &self.value {
            JsonValue::Object(members) => members,
            _ => &[],
        }
    }

    /// Returns the items of an array, or none for any other value.
    pub(crate) fn items(&self) -> &[JsonNode] {
        match &self.value {
            JsonValue::Array(items) => items,
            _ => &[],
        }
    }

    pub(crate) fn is_object(&self) -> bool {
        matches!(self.value, JsonValue::Object(_))
    }

    pub(crate) fn is_null(&self) -> bool {
        self.value == JsonValue::Null
    }

    /// Returns a trimmed string that is not empty.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            JsonValue::String(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            _ => None,
        }
    }

    /// Returns the trimmed string of a field.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.get(name)?.text()
    }

    /// Returns a string, number or boolean as a string.
    pub(crate) fn scalar(&self) -> Option<String> {
        match &self.value {
            JsonValue::String(text) => Some(text.clone()),
            JsonValue::Number(digits) => Some(digits.clone()),
            JsonValue::Bool(value) => Some(value.to_string()),
            JsonValue::Null | JsonValue::Array(_) | JsonValue::Object(_) => None,
        }
    }

    /// Returns a boolean, which may be written as a string or as 0 or 1.
    pub(crate) fn truth(&self) -> Option<bool> {
        match &self.value {
            JsonValue::Bool(value) => Some(*value),
            JsonValue::Number(digits) => match digits.as_str() {
                "0" => Some(false),
                "1" => Some(true),
                _ => None,
            },
            JsonValue::String(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" => Some(true),
                "false" | "0" | "no" => Some(false),
                _ => None,
            },
            JsonValue::Null | JsonValue::Array(_) | JsonValue::Object(_) => None,
        }
    }

    /// Returns whether a field is true; `false` if it is absent or not a boolean.
    pub(crate) fn says(&self, name: &str) -> bool {
        self.get(name).and_then(JsonNode::truth) == Some(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Budget, parse};

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

    #[test]
    fn accessors_read_fields_strings_and_booleans() {
        let text = r#"{"a": " x ", "b": "", "c": "True", "d": 1, "e": [1.50, true], "a": "y"}"#;
        let node = parse(text, 1, 1, &mut Budget::default()).unwrap().node;
        assert_eq!(node.text_of("a"), Some("y"));
        assert_eq!(node.text_of("b"), None);
        assert!(node.says("c") && node.says("d") && !node.says("b") && !node.says("z"));
        let scalars: Vec<_> = node
            .get("e")
            .unwrap()
            .items()
            .iter()
            .map(JsonNode::scalar)
            .collect();
        assert_eq!(scalars, [Some("1.50".to_owned()), Some("true".to_owned())]);
    }
}
