//! Several views of one value become one shape, or contradict each other.

use std::fmt;

use super::shape::{Kind, Object, Place, Property, Shape, TextFormat};
use crate::message::quoted;

/// Two places that say different things of one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Clash {
    /// The way to the value, members and `[]`.
    pub(crate) path: String,
    pub(crate) first: (Place, String),
    pub(crate) second: (Place, String),
}

impl fmt::Display for Clash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() {
            "the value".to_owned()
        } else {
            quoted(&self.path)
        };
        let ((first, one), (second, other)) = (&self.first, &self.second);
        write!(f, "{path} is {one} at {first}, {other} at {second}")
    }
}

/// Joins `other` into `shape`. A contradiction is told once for a value; the first view stays, and views
/// that agree with it are still joined: their examples stand in the document.
pub(crate) fn merge(
    shape: &mut Shape,
    other: Shape,
    path: &mut Vec<String>,
    clashes: &mut Vec<Clash>,
) {
    shape.nullable |= other.nullable;
    let told = shape.contradicted;
    shape.contradicted |= other.contradicted;
    let place = other.at;
    match (&mut shape.kind, other.kind) {
        (_, Kind::Unknown)
        | (Kind::Boolean, Kind::Boolean)
        | (Kind::Number, Kind::Number | Kind::Integer { .. } | Kind::Decimal)
        | (Kind::Decimal, Kind::Decimal)
        | (Kind::Text(_), Kind::Decimal)
        | (Kind::Binary, Kind::Binary | Kind::Text(_)) => {}
        (kind @ Kind::Unknown, other) => {
            *kind = other;
            shape.at = place;
        }
        (kind @ Kind::Text(_), Kind::Binary) => *kind = Kind::Binary,
        (kind @ Kind::Integer { .. }, Kind::Number | Kind::Decimal) => *kind = Kind::Number,
        (Kind::Integer { wide }, Kind::Integer { wide: other }) => *wide |= other,
        (kind @ Kind::Decimal, other @ (Kind::Number | Kind::Text(_))) => *kind = other,
        (kind @ Kind::Decimal, Kind::Integer { .. }) => *kind = Kind::Number,
        (Kind::Text(format), Kind::Text(other)) => *format = joined(*format, other),
        (Kind::Array(items), Kind::Array(other)) => {
            path.push("[]".to_owned());
            merge(items, *other, path, clashes);
            path.pop();
        }
        (Kind::Object(object), Kind::Object(other)) => members(object, other, path, clashes),
        (kind, other) => {
            if !told {
                clashes.push(Clash {
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

fn members(object: &mut Object, other: Object, path: &mut Vec<String>, clashes: &mut Vec<Clash>) {
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

/// Joins what two views say of a property.
fn details(
    known: &mut Property,
    other: Property,
    path: &mut Vec<String>,
    clashes: &mut Vec<Clash>,
) {
    known.description = known.description.take().or(other.description);
    known.max_length = longest(known.max_length, other.max_length);
    for value in other.fixed {
        if !known.fixed.contains(&value) {
            known.fixed.push(value);
        }
    }
    merge(&mut known.shape, other.shape, path, clashes);
}

/// Contradictions of one page have been told: what another page says is compared with what was taken.
pub(crate) fn settle(shape: &mut Shape) {
    shape.contradicted = false;
    match &mut shape.kind {
        Kind::Array(items) => settle(items),
        Kind::Object(object) => object
            .properties_mut()
            .for_each(|property| settle(&mut property.shape)),
        _ => {}
    }
}

/// The limit that holds for two views. One without a limit may have had values that exceed it.
pub(crate) fn longest(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    Some(one?.max(other?))
}

/// Takes back what only one of two pages says: that a property is required, or which values it takes.
///
/// To be called both ways before shapes of two pages are joined.
pub(crate) fn loosen(shape: &mut Shape, other: &Shape) {
    match (&mut shape.kind, &other.kind) {
        (Kind::Array(items), Kind::Array(other)) => loosen(items, other),
        (Kind::Object(object), Kind::Object(other)) => {
            object.retain_required(|property| other.is_required(&property.name));
            for property in object.properties_mut() {
                let Some(other) = other.get(&property.name) else {
                    continue;
                };
                if other.fixed.is_empty() {
                    property.fixed.clear();
                }
                loosen(&mut property.shape, &other.shape);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::format::Format;
    use super::*;

    fn joined_kinds(one: Kind, other: Kind) -> Result<String, String> {
        let at = |line| Place {
            file: Arc::from("a.txt"),
            line,
        };
        let mut shape = Shape::new(at(1), one);
        let mut clashes = Vec::new();
        merge(
            &mut shape,
            Shape::new(at(2), other),
            &mut Vec::new(),
            &mut clashes,
        );
        match clashes.first() {
            Some(clash) => Err(clash.to_string()),
            None => Ok(shape.kind.word().to_owned()),
        }
    }

    #[test]
    fn kinds_that_agree() {
        let text = || Kind::Text(TextFormat::Known(Format::Decimal));
        for (one, other, word) in [
            (Kind::Integer { wide: false }, Kind::Number, "a number"),
            (Kind::Number, Kind::Integer { wide: true }, "a number"),
            (Kind::Decimal, Kind::Integer { wide: false }, "a number"),
            (Kind::Decimal, text(), "a string"),
            (text(), Kind::Decimal, "a string"),
            (Kind::Unknown, Kind::Boolean, "a boolean"),
            (Kind::Boolean, Kind::Unknown, "a boolean"),
        ] {
            assert_eq!(joined_kinds(one, other), Ok(word.to_owned()));
        }
    }

    #[test]
    fn kinds_that_contradict() {
        for (one, other) in [
            (Kind::Boolean, Kind::Number),
            (Kind::Text(TextFormat::Plain), Kind::Integer { wide: false }),
            (Kind::Object(Object::default()), Kind::Boolean),
        ] {
            let said = joined_kinds(one, other).unwrap_err();
            assert!(
                said.contains("a.txt:1") && said.contains("a.txt:2"),
                "{said}"
            );
        }
    }

    #[test]
    fn formats_that_disagree_are_plain() {
        let date = TextFormat::Known(Format::Date);
        assert_eq!(joined(date, TextFormat::Unseen), date);
        assert_eq!(joined(date, TextFormat::Plain), TextFormat::Plain);
        assert_eq!(
            joined(date, TextFormat::Known(Format::Uuid)),
            TextFormat::Plain
        );
    }
}
