//! Named schemas: those that pages bring, and those made from shapes.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::infer::{
    Clash, Kind, Object, Place, Property, Shape, TextFormat, loosen, merge, text_as,
};
use crate::message::{Message, quoted};
use crate::names::{Names, pascal_case};
use crate::page::Page;

/// A component that something refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Root(usize);

/// All components.
#[derive(Debug, Default)]
pub(super) struct Components {
    names: Names,
    entries: Vec<Entry>,
    /// The first component that was wanted under a name.
    wanted: HashMap<String, usize>,
}

#[derive(Debug)]
struct Entry {
    name: String,
    pages: Vec<String>,
    /// The group of pages that it was made for.
    group: Option<usize>,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Shape(Box<Shape>),
    Given(Value, Place),
    /// One of several; the place of the first.
    Union(Vec<Root>, Place),
}

/// What a component is made from.
pub(super) enum Made {
    Shape(Box<Shape>),
    Given(Value, Place),
}

impl Made {
    pub(super) fn place(&self) -> &Place {
        match self {
            Self::Shape(shape) => &shape.at,
            Self::Given(_, place) => place,
        }
    }

    /// Whether both are the same structure.
    pub(super) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Shape(one), Self::Shape(other)) => one.same(other),
            (Self::Given(one, _), Self::Given(other, _)) => one == other,
            _ => false,
        }
    }
}

/// The prefix of references to components.
const PREFIX: &str = "#/components/schemas/";

impl Components {
    /// A reference to a component.
    pub(super) fn reference(&self, root: Root) -> Value {
        json!({ "$ref": format!("{PREFIX}{}", self.entries[root.0].name) })
    }

    /// Adds the schemas that a page brings under their own names.
    pub(super) fn add_given(&mut self, page: &Page, messages: &mut Vec<Message>) {
        for schema in &page.schemas {
            let place = Place {
                file: Arc::from(page.name.as_str()),
                line: schema.line,
            };
            let Some(&known) = self.wanted.get(&schema.name) else {
                let (name, _) = self.names.take(&schema.name);
                let content = Content::Given(schema.schema.clone(), place);
                self.push(name, &schema.name, &page.key, None, content);
                continue;
            };
            let entry = &mut self.entries[known];
            if let Content::Given(value, first) = &entry.content
                && *value != schema.schema
            {
                messages.push(contradiction(&schema.name, first, &place));
            }
            add_page(&mut entry.pages, &page.key);
        }
    }

    fn push(
        &mut self,
        name: String,
        wanted: &str,
        page: &str,
        group: Option<usize>,
        content: Content,
    ) -> Root {
        let at = self.entries.len();
        self.wanted.entry(wanted.to_owned()).or_insert(at);
        self.entries.push(Entry {
            name,
            pages: vec![page.to_owned()],
            group,
            content,
        });
        Root(at)
    }

    /// One more page has the same component.
    pub(super) fn seen_on(&mut self, root: Root, page: &str) {
        add_page(&mut self.entries[root.0].pages, page);
    }

    /// Adds a component. One of the same name from pages of another operation is joined with it.
    pub(super) fn add(
        &mut self,
        wanted: &str,
        made: Made,
        page: &str,
        group: usize,
        messages: &mut Vec<Message>,
    ) -> Root {
        let place = made.place().clone();
        if let Some(&known) = self.wanted.get(wanted)
            && self.entries[known].group != Some(group)
        {
            if self.join(known, &made, messages) {
                add_page(&mut self.entries[known].pages, page);
                return Root(known);
            }
            // An error says so already; the other operation keeps a schema of its own.
            let (name, _) = self.names.take(wanted);
            return self.push(name, wanted, page, Some(group), made.into());
        }
        let (name, changed) = self.names.take(wanted);
        if changed {
            messages.push(
                Message::warning(
                    &place.file,
                    place.line,
                    format!(
                        "the component {} is called {name}: the name is taken",
                        quoted(wanted)
                    ),
                )
                .with_help("give it a name of its own in the curation"),
            );
        }
        self.push(name, wanted, page, Some(group), made.into())
    }

    /// Joins what was made into a component; `false` if they contradict each other.
    fn join(&mut self, known: usize, made: &Made, messages: &mut Vec<Message>) -> bool {
        let entry = &mut self.entries[known];
        match (&mut entry.content, made) {
            (Content::Shape(shape), Made::Shape(other)) => {
                let mut other = (**other).clone();
                let mut joined = (**shape).clone();
                loosen(&mut other, shape);
                loosen(&mut joined, &other);
                let mut clashes: Vec<Clash> = Vec::new();
                merge(&mut joined, other, &mut Vec::new(), &mut clashes);
                for clash in &clashes {
                    messages.push(
                        Message::error(
                            &clash.second.0.file,
                            clash.second.0.line,
                            format!("in the component {} of two pages, {clash}", quoted(&entry.name)),
                        )
                        .with_help("two pages of one title share a component: correct the wrong one, or tell their titles apart"),
                    );
                }
                if clashes.is_empty() {
                    **shape = joined;
                }
                clashes.is_empty()
            }
            (Content::Given(value, _), Made::Given(other, _)) if value == other => true,
            (content, made) => {
                let first = match content {
                    Content::Shape(shape) => &shape.at,
                    Content::Given(_, place) | Content::Union(_, place) => place,
                };
                messages.push(contradiction(&entry.name, first, made.place()));
                false
            }
        }
    }

    /// Adds a component that is one of several.
    pub(super) fn add_union(&mut self, wanted: &str, of: Vec<Root>, group: usize) -> Root {
        let place = of
            .first()
            .map(|root| match &self.entries[root.0].content {
                Content::Shape(shape) => shape.at.clone(),
                Content::Given(_, place) | Content::Union(_, place) => place.clone(),
            })
            .unwrap_or_else(|| Place {
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
        self.entries.push(Entry {
            name,
            pages,
            group: Some(group),
            content: Content::Union(of, place),
        });
        Root(self.entries.len() - 1)
    }

    /// All components as schemas, nested objects behind those that hold them.
    pub(super) fn finish(mut self, messages: &mut Vec<Message>) -> Value {
        let mut writer = Writer {
            names: std::mem::take(&mut self.names),
            schemas: Vec::new(),
            messages,
        };
        for entry in &self.entries {
            match &entry.content {
                Content::Shape(shape) => {
                    writer.component(entry.name.clone(), shape, &shape.at, None, &entry.pages);
                }
                Content::Given(value, place) => {
                    let mut schema = match value {
                        Value::Object(schema) => schema.clone(),
                        _ => Map::new(),
                    };
                    mark(&mut schema, place, &entry.pages);
                    writer
                        .schemas
                        .push((entry.name.clone(), Value::Object(schema)));
                }
                Content::Union(of, place) => {
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

impl From<Made> for Content {
    fn from(made: Made) -> Self {
        match made {
            Made::Shape(shape) => Self::Shape(shape),
            Made::Given(value, place) => Self::Given(value, place),
        }
    }
}

fn add_page(pages: &mut Vec<String>, page: &str) {
    if !pages.iter().any(|known| known == page) {
        pages.push(page.to_owned());
    }
}

fn contradiction(name: &str, first: &Place, second: &Place) -> Message {
    Message::error(
        &second.file,
        second.line,
        format!(
            "the component {} is another one on the page {first}",
            quoted(name)
        ),
    )
    .with_help("correct the wrong page, or tell the names apart")
}

fn mark(schema: &mut Map<String, Value>, place: &Place, pages: &[String]) {
    schema.insert("x-apifox-pages".to_owned(), json!(pages));
    schema.insert("x-apifox-at".to_owned(), json!(place.marker()));
}

/// Writes shapes as schemas; objects become components.
struct Writer<'m> {
    names: Names,
    schemas: Vec<(String, Value)>,
    messages: &'m mut Vec<Message>,
}

impl Writer<'_> {
    fn component(
        &mut self,
        name: String,
        shape: &Shape,
        at: &Place,
        description: Option<&str>,
        pages: &[String],
    ) {
        let slot = self.schemas.len();
        self.schemas.push((name.clone(), Value::Null));
        let mut schema = match &shape.kind {
            Kind::Object(object) => self.object(&name, object, pages),
            _ => match self.schema(shape, &name, pages) {
                Value::Object(schema) => schema,
                _ => Map::new(),
            },
        };
        if let Some(description) = description {
            schema.insert("description".to_owned(), json!(description));
        }
        mark(&mut schema, at, pages);
        self.schemas[slot].1 = Value::Object(schema);
    }

    fn object(&mut self, name: &str, object: &Object, pages: &[String]) -> Map<String, Value> {
        let mut properties = Map::new();
        for property in object.properties() {
            let schema = self.property(name, property, pages);
            properties.insert(property.name.clone(), schema);
        }
        let required: Vec<&str> = object
            .required()
            .map(|property| property.name.as_str())
            .collect();
        let mut schema = Map::new();
        schema.insert("type".to_owned(), json!("object"));
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        if !properties.is_empty() {
            schema.insert("properties".to_owned(), Value::Object(properties));
        }
        schema
    }

    fn property(&mut self, holder: &str, property: &Property, pages: &[String]) -> Value {
        let part = pascal_case(&property.name);
        let part = if part.is_empty() {
            "Property".to_owned()
        } else {
            part
        };
        let name = format!("{holder}{part}");
        if let Kind::Object(_) = &property.shape.kind {
            let description = property.description.as_deref();
            let reference = self.nested(&name, &property.shape, &property.at, description, pages);
            if !property.shape.nullable {
                return reference;
            }
            return json!({
                "nullable": true,
                "allOf": [reference],
                "x-apifox-at": property.at.marker(),
            });
        }
        let mut schema = match self.schema(&property.shape, &name, pages) {
            Value::Object(schema) => schema,
            _ => Map::new(),
        };
        details(&mut schema, property);
        schema.insert("x-apifox-at".to_owned(), json!(property.at.marker()));
        Value::Object(schema)
    }

    /// A nested object: a component of its own.
    fn nested(
        &mut self,
        wanted: &str,
        shape: &Shape,
        at: &Place,
        description: Option<&str>,
        pages: &[String],
    ) -> Value {
        let (name, changed) = self.names.take(wanted);
        if changed {
            self.messages.push(
                Message::warning(
                    &at.file,
                    at.line,
                    format!(
                        "the component {} is called {}: the name is taken",
                        quoted(wanted),
                        quoted(&name)
                    ),
                )
                .with_help("give it a name of its own in the curation"),
            );
        }
        let reference = json!({ "$ref": format!("{PREFIX}{name}") });
        self.component(name, shape, at, description, pages);
        reference
    }

    /// A schema to stand in place; `name` is what a nested object builds its name on.
    fn schema(&mut self, shape: &Shape, name: &str, pages: &[String]) -> Value {
        let mut schema = scalar(&shape.kind);
        if let Kind::Array(items) = &shape.kind {
            let item = format!("{name}Item");
            let items = match &items.kind {
                Kind::Object(_) => {
                    let reference = self.nested(&item, items, &items.at, None, pages);
                    if items.nullable {
                        json!({ "nullable": true, "allOf": [reference] })
                    } else {
                        reference
                    }
                }
                _ => self.schema(items, &item, pages),
            };
            schema.insert("type".to_owned(), json!("array"));
            schema.insert("items".to_owned(), items);
        }
        if shape.nullable {
            schema.insert("nullable".to_owned(), json!(true));
        }
        Value::Object(schema)
    }
}

/// Type and format of a shape that holds no others.
pub(super) fn scalar(kind: &Kind) -> Map<String, Value> {
    let (name, format) = match kind {
        Kind::Unknown | Kind::Array(_) => return Map::new(),
        Kind::Object(_) => ("object", None),
        Kind::Boolean => ("boolean", None),
        Kind::Integer { wide: false } => ("integer", Some("int64")),
        Kind::Integer { wide: true } => ("integer", None),
        Kind::Number | Kind::Decimal => ("number", None),
        Kind::Text(TextFormat::Known(format)) => ("string", Some(format.name())),
        Kind::Text(_) => ("string", None),
        Kind::Binary => ("string", Some("binary")),
    };
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!(name));
    if let Some(format) = format {
        schema.insert("format".to_owned(), json!(format));
    }
    schema
}

/// What tables say of a property beside its type.
pub(super) fn details(schema: &mut Map<String, Value>, property: &Property) {
    if let Some(description) = &property.description {
        schema.insert("description".to_owned(), json!(description));
    }
    if let (Some(length), Kind::Text(_)) = (property.max_length, &property.shape.kind) {
        schema.insert("maxLength".to_owned(), json!(length));
    }
    if !property.fixed.is_empty() {
        let kind = &property.shape.kind;
        let mut values: Vec<Value> = property
            .fixed
            .iter()
            .filter_map(|value| text_as(value, kind))
            .collect();
        if property.shape.nullable {
            values.push(Value::Null);
        }
        if matches!(kind, Kind::Unknown) {
            schema.insert("type".to_owned(), json!("string"));
        }
        schema.insert("enum".to_owned(), Value::Array(values));
    }
}
