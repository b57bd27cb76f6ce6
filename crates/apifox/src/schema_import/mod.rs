//! Imports the schemas of a page: JSON Schema of several drafts with Apifox extensions becomes
//! OpenAPI 3.0.
//!
//! Used by the published and the Markdown format. This file has the importer and its references;
//! `schema` handles one schema, `types` its types and limits, `values` its enumerated values, and
//! `properties` its properties. `endpoint`, `parameters`, `body` and `security` build the operation
//! around the schemas.
//!
//! References are not expanded, so cycles need no special case. A reference becomes
//! `#/components/schemas/<name>` with the vendor's name.

use crate::diagnostic::{Diagnostic, quoted};
use crate::json::{Budget, JsonNode};
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

pub(crate) mod body;
pub(crate) mod endpoint;
pub(crate) mod parameters;
mod properties;
pub(crate) mod schema;
pub(crate) mod security;
mod types;
pub(crate) mod values;

/// Prefix of references in imported schemas.
pub(crate) const PREFIX: &str = "#/components/schemas/";

/// Maximum nesting of schemas: each level is two levels in the document, and common JSON readers
/// stop at 128.
const DEEPEST: usize = 40;

/// The target of a reference.
#[derive(Debug, Clone)]
pub(crate) struct Named<'a> {
    /// Its name in the document, before names are made legal.
    pub(crate) name: &'a str,
    pub(crate) file: &'a Arc<str>,
    pub(crate) schema: &'a JsonNode,
}

/// Resolves references.
pub(crate) trait Lookup {
    /// Returns the schema of a key: a name, or a number of the project's schema list.
    fn find(&self, key: &str) -> Option<Named<'_>>;
}

/// Imports the schemas of one page or of one schema list.
pub(crate) struct SchemaImporter<'a> {
    file: Arc<str>,
    lookup: &'a dyn Lookup,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Referenced keys in the order of their first occurrence.
    used: Vec<String>,
    met: HashSet<String>,
    missing: HashSet<String>,
    unknown_words: HashSet<String>,
    budget: Budget,
    depth: usize,
    /// Keys of the property sets that are being merged.
    merging: Vec<String>,
    said: HashMap<&'static str, ()>,
}

impl<'a> SchemaImporter<'a> {
    pub(crate) fn new(file: &Arc<str>, lookup: &'a dyn Lookup, budget: Budget) -> Self {
        Self {
            file: Arc::clone(file),
            lookup,
            diagnostics: Vec::new(),
            used: Vec::new(),
            met: HashSet::new(),
            missing: HashSet::new(),
            unknown_words: HashSet::new(),
            budget,
            depth: 0,
            merging: Vec::new(),
            said: HashMap::new(),
        }
    }

    /// Imports a schema.
    pub(crate) fn schema(&mut self, node: &JsonNode) -> Value {
        Value::Object(self.object(node))
    }

    /// Returns the keys that were referenced since the last call.
    pub(crate) fn take_used(&mut self) -> Vec<String> {
        std::mem::take(&mut self.used)
    }

    /// Imports a schema that has a name.
    pub(crate) fn named(&mut self, name: &str, node: &JsonNode) -> Value {
        let mut schema = self.object(node);
        // A title that repeats the name is not a description.
        if schema.get("description").and_then(Value::as_str) == Some(name) {
            schema.shift_remove("description");
        }
        Value::Object(schema)
    }

    /// Imports a schema and returns the keys that it references.
    pub(crate) fn alone(&mut self, name: &str, node: &JsonNode) -> (Value, Vec<String>) {
        self.met.clear();
        let schema = self.named(name, node);
        (schema, self.take_used())
    }

    /// Imports the schema of a form field.
    pub(crate) fn field(&mut self, node: &JsonNode, line: u32) -> Value {
        let schema = self.property("", node, line);
        match schema {
            // A field without a type is a string.
            Value::Object(mut schema)
                if !schema.contains_key("type")
                    && !schema.contains_key("$ref")
                    && !schema.contains_key("allOf") =>
            {
                schema.insert("type".to_owned(), json!("string"));
                Value::Object(schema)
            }
            schema => schema,
        }
    }

    pub(crate) fn warn(&mut self, line: u32, text: impl Into<String>, help: &str) {
        self.diagnostics
            .push(Diagnostic::warning(&self.file, line, text).with_help(help));
    }

    /// Adds a diagnostic unless the page already has it.
    fn once(&mut self, what: &'static str, message: Diagnostic) {
        if self.said.insert(what, ()).is_none() {
            self.diagnostics.push(message);
        }
    }

    fn object(&mut self, node: &JsonNode) -> Map<String, Value> {
        if self.depth >= DEEPEST {
            let message = Diagnostic::error(
                &self.file,
                node.line,
                format!(
                    "the schema is nested deeper than {DEEPEST} levels; the deeper levels are left out"
                ),
            );
            self.once(
                "deep",
                message.with_help("check the page: an API does not need this"),
            );
            return Map::new();
        }
        if !self.budget.take() {
            let message = Diagnostic::error(
                &self.file,
                node.line,
                "the page has too many schemas, or they expand into too many; the rest is left out",
            );
            self.once(
                "large",
                message.with_help("check the page: merged property sets may multiply"),
            );
            return Map::new();
        }
        self.depth += 1;
        let schema = self.read(node);
        self.depth -= 1;
        schema
    }

    /// Returns the file and line for `x-apifox-at`.
    fn marker(&self, line: u32) -> Value {
        let name = self.file.rsplit(['/', '\\']).next().unwrap_or_default();
        json!(format!("{name}:{line}"))
    }

    fn missing(&mut self, key: &str, line: u32) {
        if self.missing.insert(key.to_owned()) {
            self.diagnostics.push(
                Diagnostic::warning(
                    &self.file,
                    line,
                    format!(
                        "the schema {} is missing; any value is accepted",
                        quoted(key)
                    ),
                )
                .with_help("add the project's schema list, or define the schema in an overlay"),
            );
        }
    }
}

/// Returns whether a schema adds nothing to an example: it is empty, or specifies only the type
/// object.
pub(crate) fn is_blank(schema: &Value) -> bool {
    schema.as_object().is_some_and(|schema| {
        schema.iter().all(|(word, value)| match word.as_str() {
            "type" => value == "object",
            "description" | "title" => true,
            word => word.starts_with("x-"),
        })
    })
}

/// Creates a JSON object from a few entries.
pub(crate) fn members(
    pairs: impl IntoIterator<Item = (&'static str, Value)>,
) -> Map<String, Value> {
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// Returns the key of a reference: `#/components/schemas/Page%C2%ABOrder%C2%BB` → `Page«Order»`,
/// `#/definitions/12` → `12`.
pub(super) fn reference_key(reference: &str) -> Option<String> {
    let reference = reference.trim();
    let rest = [PREFIX, "#/definitions/", "#/$defs/"]
        .iter()
        .find_map(|prefix| reference.strip_prefix(prefix))?;
    let key = percent_decoded(rest).replace("~1", "/").replace("~0", "~");
    (!key.is_empty()).then_some(key)
}

/// Decodes the percent escapes of a text, such as a part of a URL. Invalid escapes, and escapes that are not UTF-8, are kept.
pub fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let digit = |at: usize| Some((*behind.get(at)? as char).to_digit(16)? as u8);
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(high * 16 + low);
                rest = &behind[2..];
            }
            _ => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

impl SchemaImporter<'_> {
    /// Imports a schema that is a reference, with its sibling keywords.
    pub(super) fn refer(&mut self, node: &JsonNode, reference: &str) -> Map<String, Value> {
        let nullable = node.says("nullable");
        let target = self.target(reference, node.line);
        let description = self.description(node);
        let mut schema = match target {
            Some(name) if !nullable && description.is_none() => {
                return members([("$ref", json!(format!("{PREFIX}{name}")))]);
            }
            Some(name) => members([("allOf", json!([{ "$ref": format!("{PREFIX}{name}") }]))]),
            None => Map::new(),
        };
        if nullable {
            schema.insert("nullable".to_owned(), json!(true));
        }
        if let Some(description) = description {
            schema.insert("description".to_owned(), json!(description));
        }
        schema
    }

    /// Resolves a reference and returns the name of the schema. Returns `None`, with a warning, if
    /// the reference leaves the page or the schema is missing.
    pub(super) fn target(&mut self, reference: &str, line: u32) -> Option<String> {
        let Some(key) = reference_key(reference) else {
            self.warn(
                line,
                format!(
                    "the reference {} leads out of the page; any value is accepted",
                    quoted(reference)
                ),
                "define the schema in an overlay",
            );
            return None;
        };
        let lookup = self.lookup;
        let Some(named) = lookup.find(&key) else {
            self.missing(&key, line);
            return None;
        };
        if self.met.insert(key.clone()) {
            self.used.push(key);
        }
        Some(named.name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_keys_are_decoded() {
        for (reference, wanted) in [
            ("#/components/schemas/Order", Some("Order")),
            (
                "#/components/schemas/Page%C2%ABOrder%C2%BB",
                Some("Page«Order»"),
            ),
            ("#/components/schemas/Page«Order»", Some("Page«Order»")),
            ("#/components/schemas/a%2Fb~1c~0d", Some("a/b/c~d")),
            ("#/components/schemas/100%25", Some("100%")),
            ("#/components/schemas/50%", Some("50%")),
            ("#/components/schemas/%FF", Some("%FF")),
            ("#/definitions/12", Some("12")),
            ("#/components/schemas/", None),
            ("other.json#/Order", None),
            ("#/paths/x", None),
        ] {
            assert_eq!(reference_key(reference).as_deref(), wanted, "{reference}");
        }
    }
}
