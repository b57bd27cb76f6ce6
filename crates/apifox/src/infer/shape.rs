//! The shape of a value, and where it was seen.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use super::format::Format;

/// A line of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceLine {
    /// The file as messages name it.
    pub(crate) file: Arc<str>,
    pub(crate) line: u32,
}

impl SourceLine {
    /// The file without its folder, and the line: the same wherever the importer runs.
    pub(crate) fn marker(&self) -> String {
        let name = self.file.rsplit(['/', '\\']).next().unwrap_or_default();
        format!("{name}:{}", self.line)
    }
}

impl fmt::Display for SourceLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// What is known of a value.
#[derive(Debug, Clone)]
pub(crate) struct InferredShape {
    /// Where it was seen first.
    pub(crate) at: SourceLine,
    pub(crate) nullable: bool,
    pub(crate) kind: ShapeKind,
    /// Two places contradict each other, and that has been said.
    pub(crate) contradicted: bool,
}

/// What kind of value it is.
#[derive(Debug, Clone)]
pub(crate) enum ShapeKind {
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
    Array(Box<InferredShape>),
    Object(ObjectShape),
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
pub(crate) struct ObjectShape {
    properties: Vec<PropertyShape>,
    index: HashMap<String, usize>,
    /// Positions of the properties that are required.
    required: BTreeSet<usize>,
}

/// A property of an object.
#[derive(Debug, Clone)]
pub(crate) struct PropertyShape {
    pub(crate) name: String,
    pub(crate) at: SourceLine,
    pub(crate) shape: InferredShape,
    pub(crate) description: Option<String>,
    pub(crate) max_length: Option<u64>,
    /// The only values it takes; empty: any.
    pub(crate) fixed: Vec<String>,
}

impl ObjectShape {
    pub(crate) fn properties(&self) -> &[PropertyShape] {
        &self.properties
    }

    pub(crate) fn properties_mut(&mut self) -> impl Iterator<Item = &mut PropertyShape> {
        self.properties.iter_mut()
    }

    pub(crate) fn into_properties(self) -> Vec<PropertyShape> {
        self.properties
    }

    pub(crate) fn get(&self, name: &str) -> Option<&PropertyShape> {
        self.properties.get(*self.index.get(name)?)
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut PropertyShape> {
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
    pub(crate) fn required(&self) -> impl Iterator<Item = &PropertyShape> {
        self.required
            .iter()
            .filter_map(|&at| self.properties.get(at))
    }

    /// Keeps required what `keep` says. The time is that of the required ones, not of all.
    pub(crate) fn retain_required(&mut self, mut keep: impl FnMut(&PropertyShape) -> bool) {
        let properties = &self.properties;
        self.required
            .retain(|&at| properties.get(at).is_some_and(&mut keep));
    }

    /// Adds a property whose name is new.
    pub(crate) fn push(&mut self, property: PropertyShape) {
        self.index
            .insert(property.name.clone(), self.properties.len());
        self.properties.push(property);
    }
}

impl PropertyShape {
    /// A property of which only the value is known.
    pub(crate) fn new(name: &str, at: SourceLine, shape: InferredShape) -> Self {
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

impl InferredShape {
    pub(crate) fn new(at: SourceLine, kind: ShapeKind) -> Self {
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

impl ShapeKind {
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
