//! Gives schemas the names that `x-schema-name` asks for, and lets every reference follow.

use crate::openapi::{child, is_name_map};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// The marker that an overlay sets on a component.
pub(super) const MARKER: &str = "x-schema-name";

/// What came of the markers in a document.
#[derive(Debug, Default)]
pub(super) struct Renames {
    /// Old name to new name, of those that were done.
    pub(super) done: HashMap<String, String>,
    /// What could not be done: the component's old name (none for a marker that stands elsewhere), and why.
    pub(super) refused: Vec<(Option<String>, String)>,
}

impl Renames {
    /// A JSON pointer after the renames; that of a marker becomes that of its component.
    pub(super) fn pointer(&self, pointer: &str) -> Option<String> {
        let new = self.follow(pointer, "/components/schemas/")?;
        Some(
            new.strip_suffix("/x-schema-name")
                .map_or(new.clone(), str::to_owned),
        )
    }

    /// A reference with the part after `prefix` renamed; none when it names something else.
    fn follow(&self, reference: &str, prefix: &str) -> Option<String> {
        let rest = reference.strip_prefix(prefix)?;
        let (name, below) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let new = self.done.get(&name.replace("~1", "/").replace("~0", "~"))?;
        Some(format!("{prefix}{new}{below}"))
    }
}

/// Renames the components that carry the marker, and takes the marker out everywhere. Components that
/// get one name become one when they say the same.
pub(super) fn rename(document: &mut Value) -> Renames {
    let mut renames = Renames::default();
    let schemas = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut);
    if let Some(schemas) = schemas {
        wishes(schemas, &mut renames);
        settle(schemas, &mut renames);
        let before = std::mem::take(schemas);
        for (name, schema) in before {
            let name = renames.done.get(&name).cloned().unwrap_or(name);
            match schemas.get_mut(&name) {
                Some(first) => unite_pages(first, &schema),
                None => {
                    schemas.insert(name, schema);
                }
            }
        }
    }
    let mut misplaced = Vec::new();
    follow(document, false, "", &renames, &mut misplaced);
    let refusals = misplaced.into_iter().map(|at| {
        (
            None,
            format!("`{MARKER}` stands at `{at}`, which is not a component"),
        )
    });
    renames.refused.extend(refusals);
    renames
}

/// Takes the markers off the components and notes the new names.
fn wishes(schemas: &mut Map<String, Value>, renames: &mut Renames) {
    for (name, schema) in schemas.iter_mut() {
        match schema.as_object_mut().and_then(|schema| schema.shift_remove(MARKER)) {
            Some(Value::String(new)) if new == *name => {
                renames.refused.push((Some(name.clone()), format!("component `{name}` already has that name")));
            }
            Some(Value::String(new)) if well_formed(&new) => {
                renames.done.insert(name.clone(), new);
            }
            Some(new) => renames.refused.push((
                Some(name.clone()),
                format!("`{MARKER}` of component `{name}` is {new}: a name has letters, digits, `.`, `-` and `_`"),
            )),
            None => {}
        }
    }
}

/// Takes back the renames after which components that differ would share a name. A name is free when
/// nothing holds it, or its holder moves away too; taking one back may therefore block another.
fn settle(schemas: &Map<String, Value>, renames: &mut Renames) {
    loop {
        let mut holders: HashMap<&str, Vec<&str>> = HashMap::new();
        for name in schemas.keys() {
            holders
                .entry(renames.done.get(name).unwrap_or(name))
                .or_default()
                .push(name);
        }
        let mut blocked: Vec<(String, String)> = Vec::new();
        for (new, names) in holders {
            let Some((first, others)) = names.split_first() else {
                continue;
            };
            let Some(other) = others
                .iter()
                .find(|other| !same(schemas, first, other, renames))
            else {
                continue;
            };
            for name in names
                .iter()
                .filter(|name| renames.done.contains_key(**name))
            {
                let against = if name == other { first } else { other };
                let text = if *against == new {
                    format!(
                        "component `{name}` cannot be named `{new}`: another component has that name and differs"
                    )
                } else {
                    format!(
                        "components `{name}` and `{against}` would both be named `{new}`, and they differ"
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
            renames.done.remove(&name);
            renames.refused.push((Some(name), text));
        }
    }
}

/// Whether two components say the same once references follow, whatever places and pages their markers name.
fn same(schemas: &Map<String, Value>, first: &str, second: &str, renames: &Renames) -> bool {
    let plain = |name: &str| {
        let mut schema = schemas.get(name).cloned().unwrap_or_default();
        follow(&mut schema, false, "", renames, &mut Vec::new());
        strip(&mut schema, false);
        schema
    };
    plain(first) == plain(second)
}

fn strip(node: &mut Value, named: bool) {
    match node {
        Value::Array(list) => list.iter_mut().for_each(|element| strip(element, false)),
        Value::Object(members) => {
            members.retain(|name, _| named || !name.starts_with("x-apifox-"));
            for (name, member) in members.iter_mut() {
                strip(member, !named && is_name_map(name));
            }
        }
        _ => {}
    }
}

/// The component that stays is known from the pages of both.
fn unite_pages(first: &mut Value, second: &Value) {
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

fn well_formed(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// Rewrites references, and takes out markers that stand on something else than a component.
fn follow(node: &mut Value, named: bool, at: &str, renames: &Renames, misplaced: &mut Vec<String>) {
    match node {
        Value::Array(list) => {
            for (index, element) in list.iter_mut().enumerate() {
                follow(element, false, &format!("{at}/{index}"), renames, misplaced);
            }
        }
        Value::Object(members) => {
            if !named && members.shift_remove(MARKER).is_some() {
                misplaced.push(at.to_owned());
            }
            for (name, member) in members.iter_mut() {
                match (name.as_str(), member) {
                    ("$ref", Value::String(reference)) if !named => {
                        if let Some(new) = renames.follow(reference, "#/components/schemas/") {
                            *reference = new;
                        }
                    }
                    ("discriminator", member) if !named => mapping(member, renames),
                    ("example" | "examples" | "default" | "enum", _) if !named => {}
                    (name, member) => {
                        let named = !named && is_name_map(name);
                        follow(member, named, &child(at, name), renames, misplaced);
                    }
                }
            }
        }
        _ => {}
    }
}

/// A discriminator's mapping names its schemas by reference or by bare name.
fn mapping(discriminator: &mut Value, renames: &Renames) {
    let Some(Value::Object(mapping)) = discriminator.get_mut("mapping") else {
        return;
    };
    for target in mapping.values_mut() {
        if let Value::String(text) = target {
            let new = renames
                .follow(text, "#/components/schemas/")
                .or_else(|| renames.done.get(text).cloned());
            if let Some(new) = new {
                *text = new;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn references_mappings_and_the_order_follow() {
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
        let renames = rename(&mut document);
        assert!(renames.refused.is_empty(), "{:?}", renames.refused);
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
    fn names_may_be_swapped_but_only_shared_by_what_says_the_same() {
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
            // C cannot leave, so B and then A cannot either.
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
            // Of two pages, and the same in all but the markers and the names of what they refer to.
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
            let renames = rename(&mut document);
            assert_eq!(document, json!({"components": {"schemas": after}}));
            assert_eq!(renames.refused.len(), refused, "{:?}", renames.refused);
        }
    }
}
