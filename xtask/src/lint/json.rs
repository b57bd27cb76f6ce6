//! Short questions to a JSON value.

use serde_json::Value;

/// The members of an object; nothing for another kind of value.
pub(super) fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

/// The texts of a list; nothing for another kind of value.
pub(super) fn strings(value: Option<&Value>) -> impl Iterator<Item = &str> {
    value
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// A text member.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

/// Whether a member is a text that is not blank.
pub(super) fn says(value: &Value, name: &str) -> bool {
    text(value, name).is_some_and(|text| !text.trim().is_empty())
}
