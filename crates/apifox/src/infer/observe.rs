//! Infers a shape from one example, one text or one type name.

use super::format::Format;
use super::merge::{TypeConflict, merge};
use super::{InferredShape, ObjectShape, PropertyShape, ShapeKind, SourceLine, TextFormat};
use crate::json::{JsonNode, JsonValue, number};
use crate::type_names::{Declared, TypeLine};
use std::sync::Arc;

/// Infers the shape of an example.
pub(crate) fn of_node(
    node: &JsonNode,
    file: &Arc<str>,
    clashes: &mut Vec<TypeConflict>,
) -> InferredShape {
    shape(node, file, &mut Vec::new(), clashes)
}

fn shape(
    node: &JsonNode,
    file: &Arc<str>,
    path: &mut Vec<String>,
    clashes: &mut Vec<TypeConflict>,
) -> InferredShape {
    let at = SourceLine {
        file: Arc::clone(file),
        line: node.line,
    };
    let kind = match &node.value {
        JsonValue::Null => {
            return InferredShape {
                nullable: true,
                ..InferredShape::new(at, ShapeKind::Unknown)
            };
        }
        JsonValue::Bool(_) => ShapeKind::Boolean,
        JsonValue::Number(digits) => of_digits(digits),
        JsonValue::String(text) => {
            ShapeKind::Text(Format::of(text).map_or(TextFormat::Plain, TextFormat::Known))
        }
        JsonValue::Array(items) => {
            let mut all = InferredShape::new(at.clone(), ShapeKind::Unknown);
            path.push("[]".to_owned());
            for (index, item) in items.iter().enumerate() {
                let item = shape(item, file, path, clashes);
                if index == 0 {
                    all = item;
                } else {
                    merge(&mut all, item, path, clashes);
                }
            }
            path.pop();
            ShapeKind::Array(Box::new(all))
        }
        JsonValue::Object(members) => {
            let mut object = ObjectShape::default();
            for member in members {
                path.push(member.name.clone());
                let value = shape(&member.value, file, path, clashes);
                let at = SourceLine {
                    file: Arc::clone(file),
                    line: member.line,
                };
                match object.get_mut(&member.name) {
                    Some(known) => merge(&mut known.shape, value, path, clashes),
                    None => object.push(PropertyShape::new(&member.name, at, value)),
                }
                path.pop();
            }
            ShapeKind::Object(object)
        }
    };
    InferredShape::new(at, kind)
}

fn of_digits(digits: &str) -> ShapeKind {
    if digits.contains(['.', 'e', 'E']) {
        ShapeKind::Number
    } else {
        ShapeKind::Integer {
            wide: digits.parse::<i64>().is_err(),
        }
    }
}

/// Infers the shape of a value that a URL, a header or a form shows as text.
pub(crate) fn of_text(text: &str, at: SourceLine) -> InferredShape {
    let kind = match text_value(text) {
        JsonValue::Bool(_) => ShapeKind::Boolean,
        JsonValue::Number(digits) => of_digits(&digits),
        _ => ShapeKind::Text(Format::of(text).map_or(TextFormat::Plain, TextFormat::Known)),
    };
    InferredShape::new(at, kind)
}

/// Parses a text as the most likely value. Up to nine digits are an integer. A longer number is an
/// identifier, which may contain letters in other places.
pub(crate) fn text_value(text: &str) -> JsonValue {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let integer = !digits.is_empty()
        && digits.len() <= 9
        && digits.bytes().all(|b| b.is_ascii_digit())
        && (digits == "0" || !digits.starts_with('0'))
        && text != "-0";
    match text {
        "true" => JsonValue::Bool(true),
        "false" => JsonValue::Bool(false),
        _ if integer => JsonValue::Number(text.to_owned()),
        _ => JsonValue::String(text.to_owned()),
    }
}

/// Converts a text to a value of a kind, for an example. Returns `None` if it is not such a value.
pub(crate) fn text_as(text: &str, shape: &ShapeKind) -> Option<serde_json::Value> {
    Some(match shape {
        ShapeKind::Boolean => serde_json::Value::Bool(text.parse().ok()?),
        ShapeKind::Integer { .. } | ShapeKind::Number => {
            let value = number(text);
            let integer = matches!(shape, ShapeKind::Integer { .. });
            if !value.is_number() || (integer && text.contains(['.', 'e', 'E'])) {
                return None;
            }
            value
        }
        _ => serde_json::Value::String(text.to_owned()),
    })
}

/// Returns the shape of a type name in a table.
pub(crate) fn declared(declared: &Declared, at: &SourceLine) -> InferredShape {
    let kind = match declared {
        Declared::Any => ShapeKind::Unknown,
        Declared::Boolean => ShapeKind::Boolean,
        Declared::Integer => ShapeKind::Integer { wide: false },
        Declared::Number => ShapeKind::Number,
        Declared::Decimal => ShapeKind::Decimal,
        Declared::Text(None) => ShapeKind::Text(TextFormat::Unseen),
        Declared::Text(Some(format)) => ShapeKind::Text(TextFormat::Known(*format)),
        Declared::Binary => ShapeKind::Binary,
        Declared::Object => ShapeKind::Object(ObjectShape::default()),
        Declared::Array(items) => ShapeKind::Array(Box::new(self::declared(items, at))),
    };
    InferredShape::new(at.clone(), kind)
}

/// Returns the shape of a type line in the site's own list of fields. If the line shows no format
/// for a string, the string has no format, even if the examples have one.
pub(crate) fn listed(line: &TypeLine, at: &SourceLine) -> InferredShape {
    let mut shape = declared(&line.declared, at);
    shape.nullable = line.nullable;
    let mut inner = &mut shape;
    loop {
        match &mut inner.kind {
            ShapeKind::Array(items) => inner = items,
            ShapeKind::Text(format @ TextFormat::Unseen) => {
                *format = TextFormat::Plain;
                break;
            }
            _ => break,
        }
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Budget, parse};

    fn read(text: &str) -> (InferredShape, Vec<String>) {
        let node = parse(text, 1, 1, &mut Budget::default()).unwrap().node;
        let mut clashes = Vec::new();
        let shape = of_node(&node, &Arc::from("docs/a.txt"), &mut clashes);
        (shape, clashes.iter().map(TypeConflict::to_string).collect())
    }

    /// Prints a shape on one line.
    fn brief(shape: &InferredShape) -> String {
        let kind = match &shape.kind {
            ShapeKind::Integer { wide: true } => "wide integer".to_owned(),
            ShapeKind::Text(TextFormat::Known(format)) => format.name().to_owned(),
            ShapeKind::Array(items) => format!("[{}]", brief(items)),
            ShapeKind::Object(object) => {
                let members = object.properties().iter();
                let members: Vec<_> = members
                    .map(|property| format!("{}: {}", property.name, brief(&property.shape)))
                    .collect();
                format!("{{{}}}", members.join(", "))
            }
            kind => kind
                .word()
                .rsplit(' ')
                .next()
                .unwrap_or_default()
                .to_owned(),
        };
        if shape.nullable {
            format!("{kind}?")
        } else {
            kind
        }
    }

    #[test]
    fn shapes_of_examples_are_inferred() {
        for (text, shape) in [
            (
                "{\"a\":1,\"b\":\"0.50\",\"c\":null}",
                "{a: integer, b: decimal, c: null?}",
            ),
            ("[1,2.5,null]", "[number?]"),
            ("[]", "[null]"),
            (
                "[{\"a\":1},{\"b\":\"x\"},{\"a\":null}]",
                "[{a: integer?, b: string}]",
            ),
            ("[\"2025-01-01\",\"2025-01-01 10:00:00\"]", "[string]"),
            ("[\"2025-01-01\",\"2025-01-02\"]", "[date]"),
            ("[\"2025-01-01\",\"\"]", "[string]"),
            ("12345678901234567890", "wide integer"),
            ("1e400", "number"),
            ("{\"a\":1,\"a\":2.0}", "{a: number}"),
        ] {
            let (seen, clashes) = read(text);
            assert_eq!(brief(&seen), shape, "{text}");
            assert_eq!(clashes, Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn conflict_is_reported_once_with_both_lines() {
        let (_, clashes) = read("{\"a\":[{\"b\":1},\n{\"b\":\"x\"},\n{\"b\":true}]}");
        assert_eq!(
            clashes,
            ["`a[].b` is an integer at docs/a.txt:1, but a string at docs/a.txt:2"]
        );
    }

    #[test]
    fn texts_become_values() {
        let at = SourceLine {
            file: Arc::from("docs/a.txt"),
            line: 1,
        };
        for (text, shape) in [
            ("7", "integer"),
            ("007", "string"),
            ("-1", "integer"),
            ("4021877350912", "string"),
            ("true", "boolean"),
            ("0.50", "decimal"),
            ("", "string"),
        ] {
            assert_eq!(brief(&of_text(text, at.clone())), shape, "{text}");
        }
        assert_eq!(at.marker(), "a.txt:1");
        assert_eq!(text_as("7", &ShapeKind::Number).unwrap().to_string(), "7");
        assert_eq!(text_as("x", &ShapeKind::Number), None);
        assert_eq!(text_as("1.5", &ShapeKind::Integer { wide: false }), None);
    }
}
