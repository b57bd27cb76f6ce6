//! Gives schemas the names that `x-schema-name` asks for, and lets every reference follow.

use super::target::child;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};

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

/// Renames the components that carry the marker, and takes the marker out everywhere.
pub(super) fn rename(document: &mut Value) -> Renames {
    let mut renames = Renames::default();
    let mut wanted: Vec<(String, String)> = Vec::new();
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    if let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas") {
        for (name, schema) in schemas.iter_mut() {
            let marker = schema
                .as_object_mut()
                .and_then(|schema| schema.shift_remove(MARKER));
            match marker {
                Some(Value::String(new)) if well_formed(&new) && new != *name => wanted.push((name.clone(), new)),
                Some(Value::String(new)) if new == *name => {
                    renames.refused.push((Some(name.clone()), format!("component `{name}` already has that name")));
                }
                Some(new) => renames.refused.push((
                    Some(name.clone()),
                    format!("`{MARKER}` of component `{name}` is {new}: a name has letters, digits, `.`, `-` and `_`"),
                )),
                None => {}
            }
        }
        // A name is free when nothing holds it, or its holder moves away in the same file.
        let moves: HashMap<&String, &String> = wanted.iter().map(|(old, new)| (old, new)).collect();
        for name in schemas.keys() {
            let later = moves.get(name).copied().unwrap_or(name);
            names.entry(later.clone()).or_default().push(name.clone());
        }
    }
    for (old, new) in wanted {
        let holders: Vec<&String> = names
            .get(&new)
            .into_iter()
            .flatten()
            .filter(|holder| **holder != old)
            .collect();
        if let Some(other) = holders.first() {
            let text = if **other == new {
                format!(
                    "component `{old}` cannot be named `{new}`: another component has that name"
                )
            } else {
                format!("components `{old}` and `{other}` would both be named `{new}`")
            };
            renames.refused.push((Some(old), text));
        } else {
            renames.done.insert(old, new);
        }
    }
    settle(&mut renames, document);
    if let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas")
        && !renames.done.is_empty()
    {
        *schemas = std::mem::take(schemas)
            .into_iter()
            .map(|(name, schema)| (renames.done.get(&name).cloned().unwrap_or(name), schema))
            .collect::<Map<_, _>>();
    }
    follow(document, false, "", &mut renames);
    renames
}

/// Takes back renames onto a name whose holder was to move away and now stays.
fn settle(renames: &mut Renames, document: &Value) {
    let Some(schemas) = document
        .pointer("/components/schemas")
        .and_then(Value::as_object)
    else {
        return;
    };
    loop {
        let blocked: Vec<String> = renames
            .done
            .iter()
            .filter(|(_, new)| schemas.contains_key(*new) && !renames.done.contains_key(*new))
            .map(|(old, _)| old.clone())
            .collect();
        if blocked.is_empty() {
            return;
        }
        for old in blocked {
            if let Some(new) = renames.done.remove(&old) {
                let text = format!(
                    "component `{old}` cannot be named `{new}`: another component keeps that name"
                );
                renames.refused.push((Some(old), text));
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

/// Members whose own members have free names, so that a property called `example` is not taken for an example.
const NAMED: [&str; 12] = [
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
];

/// Rewrites references, and takes out markers that stand on something else than a component.
fn follow(node: &mut Value, named: bool, at: &str, renames: &mut Renames) {
    match node {
        Value::Array(list) => {
            for (index, element) in list.iter_mut().enumerate() {
                follow(element, false, &format!("{at}/{index}"), renames);
            }
        }
        Value::Object(members) => {
            if !named && members.shift_remove(MARKER).is_some() {
                renames.refused.push((
                    None,
                    format!("`{MARKER}` stands at `{at}`, which is not a component"),
                ));
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
                    (name, member) => follow(
                        member,
                        !named && NAMED.contains(&name),
                        &child(at, name),
                        renames,
                    ),
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
    fn names_may_be_swapped_but_not_shared() {
        let table = [
            (
                json!({"A": {"x-schema-name": "B"}, "B": {"x-schema-name": "A"}}),
                json!({"B": {}, "A": {}}),
                0,
            ),
            (
                json!({"A": {"x-schema-name": "C"}, "B": {"x-schema-name": "C"}}),
                json!({"A": {}, "B": {}}),
                2,
            ),
            (
                json!({"A": {"x-schema-name": "B"}, "B": {}}),
                json!({"A": {}, "B": {}}),
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
                json!({"A": {"x-schema-name": "B"}, "B": {"x-schema-name": "C"}, "C": {"x-schema-name": "D"}, "D": {}}),
                json!({"A": {}, "B": {}, "C": {}, "D": {}}),
                3,
            ),
            (
                json!({"A": {"items": {"x-schema-name": "B"}}}),
                json!({"A": {"items": {}}}),
                1,
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
