//! Prepares the document for progenitor: removes what it cannot handle and sanitises texts.

use openapiv3::OpenAPI;
use serde_json::{Map, Value, json};

use super::open_enums::{EXTENSIBLE, OpenEnum};
use super::{ClientError, doc_sanitizer, generator};
use crate::openapi::{ObjectKind, child, list, members, text, try_walk_objects_mut};

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
    for (name, schema) in members(document.pointer("/components/schemas")) {
        if schema.get(EXTENSIBLE).is_some() {
            open_enums.push(OpenEnum::read(name, schema)?);
        } else if is_integer_or_text(schema.get("oneOf")) {
            integer_or_text_types.push(OpenEnum::rust_name(name));
        } else if is_any_value(schema) {
            any_value_types.push(OpenEnum::rust_name(name));
        }
    }
    members(document.get("paths")).try_for_each(|(path, _)| check_path(path))?;
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
    clean(&mut document, ObjectKind::Other)?;
    let openapi = serde_json::from_value(document).map_err(ClientError::Document)?;
    Ok(PreparedDocument {
        openapi,
        open_enums,
        integer_or_text_types,
        any_value_types,
    })
}

/// Checks and changes all objects of a document or of a part of it.
fn clean(part: &mut Value, kind: ObjectKind) -> Result<(), ClientError> {
    try_walk_objects_mut(part, kind, "", &mut |pointer, kind, object| {
        check(object, kind, pointer)?;
        strip(object, kind);
        sanitize_texts(object, kind);
        match kind {
            ObjectKind::Schema => normalize_typed_string(object),
            ObjectKind::Parameter => normalize_parameter(object),
            _ => {}
        }
        Ok(())
    })
}

/// Returns whether a schema is a `oneOf` of an integer and a string, in any order.
fn is_integer_or_text(one_of: Option<&Value>) -> bool {
    let branch = |branch: &Value| {
        let mut branch = branch.clone();
        if let Some(fields) = branch.as_object_mut() {
            strip(fields, ObjectKind::Schema);
            fields.remove("description");
            if fields.get("type") == Some(&json!("integer")) {
                fields.remove("format");
            }
        }
        branch
    };
    let branches: Vec<Value> = list(one_of).map(branch).collect();
    let (integer, text) = (json!({"type": "integer"}), json!({"type": "string"}));
    branches == [integer.clone(), text.clone()] || branches == [text, integer]
}

/// Returns whether a schema has no constraint, only a description.
fn is_any_value(schema: &Value) -> bool {
    schema.as_object().cloned().is_some_and(|mut fields| {
        strip(&mut fields, ObjectKind::Schema);
        fields.keys().all(|key| key == "description")
    })
}

/// Fails if progenitor would silently lose a part of the schema.
fn check(object: &Map<String, Value>, kind: ObjectKind, place: &str) -> Result<(), ClientError> {
    let component = place
        .strip_prefix("/components/schemas/")
        .is_some_and(|name| !name.contains('/'));
    if object.contains_key(EXTENSIBLE) && !component {
        return Err(ClientError::place(
            place,
            "an open enum that is not a component becomes a plain string",
            "define it as a component and refer to it",
        ));
    }
    if component
        && kind == ObjectKind::Schema
        && object.get("nullable") == Some(&Value::Bool(true))
        && (object.contains_key(EXTENSIBLE) || is_integer_or_text(object.get("oneOf")))
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
fn strip(object: &mut Map<String, Value>, kind: ObjectKind) {
    object.retain(|key, _| match key.as_str() {
        "example" | "examples" | "externalDocs" | "tags" | "security" | "servers" | "callbacks"
        | "links" | "headers" | "discriminator" | "xml" => false,
        // A title would rename types. A default would be sent when the caller omits the field, and
        // would appear in responses that omit it. Limits would create a type for each string and
        // reject a response that exceeds one; the gateway checks requests.
        "title" | "default" | "pattern" | "minLength" | "maxLength" | "minimum" | "maximum"
        | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" | "minItems" | "maxItems"
        | "uniqueItems" | "minProperties" | "maxProperties" => kind != ObjectKind::Schema,
        key => !key.starts_with("x-"),
    });
}

fn sanitize_texts(object: &mut Map<String, Value>, kind: ObjectKind) {
    for key in ["title", "summary", "description"] {
        if let Some(Value::String(text)) = object.get_mut(key) {
            *text = match (key, kind) {
                ("description", ObjectKind::Schema | ObjectKind::Operation) => {
                    doc_sanitizer::block(text)
                }
                // These texts are printed inside one line of a list.
                _ => doc_sanitizer::inline(text),
            };
        }
    }
}

/// Removes the limits of a string that a hand-written type replaces: progenitor compares its schema as a
/// whole with the configured one.
fn normalize_typed_string(schema: &mut Map<String, Value>) {
    let field = |key: &str| schema.get(key).and_then(Value::as_str).unwrap_or_default();
    if field("type") == "string" && generator::has_type(field("format")) {
        schema
            .retain(|key, _| ["type", "format", "nullable", "description"].contains(&key.as_str()));
    }
}

/// Replaces the format `decimal-number` by `decimal`: a parameter is sent as text, not as a JSON
/// number.
fn normalize_parameter(parameter: &mut Map<String, Value>) {
    if let Some(schema) = parameter.get_mut("schema")
        && text(schema, "format") == Some("decimal-number")
    {
        schema["format"] = json!("decimal");
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
            assert_eq!(
                is_integer_or_text(schema.get("oneOf")),
                expected,
                "of {schema}"
            );
        }
    }

    fn cleaned(mut schema: Value) -> Value {
        clean(&mut schema, ObjectKind::Schema).unwrap();
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
        clean(&mut document, ObjectKind::Other).unwrap();
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
