//! The document as the generator gets it.

use openapiv3::OpenAPI;
use serde_json::{Map, Value, json};

use super::open_enums::{EXTENSIBLE, OpenEnum};
use super::{ClientError, doc_sanitizer, formats};
use crate::openapi::child;

/// A document ready for the generator, and what was taken out of it on the way.
pub(super) struct Prepared {
    pub(super) openapi: OpenAPI,
    pub(super) open_enums: Vec<OpenEnum>,
    /// Components that are an integer or a text.
    pub(super) integers_or_texts: Vec<String>,
    /// Components that may be any JSON value.
    pub(super) any_values: Vec<String>,
}

pub(super) fn prepare(document: &Value) -> Result<Prepared, ClientError> {
    let mut open_enums = Vec::new();
    let mut integers_or_texts = Vec::new();
    let mut any_values = Vec::new();
    for (name, schema) in members(document, &["components", "schemas"]) {
        if schema.get(EXTENSIBLE).is_some() {
            open_enums.push(OpenEnum::read(name, schema)?);
        } else if is_integer_or_text(schema) {
            integers_or_texts.push(OpenEnum::rust_name(name));
        } else if is_any_value(schema) {
            any_values.push(OpenEnum::rust_name(name));
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
    clean(&mut document, Kind::Other, &mut String::new())?;
    let openapi = serde_json::from_value(document).map_err(ClientError::Document)?;
    Ok(Prepared {
        openapi,
        open_enums,
        integers_or_texts,
        any_values,
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

/// `oneOf` an integer and a text, in any order, described or not.
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
        strip(&mut branch, Kind::Schema);
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

/// A schema that says nothing but words.
fn is_any_value(schema: &Value) -> bool {
    let mut schema = schema.clone();
    strip(&mut schema, Kind::Schema);
    schema
        .as_object()
        .is_some_and(|members| members.keys().all(|key| key == "description"))
}

/// What an object of the document is.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Schema,
    Operation,
    Parameter,
    Other,
    /// Names of the document's author, each with an object of another kind.
    Names(&'static Kind),
    /// Data: nobody's keywords.
    Data,
}

/// The kind of what stands under `key` in an object of kind `of`.
fn kind(of: Kind, key: &str) -> Kind {
    match (of, key) {
        (Kind::Names(kind), _) => *kind,
        (Kind::Data, _) | (_, "default" | "enum" | "required" | "mapping") => Kind::Data,
        (Kind::Schema, "properties") | (_, "schemas") => Kind::Names(&Kind::Schema),
        (Kind::Schema, _) | (_, "schema") => Kind::Schema,
        (_, "get" | "put" | "post" | "delete" | "options" | "head" | "patch" | "trace") => {
            Kind::Operation
        }
        (Kind::Other, "parameters") => Kind::Names(&Kind::Parameter),
        (Kind::Operation, "parameters") => Kind::Parameter,
        (_, "paths" | "content" | "responses" | "requestBodies") => Kind::Names(&Kind::Other),
        _ => Kind::Other,
    }
}

/// Makes an object, and all in it, what the generator may see.
fn clean(value: &mut Value, of: Kind, place: &mut String) -> Result<(), ClientError> {
    match value {
        Value::Array(values) => {
            // `parameters` of a path is an array, of the components a map.
            let of = match of {
                Kind::Names(kind) => *kind,
                of => of,
            };
            for (index, value) in values.iter_mut().enumerate() {
                within(place, &index.to_string(), |place| clean(value, of, place))?;
            }
        }
        Value::Object(_) => {
            if !matches!(of, Kind::Names(_) | Kind::Data) {
                check(value, of, place)?;
                strip(value, of);
                describe(value, of);
                if of == Kind::Schema {
                    typed_text(value);
                }
            }
            let Some(members) = value.as_object_mut() else {
                return Ok(());
            };
            if place == "/paths" {
                members.keys().try_for_each(|path| check_path(path))?;
            }
            for (key, value) in members {
                let kind = kind(of, key);
                within(place, key, |place| clean(value, kind, place))?;
            }
            if of == Kind::Parameter {
                parameter(value);
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

/// What would be lost without a word.
fn check(value: &Value, of: Kind, place: &str) -> Result<(), ClientError> {
    let component = place
        .strip_prefix("/components/schemas/")
        .is_some_and(|name| !name.contains('/'));
    if value.get(EXTENSIBLE).is_some() && !component {
        return Err(ClientError::place(
            place,
            "an open enum that is not a component becomes a plain text",
            "give it a component of its own and refer to it",
        ));
    }
    if component
        && of == Kind::Schema
        && value.get("nullable") == Some(&Value::Bool(true))
        && (value.get(EXTENSIBLE).is_some() || is_integer_or_text(value))
    {
        return Err(ClientError::place(
            place,
            "the generator would forget that this is nullable",
            "take `nullable` from the component and write it where it is used, around an `allOf`",
        ));
    }
    Ok(())
}

/// A path is printed as code in documentation and stands in a format string.
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
        "mend the capture or the overlay that gives this path",
    ))
}

/// Takes off what is not for the generator.
fn strip(value: &mut Value, of: Kind) {
    if let Some(members) = value.as_object_mut() {
        members.retain(|key, _| match key.as_str() {
            "example" | "examples" | "externalDocs" | "tags" | "security" | "servers"
            | "callbacks" | "links" | "headers" | "discriminator" | "xml" => false,
            // A title would name types. A default would be an answer's word where the gateway said
            // nothing, and be sent where the caller said nothing. Limits would make a type of every
            // text, and let an answer fail that breaks one; the gateway checks requests.
            "title" | "default" | "pattern" | "minLength" | "maxLength" | "minimum" | "maximum"
            | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" | "minItems" | "maxItems"
            | "uniqueItems" | "minProperties" | "maxProperties" => of != Kind::Schema,
            key => !key.starts_with("x-"),
        });
    }
}

fn describe(value: &mut Value, of: Kind) {
    let Some(members) = value.as_object_mut() else {
        return;
    };
    for key in ["title", "summary", "description"] {
        if let Some(Value::String(words)) = members.get_mut(key) {
            *words = match (key, of) {
                ("description", Kind::Schema | Kind::Operation) => doc_sanitizer::block(words),
                // These stand in a line of a list.
                _ => doc_sanitizer::inline(words),
            };
        }
    }
}

/// Brings the schemas of types written by hand to the one form that the generator knows them by:
/// it compares the whole schema.
fn typed_text(value: &mut Value) {
    let Some(members) = value.as_object_mut() else {
        return;
    };
    let word = |key: &str| members.get(key).and_then(Value::as_str).unwrap_or_default();
    if word("type") != "string" || !formats::has_type(word("format")) {
        return;
    }
    keep(members, &["type", "format", "nullable", "description"]);
}

fn keep(members: &mut Map<String, Value>, keys: &[&str]) {
    members.retain(|key, _| keys.contains(&key.as_str()));
}

/// Outside of JSON a number is a text.
fn parameter(value: &mut Value) {
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
    fn an_integer_or_a_text_is_known_in_any_order() {
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
        clean(&mut schema, Kind::Schema, &mut String::new()).unwrap();
        schema
    }

    #[test]
    fn schemas() {
        let cases = [
            // Keywords are taken, names stay.
            (
                json!({"title": "a", "x-y": 1, "example": 1, "properties": {"title": {"type": "string"}, "x-y": {}, "default": {}, "example": {}}}),
                json!({"properties": {"title": {"type": "string"}, "x-y": {}, "default": {}, "example": {}}}),
            ),
            (
                json!({"type": "object", "properties": {"properties": {"properties": {"title": {"title": "x"}}}}}),
                json!({"type": "object", "properties": {"properties": {"properties": {"title": {}}}}}),
            ),
            // Values are nobody's keywords.
            (
                json!({"enum": [{"title": "a"}]}),
                json!({"enum": [{"title": "a"}]}),
            ),
            // Types written by hand are known by type and format alone.
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
    fn text_is_for_its_place() {
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
        clean(&mut document, Kind::Other, &mut String::new()).unwrap();
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
        // Outside of JSON a number is a text.
        assert_eq!(at("/paths/~1a/post/parameters/0/schema/format"), "decimal");
    }
}
