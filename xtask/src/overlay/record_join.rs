//! Decides whether two components that get the same name can become one, and joins them.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::rename::{Renames, update_references};
use crate::openapi::schema::{accepts_fractions, find_inside, json_types};
use crate::openapi::{Document, ObjectKind, is_true, members, strings, text, walk_objects_mut};
use crate::publish::cleanup::strip_markers_of;

/// Returns whether two components are equal after the renames, apart from markers of the importer.
pub(super) fn are_equal(
    schemas: &Map<String, Value>,
    first: &str,
    second: &str,
    renames: &Renames,
) -> bool {
    let plain = |name: &str| {
        let mut schema = schemas.get(name).cloned().unwrap_or_default();
        update_references(&mut schema, ObjectKind::Schema, renames);
        strip_markers_of(&mut schema, ObjectKind::Schema);
        schema
    };
    plain(first) == plain(second)
}

/// Returns whether two components are records that restrict the record in the same way, and of each property that
/// both have, one schema accepts all values of the other.
pub(super) fn can_join(
    schemas: &Map<String, Value>,
    first: &str,
    second: &str,
    renames: &Renames,
) -> bool {
    let root = json!({"components": {"schemas": schemas}});
    let document = Document::new(&root);
    let is_record = |name: &str| {
        let schema = &schemas[name];
        let other = ["oneOf", "anyOf", "allOf", "enum", "x-extensible-enum"];
        schema.get("properties").is_some() && other.iter().all(|key| schema.get(key).is_none())
    };
    let record_limits =
        |name: &str| restrictions(&schemas[name], &["type", "properties", "required"], renames);
    let is_same = |name: &str, property: &Value| {
        let other = schemas[second]["properties"].get(name);
        other.is_none_or(|it| compare_schemas(&document, property, it, renames).is_some())
    };
    is_record(first)
        && is_record(second)
        && record_limits(first) == record_limits(second)
        && members(schemas[first].get("properties")).all(|(name, it)| is_same(name, it))
}

/// Compares the values that two schemas of a property accept. The schema that accepts all values of the other is the
/// greater one. Returns `None` if neither does, or if the schemas accept the same JSON types but differ in another
/// restriction. `nullable` and `x-secret` are not compared: [`join_records`] keeps them.
fn compare_schemas<'a>(
    document: &Document<'a>,
    first: &'a Value,
    second: &'a Value,
    renames: &Renames,
) -> Option<Ordering> {
    const KEPT: [&str; 2] = ["nullable", "x-secret"];
    let references =
        [first, second].map(|it| restrictions(it, &KEPT, renames).get("$ref").cloned());
    if references[0].is_some() && references[0] == references[1] {
        return Some(Ordering::Equal);
    }
    let types = [first, second].map(|it| accepted_types(document, it));
    let resolved = [first, second].map(|it| restrictions(document.resolve(it), &KEPT, renames));
    if types[0] == types[1] {
        let [first, second] = resolved.map(without_type);
        return (first == second).then_some(Ordering::Equal);
    }
    let branches = resolved.map(|schema| union_branches(document, schema, renames));
    let accepts = |wide: &[Value], narrow: &[Value]| {
        let is_accepted = |branch| wide.iter().any(|wide| accepts_branch(wide, branch));
        narrow.iter().all(is_accepted)
    };
    if accepts(&branches[0], &branches[1]) {
        Some(Ordering::Greater)
    } else {
        accepts(&branches[1], &branches[0]).then_some(Ordering::Less)
    }
}

/// Returns a schema with new names and without markers, the keywords that reject no value, and `ignored` keywords.
fn restrictions(schema: &Value, ignored: &[&str], renames: &Renames) -> Value {
    const ANNOTATIONS: [&str; 8] = [
        "title",
        "description",
        "default",
        "example",
        "examples",
        "deprecated",
        "externalDocs",
        "x-evidence",
    ];
    let mut schema = schema.clone();
    update_references(&mut schema, ObjectKind::Schema, renames);
    strip_markers_of(&mut schema, ObjectKind::Schema);
    walk_objects_mut(&mut schema, ObjectKind::Schema, &mut |pointer, object| {
        object.retain(|key, _| {
            let is_ignored = pointer.is_empty() && ignored.contains(&key.as_str());
            !is_ignored && !ANNOTATIONS.contains(&key.as_str())
        });
    });
    schema
}

/// Returns the resolved branches of a schema that is only a union, or else the schema.
fn union_branches(document: &Document, schema: Value, renames: &Renames) -> Vec<Value> {
    match members(Some(&schema)).collect::<Vec<_>>()[..] {
        [("oneOf" | "anyOf", Value::Array(branches))] => branches
            .iter()
            .map(|branch| restrictions(document.resolve(branch), &[], renames))
            .collect(),
        _ => vec![schema],
    }
}

/// Returns whether a schema accepts all values of another: it restricts nothing but the type, or both have the same
/// other restrictions. Schemas for which the keywords do not show this, such as two ranges, are not compared.
fn accepts_branch(wide: &Value, narrow: &Value) -> bool {
    let has_type = match (text(wide, "type"), text(narrow, "type")) {
        (Some("number"), Some("integer")) => true,
        (wide_type, narrow_type) => wide_type.is_none() || wide_type == narrow_type,
    };
    let [wide, narrow] = [wide, narrow].map(|it| without_type(it.clone()));
    has_type && (wide == narrow || wide == json!({}) && !is_true(&narrow, "nullable"))
}

/// Removes the type. A list of types is not removed: [`accepted_types`] does not read it.
fn without_type(mut schema: Value) -> Value {
    if text(&schema, "type").is_some()
        && let Value::Object(schema) = &mut schema
    {
        schema.shift_remove("type");
    }
    schema
}

/// Returns the JSON types that a schema accepts. A schema of type `number` also accepts an integer.
fn accepted_types<'a>(document: &Document<'a>, schema: &'a Value) -> BTreeSet<&'a str> {
    let mut types = json_types(document, schema);
    if types.contains("number") {
        types.insert("integer");
        if !accepts_fractions(document, schema) {
            types.remove("number");
        }
    }
    types
}

/// Adds the properties that the first record lacks. Of two schemas of a property, the one that accepts more values is
/// kept. It is nullable or secret if one of them is, and secret too if a part of the other one that it lacks is. A
/// property is required if both records require it.
pub(super) fn join_records(
    schemas: &Map<String, Value>,
    first: &mut Value,
    second: &Value,
    renames: &Renames,
) {
    let root = json!({"components": {"schemas": schemas}});
    let document = Document::new(&root);
    for (name, property) in members(second.get("properties")) {
        let Some(own) = first["properties"].get(name) else {
            first["properties"][name] = property.clone();
            continue;
        };
        let order = compare_schemas(&document, own, property, renames);
        let (kept, removed) = match order {
            Some(Ordering::Less) => (property, own),
            _ => (own, property),
        };
        let has = |schema: &Value, marker: &str| {
            is_true(schema, marker) || is_true(document.resolve(schema), marker)
        };
        let is_secret = |part: &Value| is_true(part, "x-secret");
        let loses_secret = has(removed, "x-secret")
            || order != Some(Ordering::Equal)
                && find_inside(&document, removed, &is_secret).is_some();
        let is_either = |marker| has(own, marker) || has(property, marker);
        let mut joined = kept.clone();
        if loses_secret && !has(kept, "x-secret") {
            // Fields next to a reference are removed later, so the component is copied.
            joined = document.resolve(kept).clone();
            joined["x-secret"] = true.into();
        }
        if is_either("nullable") {
            joined["nullable"] = true.into();
        }
        first["properties"][name] = joined;
    }
    let required: Vec<&str> = strings(second.get("required")).collect();
    if let Some(Value::Array(names)) = first.get_mut("required") {
        names.retain(|name| name.as_str().is_some_and(|name| required.contains(&name)));
        if names.is_empty()
            && let Value::Object(first) = first
        {
            first.shift_remove("required");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rename::rename_components;
    use super::*;

    #[test]
    fn properties_are_joined_only_if_one_schema_accepts_all_values_of_the_other() {
        let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
        let nested = |more: Value| {
            let mut schema = json!({"type": "object", "properties": {"k": {"type": "string"}}});
            for (name, value) in members(Some(&more)) {
                schema[name] = value.clone();
            }
            schema
        };
        let union = |first: Value| json!({"oneOf": [first, {"type": "string"}]});
        // The schemas of a property in two records, and the schema in the joined record.
        let table = [
            (reference("Red"), reference("Blue"), None),
            (reference("Red"), json!({"type": "string"}), None),
            // Both components get the name `Card`.
            (
                reference("CardA"),
                reference("CardB"),
                Some(reference("Card")),
            ),
            (reference("CardA"), reference("Red"), None),
            (nested(json!({"required": ["k"]})), nested(json!({})), None),
            (
                nested(json!({"additionalProperties": false})),
                nested(json!({})),
                None,
            ),
            (
                json!({"type": "number", "multipleOf": 0.01}),
                json!({"type": "number"}),
                None,
            ),
            (
                json!({"type": "string", "x-money": true}),
                json!({"type": "string"}),
                None,
            ),
            (
                json!({"type": "array", "items": {"type": "string", "nullable": true}}),
                json!({"type": "array", "items": {"type": "string"}}),
                None,
            ),
            (
                union(json!({"type": "integer", "enum": [1]})),
                union(json!({"type": "integer"})),
                None,
            ),
            // The branches of a union are compared with the other schema.
            (
                json!({"type": "integer", "minimum": 1}),
                union(json!({"type": "integer"})),
                Some(union(json!({"type": "integer"}))),
            ),
            (
                json!({"type": "integer", "minimum": 1}),
                union(json!({"type": "number", "minimum": 1})),
                Some(union(json!({"type": "number", "minimum": 1}))),
            ),
            (
                json!({"type": "integer"}),
                union(json!({"type": "integer", "enum": [1]})),
                None,
            ),
            (
                reference("Red"),
                union(json!({"type": "integer"})),
                Some(union(json!({"type": "integer"}))),
            ),
            (
                json!({"oneOf": [{"type": "integer", "nullable": true}]}),
                union(json!({"type": "integer"})),
                None,
            ),
            (
                json!({"type": ["string"]}),
                json!({"type": ["integer"]}),
                None,
            ),
            // A schema without restrictions accepts all values. One with restrictions but without a type does not.
            (
                json!({"type": "string", "enum": ["a"]}),
                json!({}),
                Some(json!({})),
            ),
            (json!({"type": "string"}), json!({"enum": ["a"]}), None),
            (json!({"enum": ["a"]}), json!({"type": "string"}), None),
            (
                nested(json!({"properties": {"k": {"type": "string", "x-secret": true}}})),
                json!({}),
                Some(json!({"x-secret": true})),
            ),
        ];
        for (first, second, joined) in table {
            for is_swapped in [false, true] {
                let [a, b] = if is_swapped {
                    [&second, &first]
                } else {
                    [&first, &second]
                };
                let mut document = json!({"components": {"schemas": {
                    "A": {"x-schema-name": "R", "properties": {"p": a}},
                    "B": {"x-schema-name": "R", "properties": {"p": b}},
                    "Red": {"type": "string", "enum": ["red"]},
                    "Blue": {"type": "string", "enum": ["blue"]},
                    "CardA": {"x-schema-name": "Card", "properties": {"x": {"type": "string"}}},
                    "CardB": {"x-schema-name": "Card", "properties": {"y": {"type": "string"}}},
                }}});
                let renames = rename_components(&mut document);
                let property = document.pointer("/components/schemas/R/properties/p");
                assert_eq!(property, joined.as_ref(), "{a} {b} {:?}", renames.rejected);
            }
        }
    }

    #[test]
    fn properties_with_equal_restrictions_keep_the_first_schema() {
        for (first, second) in [
            (
                json!({"$ref": "#/components/schemas/Red"}),
                json!({"type": "string", "enum": ["red"], "description": "d", "x-evidence": {"level": "partial"}}),
            ),
            (
                json!({"type": "array", "items": {"type": "string", "example": "a"}}),
                json!({"type": "array", "items": {"type": "string", "description": "d"}}),
            ),
        ] {
            for (a, b) in [(&first, &second), (&second, &first)] {
                let mut document = json!({"components": {"schemas": {
                    "A": {"x-schema-name": "R", "properties": {"p": a}},
                    "B": {"x-schema-name": "R", "properties": {"p": b}},
                    "Red": {"type": "string", "enum": ["red"]}
                }}});
                rename_components(&mut document);
                let property = document.pointer("/components/schemas/R/properties/p");
                assert_eq!(property, Some(a));
            }
        }
    }

    #[test]
    fn records_with_different_restrictions_are_not_joined() {
        for (name, value) in [
            ("additionalProperties", json!(false)),
            ("x-secret", json!(true)),
            ("nullable", json!(true)),
        ] {
            let mut document = json!({"components": {"schemas": {
                "A": {"x-schema-name": "R", "properties": {"a": {}}, name: value},
                "B": {"x-schema-name": "R", "properties": {"b": {}}, "description": "d"}
            }}});
            assert_eq!(rename_components(&mut document).rejected.len(), 2, "{name}");
        }
    }
}
