//! The OpenAPI document, as lint, diff, publishing and the client generator read it.
//!
//! Read [`walk`] first: it knows which keys of a document are keywords and which are names or data.
//! [`document`] lists operations, schemas and references; [`schema`] reads one schema
//! through its references.

mod document;
pub(crate) mod schema;
mod value_list;
mod walk;

use serde_json::Value;

pub(crate) use document::{Document, Operation, Resolved, SchemaRole, SchemaSite, content};
pub(crate) use document::{operations, operations_mut, users};
pub(crate) use value_list::listed_values;
pub(crate) use walk::{ObjectKind, try_walk_objects_mut, walk_objects, walk_objects_mut};
pub(crate) use walk::{component_at, component_name, components_of};

/// An extension of an operation: the security schemes that its page requires, each under its name.
pub(crate) const PAGE_SECURITY: &str = "x-apifox-security";

/// Returns whether a character may appear in a line of output. Control characters may not, and neither
/// may characters that change the direction of the text around them.
pub(crate) fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// Returns the JSON pointer of a field of the object at `pointer`.
pub(crate) fn child(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Returns a string field of an object.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

/// Returns whether a field is a non-blank string.
pub(crate) fn has_text(value: &Value, name: &str) -> bool {
    text(value, name).is_some_and(|text| !text.trim().is_empty())
}

/// Returns whether a field is `true`.
pub(crate) fn is_true(value: &Value, name: &str) -> bool {
    value.get(name) == Some(&Value::Bool(true))
}

/// Returns the fields of an object, and none for any other value.
pub(crate) fn members(value: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    let members = value.and_then(Value::as_object).into_iter().flatten();
    members.map(|(name, value)| (name.as_str(), value))
}

/// Returns the elements of an array, and none for any other value.
pub(crate) fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

/// Returns the strings of an array, and none for any other value.
pub(crate) fn strings(value: Option<&Value>) -> impl Iterator<Item = &str> {
    list(value).filter_map(Value::as_str)
}
