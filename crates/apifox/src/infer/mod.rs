//! Infers the shape of a value from examples and tables.
//!
//! `shape` is the result; `observe` reads one example or type name, `merge` combines observations,
//! `fields` applies table rows, and `check` compares the rows with the examples.

mod check;
mod fields;
mod format;
mod merge;
mod observe;
mod shape;

pub(crate) use check::{check, check_fixed};
pub(crate) use fields::apply;
pub(crate) use format::Format;
pub(crate) use merge::{TypeConflict, longest, loosen, merge, settle};
pub(crate) use observe::{declared, of_node, of_text, text_as, text_value};
pub(crate) use shape::{
    InferredShape, ObjectShape, PropertyShape, ShapeKind, SourceLine, TextFormat,
};
