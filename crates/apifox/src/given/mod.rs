//! Schemas that a page brings: JSON Schema of several drafts, with the habits of Apifox, made into schema
//! objects of OpenAPI 3.0.
//!
//! References stay references, so that cycles are no matter; they come out as
//! `#/components/schemas/<name>`, the name as the vendor wrote it.

pub(crate) mod body;
pub(crate) mod call;
mod choice;
mod kind;
mod limits;
pub(crate) mod media;
pub(crate) mod parameter;
mod properties;
mod reference;
pub(crate) mod schema;
pub(crate) mod security;
pub(crate) mod values;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::json::{Budget, JsonNode};
use crate::message::{Diagnostic, quoted};

/// The prefix of references to schemas in what is given out.
pub(crate) const PREFIX: &str = "#/components/schemas/";

/// Schemas nested deeper than this are refused: each level is two in the document, and common JSON readers
/// stop at 128.
const DEEPEST: usize = 40;

/// A schema that something refers to.
#[derive(Debug, Clone)]
pub(crate) struct Named<'a> {
    /// The name that it has in the document, before names are made legal.
    pub(crate) name: &'a str,
    pub(crate) file: &'a Arc<str>,
    pub(crate) schema: &'a JsonNode,
}

/// Where references lead.
pub(crate) trait Lookup {
    /// The schema of a key: a name, or a number of the project's list.
    fn find(&self, key: &str) -> Option<Named<'_>>;
}

/// Makes schemas of one page, or of one list, into those of OpenAPI 3.0.
pub(crate) struct Reader<'a> {
    file: Arc<str>,
    lookup: &'a dyn Lookup,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Keys that were referred to, in the order in which they were met.
    used: Vec<String>,
    met: HashSet<String>,
    missing: HashSet<String>,
    unknown_words: HashSet<String>,
    budget: Budget,
    depth: usize,
    /// Keys whose property sets are being merged in.
    merging: Vec<String>,
    said: HashMap<&'static str, ()>,
}

impl<'a> Reader<'a> {
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

    /// The schema that a node describes.
    pub(crate) fn schema(&mut self, node: &JsonNode) -> Value {
        Value::Object(self.object(node))
    }

    /// The keys that were referred to since the last call, each once in all.
    pub(crate) fn take_used(&mut self) -> Vec<String> {
        std::mem::take(&mut self.used)
    }

    /// A schema that has a name.
    pub(crate) fn named(&mut self, name: &str, node: &JsonNode) -> Value {
        let mut schema = self.object(node);
        // A title that only says the name again describes nothing.
        if schema.get("description").and_then(Value::as_str) == Some(name) {
            schema.shift_remove("description");
        }
        Value::Object(schema)
    }

    /// A schema of its own, and the keys that it refers to.
    pub(crate) fn alone(&mut self, name: &str, node: &JsonNode) -> (Value, Vec<String>) {
        self.met.clear();
        let schema = self.named(name, node);
        (schema, self.take_used())
    }

    /// The schema of a field of a form.
    pub(crate) fn field(&mut self, node: &JsonNode, line: u32) -> Value {
        let schema = self.property(node, line);
        match schema {
            // A field of no type is a text.
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

    /// The same thing is said of one page only once.
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
                    "the schema is nested deeper than {DEEPEST} levels; what is below is left out"
                ),
            );
            self.once(
                "deep",
                message.with_help("look at the page: no API needs that"),
            );
            return Map::new();
        }
        if !self.budget.take() {
            let message = Diagnostic::error(
                &self.file,
                node.line,
                "the schemas are too many, or unfold into too many; the rest is left out",
            );
            self.once(
                "large",
                message
                    .with_help("look at the page: property sets that are merged in may multiply"),
            );
            return Map::new();
        }
        self.depth += 1;
        let schema = self.read(node);
        self.depth -= 1;
        schema
    }

    /// The place of a line, as documents have it.
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
                        "the schema {} is missing; anything may stand there",
                        quoted(key)
                    ),
                )
                .with_help(
                    "get the project's list of schemas, or give it a schema in the curation",
                ),
            );
        }
    }
}

/// Whether a schema says nothing that an example would not: nothing at all, or that it is an object.
pub(crate) fn is_blank(schema: &Value) -> bool {
    schema.as_object().is_some_and(|schema| {
        schema.iter().all(|(word, value)| match word.as_str() {
            "type" => value == "object",
            "description" | "title" => true,
            word => word.starts_with("x-"),
        })
    })
}

/// A schema of a few members.
pub(crate) fn members(
    pairs: impl IntoIterator<Item = (&'static str, Value)>,
) -> Map<String, Value> {
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
