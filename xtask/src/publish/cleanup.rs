//! Removes the parts of an overlaid document that are not published.

use serde_json::{Value, json};

use crate::openapi::{ObjectKind, walk_objects_mut};

/// The prefix of the extensions in which the importer records where a value comes from.
const MARKER_PREFIX: &str = "x-apifox-";

/// The marker with the file and the line. Lint messages need it on references too.
const PLACE_MARKER: &str = "x-apifox-at";

/// Removes every `x-apifox-…` extension. Examples are data and are not changed.
pub fn strip_markers(document: &mut Value) {
    strip_markers_of(document, ObjectKind::Other);
}

/// Removes the same extensions as [`strip_markers`] from a part of a document.
pub(crate) fn strip_markers_of(part: &mut Value, kind: ObjectKind) {
    walk_objects_mut(part, kind, &mut |_, object| {
        object.retain(|key, _| !key.starts_with(MARKER_PREFIX));
    });
}

/// Removes the fields next to a `$ref`, which OpenAPI 3.0 ignores, and wraps a nullable reference in `allOf`.
/// An overlay that replaces an inferred schema by a reference leaves the fields of the schema behind.
pub fn settle_references(document: &mut Value) {
    walk_objects_mut(document, ObjectKind::Other, &mut |_, object| {
        if !object.get("$ref").is_some_and(Value::is_string) {
            return;
        }
        let is_nullable = object.get("nullable") == Some(&Value::Bool(true));
        if is_nullable && let Some(reference) = object.shift_remove("$ref") {
            // Validators require a `type` next to `nullable`.
            object.retain(|key, _| key == PLACE_MARKER || key == "type");
            object.insert("allOf".to_owned(), json!([{"$ref": reference}]));
            object.insert("nullable".to_owned(), true.into());
        } else {
            object.retain(|key, _| key == "$ref" || key == PLACE_MARKER);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_stripped_outside_examples_and_names() {
        let mark = |marked: bool, mut value: Value| {
            if marked {
                value["x-apifox-at"] = json!("a.txt:2");
            }
            value
        };
        let document = |marked: bool| {
            let property = || {
                mark(
                    marked,
                    json!({"type": "string", "example": {"x-apifox-at": "sent"}}),
                )
            };
            mark(
                marked,
                json!({
                    "paths": {"/a": {"get": mark(marked, json!({"x-retry": {"policy": "safe"}}))}},
                    "list": [mark(marked, json!({}))],
                    "examples": {"1e0": {"value": {"x-apifox-at": "sent by the gateway"}}},
                    // Properties may have any name.
                    "components": {"schemas": {"example": {"properties": {
                        "value": property(), "example": property(), "x-apifox-own": property()
                    }}}}
                }),
            )
        };
        let mut stripped = document(true);
        strip_markers(&mut stripped);
        assert_eq!(stripped, document(false));
    }

    #[test]
    fn references_are_left_alone_or_wrapped() {
        for (before, after) in [
            (
                json!({"$ref": "#/a", "type": "string", "description": "d"}),
                json!({"$ref": "#/a"}),
            ),
            (
                json!({"$ref": "#/a", "x-apifox-at": "f:1"}),
                json!({"$ref": "#/a", "x-apifox-at": "f:1"}),
            ),
            (
                json!({"deep": [{"$ref": "#/a", "nullable": true, "type": "object", "x-apifox-at": "f:1"}]}),
                json!({"deep": [{"type": "object", "x-apifox-at": "f:1", "allOf": [{"$ref": "#/a"}], "nullable": true}]}),
            ),
            (
                json!({"examples": {"1e0": {"value": {"$ref": "sent", "more": 1}}}}),
                json!({"examples": {"1e0": {"value": {"$ref": "sent", "more": 1}}}}),
            ),
        ] {
            let mut settled = before;
            settle_references(&mut settled);
            assert_eq!(settled, after);
        }
    }
}
