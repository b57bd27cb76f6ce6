//! Checks what tables document against the examples of the same page.

use std::collections::HashSet;

use super::observe::text_as;
use super::shape::{InferredShape, PropertyShape, ShapeKind};
use crate::json::{JsonNode, JsonValue};
use crate::message::{Diagnostic, quoted};

/// Drops what an example disproves, and reports it: a maximum length that the example exceeds, a
/// required field that it lacks (unless the example is truncated or the field is a file), and, as
/// an error, a fixed value that it does not have.
///
/// Returns `false` if the example does not match the shape: a truncated example may lack a required
/// field, and of two contradicting places only the first one determined the shape.
pub(crate) fn check(
    shape: &mut InferredShape,
    node: &JsonNode,
    cut: bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> bool {
    let mut complete = true;
    match (&mut shape.kind, &node.value) {
        (ShapeKind::Array(items), JsonValue::Array(nodes)) => {
            for node in nodes {
                complete &= check(items, node, cut, diagnostics);
            }
        }
        (ShapeKind::Object(object), JsonValue::Object(members)) => {
            for member in members {
                if let Some(property) = object.get_mut(&member.name) {
                    one_value(property, &member.value, diagnostics);
                    complete &= check(&mut property.shape, &member.value, cut, diagnostics);
                }
            }
            let names: HashSet<&str> = members.iter().map(|member| member.name.as_str()).collect();
            // Each required property is either present or removed, so the time is linear in the
            // example.
            object.retain_required(|property| {
                if names.contains(property.name.as_str()) {
                    return true;
                }
                // No example contains the bytes of a file.
                if cut || matches!(property.shape.kind, ShapeKind::Binary) {
                    complete = false;
                    return true;
                }
                diagnostics.push(Diagnostic::warning(
                    &property.at.file,
                    property.at.line,
                    format!(
                        "{} is documented as required, but the example at line {} lacks it; it is treated as optional",
                        quoted(&property.name),
                        node.line
                    ),
                ));
                false
            });
        }
        (kind, value) => return is_of_kind(kind, value) || *value == JsonValue::Null,
    }
    complete
}

fn is_of_kind(kind: &ShapeKind, value: &JsonValue) -> bool {
    match kind {
        ShapeKind::Unknown => true,
        ShapeKind::Boolean => matches!(value, JsonValue::Bool(_)),
        ShapeKind::Integer { .. } => {
            matches!(value, JsonValue::Number(digits) if !digits.contains(['.', 'e', 'E']))
        }
        ShapeKind::Number | ShapeKind::Decimal => matches!(value, JsonValue::Number(_)),
        ShapeKind::Text(_) | ShapeKind::Binary => matches!(value, JsonValue::String(_)),
        ShapeKind::Array(_) => matches!(value, JsonValue::Array(_)),
        ShapeKind::Object(_) => matches!(value, JsonValue::Object(_)),
    }
}

fn one_value(property: &mut PropertyShape, node: &JsonNode, diagnostics: &mut Vec<Diagnostic>) {
    let (JsonValue::String(text) | JsonValue::Number(text)) = &node.value else {
        return;
    };
    let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
    let textual = matches!(node.value, JsonValue::String(_));
    if let Some(longest) = property
        .max_length
        .filter(|&longest| textual && length > longest)
    {
        property.max_length = None;
        diagnostics.push(Diagnostic::warning(
            &property.at.file,
            node.line,
            format!(
                "the example of {} has {length} characters, but a table allows {longest}; the limit is ignored",
                quoted(&property.name)
            ),
        ));
    }
    if !property.fixed.is_empty() && !property.fixed.contains(text) {
        diagnostics.push(
            Diagnostic::error(
                &property.at.file,
                node.line,
                format!(
                    "the example of {} is {}, but a table of the page says that it is always {}",
                    quoted(&property.name),
                    quoted(text),
                    quoted(&property.fixed[0])
                ),
            )
            .with_help("correct the wrong place; the fixed value is ignored"),
        );
        property.fixed.clear();
    }
}

/// Drops fixed values that do not match the type, and reports each as an error.
pub(crate) fn check_fixed(property: &mut PropertyShape, diagnostics: &mut Vec<Diagnostic>) {
    let kind = &property.shape.kind;
    let wrong = property
        .fixed
        .iter()
        .find(|value| text_as(value, kind).is_none());
    if let Some(value) = wrong {
        diagnostics.push(
            Diagnostic::error(
                &property.at.file,
                property.at.line,
                format!(
                    "the fixed value {} of {} is not {}",
                    quoted(value),
                    quoted(&property.name),
                    kind.word()
                ),
            )
            .with_help("correct the type or the value; the fixed value is ignored"),
        );
        property.fixed.clear();
    }
}
