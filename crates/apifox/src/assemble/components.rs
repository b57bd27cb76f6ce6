//! The components of the document: schemas of pages, and schemas made from shapes.

use super::documented::{renamed, same};
use super::writer::{Writer, mark};
use crate::diagnostic::{Diagnostic, quoted};
use crate::infer::{InferredShape, SourceLine, TypeConflict, loosen, merge};
use crate::names::{Names, is_legal, legal};
use crate::page::Page;
use crate::schema_import::PREFIX;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::Arc;

/// A component that is referenced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Root(usize);

/// All components.
#[derive(Debug, Default)]
pub(super) struct Components {
    names: Names,
    entries: Vec<ComponentEntry>,
    /// The first component per requested name.
    wanted: HashMap<String, usize>,
    /// Schemas of pages, by the vendor's name.
    given: HashMap<String, usize>,
    /// Maps the vendor's schema names to valid component names.
    legal: HashMap<String, String>,
}

#[derive(Debug)]
struct ComponentEntry {
    name: String,
    pages: Vec<String>,
    /// The group of pages for which the component was created.
    group: Option<usize>,
    content: ComponentContent,
}

#[derive(Debug)]
enum ComponentContent {
    InferredShape(Box<InferredShape>),
    Given(Value, SourceLine),
    /// A union of several schemas, with the location of the first one.
    Union(Vec<Root>, SourceLine),
}

/// The content of a new component.
pub(super) enum BodySchema {
    InferredShape(Box<InferredShape>),
    Given(Value, SourceLine),
}

impl BodySchema {
    pub(super) fn place(&self) -> &SourceLine {
        match self {
            Self::InferredShape(shape) => &shape.at,
            Self::Given(_, place) => place,
        }
    }

    /// Returns whether both have the same structure.
    pub(super) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::InferredShape(one), Self::InferredShape(other)) => one.same(other),
            (Self::Given(one, _), Self::Given(other, _)) => same(one, other),
            _ => false,
        }
    }
}

impl Components {
    /// Returns a reference to a component.
    pub(super) fn reference(&self, root: Root) -> Value {
        json!({ "$ref": format!("{PREFIX}{}", self.entries[root.0].name) })
    }

    /// Reserves the legal names of the schemas of a page.
    pub(super) fn reserve(&mut self, page: &Page) {
        for schema in &page.schemas {
            if is_legal(&schema.name) && !self.legal.contains_key(&schema.name) {
                self.names.take(&schema.name);
                self.legal.insert(schema.name.clone(), schema.name.clone());
            }
        }
    }

    /// Adds the schemas of a page under legal names.
    pub(super) fn add_given(&mut self, page: &Page, diagnostics: &mut Vec<Diagnostic>) {
        for schema in &page.schemas {
            let file = schema.file.as_deref().unwrap_or(&page.name);
            let place = SourceLine {
                file: Arc::from(file),
                line: schema.line,
            };
            let Some(&known) = self.given.get(&schema.name) else {
                let name = match self.legal.get(&schema.name) {
                    Some(name) => name.clone(),
                    None => self.legalised(&schema.name, &place, diagnostics),
                };
                let content = ComponentContent::Given(schema.schema.clone(), place);
                let Root(at) = self.push(name, &schema.name, &page.key, None, content);
                self.given.insert(schema.name.clone(), at);
                continue;
            };
            let entry = &mut self.entries[known];
            if let ComponentContent::Given(value, first) = &entry.content
                && !same(value, &schema.schema)
            {
                diagnostics.push(contradiction(&schema.name, first, &place));
            }
            add_page(&mut entry.pages, &page.key);
        }
    }

    fn legalised(
        &mut self,
        original: &str,
        place: &SourceLine,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> String {
        let (name, changed) = self.names.take(&legal(original));
        if changed {
            diagnostics.push(
                Diagnostic::warning(
                    &place.file,
                    place.line,
                    format!(
                        "the component {} is called {name} because the name is in use",
                        quoted(original)
                    ),
                )
                .with_help("rename it in an overlay"),
            );
        }
        self.legal.insert(original.to_owned(), name.clone());
        name
    }

    /// Returns the schema that a page defines under a name.
    pub(super) fn brought(&self, name: &str) -> Option<&Value> {
        match &self.entries[*self.given.get(name)?].content {
            ComponentContent::Given(value, _) => Some(value),
            ComponentContent::InferredShape(_) | ComponentContent::Union(..) => None,
        }
    }

    /// Returns the component if a schema is only a reference to a page's schema.
    pub(super) fn referred(&self, schema: &Value) -> Option<Root> {
        let schema = schema.as_object().filter(|schema| schema.len() == 1)?;
        let name = schema.get("$ref")?.as_str()?.strip_prefix(PREFIX)?;
        Some(Root(*self.given.get(name)?))
    }

    /// Returns the schema with legal names in its references. A reference without a target accepts
    /// any value.
    pub(super) fn renamed(&self, schema: &Value) -> Value {
        renamed(schema, &self.legal)
    }

    fn push(
        &mut self,
        name: String,
        wanted: &str,
        page: &str,
        group: Option<usize>,
        content: ComponentContent,
    ) -> Root {
        let at = self.entries.len();
        self.wanted.entry(wanted.to_owned()).or_insert(at);
        self.entries.push(ComponentEntry {
            name,
            pages: vec![page.to_owned()],
            group,
            content,
        });
        Root(at)
    }

    /// Records that another page has the same component.
    pub(super) fn seen_on(&mut self, root: Root, page: &str) {
        add_page(&mut self.entries[root.0].pages, page);
    }

    /// Adds a component. If pages of another operation have one with this name, the two are merged.
    pub(super) fn add(
        &mut self,
        wanted: &str,
        made: BodySchema,
        page: &str,
        group: usize,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Root {
        let place = made.place().clone();
        // A name that a page defines is not reused for an inferred component.
        if let Some(&known) = self.wanted.get(wanted)
            && self.entries[known]
                .group
                .is_some_and(|known| known != group)
        {
            if self.join(known, &made, diagnostics) {
                add_page(&mut self.entries[known].pages, page);
                return Root(known);
            }
            // The conflict is already reported; the other operation gets a separate schema.
            let (name, _) = self.names.take(wanted);
            return self.push(name, wanted, page, Some(group), made.into());
        }
        let (name, changed) = self.names.take(wanted);
        if changed {
            diagnostics.push(
                Diagnostic::warning(
                    &place.file,
                    place.line,
                    format!(
                        "the component {} is called {name} because the name is in use",
                        quoted(wanted)
                    ),
                )
                .with_help("rename it in an overlay"),
            );
        }
        self.push(name, wanted, page, Some(group), made.into())
    }

    /// Merges new content into a component; returns `false` if they conflict.
    fn join(&mut self, known: usize, made: &BodySchema, diagnostics: &mut Vec<Diagnostic>) -> bool {
        let entry = &mut self.entries[known];
        match (&mut entry.content, made) {
            (ComponentContent::InferredShape(shape), BodySchema::InferredShape(other)) => {
                let mut other = (**other).clone();
                let mut joined = (**shape).clone();
                loosen(&mut other, shape);
                loosen(&mut joined, &other);
                let mut clashes: Vec<TypeConflict> = Vec::new();
                merge(&mut joined, other, &mut Vec::new(), &mut clashes);
                for clash in &clashes {
                    diagnostics.push(
                        Diagnostic::error(
                            &clash.second.0.file,
                            clash.second.0.line,
                            format!("in the component {} of two pages, {clash}", quoted(&entry.name)),
                        )
                        .with_help("pages with the same title share a component: correct the wrong page, or rename one of them"),
                    );
                }
                if clashes.is_empty() {
                    **shape = joined;
                }
                clashes.is_empty()
            }
            (ComponentContent::Given(value, _), BodySchema::Given(other, _))
                if same(value, other) =>
            {
                true
            }
            (content, made) => {
                let first = match content {
                    ComponentContent::InferredShape(shape) => &shape.at,
                    ComponentContent::Given(_, place) | ComponentContent::Union(_, place) => place,
                };
                diagnostics.push(contradiction(&entry.name, first, made.place()));
                false
            }
        }
    }

    /// Adds a component that is a union of several.
    pub(super) fn add_union(&mut self, wanted: &str, of: Vec<Root>, group: usize) -> Root {
        let place = of
            .first()
            .map(|root| match &self.entries[root.0].content {
                ComponentContent::InferredShape(shape) => shape.at.clone(),
                ComponentContent::Given(_, place) | ComponentContent::Union(_, place) => {
                    place.clone()
                }
            })
            .unwrap_or_else(|| SourceLine {
                file: Arc::from(""),
                line: 0,
            });
        let mut pages = Vec::new();
        for root in &of {
            for page in &self.entries[root.0].pages {
                add_page(&mut pages, page);
            }
        }
        let (name, _) = self.names.take(wanted);
        self.entries.push(ComponentEntry {
            name,
            pages,
            group: Some(group),
            content: ComponentContent::Union(of, place),
        });
        Root(self.entries.len() - 1)
    }

    /// Returns all components as schemas; a nested object follows the object that contains it.
    pub(super) fn finish(mut self, diagnostics: &mut Vec<Diagnostic>) -> Value {
        let mut writer = Writer {
            names: std::mem::take(&mut self.names),
            schemas: Vec::new(),
            file: Arc::from(""),
            diagnostics,
        };
        for entry in &self.entries {
            match &entry.content {
                ComponentContent::InferredShape(shape) => {
                    writer.component(entry.name.clone(), shape, &shape.at, None, &entry.pages);
                }
                ComponentContent::Given(value, place) => {
                    let schema = match renamed(value, &self.legal) {
                        Value::Object(schema) => schema,
                        _ => Map::new(),
                    };
                    writer.file = Arc::clone(&place.file);
                    writer.given(entry.name.clone(), schema, &place.marker(), &entry.pages);
                }
                ComponentContent::Union(of, place) => {
                    let branches: Value = of.iter().map(|root| self.reference(*root)).collect();
                    let mut schema = Map::new();
                    schema.insert("oneOf".to_owned(), branches);
                    mark(&mut schema, place, &entry.pages);
                    writer
                        .schemas
                        .push((entry.name.clone(), Value::Object(schema)));
                }
            }
        }
        Value::Object(writer.schemas.into_iter().collect())
    }
}

impl From<BodySchema> for ComponentContent {
    fn from(made: BodySchema) -> Self {
        match made {
            BodySchema::InferredShape(shape) => Self::InferredShape(shape),
            BodySchema::Given(value, place) => Self::Given(value, place),
        }
    }
}

fn add_page(pages: &mut Vec<String>, page: &str) {
    if !pages.iter().any(|known| known == page) {
        pages.push(page.to_owned());
    }
}

fn contradiction(name: &str, first: &SourceLine, second: &SourceLine) -> Diagnostic {
    Diagnostic::error(
        &second.file,
        second.line,
        format!(
            "the component {} differs from the one on the page {first}",
            quoted(name)
        ),
    )
    .with_help("correct the wrong page, or rename one of the schemas")
}
