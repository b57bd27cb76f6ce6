//! The walk through every object of a document. It is the only place that knows where keys are names that
//! the author chose, such as those of `properties`, and where values are data, such as an example.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::child;

/// The kind of an object in the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ObjectKind {
    Schema,
    Operation,
    Parameter,
    /// An entry of `examples`; its `value` is data.
    Example,
    /// Any other object whose keys are keywords.
    Other,
    /// A map whose keys are names, with the kind of its values.
    Names(&'static ObjectKind),
    /// A value that the API sends or receives. It has no keywords.
    Data,
}

impl ObjectKind {
    /// Returns the kind of the value under `key` of an object of this kind.
    fn child(self, key: &str) -> Self {
        match (self, key) {
            (Self::Names(kind), _) => *kind,
            (Self::Data, _)
            | (Self::Example, "value")
            | (Self::Schema, "examples")
            | (_, "default" | "enum" | "example" | "required" | "mapping") => Self::Data,
            (Self::Schema, "properties") => Self::Names(&Self::Schema),
            (
                Self::Schema,
                "items" | "not" | "additionalProperties" | "oneOf" | "anyOf" | "allOf",
            ) => Self::Schema,
            (_, "schemas") => Self::Names(&Self::Schema),
            (_, "schema") => Self::Schema,
            (_, "examples") => Self::Names(&Self::Example),
            (_, "get" | "put" | "post" | "delete" | "options" | "head" | "patch" | "trace") => {
                Self::Operation
            }
            // `parameters` is an array in a path item or an operation, and a map in `components`. For the
            // array, `element` returns the inner kind.
            (_, "parameters") => Self::Names(&Self::Parameter),
            (_, key) if is_name_map(key) => Self::Names(&Self::Other),
            _ => Self::Other,
        }
    }

    /// Returns the kind of the elements of an array under a key of this kind.
    fn element(self) -> Self {
        match self {
            Self::Names(kind) => *kind,
            kind => kind,
        }
    }
}

/// Returns whether the keys of the object under this keyword are names that the author chose.
pub(crate) fn is_name_map(keyword: &str) -> bool {
    [
        "properties",
        "schemas",
        "responses",
        "headers",
        "requestBodies",
        "paths",
        "x-webhooks",
        "securitySchemes",
        "callbacks",
        "content",
        "links",
        "encoding",
        "parameters",
        "examples",
    ]
    .contains(&keyword)
}

/// Calls `visit` with the pointer and the kind of each object below `value`, parents first. Data is left
/// out, and so are maps of names themselves.
pub(crate) fn walk_objects<'a, F>(value: &'a Value, kind: ObjectKind, pointer: &str, visit: &mut F)
where
    F: FnMut(&str, ObjectKind, &'a Map<String, Value>),
{
    match value {
        _ if kind == ObjectKind::Data => {}
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk_objects(item, kind.element(), &format!("{pointer}/{index}"), visit);
            }
        }
        Value::Object(object) => {
            if !matches!(kind, ObjectKind::Names(_)) {
                visit(pointer, kind, object);
            }
            for (key, value) in object {
                walk_objects(value, kind.child(key), &child(pointer, key), visit);
            }
        }
        _ => {}
    }
}

/// Walks like [`walk_objects`], for a visitor that changes the objects or stops at an error. The fields that
/// `visit` leaves in an object are visited next.
///
/// # Errors
/// Returns the first error of `visit`.
pub(crate) fn try_walk_objects_mut<E, F>(
    value: &mut Value,
    kind: ObjectKind,
    pointer: &str,
    visit: &mut F,
) -> Result<(), E>
where
    F: FnMut(&str, ObjectKind, &mut Map<String, Value>) -> Result<(), E>,
{
    match value {
        _ if kind == ObjectKind::Data => {}
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                try_walk_objects_mut(item, kind.element(), &format!("{pointer}/{index}"), visit)?;
            }
        }
        Value::Object(object) => {
            if !matches!(kind, ObjectKind::Names(_)) {
                visit(pointer, kind, object)?;
            }
            for (key, value) in object {
                try_walk_objects_mut(value, kind.child(key), &child(pointer, key), visit)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Walks like [`try_walk_objects_mut`], for a visitor that cannot fail.
pub(crate) fn walk_objects_mut<F>(value: &mut Value, kind: ObjectKind, visit: &mut F)
where
    F: FnMut(&str, &mut Map<String, Value>),
{
    let Ok(()) = try_walk_objects_mut::<std::convert::Infallible, _>(
        value,
        kind,
        "",
        &mut |pointer, _, object| {
            visit(pointer, object);
            Ok(())
        },
    );
}

/// Returns the pointers of all references below a value, each with its target.
pub(super) fn references(value: &Value, kind: ObjectKind) -> Vec<(String, &str)> {
    let mut found = Vec::new();
    walk_objects(value, kind, "", &mut |pointer, _, object| {
        if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
            found.push((child(pointer, "$ref"), reference));
        }
    });
    found
}

/// Returns the name of the component that a reference points to.
pub(crate) fn component_name(reference: &str) -> Option<&str> {
    reference.strip_prefix("#/components/schemas/")
}

/// Returns the pointer of the component that contains a place, such as `/components/schemas/Rate`.
pub(crate) fn component_at(pointer: &str) -> Option<&str> {
    let below = pointer.strip_prefix("/components/")?;
    let (section, name) = below.split_once('/')?;
    let name = name.split('/').next()?;
    pointer.get(.."/components//".len() + section.len() + name.len())
}

/// Returns the pointers of the components that an operation uses, directly or through other components.
pub(crate) fn components_of(document: &Value, operation: &Value) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut open = vec![(operation, ObjectKind::Operation)];
    while let Some((value, kind)) = open.pop() {
        for (_, reference) in references(value, kind) {
            if let Some(pointer) = reference.strip_prefix('#').and_then(component_at)
                && let Some(component) = document.pointer(pointer)
                && reached.insert(pointer.to_owned())
            {
                let kind = match pointer.split('/').nth(2) {
                    Some("schemas") => ObjectKind::Schema,
                    Some("parameters") => ObjectKind::Parameter,
                    _ => ObjectKind::Other,
                };
                open.push((component, kind));
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn components_of_an_operation_include_indirect_ones_and_end_at_circles() {
        let to = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
        let document = json!({"components": {"schemas": {
            "A": {"properties": {"b": to("B"), "gone": to("Gone")}},
            "B": {"items": [to("A")]},
            "C": {}
        }}});
        let reached = components_of(&document, &json!({"schema": to("A")}));
        let expected = ["/components/schemas/A", "/components/schemas/B"];
        assert_eq!(reached.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn component_at_is_the_component_that_contains_the_place() {
        for (pointer, expected) in [
            (
                "/components/schemas/A/properties/b",
                Some("/components/schemas/A"),
            ),
            ("/components/parameters/A", Some("/components/parameters/A")),
            ("/components/schemas", None),
            ("/paths/~1components/get", None),
        ] {
            assert_eq!(component_at(pointer), expected, "{pointer}");
        }
    }

    #[test]
    fn walk_visits_keywords_and_skips_names_and_data() {
        let mark = json!({"$ref": "x"});
        let mut document = json!({
            "paths": {"/a": {"parameters": [mark], "get": {"requestBody": {"content": {"application/json": {
                "schema": {"properties": {"example": mark, "$ref": mark}, "default": mark, "enum": [mark]},
                "example": mark,
                "examples": {"value": {"value": mark, "more": mark}}
            }}}}}},
            "components": {"parameters": {"$ref": {"schema": mark}}}
        });
        let expected = [
            "/paths/~1a/parameters/0/$ref",
            "/paths/~1a/get/requestBody/content/application~1json/schema/properties/example/$ref",
            "/paths/~1a/get/requestBody/content/application~1json/schema/properties/$ref/$ref",
            "/paths/~1a/get/requestBody/content/application~1json/examples/value/more/$ref",
            "/components/parameters/$ref/schema/$ref",
        ];
        let found = references(&document, ObjectKind::Other);
        let found: Vec<&str> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
        assert_eq!(found, expected);

        let mut changed = 0;
        walk_objects_mut(&mut document, ObjectKind::Other, &mut |_, object| {
            changed += usize::from(object.remove("$ref").is_some());
        });
        assert_eq!(changed, expected.len());
    }
}
