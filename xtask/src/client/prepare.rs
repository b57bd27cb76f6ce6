//! Prepares the document for progenitor: removes what it cannot handle and sanitises texts.

use openapiv3::OpenAPI;
use serde_json::{Value, json};

use super::open_enums::{EXTENSIBLE, OpenEnum};
use super::{ClientError, doc_sanitizer, generator};
use crate::openapi::child;

/// A document that progenitor can read, and the components that hand-written types replace.
pub(super) struct PreparedDocument {
    pub(super) openapi: OpenAPI,
    pub(super) open_enums: Vec<OpenEnum>,
    /// Components that are an integer or a string.
    pub(super) integer_or_text_types: Vec<String>,
    /// Components that accept any JSON value.
    pub(super) any_value_types: Vec<String>,
}

pub(super) fn prepare(document: &Value) -> Result<PreparedDocument, ClientError> {
    let mut open_enums = Vec::new();
    let mut integer_or_text_types = Vec::new();
    let mut any_value_types = Vec::new();
    for (name, schema) in members(document, &["components", "schemas"]) {
        if schema.get(EXTENSIBLE).is_some() {
            open_enums.push(OpenEnum::read(name, schema)?);
        } else if is_integer_or_text(schema) {
            integer_or_text_types.push(OpenEnum::rust_name(name));
        } else if is_any_value(schema) {
            any_value_types.push(OpenEnum::rust_name(name));
        }
    }
    let mut document = document.clone();
    if let Some(members) = document.as_object_mut() {
        members
            .retain(|key, _| matches!(key.as_str(), "openapi" | "info" | "paths" | "components"));
    }
    if let Some(components) = document
        .get_mut("components")
        .and_then(Value::as_object_mut)
    {
        components.remove("securitySchemes");
    }
    clean(&mut document, NodeKind::Other, &mut String::new())?;
    let openapi = serde_json::from_value(document).map_err(ClientError::Document)?;
    Ok(PreparedDocument {
        openapi,
        open_enums,
        integer_or_text_types,
        any_value_types,
    })
}

fn members<'a>(
    document: &'a Value,
    path: &[&str],
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    path.iter()
        .try_fold(document, |value, key| value.get(key))
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

/// Returns whether a schema is a `oneOf` of an integer and a string, in any order.
fn is_integer_or_text(schema: &Value) -> bool {
    let mut forms = Vec::new();
    let Some([one, other]) = schema
        .get("oneOf")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
    else {
        return false;
    };
    for branch in [one, other] {
        let mut branch = branch.clone();
        strip(&mut branch, NodeKind::Schema);
        if let Some(branch) = branch.as_object_mut() {
            branch.remove("description");
            if branch.get("type") == Some(&json!("integer")) {
                branch.remove("format");
            }
        }
        forms.push(branch);
    }
    let (integer, text) = (json!({"type": "integer"}), json!({"type": "string"}));
    forms == [integer.clone(), text.clone()] || forms == [text, integer]
}

/// Returns whether a schema has no constraint, only a description.
fn is_any_value(schema: &Value) -> bool {
    let mut schema = schema.clone();
    strip(&mut schema, NodeKind::Schema);
    schema
        .as_object()
        .is_some_and(|members| members.keys().all(|key| key == "description"))
}

/// The kind of an object of the document, which decides how its fields are treated.
#[derive(Clone, Copy, PartialEq)]
enum NodeKind {
    Schema,
    Operation,
    Parameter,
    Other,
    /// A map from names to objects of another kind. The names are not keywords.
    Names(&'static NodeKind),
    /// Data, such as an `enum`: its fields are not keywords.
    Data,
}

/// Returns the kind of the value of `key` in an object of kind `of`.
fn child_kind(of: NodeKind, key: &str) -> NodeKind {
    match (of, key) {
        (NodeKind::Names(kind), _) => *kind,
        (NodeKind::Data, _) | (_, "default" | "enum" | "required" | "mapping") => NodeKind::Data,
        (NodeKind::Schema, "properties") | (_, "schemas") => NodeKind::Names(&NodeKind::Schema),
        (NodeKind::Schema, _) | (_, "schema") => NodeKind::Schema,
        (_, "get" | "put" | "post" | "delete" | "options" | "head" | "patch" | "trace") => {
            NodeKind::Operation
        }
        (NodeKind::Other, "parameters") => NodeKind::Names(&NodeKind::Parameter),
        (NodeKind::Operation, "parameters") => NodeKind::Parameter,
        (_, "paths" | "content" | "responses" | "requestBodies") => {
            NodeKind::Names(&NodeKind::Other)
        }
        _ => NodeKind::Other,
    }
}

/// Prepares a value and everything below it. `place` is its JSON pointer, for errors.
fn clean(value: &mut Value, of: NodeKind, place: &mut String) -> Result<(), ClientError> {
    match value {
        Value::Array(values) => {
            // `parameters` is an array in a path item and a map in the components.
            let of = match of {
                NodeKind::Names(kind) => *kind,
                of => of,
            };
            for (index, value) in values.iter_mut().enumerate() {
                within(place, &index.to_string(), |place| clean(value, of, place))?;
            }
        }
        Value::Object(_) => {
            if !matches!(of, NodeKind::Names(_) | NodeKind::Data) {
                check(value, of, place)?;
                strip(value, of);
                sanitize_texts(value, of);
                if of == NodeKind::Schema {
                    normalize_typed_string(value);
                }
            }
            let Some(members) = value.as_object_mut() else {
                return Ok(());
            };
            if place == "/paths" {
                members.keys().try_for_each(|path| check_path(path))?;
            }
            for (key, value) in members {
                let kind = child_kind(of, key);
                within(place, key, |place| clean(value, kind, place))?;
            }
            if of == NodeKind::Parameter {
                normalize_parameter(value);
            }
        }
        _ => {}
    }
    Ok(())
}

fn within<T>(place: &mut String, key: &str, run: impl FnOnce(&mut String) -> T) -> T {
    let length = place.len();
    *place = child(place, key);
    let result = run(place);
    place.truncate(length);
    result
}

/// Fails if progenitor would silently lose a part of the schema.
fn check(value: &Value, of: NodeKind, place: &str) -> Result<(), ClientError> {
    let component = place
        .strip_prefix("/components/schemas/")
        .is_some_and(|name| !name.contains('/'));
    if value.get(EXTENSIBLE).is_some() && !component {
        return Err(ClientError::place(
            place,
            "an open enum that is not a component becomes a plain string",
            "define it as a component and refer to it",
        ));
    }
    if component
        && of == NodeKind::Schema
        && value.get("nullable") == Some(&Value::Bool(true))
        && (value.get(EXTENSIBLE).is_some() || is_integer_or_text(value))
    {
        return Err(ClientError::place(
            place,
            "the generator would ignore that this is nullable",
            "remove `nullable` from the component and add it at each use, around an `allOf`",
        ));
    }
    Ok(())
}

/// Fails if a path is unsafe in doc comments or in the format string of the generated code.
fn check_path(path: &str) -> Result<(), ClientError> {
    let fine = |c: char| c.is_ascii_alphanumeric() || "/_-.~{}".contains(c);
    if path.starts_with('/') && path.chars().all(fine) {
        return Ok(());
    }
    Err(ClientError::place(
        &child("/paths", path),
        format!(
            "{path:?} is not a path of letters, digits, `/`, `_`, `-`, `.`, `~` and `{{names}}`"
        ),
        "correct the capture or the overlay that has this path",
    ))
}

/// Removes fields that progenitor ignores or would misuse.
fn strip(value: &mut Value, of: NodeKind) {
    if let Some(members) = value.as_object_mut() {
        members.retain(|key, _| match key.as_str() {
            "example" | "examples" | "externalDocs" | "tags" | "security" | "servers"
            | "callbacks" | "links" | "headers" | "discriminator" | "xml" => false,
            // A title would rename types. A default would be sent when the caller omits the field,
            // and would appear in responses that omit it. Limits would create a type for each
            // string and reject a response that exceeds one; the gateway checks requests.
            "title" | "default" | "pattern" | "minLength" | "maxLength" | "minimum" | "maximum"
            | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" | "minItems" | "maxItems"
            | "uniqueItems" | "minProperties" | "maxProperties" => of != NodeKind::Schema,
            key => !key.starts_with("x-"),
        });
    }
}

fn sanitize_texts(value: &mut Value, of: NodeKind) {
    let Some(members) = value.as_object_mut() else {
        return;
    };
    for key in ["title", "summary", "description"] {
        if let Some(Value::String(words)) = members.get_mut(key) {
            *words = match (key, of) {
                ("description", NodeKind::Schema | NodeKind::Operation) => {
                    doc_sanitizer::block(words)
                }
                // These are printed inside one line of a list.
                _ => doc_sanitizer::inline(words),
            };
        }
    }
}

/// Reduces the schema of a hand-written type to the form that progenitor is configured with: it
/// compares whole schemas.
fn normalize_typed_string(value: &mut Value) {
    let Some(members) = value.as_object_mut() else {
        return;
    };
    let word = |key: &str| members.get(key).and_then(Value::as_str).unwrap_or_default();
    if word("type") != "string" || !generator::has_type(word("format")) {
        return;
    }
    members.retain(|key, _| ["type", "format", "nullable", "description"].contains(&key.as_str()));
}

/// Makes a decimal number a decimal string: parameters outside JSON are text.
fn normalize_parameter(value: &mut Value) {
    if let Some(format) = value.pointer_mut("/schema/format")
        && format == "decimal-number"
    {
        *format = json!("decimal");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integer_or_string_is_detected_in_any_order() {
        let cases = [
            (
                json!({"oneOf": [{"type": "integer", "format": "int64"}, {"type": "string"}]}),
                true,
            ),
            (
                json!({"oneOf": [{"type": "string", "description": "x"}, {"type": "integer", "x-y": 1}]}),
                true,
            ),
            (
                json!({"oneOf": [{"type": "string"}, {"type": "number"}]}),
                false,
            ),
            (
                json!({"oneOf": [{"type": "string", "enum": ["a"]}, {"type": "integer"}]}),
                false,
            ),
            (json!({"oneOf": [{"type": "string"}]}), false),
            (
                json!({"oneOf": [{"type": "string"}, {"type": "integer"}, {"type": "boolean"}]}),
                false,
            ),
            (json!({"type": "string"}), false),
            (json!(null), false),
        ];
        for (schema, expected) in cases {
            assert_eq!(is_integer_or_text(&schema), expected, "of {schema}");
        }
    }

    fn cleaned(mut schema: Value) -> Value {
        clean(&mut schema, NodeKind::Schema, &mut String::new()).unwrap();
        schema
    }

    #[test]
    fn keywords_are_removed_and_names_kept() {
        let cases = [
            // Keywords are removed; property names are not keywords.
            (
                json!({"title": "a", "x-y": 1, "example": 1, "properties": {"title": {"type": "string"}, "x-y": {}, "default": {}, "example": {}}}),
                json!({"properties": {"title": {"type": "string"}, "x-y": {}, "default": {}, "example": {}}}),
            ),
            (
                json!({"type": "object", "properties": {"properties": {"properties": {"title": {"title": "x"}}}}}),
                json!({"type": "object", "properties": {"properties": {"properties": {"title": {}}}}}),
            ),
            // The values of an `enum` are data, not schemas.
            (
                json!({"enum": [{"title": "a"}]}),
                json!({"enum": [{"title": "a"}]}),
            ),
            // Only type and format identify a hand-written type.
            (
                json!({"type": "string", "format": "decimal-number", "minimum": 0, "nullable": true, "description": "a\tb"}),
                json!({"type": "string", "format": "decimal-number", "nullable": true, "description": "a b"}),
            ),
            (
                json!({"type": "string", "format": "date", "maxLength": 10}),
                json!({"type": "string", "format": "date"}),
            ),
            (
                json!({"type": "string", "format": "email", "maxLength": 10, "default": "a"}),
                json!({"type": "string", "format": "email"}),
            ),
            (json!({"type": "number"}), json!({"type": "number"})),
            (
                json!({"type": "array", "items": {"allOf": [{"type": "string", "format": "decimal-number"}]}}),
                json!({"type": "array", "items": {"allOf": [{"type": "string", "format": "decimal-number"}]}}),
            ),
        ];
        for (schema, expected) in cases {
            assert_eq!(cleaned(schema.clone()), expected, "of {schema}");
        }
    }

    #[test]
    fn description_is_block_or_inline_by_position() {
        let text = "a\n\n```\nb\n```";
        let mut document = json!({
            "paths": {"/a": {"post": {
                "description": text,
                "summary": text,
                "parameters": [{"in": "query", "description": text, "schema": {"description": text, "type": "string", "format": "decimal-number"}}],
                "requestBody": {"description": text},
                "responses": {"default": {"description": text}},
            }}},
        });
        clean(&mut document, NodeKind::Other, &mut String::new()).unwrap();
        let at = |place: &str| {
            document
                .pointer(place)
                .unwrap()
                .as_str()
                .unwrap()
                .to_owned()
        };
        for place in ["description", "parameters/0/schema/description"] {
            assert_eq!(
                at(&format!("/paths/~1a/post/{place}")),
                "a\n\n```text\nb\n```",
                "{place}"
            );
        }
        for place in [
            "summary",
            "parameters/0/description",
            "requestBody/description",
            "responses/default/description",
        ] {
            assert_eq!(
                at(&format!("/paths/~1a/post/{place}")),
                "a \\`\\`\\` b \\`\\`\\`",
                "{place}"
            );
        }
        // A decimal number is text outside JSON.
        assert_eq!(at("/paths/~1a/post/parameters/0/schema/format"), "decimal");
    }
}
