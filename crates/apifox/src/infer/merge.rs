//! Merges several observations of one value into one shape, or reports a conflict.

use super::{InferredShape, ObjectShape, PropertyShape, ShapeKind, SourceLine, TextFormat};
use crate::diagnostic::quoted;
use std::fmt;

/// Two places that contradict each other about one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TypeConflict {
    /// The path to the value: field names and `[]`.
    pub(crate) path: String,
    pub(crate) first: (SourceLine, String),
    pub(crate) second: (SourceLine, String),
}

impl fmt::Display for TypeConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() {
            "the value".to_owned()
        } else {
            quoted(&self.path)
        };
        let ((first, one), (second, other)) = (&self.first, &self.second);
        write!(f, "{path} is {one} at {first}, but {other} at {second}")
    }
}

/// Merges `other` into `shape`. A conflict is reported once per value, and the first observation is
/// kept. Later observations that agree with it are still merged, so that the schema fits their
/// examples too.
pub(crate) fn merge(
    shape: &mut InferredShape,
    other: InferredShape,
    path: &mut Vec<String>,
    clashes: &mut Vec<TypeConflict>,
) {
    shape.nullable |= other.nullable;
    let told = shape.contradicted;
    shape.contradicted |= other.contradicted;
    let place = other.at;
    match (&mut shape.kind, other.kind) {
        (_, ShapeKind::Unknown)
        | (ShapeKind::Boolean, ShapeKind::Boolean)
        | (ShapeKind::Number, ShapeKind::Number | ShapeKind::Integer { .. } | ShapeKind::Decimal)
        | (ShapeKind::Decimal, ShapeKind::Decimal)
        | (ShapeKind::Text(_), ShapeKind::Decimal)
        | (ShapeKind::Binary, ShapeKind::Binary | ShapeKind::Text(_)) => {}
        (kind @ ShapeKind::Unknown, other) => {
            *kind = other;
            shape.at = place;
        }
        (kind @ ShapeKind::Text(_), ShapeKind::Binary) => *kind = ShapeKind::Binary,
        (kind @ ShapeKind::Integer { .. }, ShapeKind::Number | ShapeKind::Decimal) => {
            *kind = ShapeKind::Number
        }
        (ShapeKind::Integer { wide }, ShapeKind::Integer { wide: other }) => *wide |= other,
        (kind @ ShapeKind::Decimal, other @ (ShapeKind::Number | ShapeKind::Text(_))) => {
            *kind = other
        }
        (kind @ ShapeKind::Decimal, ShapeKind::Integer { .. }) => *kind = ShapeKind::Number,
        (ShapeKind::Text(format), ShapeKind::Text(other)) => *format = joined(*format, other),
        (ShapeKind::Array(items), ShapeKind::Array(other)) => {
            path.push("[]".to_owned());
            merge(items, *other, path, clashes);
            path.pop();
        }
        (ShapeKind::Object(object), ShapeKind::Object(other)) => {
            members(object, other, path, clashes)
        }
        (kind, other) => {
            if !told {
                clashes.push(TypeConflict {
                    path: path.join(".").replace(".[]", "[]"),
                    first: (shape.at.clone(), kind.word().to_owned()),
                    second: (place, other.word().to_owned()),
                });
            }
            shape.contradicted = true;
        }
    }
}

fn joined(one: TextFormat, other: TextFormat) -> TextFormat {
    match (one, other) {
        (TextFormat::Unseen, format) | (format, TextFormat::Unseen) => format,
        (one, other) if one == other => one,
        _ => TextFormat::Plain,
    }
}

fn members(
    object: &mut ObjectShape,
    other: ObjectShape,
    path: &mut Vec<String>,
    clashes: &mut Vec<TypeConflict>,
) {
    for property in other.into_properties() {
        match object.get_mut(&property.name) {
            None => object.push(property),
            Some(known) => {
                path.push(property.name.clone());
                details(known, property, path, clashes);
                path.pop();
            }
        }
    }
}

/// Merges two observations of a property.
fn details(
    known: &mut PropertyShape,
    other: PropertyShape,
    path: &mut Vec<String>,
    clashes: &mut Vec<TypeConflict>,
) {
    known.description = known.description.take().or(other.description);
    known.max_length = longest(known.max_length, other.max_length);
    for value in other.fixed {
        if !known.fixed.contains(&value) {
            known.fixed.push(value);
        }
    }
    known.details.extend(&other.details);
    merge(&mut known.shape, other.shape, path, clashes);
}

/// Clears the conflict marks after one page, so that another page is compared with the result.
pub(crate) fn settle(shape: &mut InferredShape) {
    shape.contradicted = false;
    match &mut shape.kind {
        ShapeKind::Array(items) => settle(items),
        ShapeKind::Object(object) => object
            .properties_mut()
            .for_each(|property| settle(&mut property.shape)),
        _ => {}
    }
}

/// Returns the larger of two limits, or `None` if one observation has no limit, because its values
/// may be longer.
pub(crate) fn longest(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    Some(one?.max(other?))
}

/// The keywords that reject values.
const LIMITS: [&str; 14] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "multipleOf",
    "minProperties",
    "maxProperties",
    "format",
];

/// Drops the statements that only one of two pages makes: that a property is required, its fixed
/// and allowed values, and its limits. An example of the other page may contradict them.
///
/// Call it in both directions before merging the shapes of two pages.
pub(crate) fn loosen(shape: &mut InferredShape, other: &InferredShape) {
    match (&mut shape.kind, &other.kind) {
        (ShapeKind::Array(items), ShapeKind::Array(other)) => loosen(items, other),
        (ShapeKind::Object(object), ShapeKind::Object(other)) => {
            object.retain_required(|property| other.is_required(&property.name));
            for property in object.properties_mut() {
                let Some(other) = other.get(&property.name) else {
                    continue;
                };
                if other.fixed.is_empty() {
                    property.fixed.clear();
                }
                if other.details.allowed.is_empty() {
                    property.details.allowed.clear();
                }
                let known = &other.details.keywords;
                property.details.keywords.retain(|word, value| {
                    !LIMITS.contains(&&**word) || known.get(word) == Some(value)
                });
                loosen(&mut property.shape, &other.shape);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::format::Format;
    use super::*;
    use std::sync::Arc;

    fn joined_kinds(one: ShapeKind, other: ShapeKind) -> Result<String, String> {
        let at = |line| SourceLine {
            file: Arc::from("a.txt"),
            line,
        };
        let mut shape = InferredShape::new(at(1), one);
        let mut clashes = Vec::new();
        merge(
            &mut shape,
            InferredShape::new(at(2), other),
            &mut Vec::new(),
            &mut clashes,
        );
        match clashes.first() {
            Some(clash) => Err(clash.to_string()),
            None => Ok(shape.kind.word().to_owned()),
        }
    }

    #[test]
    fn agreeing_kinds_are_merged() {
        let text = || ShapeKind::Text(TextFormat::Known(Format::Decimal));
        for (one, other, word) in [
            (
                ShapeKind::Integer { wide: false },
                ShapeKind::Number,
                "a number",
            ),
            (
                ShapeKind::Number,
                ShapeKind::Integer { wide: true },
                "a number",
            ),
            (
                ShapeKind::Decimal,
                ShapeKind::Integer { wide: false },
                "a number",
            ),
            (ShapeKind::Decimal, text(), "a string"),
            (text(), ShapeKind::Decimal, "a string"),
            (ShapeKind::Unknown, ShapeKind::Boolean, "a boolean"),
            (ShapeKind::Boolean, ShapeKind::Unknown, "a boolean"),
        ] {
            assert_eq!(joined_kinds(one, other), Ok(word.to_owned()));
        }
    }

    /// Returns an object with one property that has an allowed value and these keywords.
    fn object(allowed: &[&str], keywords: &[(&str, u64)]) -> InferredShape {
        let at = || SourceLine {
            file: Arc::from("a.txt"),
            line: 1,
        };
        let text = InferredShape::new(at(), ShapeKind::Text(TextFormat::Plain));
        let mut property = PropertyShape::new("state", at(), text);
        property.details.allowed = allowed.iter().map(|value| (*value).to_owned()).collect();
        for (word, value) in keywords {
            property
                .details
                .keywords
                .insert((*word).to_owned(), (*value).into());
        }
        let mut object = ObjectShape::default();
        object.push(property);
        InferredShape::new(at(), ShapeKind::Object(object))
    }

    #[test]
    fn values_and_limits_of_one_page_are_dropped() {
        for (one, other, expected) in [
            (object(&["paid"], &[]), object(&[], &[]), object(&[], &[])),
            (
                object(&["paid"], &[]),
                object(&["sent"], &[]),
                object(&["paid"], &[]),
            ),
            (
                object(&[], &[("minLength", 1)]),
                object(&[], &[]),
                object(&[], &[]),
            ),
            (
                object(&[], &[("minLength", 1)]),
                object(&[], &[("minLength", 2)]),
                object(&[], &[]),
            ),
            (
                object(&[], &[("minLength", 1)]),
                object(&[], &[("minLength", 1)]),
                object(&[], &[("minLength", 1)]),
            ),
            (
                object(&[], &[("multipleOf", 5)]),
                object(&[], &[("minLength", 1)]),
                object(&[], &[]),
            ),
            (
                object(
                    &[],
                    &[("minProperties", 1), ("maxProperties", 2), ("format", 3)],
                ),
                object(&[], &[("maxProperties", 2)]),
                object(&[], &[("maxProperties", 2)]),
            ),
            (
                object(&[], &[("x-order", 1)]),
                object(&[], &[]),
                object(&[], &[("x-order", 1)]),
            ),
        ] {
            let mut loosened = one.clone();
            loosen(&mut loosened, &other);
            assert!(
                loosened.same(&expected),
                "{one:?} and {other:?}: {loosened:?}"
            );
        }
    }

    #[test]
    fn contradicting_kinds_are_reported() {
        for (one, other) in [
            (ShapeKind::Boolean, ShapeKind::Number),
            (
                ShapeKind::Text(TextFormat::Plain),
                ShapeKind::Integer { wide: false },
            ),
            (
                ShapeKind::Object(ObjectShape::default()),
                ShapeKind::Boolean,
            ),
        ] {
            let said = joined_kinds(one, other).unwrap_err();
            assert!(
                said.contains("a.txt:1") && said.contains("a.txt:2"),
                "{said}"
            );
        }
    }

    #[test]
    fn different_formats_become_plain() {
        let date = TextFormat::Known(Format::Date);
        assert_eq!(joined(date, TextFormat::Unseen), date);
        assert_eq!(joined(date, TextFormat::Plain), TextFormat::Plain);
        assert_eq!(
            joined(date, TextFormat::Known(Format::Uuid)),
            TextFormat::Plain
        );
    }
}
