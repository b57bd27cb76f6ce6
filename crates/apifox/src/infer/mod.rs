//! Infers the shape of a value from examples and tables.
//!
//! This file has the shape; `observe` reads one example or type name, `merge` combines
//! observations, and `fields` applies table rows and checks them against the examples.

use crate::page::FieldDetails;
pub(crate) use fields::{apply, check, check_fixed};
pub(crate) use format::Format;
pub(crate) use merge::{TypeConflict, longest, loosen, merge, settle};
pub(crate) use observe::{declared, listed, of_node, of_text, text_as, text_value};
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

mod fields;
mod format;
mod merge;
mod observe;

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceLine {
    /// The file as diagnostics print it.
    pub(crate) file: Arc<str>,
    pub(crate) line: u32,
}

impl SourceLine {
    /// Returns the file name without its folder, and the line, so that it is the same on every
    /// machine.
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

/// The inferred shape of a value.
#[derive(Debug, Clone)]
pub(crate) struct InferredShape {
    /// The first place that shows the value.
    pub(crate) at: SourceLine,
    pub(crate) nullable: bool,
    pub(crate) kind: ShapeKind,
    /// Two places contradict each other, and this has been reported.
    pub(crate) contradicted: bool,
}

/// The kind of a value.
#[derive(Debug, Clone)]
pub(crate) enum ShapeKind {
    /// Only null was observed, or no value.
    Unknown,
    Boolean,
    /// `wide`: some value exceeds 64 bits.
    Integer {
        wide: bool,
    },
    Number,
    /// A table states the type "decimal". It is unknown whether the value is sent as a number or as
    /// a string.
    Decimal,
    Text(TextFormat),
    /// The bytes of a file.
    Binary,
    Array(Box<InferredShape>),
    Object(ObjectShape),
}

/// The inferred format of a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextFormat {
    /// A table states the type string. No value was observed.
    Unseen,
    /// The values have no format, or several.
    Plain,
    Known(Format),
}

/// Properties in the order of their first occurrence, found by name in constant time.
#[derive(Debug, Clone, Default)]
pub(crate) struct ObjectShape {
    properties: Vec<PropertyShape>,
    index: HashMap<String, usize>,
    /// Indexes of the required properties.
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
    /// The only allowed values; empty means any value.
    pub(crate) fixed: Vec<String>,
    pub(crate) details: FieldDetails,
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

    /// Returns the required properties in order.
    pub(crate) fn required(&self) -> impl Iterator<Item = &PropertyShape> {
        self.required
            .iter()
            .filter_map(|&at| self.properties.get(at))
    }

    /// Keeps a property required if `keep` returns true. Runs in time linear in the required
    /// properties.
    pub(crate) fn retain_required(&mut self, mut keep: impl FnMut(&PropertyShape) -> bool) {
        let properties = &self.properties;
        self.required
            .retain(|&at| properties.get(at).is_some_and(&mut keep));
    }

    /// Adds a property with a new name.
    pub(crate) fn push(&mut self, property: PropertyShape) {
        self.index
            .insert(property.name.clone(), self.properties.len());
        self.properties.push(property);
    }
}

impl PropertyShape {
    /// Creates a property without documentation.
    pub(crate) fn new(name: &str, at: SourceLine, shape: InferredShape) -> Self {
        Self {
            name: name.to_owned(),
            at,
            shape,
            description: None,
            max_length: None,
            fixed: Vec::new(),
            details: FieldDetails::default(),
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

    /// Returns whether two shapes have the same structure, ignoring where they were observed.
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
                                && property.details == other.details
                                && property.shape.same(&other.shape)
                        })
                    })
            }
            _ => false,
        }
    }

    /// Returns the name of the kind for diagnostics.
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
