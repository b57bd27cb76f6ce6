//! Short questions to a JSON value of any form.

use serde_json::Value;

/// A text member.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

/// Whether a member is a text that is not blank.
pub(crate) fn says(value: &Value, name: &str) -> bool {
    text(value, name).is_some_and(|text| !text.trim().is_empty())
}

/// Whether a member says `true`.
pub(crate) fn truth(value: &Value, name: &str) -> bool {
    value.get(name) == Some(&Value::Bool(true))
}

/// The members of an object; none of another kind of value.
pub(crate) fn members(value: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    let members = value.and_then(Value::as_object).into_iter().flatten();
    members.map(|(name, value)| (name.as_str(), value))
}

/// The elements of a list; none of another kind of value.
pub(crate) fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

/// The texts of a list; none of another kind of value.
pub(crate) fn strings(value: Option<&Value>) -> impl Iterator<Item = &str> {
    list(value).filter_map(Value::as_str)
}
