use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::ApiPage;
use super::writer::{details, scalar};
use crate::infer::{
    InferredShape, PropertyShape, ShapeKind, SourceLine as At, TextFormat, declared,
};
use crate::page::FieldSpec;
use crate::types::{self, Declared};

/// Returns the schema of a value that is sent as text.
pub(super) fn schema(property: &PropertyShape) -> Map<String, Value> {
    let mut schema = scalar(&property.shape.kind);
    if let ShapeKind::Array(items) = &property.shape.kind {
        let items = match &items.kind {
            ShapeKind::Unknown | ShapeKind::Object(_) | ShapeKind::Array(_) => {
                scalar(&ShapeKind::Text(TextFormat::Plain))
            }
            kind => scalar(kind),
        };
        schema.insert("type".to_owned(), json!("array"));
        schema.insert("items".to_owned(), Value::Object(items));
    }
    details(&mut schema, property);
    schema
}

/// Builds the headers of a response; the first page that names a header describes it.
pub(super) fn headers(fields: &[(ApiPage, &FieldSpec)]) -> Map<String, Value> {
    let mut headers = Map::new();
    for (api, field) in fields {
        let at = At {
            file: Arc::from(api.page.name.as_str()),
            line: field.line,
        };
        let shape = match field.type_name.as_deref().and_then(types::declared) {
            Some(Declared::Any | Declared::Object) | None => {
                InferredShape::new(at.clone(), ShapeKind::Text(TextFormat::Plain))
            }
            Some(word) => declared(&word, &at),
        };
        let property = PropertyShape {
            max_length: field.max_length,
            ..PropertyShape::new(&field.name, at.clone(), shape)
        };
        let mut header = Map::new();
        if let Some(description) = &field.description {
            header.insert("description".to_owned(), json!(description));
        }
        header.insert("schema".to_owned(), Value::Object(schema(&property)));
        header.insert("x-apifox-at".to_owned(), json!(at.marker()));
        headers
            .entry(field.name.clone())
            .or_insert(Value::Object(header));
    }
    headers
}
