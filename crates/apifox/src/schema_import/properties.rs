//! Properties of an object: their order, and property sets merged from other schemas.

use super::SchemaImporter;
use crate::diagnostic::{Diagnostic, quoted};
use crate::json::JsonNode;
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Properties in order, and the names of the required ones.
#[derive(Default)]
struct Set {
    properties: Vec<(String, Value)>,
    index: HashMap<String, usize>,
    required: HashSet<String>,
    /// Some properties are missing and their names are unknown.
    lacks: bool,
}

impl Set {
    /// Adds a property unless it is already present.
    fn add(&mut self, name: &str, schema: Value, required: bool) {
        if !self.index.contains_key(name) {
            self.index.insert(name.to_owned(), self.properties.len());
            self.properties.push((name.to_owned(), schema));
        }
        if required {
            self.required.insert(name.to_owned());
        }
    }
}

impl SchemaImporter<'_> {
    pub(super) fn properties(&mut self, node: &JsonNode, schema: &mut Map<String, Value>) {
        let set = self.set(node);
        let lacks = set.lacks;
        let mut required: Vec<&str> = set
            .properties
            .iter()
            .map(|(name, _)| name.as_str())
            .filter(|name| set.required.contains(*name))
            .collect();
        // The properties may be in the schemas that this one combines.
        if node.get("allOf").is_some() {
            let listed = node.get("required").map(JsonNode::items);
            let listed = listed.unwrap_or_default().iter();
            for name in listed.filter_map(JsonNode::text) {
                if !set.index.contains_key(name) && !required.contains(&name) {
                    required.push(name);
                }
            }
        }
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        if !set.properties.is_empty() {
            let properties = set.properties.into_iter().collect();
            schema.insert("properties".to_owned(), Value::Object(properties));
        }
        match node.get("additionalProperties") {
            Some(more) if !more.fields().is_empty() => {
                let more = self.schema(more);
                schema.insert("additionalProperties".to_owned(), more);
            }
            Some(more) if more.is_object() => {
                schema.insert("additionalProperties".to_owned(), json!(true));
            }
            Some(more) => {
                // An object with missing properties must not forbid additional ones.
                if let Some(allowed) = more.truth().filter(|allowed| *allowed || !lacks) {
                    schema.insert("additionalProperties".to_owned(), json!(allowed));
                }
            }
            None => {}
        }
    }

    /// Collects the properties of a schema; `x-apifox-refs` inserts property sets at their
    /// positions.
    fn set(&mut self, node: &JsonNode) -> Set {
        let own: HashMap<&str, (&JsonNode, u32)> = node
            .get("properties")
            .map(JsonNode::fields)
            .unwrap_or_default()
            .iter()
            .map(|member| (member.name.as_str(), (&member.value, member.line)))
            .collect();
        let merged: HashMap<&str, &JsonNode> = ["x-apifox-refs", "x-apidog-refs"]
            .iter()
            .filter_map(|word| node.get(word))
            .flat_map(JsonNode::fields)
            .map(|member| (member.name.as_str(), &member.value))
            .collect();
        let mut order: Vec<&str> = Vec::new();
        let mut listed = HashSet::new();
        let words = ["x-apifox-orders", "x-apidog-orders"];
        let given = words
            .iter()
            .filter_map(|word| node.get(word))
            .flat_map(JsonNode::items);
        let given = given.filter_map(JsonNode::text);
        let rest = |word: &str| node.get(word).map(JsonNode::fields).unwrap_or_default();
        let rest = rest("x-apifox-refs")
            .iter()
            .chain(rest("x-apidog-refs"))
            .chain(rest("properties"));
        for name in given.chain(rest.map(|member| member.name.as_str())) {
            if (own.contains_key(name) || merged.contains_key(name)) && listed.insert(name) {
                order.push(name);
            }
        }
        let required: HashSet<&str> = node
            .get("required")
            .map(JsonNode::items)
            .unwrap_or_default()
            .iter()
            .filter_map(JsonNode::text)
            .collect();
        let mut set = Set::default();
        for name in order {
            if let Some(merged) = merged.get(name) {
                self.merge(merged, &own, &mut set);
            } else if let Some((property, line)) = own.get(name) {
                if is_empty_place(property) {
                    set.lacks = true;
                    self.warn(
                        *line,
                        format!(
                            "the page has a placeholder for the property set {}, but not the set; its properties are missing",
                            quoted(name)
                        ),
                        "add the properties of the schema in an overlay",
                    );
                    continue;
                }
                let schema = self.property(name, property, *line);
                set.add(name, schema, required_by_itself(property));
            }
        }
        // A merged property may be required by the schema itself.
        let by_name = required
            .iter()
            .filter(|name| set.index.contains_key(**name));
        let by_name: Vec<String> = by_name.map(|name| (*name).to_owned()).collect();
        set.required.extend(by_name);
        set
    }

    /// Merges the properties of an `x-apifox-refs` entry.
    fn merge(&mut self, entry: &JsonNode, own: &HashMap<&str, (&JsonNode, u32)>, set: &mut Set) {
        let changes: HashMap<&str, &JsonNode> = entry
            .get("x-apifox-overrides")
            .map(JsonNode::fields)
            .unwrap_or_default()
            .iter()
            .map(|member| (member.name.as_str(), &member.value))
            .collect();
        let theirs = match Self::key_of(entry) {
            Some(key) => self.set_of(&key, entry.line),
            None => self.set(entry),
        };
        set.lacks |= theirs.lacks;
        let required: HashSet<&str> = entry
            .get("required")
            .map(JsonNode::items)
            .unwrap_or_default()
            .iter()
            .filter_map(JsonNode::text)
            .collect();
        for (name, schema) in theirs.properties {
            let must = theirs.required.contains(&name) || required.contains(name.as_str());
            let schema = match (own.get(name.as_str()), changes.get(name.as_str())) {
                // A property on the page takes precedence.
                (Some((property, line)), _) => self.property(&name, property, *line),
                (None, Some(change)) if change.is_null() => continue,
                (None, Some(change)) => self.property(&name, change, change.line),
                (None, None) => schema,
            };
            set.add(&name, schema, must);
        }
        let added = entry.get("x-apifox-overrides").map(JsonNode::fields);
        for member in added.unwrap_or_default() {
            let (name, change) = (member.name.as_str(), &member.value);
            if !change.is_null() && !set.index.contains_key(name) && !own.contains_key(name) {
                let schema = self.property(name, change, member.line);
                set.add(name, schema, required.contains(name));
            }
        }
    }

    /// Returns the properties of a referenced schema, for merging.
    fn set_of(&mut self, key: &str, line: u32) -> Set {
        let lookup = self.lookup;
        let Some(named) = lookup.find(key) else {
            self.missing(key, line);
            return Set {
                lacks: true,
                ..Set::default()
            };
        };
        if self.merging.iter().any(|known| known == key) {
            let message = Diagnostic::warning(
                &self.file,
                line,
                format!(
                    "the property set of {} is merged into itself; the inner merge is left out",
                    quoted(key)
                ),
            );
            self.once(
                "cycle",
                message.with_help("correct the page, or define the schema in an overlay"),
            );
            return Set::default();
        }
        if self.merging.len() >= super::DEEPEST || !self.budget.take() {
            let message = Diagnostic::error(
                &self.file,
                line,
                "property sets are merged without an end; the rest is left out",
            );
            self.once(
                "merging",
                message.with_help("check the page: an API does not need this"),
            );
            return Set::default();
        }
        self.merging.push(key.to_owned());
        let file = std::mem::replace(&mut self.file, Arc::clone(named.file));
        let depth = self.depth;
        self.depth += 1;
        // The target may be another reference, or may itself merge several property sets.
        let set = match Self::key_of(named.schema) {
            Some(next) => self.set_of(&next, line),
            None => self.set(named.schema),
        };
        self.depth = depth;
        self.file = file;
        self.merging.pop();
        set
    }
}

/// Returns whether a property is a placeholder for a property set that was not resolved when the
/// page was saved.
fn is_empty_place(node: &JsonNode) -> bool {
    node.says("x-tmp-pending-properties")
}

/// Returns whether a property has its own `required`, as in older drafts.
fn required_by_itself(node: &JsonNode) -> bool {
    node.says("required")
}
