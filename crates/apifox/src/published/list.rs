//! The project's schema list, which its pages reference by number.

use super::{data, document};
use crate::MAX_PAGE_BYTES;
use crate::diagnostic::Diagnostic;
use crate::json::{Budget, JsonNode, JsonValue};
use crate::page::NamedSchema;
use crate::rendered::lines::decode;
use crate::schema_import::{Lookup, Named, SchemaImporter};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The schemas of a project by number. A parsed list serves all pages.
///
/// A list may have 16 MiB and 2,000,000 values.
#[derive(Debug, Clone, Default)]
pub struct SchemaList {
    raw: Raw,
    /// The imported schemas.
    made: HashMap<String, ImportedSchema>,
}

/// The schemas of a list, before they are imported.
#[derive(Debug, Clone, Default)]
struct Raw(HashMap<String, ListEntry>);

#[derive(Debug, Clone)]
struct ListEntry {
    name: String,
    file: Arc<str>,
    line: u32,
    schema: JsonNode,
}

#[derive(Debug, Clone)]
struct ImportedSchema {
    schema: Value,
    /// Keys that the schema references.
    used: Vec<String>,
}

impl Lookup for Raw {
    fn find(&self, key: &str) -> Option<Named<'_>> {
        let entry = self.0.get(key)?;
        Some(Named {
            name: &entry.name,
            file: &entry.file,
            schema: &entry.schema,
        })
    }
}

impl SchemaList {
    /// Parses a schema list: the response of the site, or the array in it. Each item has `id`,
    /// `name` and `jsonSchema`.
    ///
    /// An item that cannot be read is left out with a diagnostic; pages that reference it report
    /// that too.
    pub fn parse(name: &str, text: &[u8]) -> (Self, Vec<Diagnostic>) {
        let mut diagnostics = Vec::new();
        let list = Self::read_into(name, text, &mut diagnostics).unwrap_or_default();
        crate::shorten(name, &mut diagnostics);
        (list, diagnostics)
    }

    fn read_into(name: &str, text: &[u8], diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        if text.len() > MAX_PAGE_BYTES {
            diagnostics.push(
                Diagnostic::error(
                    name,
                    None,
                    format!(
                        "the list has {} bytes; the limit is {MAX_PAGE_BYTES} (16 MiB)",
                        text.len()
                    ),
                )
                .with_help("keep only the schemas that the pages reference"),
            );
            return None;
        }
        let text = decode(name, text, diagnostics)?;
        let root = document(&text, name, &mut Budget::of_project(), diagnostics)?;
        let node = data(&root, name, diagnostics)?;
        let raw = entries(node, name, diagnostics);
        let mut keys: Vec<&String> = raw.0.keys().collect();
        keys.sort_by_key(|key| (raw.0.get(*key).map(|entry| entry.line), *key));
        let file: Arc<str> = Arc::from(name);
        let mut reader = SchemaImporter::new(&file, &raw, Budget::of_project());
        let mut made = HashMap::new();
        for key in keys {
            if let Some(entry) = raw.0.get(key) {
                let (schema, used) = reader.alone(&entry.name, &entry.schema);
                made.insert(key.clone(), ImportedSchema { schema, used });
            }
        }
        diagnostics.append(&mut reader.diagnostics);
        drop(reader);
        Some(Self { raw, made })
    }

    /// Returns the number of schemas.
    pub fn len(&self) -> usize {
        self.raw.0.len()
    }

    /// Returns whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.raw.0.is_empty()
    }

    /// Returns this list combined with the page's own schemas, which take precedence.
    pub(super) fn with_own(
        &self,
        page: &JsonNode,
        file: &str,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> PageSchemas<'_> {
        let bodies = page
            .get("responses")
            .map(JsonNode::items)
            .unwrap_or_default();
        let bodies = bodies.iter().chain(page.get("requestBody"));
        let holders = bodies
            .filter_map(|body| body.get("jsonSchema"))
            .chain([page]);
        let mut own = Raw::default();
        for holder in holders {
            for word in ["definitions", "$defs"] {
                if let Some(found) = holder.get(word).filter(|found| found.is_object()) {
                    let found = entries(found, file, diagnostics);
                    own.0.extend(found.0);
                }
            }
        }
        PageSchemas { own, shared: self }
    }

    /// Returns the schemas of some keys, and all schemas that they reference.
    fn closure(&self, keys: Vec<String>) -> Vec<NamedSchema> {
        let mut met: HashSet<String> = keys.iter().cloned().collect();
        let mut waiting = keys;
        let mut schemas = Vec::new();
        let mut next = 0;
        while let Some(key) = waiting.get(next).cloned() {
            next += 1;
            let (Some(entry), Some(made)) = (self.raw.0.get(&key), self.made.get(&key)) else {
                continue;
            };
            schemas.push(NamedSchema {
                name: entry.name.clone(),
                file: Some(entry.file.to_string()),
                line: entry.line,
                schema: made.schema.clone(),
            });
            for used in &made.used {
                if met.insert(used.clone()) {
                    waiting.push(used.clone());
                }
            }
        }
        schemas
    }
}

/// The schemas that one page can reference.
#[derive(Debug)]
pub(super) struct PageSchemas<'a> {
    own: Raw,
    shared: &'a SchemaList,
}

impl Lookup for PageSchemas<'_> {
    fn find(&self, key: &str) -> Option<Named<'_>> {
        self.own.find(key).or_else(|| self.shared.raw.find(key))
    }
}

impl PageSchemas<'_> {
    /// Returns the referenced schemas, and all schemas that these reference.
    pub(super) fn closure(&self, reader: &mut SchemaImporter) -> Vec<NamedSchema> {
        let mut schemas = Vec::new();
        let mut shared = Vec::new();
        loop {
            let keys = reader.take_used();
            if keys.is_empty() {
                break;
            }
            for key in keys {
                match self.own.0.get(&key) {
                    Some(entry) => schemas.push(NamedSchema {
                        name: entry.name.clone(),
                        file: None,
                        line: entry.line,
                        schema: reader.named(&entry.name, &entry.schema),
                    }),
                    None => shared.push(key),
                }
            }
        }
        schemas.extend(self.shared.closure(shared));
        schemas
    }
}

/// Reads the entries of a list: an array of objects with ids, or an object from ids to schemas.
fn entries(node: &JsonNode, file: &str, diagnostics: &mut Vec<Diagnostic>) -> Raw {
    let arc: Arc<str> = Arc::from(file);
    let mut found: HashMap<String, ListEntry> = HashMap::new();
    let mut names: HashSet<String> = HashSet::new();
    let mut lost = 0_usize;
    let mut add = |key: String, name: &str, line: u32, schema: &JsonNode| {
        // Schemas in several folders may share a name, so the number is appended.
        let name = if names.contains(name) {
            format!("{name} {key}")
        } else {
            name.to_owned()
        };
        names.insert(name.clone());
        let entry = ListEntry {
            name,
            file: Arc::clone(&arc),
            line,
            schema: schema.clone(),
        };
        if found.contains_key(&key) {
            return false;
        }
        found.insert(key, entry);
        true
    };
    match &node.value {
        JsonValue::Array(items) => {
            for item in items {
                let id = item.get("id").and_then(JsonNode::scalar);
                // Some lists contain the reference instead of the number.
                let key = id.map(|id| match id.strip_prefix("#/definitions/") {
                    Some(key) => key.to_owned(),
                    None => id,
                });
                let schema = item.get("jsonSchema").or(item.get("schema"));
                match (key, schema) {
                    (Some(key), Some(schema)) if schema.is_object() => {
                        let name = item.text_of("name").or(item.text_of("displayName"));
                        let name = name.map_or_else(|| format!("Schema {key}"), str::to_owned);
                        if !add(key.clone(), &name, item.line, schema) {
                            diagnostics.push(
                                Diagnostic::warning(file, item.line, format!("the schema number {key} is in the list twice; the first one is used"))
                                    .with_help("download the list again"),
                            );
                        }
                    }
                    _ => lost += 1,
                }
            }
        }
        JsonValue::Object(members) => {
            for member in members {
                let inner = member.value.get("jsonSchema").unwrap_or(&member.value);
                let name = member
                    .value
                    .text_of("name")
                    .map_or_else(|| format!("Schema {}", member.name), str::to_owned);
                if inner.is_object() {
                    add(member.name.clone(), &name, member.line, inner);
                } else {
                    lost += 1;
                }
            }
        }
        _ => lost += 1,
    }
    if lost > 0 {
        diagnostics.push(
            Diagnostic::warning(file, node.line, format!("{lost} items of the list are not schemas with `id` and `jsonSchema`; they are left out"))
                .with_help("download the list again"),
        );
    }
    Raw(found)
}
