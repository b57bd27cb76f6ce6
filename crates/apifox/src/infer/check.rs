//! Holds what tables say against the examples of the same page.

use std::collections::HashSet;

use super::observe::text_as;
use super::shape::{Kind, Property, Shape};
use crate::json::{Json, Node};
use crate::message::{Message, quoted};

/// Takes back what an example disproves, and says so: a length that it exceeds, a required member that it
/// does without (unless it is cut, or a file), a fixed value that it does not have (an error).
///
/// Gives `false` if the example is none of the shape: a cut one may lack something that is required, and of
/// two places that contradict each other (which has been told) only the first one gave the shape.
pub(crate) fn check(
    shape: &mut Shape,
    node: &Node,
    cut: bool,
    messages: &mut Vec<Message>,
) -> bool {
    let mut complete = true;
    match (&mut shape.kind, &node.value) {
        (Kind::Array(items), Json::Array(nodes)) => {
            for node in nodes {
                complete &= check(items, node, cut, messages);
            }
        }
        (Kind::Object(object), Json::Object(members)) => {
            for member in members {
                if let Some(property) = object.get_mut(&member.name) {
                    one_value(property, &member.value, messages);
                    complete &= check(&mut property.shape, &member.value, cut, messages);
                }
            }
            let names: HashSet<&str> = members.iter().map(|member| member.name.as_str()).collect();
            // Each required property is either here or struck off: the time stays that of the example.
            object.retain_required(|property| {
                if names.contains(property.name.as_str()) {
                    return true;
                }
                // No example shows the bytes of a file.
                if cut || matches!(property.shape.kind, Kind::Binary) {
                    complete = false;
                    return true;
                }
                messages.push(Message::warning(
                    &property.at.file,
                    property.at.line,
                    format!(
                        "{} is called required, but the example at line {} does without it; it is not taken as required",
                        quoted(&property.name),
                        node.line
                    ),
                ));
                false
            });
        }
        (kind, value) => return is_of_kind(kind, value) || *value == Json::Null,
    }
    complete
}

fn is_of_kind(kind: &Kind, value: &Json) -> bool {
    match kind {
        Kind::Unknown => true,
        Kind::Boolean => matches!(value, Json::Bool(_)),
        Kind::Integer { .. } => {
            matches!(value, Json::Number(digits) if !digits.contains(['.', 'e', 'E']))
        }
        Kind::Number | Kind::Decimal => matches!(value, Json::Number(_)),
        Kind::Text(_) | Kind::Binary => matches!(value, Json::Text(_)),
        Kind::Array(_) => matches!(value, Json::Array(_)),
        Kind::Object(_) => matches!(value, Json::Object(_)),
    }
}

fn one_value(property: &mut Property, node: &Node, messages: &mut Vec<Message>) {
    let (Json::Text(text) | Json::Number(text)) = &node.value else {
        return;
    };
    let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
    let textual = matches!(node.value, Json::Text(_));
    if let Some(longest) = property
        .max_length
        .filter(|&longest| textual && length > longest)
    {
        property.max_length = None;
        messages.push(Message::warning(
            &property.at.file,
            node.line,
            format!(
                "the example of {} has {length} characters, a table allows {longest}; the limit is not taken over",
                quoted(&property.name)
            ),
        ));
    }
    if !property.fixed.is_empty() && !property.fixed.contains(text) {
        messages.push(
            Message::error(
                &property.at.file,
                node.line,
                format!(
                    "the example of {} is {}, a table of the page says that it is always {}",
                    quoted(&property.name),
                    quoted(text),
                    quoted(&property.fixed[0])
                ),
            )
            .with_help("correct the place that is wrong; the fixed value is not taken over"),
        );
        property.fixed.clear();
    }
}

/// Takes back fixed values that are none of the type, with an error.
pub(crate) fn check_fixed(property: &mut Property, messages: &mut Vec<Message>) {
    let kind = &property.shape.kind;
    let wrong = property
        .fixed
        .iter()
        .find(|value| text_as(value, kind).is_none());
    if let Some(value) = wrong {
        messages.push(
            Message::error(
                &property.at.file,
                property.at.line,
                format!(
                    "the fixed value {} of {} is not {}",
                    quoted(value),
                    quoted(&property.name),
                    kind.word()
                ),
            )
            .with_help("correct the type or the value; the fixed value is not taken over"),
        );
        property.fixed.clear();
    }
}
