//! What examples and tables say of the shape of a value.

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
