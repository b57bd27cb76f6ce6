use serde_json::Value;

use super::{JsonField, JsonNode, JsonValue};

impl JsonNode {
    /// Converts a value; all its lines are 0.
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

    /// Returns the value of a field; of two fields with one name the last one counts.
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
