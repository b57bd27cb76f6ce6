//! Renames components by `x-schema-name`, and updates the references to them.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::record_join::{are_equal, can_join, join_records};
use crate::openapi::{ObjectKind, walk_objects_mut};

/// The extension by which an overlay renames a component.
pub(super) const MARKER: &str = "x-schema-name";

/// The renames of a document.
#[derive(Debug, Default)]
pub(super) struct Renames {
    /// New names by old names.
    pub(super) new_names: HashMap<String, String>,
    /// Rejected renames: the old name (`None` for a marker that is not on a component) and the reason.
    pub(super) rejected: Vec<(Option<String>, String)>,
    /// Components that differ and became one, which has the properties of both: the old names and the new one.
    pub(super) joined: Vec<[String; 3]>,
}

impl Renames {
    /// Returns a JSON pointer with new names. The pointer of a marker becomes that of its component.
    pub(super) fn pointer(&self, pointer: &str) -> Option<String> {
        let new = self.renamed_reference(pointer, "/components/schemas/")?;
        Some(
            new.strip_suffix("/x-schema-name")
                .map_or(new.clone(), str::to_owned),
        )
    }

    /// Returns a reference with the component after `prefix` renamed, or `None` for other references.
    fn renamed_reference(&self, reference: &str, prefix: &str) -> Option<String> {
        let rest = reference.strip_prefix(prefix)?;
        let (name, below) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let new = self
            .new_names
            .get(&name.replace("~1", "/").replace("~0", "~"))?;
        Some(format!("{prefix}{new}{below}"))
    }
}

/// Renames the components that have the marker, and removes all markers. Components that get the same
/// name are merged if each pair of them is equal or is a pair of records that [`can_join`] accepts.
pub(super) fn rename_components(document: &mut Value) -> Renames {
    let mut renames = Renames::default();
    let schemas = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut);
    if let Some(schemas) = schemas {
        take_markers(schemas, &mut renames);
        reject_conflicts(schemas, &mut renames);
        let before = std::mem::take(schemas);
        let mut first_names: HashMap<String, String> = HashMap::new();
        for (old, schema) in &before {
            let name = renames.new_names.get(old).unwrap_or(old);
            match schemas.get_mut(name) {
                Some(first) => {
                    let first_name = first_names.get(name).cloned().unwrap_or_default();
                    if !are_equal(&before, &first_name, old, &renames) {
                        let names = [first_name, old.clone(), name.clone()];
                        renames.joined.push(names);
                        join_records(&before, first, schema, &renames);
                    }
                    merge_pages(first, schema);
                }
                None => {
                    schemas.insert(name.clone(), schema.clone());
                    first_names.insert(name.clone(), old.clone());
                }
            }
        }
    }
    let misplaced = update_references(document, ObjectKind::Other, &renames);
    let rejected = misplaced
        .into_iter()
        .map(|at| (None, format!("`{MARKER}` at `{at}` is not on a component")));
    renames.rejected.extend(rejected);
    renames
}

/// Removes the markers from the components and records the new names.
fn take_markers(schemas: &mut Map<String, Value>, renames: &mut Renames) {
    for (name, schema) in schemas.iter_mut() {
        match schema.as_object_mut().and_then(|schema| schema.shift_remove(MARKER)) {
            Some(Value::String(new)) if new == *name => {
                renames.rejected.push((Some(name.clone()), format!("component `{name}` already has this name")));
            }
            Some(Value::String(new)) if is_valid_name(&new) => {
                renames.new_names.insert(name.clone(), new);
            }
            Some(new) => renames.rejected.push((
                Some(name.clone()),
                format!("`{MARKER}` of component `{name}` is {new}: a name has letters, digits, `.`, `-` and `_`"),
            )),
            None => {}
        }
    }
}

/// Rejects renames that would give different components the same name.
///
/// A name is free if no component has it or if its component is renamed too, so rejecting one rename
/// may block another.
fn reject_conflicts(schemas: &Map<String, Value>, renames: &mut Renames) {
    loop {
        let mut holders: HashMap<&str, Vec<&str>> = HashMap::new();
        for name in schemas.keys() {
            holders
                .entry(renames.new_names.get(name).unwrap_or(name))
                .or_default()
                .push(name);
        }
        let mut blocked: Vec<(String, String)> = Vec::new();
        for (new, names) in holders {
            let mut pairs = names.iter().enumerate().flat_map(|(at, first)| {
                let others = names.iter().skip(at + 1);
                others.map(move |other| (first, other))
            });
            let differ = |(first, other): &(&&str, &&str)| {
                !are_equal(schemas, first, other, renames)
                    && !can_join(schemas, first, other, renames)
            };
            let Some((first, other)) = pairs.find(differ) else {
                continue;
            };
            for name in names
                .iter()
                .filter(|name| renames.new_names.contains_key(**name))
            {
                let against = if name == other { first } else { other };
                let text = if *against == new {
                    format!(
                        "component `{name}` cannot be named `{new}`: a different component has this name"
                    )
                } else {
                    format!(
                        "components `{name}` and `{against}` would both be named `{new}`, but they differ"
                    )
                };
                blocked.push(((*name).to_owned(), text));
            }
        }
        if blocked.is_empty() {
            return;
        }
        blocked.sort_unstable();
        for (name, text) in blocked {
            renames.new_names.remove(&name);
            renames.rejected.push((Some(name), text));
        }
    }
}

/// Adds the pages of the second component to the first.
fn merge_pages(first: &mut Value, second: &Value) {
    const PAGES: &str = "x-apifox-pages";
    if let (Some(Value::Array(pages)), Some(Value::Array(more))) =
        (first.get_mut(PAGES), second.get(PAGES))
    {
        for page in more {
            if !pages.contains(page) {
                pages.push(page.clone());
            }
        }
    }
}

fn is_valid_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// Updates references, and removes the remaining markers. Returns the pointers of the objects that had one.
pub(super) fn update_references(
    part: &mut Value,
    kind: ObjectKind,
    renames: &Renames,
) -> Vec<String> {
    let mut misplaced = Vec::new();
    walk_objects_mut(part, kind, &mut |pointer, object| {
        if object.shift_remove(MARKER).is_some() {
            misplaced.push(pointer.to_owned());
        }
        if let Some(Value::String(reference)) = object.get_mut("$ref")
            && let Some(new) = renames.renamed_reference(reference, "#/components/schemas/")
        {
            *reference = new;
        }
        if let Some(discriminator) = object.get_mut("discriminator") {
            update_mapping(discriminator, renames);
        }
    });
    misplaced
}

/// Updates the `mapping` of a discriminator, which names schemas by reference or by component name.
fn update_mapping(discriminator: &mut Value, renames: &Renames) {
    let Some(Value::Object(mapping)) = discriminator.get_mut("mapping") else {
        return;
    };
    for target in mapping.values_mut() {
        if let Value::String(text) = target {
            let new = renames
                .renamed_reference(text, "#/components/schemas/")
                .or_else(|| renames.new_names.get(text).cloned());
            if let Some(new) = new {
                *text = new;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_and_mappings_are_updated_in_order() {
        let mut document = json!({
            "paths": {"/a": {"get": {"responses": {"200": {"content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/OldA"},
                "examples": {"e": {"value": {"$ref": "#/components/schemas/OldA"}}}
            }}}}}}},
            "x-webhooks": {"w": {"post": {"requestBody": {"$ref": "#/components/schemas/OldA/properties/x"}}}},
            "components": {"schemas": {
                "First": {"properties": {"example": {"$ref": "#/components/schemas/OldA"}, "x-schema-name": {"type": "string"}}},
                "OldA": {"x-schema-name": "Price", "type": "object"},
                "Last": {
                    "oneOf": [{"$ref": "#/components/schemas/OldA"}, {"$ref": "#/components/schemas/OldAB"}],
                    "discriminator": {"propertyName": "t", "mapping": {"a": "#/components/schemas/OldA", "b": "OldA", "c": "Else"}}
                },
                "OldAB": {"type": "string"}
            }}
        });
        let renames = rename_components(&mut document);
        assert!(renames.rejected.is_empty(), "{:?}", renames.rejected);
        assert_eq!(
            renames
                .pointer("/components/schemas/OldA/properties/x")
                .as_deref(),
            Some("/components/schemas/Price/properties/x")
        );
        assert_eq!(renames.pointer("/components/schemas/OldAB"), None);
        insta::assert_snapshot!(serde_json::to_string_pretty(&document).unwrap());
    }

    #[test]
    fn names_can_be_swapped_and_shared_only_by_equal_components() {
        let table = [
            (
                json!({"A": {"x-schema-name": "B"}, "B": {"x-schema-name": "A", "type": "string"}}),
                json!({"B": {}, "A": {"type": "string"}}),
                0,
            ),
            (
                json!({"A": {"x-schema-name": "C"}, "B": {"x-schema-name": "C", "type": "string"}}),
                json!({"A": {}, "B": {"type": "string"}}),
                2,
            ),
            (
                json!({"A": {"x-schema-name": "B"}, "B": {"type": "string"}}),
                json!({"A": {}, "B": {"type": "string"}}),
                1,
            ),
            (json!({"A": {"x-schema-name": "A"}}), json!({"A": {}}), 1),
            (
                json!({"A": {"x-schema-name": "a b"}, "B": {"x-schema-name": 5}}),
                json!({"A": {}, "B": {}}),
                2,
            ),
            // Two pages show different fields of one record; a string is no number.
            (
                json!({
                    "A": {"x-schema-name": "R", "required": ["a", "b"], "properties": {"a": {"type": "string", "x-secret": true}, "b": {}}},
                    "B": {"x-schema-name": "R", "required": ["a"], "properties": {"a": {"type": "string"}, "c": {"type": "integer"}}},
                    "N": {"x-schema-name": "R", "required": ["a"], "properties": {"d": {}}}
                }),
                json!({"R": {
                    "required": ["a"],
                    "properties": {"a": {"type": "string", "x-secret": true}, "b": {}, "c": {"type": "integer"}, "d": {}}
                }}),
                0,
            ),
            (
                json!({
                    "A": {"x-schema-name": "R", "properties": {"a": {"type": "string"}}},
                    "B": {"x-schema-name": "R", "properties": {"a": {"type": "integer"}}}
                }),
                json!({
                    "A": {"properties": {"a": {"type": "string"}}},
                    "B": {"properties": {"a": {"type": "integer"}}}
                }),
                2,
            ),
            // The second and the third component differ, although neither differs from the first.
            (
                json!({
                    "A": {"x-schema-name": "R", "properties": {"id": {"type": "string"}}},
                    "B": {"x-schema-name": "R", "properties": {"amount": {"type": "string"}}},
                    "C": {"x-schema-name": "R", "properties": {"amount": {"type": "number"}}}
                }),
                json!({
                    "A": {"properties": {"id": {"type": "string"}}},
                    "B": {"properties": {"amount": {"type": "string"}}},
                    "C": {"properties": {"amount": {"type": "number"}}}
                }),
                3,
            ),
            // The schema that accepts more values is kept, whichever is first.
            (
                json!({
                    "A": {"x-schema-name": "R", "properties": {
                        "a": {"type": "integer"}, "b": {"type": "integer", "x-secret": true}, "c": {"type": "number"}, "d": {"type": "string"}
                    }},
                    "B": {"x-schema-name": "R", "properties": {
                        "a": {"oneOf": [{"type": "integer"}, {"type": "string"}]}, "b": {"type": "number"}, "c": {"type": "integer"},
                        "d": {"type": "string", "nullable": true}
                    }}
                }),
                json!({"R": {"properties": {
                    "a": {"oneOf": [{"type": "integer"}, {"type": "string"}]}, "b": {"type": "number", "x-secret": true},
                    "c": {"type": "number"}, "d": {"type": "string", "nullable": true}
                }}}),
                0,
            ),
            // A secret or nullable property stays so if one of the schemas is a reference.
            (
                json!({
                    "A": {"x-schema-name": "R", "properties": {
                        "a": {"type": "integer"}, "b": {"$ref": "#/components/schemas/Key"}, "c": {"$ref": "#/components/schemas/Key"},
                        "d": {"$ref": "#/components/schemas/Plain"}
                    }},
                    "B": {"x-schema-name": "R", "properties": {
                        "a": {"$ref": "#/components/schemas/Id"}, "b": {"$ref": "#/components/schemas/Id"}, "c": {"type": "string"},
                        "d": {"type": "string", "x-secret": true, "nullable": true}
                    }},
                    "Key": {"type": "string", "x-secret": true, "nullable": true},
                    "Id": {"oneOf": [{"type": "integer"}, {"type": "string"}]},
                    "Plain": {"type": "string"}
                }),
                json!({
                    "R": {"properties": {
                        "a": {"$ref": "#/components/schemas/Id"},
                        "b": {"oneOf": [{"type": "integer"}, {"type": "string"}], "x-secret": true, "nullable": true},
                        "c": {"$ref": "#/components/schemas/Key", "nullable": true},
                        "d": {"type": "string", "x-secret": true, "nullable": true}
                    }},
                    "Key": {"type": "string", "x-secret": true, "nullable": true},
                    "Id": {"oneOf": [{"type": "integer"}, {"type": "string"}]},
                    "Plain": {"type": "string"}
                }),
                0,
            ),
            (
                json!({
                    "A": {"x-schema-name": "R", "properties": {"a": {"oneOf": [{"type": "integer"}, {"type": "string"}]}}},
                    "B": {"x-schema-name": "R", "properties": {"a": {"type": "number"}}}
                }),
                json!({
                    "A": {"properties": {"a": {"oneOf": [{"type": "integer"}, {"type": "string"}]}}},
                    "B": {"properties": {"a": {"type": "number"}}}
                }),
                2,
            ),
            // C cannot be renamed, so neither can B, and then A.
            (
                json!({"A": {"x-schema-name": "B", "a": 1}, "B": {"x-schema-name": "C", "a": 2}, "C": {"x-schema-name": "D", "a": 3}, "D": {}}),
                json!({"A": {"a": 1}, "B": {"a": 2}, "C": {"a": 3}, "D": {}}),
                3,
            ),
            (
                json!({"A": {"items": {"x-schema-name": "B"}}}),
                json!({"A": {"items": {}}}),
                1,
            ),
            // Two pages define the same schema. The definitions differ only in markers and reference names.
            (
                json!({
                    "P": {"x-schema-name": "Q", "x-apifox-pages": ["1"], "x-apifox-at": "a:1", "items": {"$ref": "#/components/schemas/PItem"}},
                    "PItem": {"x-schema-name": "Item", "type": "string"},
                    "R": {"x-schema-name": "Q", "x-apifox-pages": ["1", "2"], "x-apifox-at": "b:1", "items": {"$ref": "#/components/schemas/Item"}},
                    "Item": {"type": "string"},
                }),
                json!({
                    "Q": {"x-apifox-pages": ["1", "2"], "x-apifox-at": "a:1", "items": {"$ref": "#/components/schemas/Item"}},
                    "Item": {"type": "string"},
                }),
                0,
            ),
        ];
        for (before, after, refused) in table {
            let mut document = json!({"components": {"schemas": before}});
            let renames = rename_components(&mut document);
            assert_eq!(document, json!({"components": {"schemas": after}}));
            assert_eq!(renames.rejected.len(), refused, "{:?}", renames.rejected);
        }
    }
}
