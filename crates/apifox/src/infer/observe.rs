//! The shape of what a page shows: of an example, of a text in an address, of a word in a table.

use std::sync::Arc;

use super::format::Format;
use super::merge::{Clash, merge};
use super::shape::{Kind, Object, Place, Property, Shape, TextFormat};
use crate::json::{Json, Node, number};
use crate::types::Declared;

/// The shape of an example.
pub(crate) fn of_node(node: &Node, file: &Arc<str>, clashes: &mut Vec<Clash>) -> Shape {
    shape(node, file, &mut Vec::new(), clashes)
}

fn shape(node: &Node, file: &Arc<str>, path: &mut Vec<String>, clashes: &mut Vec<Clash>) -> Shape {
    let at = Place {
        file: Arc::clone(file),
        line: node.line,
    };
    let kind = match &node.value {
        Json::Null => {
            return Shape {
                nullable: true,
                ..Shape::new(at, Kind::Unknown)
            };
        }
        Json::Bool(_) => Kind::Boolean,
        Json::Number(digits) => of_digits(digits),
        Json::Text(text) => {
            Kind::Text(Format::of(text).map_or(TextFormat::Plain, TextFormat::Known))
        }
        Json::Array(items) => {
            let mut all = Shape::new(at.clone(), Kind::Unknown);
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
            Kind::Array(Box::new(all))
        }
        Json::Object(members) => {
            let mut object = Object::default();
            for member in members {
                path.push(member.name.clone());
                let value = shape(&member.value, file, path, clashes);
                let at = Place {
                    file: Arc::clone(file),
                    line: member.line,
                };
                match object.get_mut(&member.name) {
                    Some(known) => merge(&mut known.shape, value, path, clashes),
                    None => object.push(Property::new(&member.name, at, value)),
                }
                path.pop();
            }
            Kind::Object(object)
        }
    };
    Shape::new(at, kind)
}

fn of_digits(digits: &str) -> Kind {
    if digits.contains(['.', 'e', 'E']) {
        Kind::Number
    } else {
        Kind::Integer {
            wide: digits.parse::<i64>().is_err(),
        }
    }
}

/// The shape of a value that a URL, a header or a form shows as text.
pub(crate) fn of_text(text: &str, at: Place) -> Shape {
    let kind = match text_value(text) {
        Json::Bool(_) => Kind::Boolean,
        Json::Number(digits) => of_digits(&digits),
        _ => Kind::Text(Format::of(text).map_or(TextFormat::Plain, TextFormat::Known)),
    };
    Shape::new(at, kind)
}

/// A text as the value it most likely is. Up to nine digits are an integer: longer ones are numbers of
/// orders and the like, which other calls may have letters in.
pub(crate) fn text_value(text: &str) -> Json {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let integer = !digits.is_empty()
        && digits.len() <= 9
        && digits.bytes().all(|b| b.is_ascii_digit())
        && (digits == "0" || !digits.starts_with('0'))
        && text != "-0";
    match text {
        "true" => Json::Bool(true),
        "false" => Json::Bool(false),
        _ if integer => Json::Number(text.to_owned()),
        _ => Json::Text(text.to_owned()),
    }
}

/// A text as a value of a shape, for an example. `None`: the text is no such value.
pub(crate) fn text_as(text: &str, shape: &Kind) -> Option<serde_json::Value> {
    Some(match shape {
        Kind::Boolean => serde_json::Value::Bool(text.parse().ok()?),
        Kind::Integer { .. } | Kind::Number => {
            let value = number(text);
            let integer = matches!(shape, Kind::Integer { .. });
            if !value.is_number() || (integer && text.contains(['.', 'e', 'E'])) {
                return None;
            }
            value
        }
        _ => serde_json::Value::String(text.to_owned()),
    })
}

/// The shape that a type word of a table means.
pub(crate) fn declared(declared: &Declared, at: &Place) -> Shape {
    let kind = match declared {
        Declared::Any => Kind::Unknown,
        Declared::Boolean => Kind::Boolean,
        Declared::Integer => Kind::Integer { wide: false },
        Declared::Number => Kind::Number,
        Declared::Decimal => Kind::Decimal,
        Declared::Text(None) => Kind::Text(TextFormat::Unseen),
        Declared::Text(Some(format)) => Kind::Text(TextFormat::Known(*format)),
        Declared::Binary => Kind::Binary,
        Declared::Object => Kind::Object(Object::default()),
        Declared::Array(items) => Kind::Array(Box::new(self::declared(items, at))),
    };
    Shape::new(at.clone(), kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Budget, parse};

    fn read(text: &str) -> (Shape, Vec<String>) {
        let node = parse(text, 1, 1, &mut Budget::default()).unwrap().node;
        let mut clashes = Vec::new();
        let shape = of_node(&node, &Arc::from("docs/a.txt"), &mut clashes);
        (shape, clashes.iter().map(Clash::to_string).collect())
    }

    /// A shape in one line.
    fn brief(shape: &Shape) -> String {
        let kind = match &shape.kind {
            Kind::Integer { wide: true } => "wide integer".to_owned(),
            Kind::Text(TextFormat::Known(format)) => format.name().to_owned(),
            Kind::Array(items) => format!("[{}]", brief(items)),
            Kind::Object(object) => {
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
    fn shapes_of_examples() {
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
    fn contradictions_name_both_lines_once() {
        let (_, clashes) = read("{\"a\":[{\"b\":1},\n{\"b\":\"x\"},\n{\"b\":true}]}");
        assert_eq!(
            clashes,
            ["`a[].b` is an integer at docs/a.txt:1, a string at docs/a.txt:2"]
        );
    }

    #[test]
    fn values_of_text() {
        let at = Place {
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
        assert_eq!(text_as("7", &Kind::Number).unwrap().to_string(), "7");
        assert_eq!(text_as("x", &Kind::Number), None);
        assert_eq!(text_as("1.5", &Kind::Integer { wide: false }), None);
    }
}
