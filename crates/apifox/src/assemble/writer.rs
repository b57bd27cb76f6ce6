//! Writes components as schemas, from shapes and from the schemas of pages.

use crate::diagnostic::{Diagnostic, quoted};
use crate::infer::{
    InferredShape, ObjectShape, PropertyShape, ShapeKind, SourceLine, TextFormat, text_as,
};
use crate::names::{Names, pascal_case};
use crate::schema_import::PREFIX;
use serde_json::{Map, Value, json};
use std::sync::Arc;

pub(super) fn mark(schema: &mut Map<String, Value>, place: &SourceLine, pages: &[String]) {
    mark_at(schema, &place.marker(), pages);
}

fn mark_at(schema: &mut Map<String, Value>, marker: &str, pages: &[String]) {
    schema.insert("x-apifox-pages".to_owned(), json!(pages));
    schema.insert("x-apifox-at".to_owned(), json!(marker));
}

/// Writes shapes as schemas; each nested object becomes a component.
pub(super) struct Writer<'m> {
    pub(super) names: Names,
    pub(super) schemas: Vec<(String, Value)>,
    /// The file of the schema that is being written, for diagnostics.
    pub(super) file: Arc<str>,
    pub(super) diagnostics: &'m mut Vec<Diagnostic>,
}

impl Writer<'_> {
    pub(super) fn component(
        &mut self,
        name: String,
        shape: &InferredShape,
        at: &SourceLine,
        description: Option<&str>,
        pages: &[String],
    ) {
        let slot = self.schemas.len();
        self.schemas.push((name.clone(), Value::Null));
        let mut schema = match &shape.kind {
            ShapeKind::Object(object) => self.object(&name, object, pages),
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

    fn object(&mut self, name: &str, object: &ObjectShape, pages: &[String]) -> Map<String, Value> {
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

    fn property(&mut self, holder: &str, property: &PropertyShape, pages: &[String]) -> Value {
        let name = format!("{holder}{}", part(&property.name));
        if let ShapeKind::Object(_) = &property.shape.kind {
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

    /// Writes a nested object as a component.
    fn nested(
        &mut self,
        wanted: &str,
        shape: &InferredShape,
        at: &SourceLine,
        description: Option<&str>,
        pages: &[String],
    ) -> Value {
        let name = self.take_name(wanted, &at.file, at.line);
        let reference = json!({ "$ref": format!("{PREFIX}{name}") });
        self.component(name, shape, at, description, pages);
        reference
    }

    fn take_name(&mut self, wanted: &str, file: &str, line: impl Into<Option<u32>>) -> String {
        let (name, changed) = self.names.take(wanted);
        if changed {
            self.diagnostics.push(
                Diagnostic::warning(
                    file,
                    line,
                    format!(
                        "the component {} is called {} because the name is in use",
                        quoted(wanted),
                        quoted(&name)
                    ),
                )
                .with_help("rename it in an overlay"),
            );
        }
        name
    }

    /// Writes the schema of a page; each nested object becomes a component.
    pub(super) fn given(
        &mut self,
        name: String,
        schema: Map<String, Value>,
        marker: &str,
        pages: &[String],
    ) {
        let slot = self.schemas.len();
        self.schemas.push((name.clone(), Value::Null));
        let mut schema = self.inside(&name, schema, marker, pages);
        schema.shift_remove("x-apifox-at");
        // `$ref` allows no sibling keywords, and a component has its own location.
        if let Some(reference) = schema.shift_remove("$ref") {
            schema.insert("allOf".to_owned(), json!([{ "$ref": reference }]));
        }
        mark_at(&mut schema, marker, pages);
        self.schemas[slot].1 = Value::Object(schema);
    }

    /// Replaces the objects in a schema by references.
    fn inside(
        &mut self,
        name: &str,
        mut schema: Map<String, Value>,
        marker: &str,
        pages: &[String],
    ) -> Map<String, Value> {
        if let Some(Value::Object(properties)) = schema.get_mut("properties") {
            for (property, inner) in properties.iter_mut() {
                let part = part(property);
                self.place(&format!("{name}{part}"), inner, marker, pages);
            }
        }
        for (word, part) in [("items", "Item"), ("additionalProperties", "Value")] {
            if let Some(inner) = schema.get_mut(word) {
                self.place(&format!("{name}{part}"), inner, marker, pages);
            }
        }
        for word in ["oneOf", "anyOf"] {
            if let Some(Value::Array(branches)) = schema.get_mut(word) {
                for (number, inner) in branches.iter_mut().enumerate() {
                    self.place(&format!("{name}Option{}", number + 1), inner, marker, pages);
                }
            }
        }
        // The branches of `allOf` belong together.
        if let Some(Value::Array(branches)) = schema.get_mut("allOf") {
            for inner in branches.iter_mut() {
                if let Value::Object(branch) = inner {
                    let taken = std::mem::take(branch);
                    *branch = self.inside(name, taken, marker, pages);
                }
            }
        }
        schema
    }

    fn place(&mut self, wanted: &str, inner: &mut Value, marker: &str, pages: &[String]) {
        let Value::Object(schema) = inner else {
            return;
        };
        let mut schema = std::mem::take(schema);
        let own = schema
            .get("x-apifox-at")
            .and_then(Value::as_str)
            .map(str::to_owned);
        let at = own.as_deref().unwrap_or(marker).to_owned();
        let is_map =
            schema.contains_key("additionalProperties") && !schema.contains_key("properties");
        if schema.get("type") != Some(&json!("object")) || is_map {
            *inner = Value::Object(self.inside(wanted, schema, &at, pages));
            return;
        }
        let nullable = schema.shift_remove("nullable") == Some(json!(true));
        let line = at
            .rsplit_once(':')
            .and_then(|(_, line)| line.parse::<u32>().ok());
        let file = Arc::clone(&self.file);
        let name = self.take_name(wanted, &file, line);
        let reference = json!({ "$ref": format!("{PREFIX}{name}") });
        self.given(name, schema, &at, pages);
        *inner = match (nullable, own) {
            (false, _) => reference,
            (true, Some(own)) => {
                json!({ "nullable": true, "allOf": [reference], "x-apifox-at": own })
            }
            (true, None) => json!({ "nullable": true, "allOf": [reference] }),
        };
    }

    /// Writes the inline schema of a shape; `name` starts the names of nested components.
    fn schema(&mut self, shape: &InferredShape, name: &str, pages: &[String]) -> Value {
        let mut schema = scalar(&shape.kind);
        if let ShapeKind::Array(items) = &shape.kind {
            let item = format!("{name}Item");
            let items = match &items.kind {
                ShapeKind::Object(_) => {
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

/// Returns the last part of the name of a component: the name of its property in PascalCase.
fn part(property: &str) -> String {
    let part = pascal_case(property);
    if part.is_empty() {
        "Property".to_owned()
    } else {
        part
    }
}

/// Returns the type and format of a scalar shape.
pub(super) fn scalar(kind: &ShapeKind) -> Map<String, Value> {
    let (name, format) = match kind {
        ShapeKind::Unknown | ShapeKind::Array(_) => return Map::new(),
        ShapeKind::Object(_) => ("object", None),
        ShapeKind::Boolean => ("boolean", None),
        ShapeKind::Integer { wide: false } => ("integer", Some("int64")),
        ShapeKind::Integer { wide: true } => ("integer", None),
        ShapeKind::Number | ShapeKind::Decimal => ("number", None),
        ShapeKind::Text(TextFormat::Known(format)) => ("string", Some(format.name())),
        ShapeKind::Text(_) => ("string", None),
        ShapeKind::Binary => ("string", Some("binary")),
    };
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!(name));
    if let Some(format) = format {
        schema.insert("format".to_owned(), json!(format));
    }
    schema
}

/// Adds the documentation of a property in tables.
pub(super) fn details(schema: &mut Map<String, Value>, property: &PropertyShape) {
    if let Some(description) = &property.description {
        schema.insert("description".to_owned(), json!(description));
    }
    if let (Some(length), ShapeKind::Text(_)) = (property.max_length, &property.shape.kind) {
        schema.insert("maxLength".to_owned(), json!(length));
    }
    let kind = &property.shape.kind;
    let allowed = if property.fixed.is_empty() {
        &property.details.allowed
    } else {
        &property.fixed
    };
    for (word, value) in [
        ("default", &property.details.default),
        ("example", &property.details.example),
    ] {
        if let Some(value) = value.as_deref().and_then(|value| documented(value, kind)) {
            schema.insert(word.to_owned(), value);
        }
    }
    for (word, value) in &property.details.keywords {
        schema.insert(word.clone(), value.clone());
    }
    if !allowed.is_empty() {
        let convert = |kind| -> Option<Vec<Value>> {
            allowed.iter().map(|value| text_as(value, kind)).collect()
        };
        // An enum without the values that cannot be converted would reject them.
        let mut values = convert(kind).unwrap_or_default();
        if property.shape.nullable && !values.is_empty() {
            values.push(Value::Null);
        }
        if matches!(kind, ShapeKind::Unknown) {
            schema.insert("type".to_owned(), json!("string"));
        }
        match (kind, schema.get_mut("items")) {
            // Items with fields are a component: no keyword is allowed next to `$ref`.
            (ShapeKind::Array(_), Some(Value::Object(inner))) if inner.contains_key("$ref") => {}
            (ShapeKind::Array(items), Some(Value::Object(inner))) => {
                if let Some(values) = convert(&items.kind) {
                    inner.insert("enum".to_owned(), Value::Array(values));
                }
            }
            (ShapeKind::Array(_) | ShapeKind::Object(_), _) => {}
            _ if values.is_empty() => {}
            _ => {
                schema.insert("enum".to_owned(), Value::Array(values));
            }
        }
    }
}

/// Converts a printed default value or example. Returns `None` if it is not of the kind.
fn documented(text: &str, kind: &ShapeKind) -> Option<Value> {
    match kind {
        ShapeKind::Array(_) => serde_json::from_str(text).ok().filter(Value::is_array),
        ShapeKind::Object(_) => serde_json::from_str(text).ok().filter(Value::is_object),
        kind => text_as(text, kind),
    }
}
