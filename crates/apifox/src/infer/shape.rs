//! The shape of a value, and where it was seen.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use super::format::Format;
use super::merge::{Clash, merge};
use crate::json::{Json, Node, number};
use crate::types::Declared;

/// A line of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The file as messages name it.
    pub(crate) file: Arc<str>,
    pub(crate) line: u32,
}

impl Place {
    /// The file without its folder, and the line: the same wherever the importer runs.
    pub(crate) fn marker(&self) -> String {
        let name = self.file.rsplit(['/', '\\']).next().unwrap_or_default();
        format!("{name}:{}", self.line)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// What is known of a value.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    /// Where it was seen first.
    pub(crate) at: Place,
    pub(crate) nullable: bool,
    pub(crate) kind: Kind,
    /// Two places contradict each other, and that has been said.
    pub(crate) contradicted: bool,
}

/// What kind of value it is.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// Nothing but null was seen, or nothing at all.
    Unknown,
    Boolean,
    /// `wide`: some value does not fit 64 bits.
    Integer {
        wide: bool,
    },
    Number,
    /// A table says "decimal"; whether it is a number or a string on the wire is not known.
    Decimal,
    Text(TextFormat),
    /// The bytes of a file.
    Binary,
    Array(Box<Shape>),
    Object(Object),
}

/// What is known of the form of a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextFormat {
    /// A table calls it a string; no value was seen.
    Unseen,
    /// Values of no form, or of several.
    Plain,
    Known(Format),
}

/// Properties in the order in which they were met, found by name in constant time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Object {
    properties: Vec<Property>,
    index: HashMap<String, usize>,
    /// Positions of the properties that are required.
    required: BTreeSet<usize>,
}

/// A property of an object.
#[derive(Debug, Clone)]
pub(crate) struct Property {
    pub(crate) name: String,
    pub(crate) at: Place,
    pub(crate) shape: Shape,
    pub(crate) description: Option<String>,
    pub(crate) max_length: Option<u64>,
    /// The only values it takes; empty: any.
    pub(crate) fixed: Vec<String>,
}

impl Object {
    pub(crate) fn properties(&self) -> &[Property] {
        &self.properties
    }

    pub(crate) fn properties_mut(&mut self) -> impl Iterator<Item = &mut Property> {
        self.properties.iter_mut()
    }

    pub(crate) fn into_properties(self) -> Vec<Property> {
        self.properties
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Property> {
        self.properties.get(*self.index.get(name)?)
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut Property> {
        self.properties.get_mut(*self.index.get(name)?)
    }

    pub(crate) fn is_required(&self, name: &str) -> bool {
        self.index
            .get(name)
            .is_some_and(|at| self.required.contains(at))
    }

    pub(crate) fn require(&mut self, name: &str) {
        self.required.extend(self.index.get(name));
    }

    /// The required properties, in order.
    pub(crate) fn required(&self) -> impl Iterator<Item = &Property> {
        self.required
            .iter()
            .filter_map(|&at| self.properties.get(at))
    }

    /// Keeps required what `keep` says. The time is that of the required ones, not of all.
    pub(crate) fn retain_required(&mut self, mut keep: impl FnMut(&Property) -> bool) {
        let properties = &self.properties;
        self.required
            .retain(|&at| properties.get(at).is_some_and(&mut keep));
    }

    /// Adds a property whose name is new.
    pub(crate) fn push(&mut self, property: Property) {
        self.index
            .insert(property.name.clone(), self.properties.len());
        self.properties.push(property);
    }
}

impl Property {
    /// A property of which only the value is known.
    pub(crate) fn new(name: &str, at: Place, shape: Shape) -> Self {
        Self {
            name: name.to_owned(),
            at,
            shape,
            description: None,
            max_length: None,
            fixed: Vec::new(),
        }
    }
}

impl Shape {
    pub(crate) fn new(at: Place, kind: Kind) -> Self {
        Self {
            at,
            nullable: false,
            kind,
            contradicted: false,
        }
    }

    /// The same structure: what a reader of values must know is equal, wherever it was seen.
    pub(crate) fn same(&self, other: &Self) -> bool {
        self.nullable == other.nullable && self.kind.same(&other.kind)
    }
}

impl Kind {
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unknown, Self::Unknown)
            | (Self::Boolean, Self::Boolean)
            | (Self::Number, Self::Number)
            | (Self::Decimal, Self::Decimal)
            | (Self::Binary, Self::Binary) => true,
            (Self::Integer { wide }, Self::Integer { wide: other }) => wide == other,
            (Self::Text(format), Self::Text(other)) => format == other,
            (Self::Array(items), Self::Array(other)) => items.same(other),
            (Self::Object(object), Self::Object(other)) => {
                object.properties.len() == other.properties.len()
                    && object.required.len() == other.required.len()
                    && object
                        .required()
                        .all(|property| other.is_required(&property.name))
                    && object.properties.iter().all(|property| {
                        other.get(&property.name).is_some_and(|other| {
                            property.max_length == other.max_length
                                && property.fixed == other.fixed
                                && property.shape.same(&other.shape)
                        })
                    })
            }
            _ => false,
        }
    }

    /// What a message calls it.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Unknown => "null",
            Self::Boolean => "a boolean",
            Self::Integer { .. } => "an integer",
            Self::Number => "a number",
            Self::Decimal => "a decimal",
            Self::Text(_) => "a string",
            Self::Binary => "a file",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

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
