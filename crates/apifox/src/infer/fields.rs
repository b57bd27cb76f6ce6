//! Applies table rows to the shape inferred from examples.

use std::collections::HashMap;
use std::sync::Arc;

use super::merge::{TypeConflict, merge};
use super::observe::declared;
use super::shape::{InferredShape, ObjectShape, PropertyShape, ShapeKind, SourceLine};
use crate::message::{Diagnostic, quoted};
use crate::page::FieldSpec;
use crate::types;

/// Adds fields to a shape. A name that is not at the top level is searched below it, and applies if
/// it occurs exactly once. A name that does not occur is a property that no example shows.
pub(crate) fn apply(
    shape: &mut InferredShape,
    fields: &[FieldSpec],
    file: &Arc<str>,
    clashes: &mut Vec<TypeConflict>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if fields.is_empty() {
        return;
    }
    if matches!(shape.kind, ShapeKind::Unknown) {
        shape.kind = ShapeKind::Object(ObjectShape::default());
    }
    let mut ways: HashMap<String, Vec<Vec<String>>> = HashMap::new();
    below(shape, &mut Vec::new(), &mut ways);
    for field in fields {
        let at = SourceLine {
            file: Arc::clone(file),
            line: field.line,
        };
        let way = match way(shape, field, &ways) {
            Ok(way) => way,
            Err(reason) => {
                diagnostics.push(
                    Diagnostic::warning(file, field.line, reason)
                        .with_help("write the name after the name of its object (`outer.inner`)"),
                );
                continue;
            }
        };
        if put(shape, &way, field, &at, clashes).is_none() {
            diagnostics.push(Diagnostic::warning(
                file,
                field.line,
                format!(
                    "{} has no place: its parent is not an object",
                    quoted(&field.name)
                ),
            ));
        }
    }
}

/// Longer paths are not searched by a bare name.
const DEEPEST: usize = 12;

/// Collects the paths of each name below the top level.
fn below(
    shape: &InferredShape,
    way: &mut Vec<String>,
    ways: &mut HashMap<String, Vec<Vec<String>>>,
) {
    match &shape.kind {
        ShapeKind::Array(items) => below(items, way, ways),
        ShapeKind::Object(object) if way.len() < DEEPEST => {
            for property in object.properties() {
                way.push(property.name.clone());
                let known = ways.entry(property.name.clone()).or_default();
                // Two paths are enough to know that the name is ambiguous.
                if known.len() < 2 {
                    known.push(way.clone());
                }
                below(&property.shape, way, ways);
                way.pop();
            }
        }
        _ => {}
    }
}

fn way(
    shape: &InferredShape,
    field: &FieldSpec,
    ways: &HashMap<String, Vec<Vec<String>>>,
) -> Result<Vec<String>, String> {
    let name = field.name.as_str();
    if top(shape).is_some_and(|object| object.get(name).is_some()) {
        return Ok(vec![name.to_owned()]);
    }
    match ways.get(name).map(Vec::as_slice) {
        Some([way]) => return Ok(way.clone()),
        Some(_) => {
            return Err(format!(
                "{} is in several objects, so the row is ambiguous",
                quoted(name)
            ));
        }
        None => {}
    }
    let parts: Vec<String> = name
        .split('.')
        .map(|part| part.trim_end_matches("[]").to_owned())
        .collect();
    let nested =
        parts.len() > 1 && parts.len() <= DEEPEST && parts.iter().all(|part| !part.is_empty());
    Ok(if nested { parts } else { vec![name.to_owned()] })
}

fn top(shape: &InferredShape) -> Option<&ObjectShape> {
    match &shape.kind {
        ShapeKind::Object(object) => Some(object),
        ShapeKind::Array(items) => top(items),
        _ => None,
    }
}

/// Returns the object inside any arrays; an unknown value becomes an object.
fn object(shape: &mut InferredShape) -> Option<&mut ObjectShape> {
    if matches!(shape.kind, ShapeKind::Unknown) {
        shape.kind = ShapeKind::Object(ObjectShape::default());
    }
    match &mut shape.kind {
        ShapeKind::Object(object) => Some(object),
        ShapeKind::Array(items) => object_of(items),
        _ => None,
    }
}

fn object_of(shape: &mut InferredShape) -> Option<&mut ObjectShape> {
    object(shape)
}

/// Applies a field to the property at a path.
fn put(
    shape: &mut InferredShape,
    way: &[String],
    field: &FieldSpec,
    at: &SourceLine,
    clashes: &mut Vec<TypeConflict>,
) -> Option<()> {
    let (last, outer) = way.split_last()?;
    let mut holder = object(shape)?;
    for name in outer {
        if holder.get(name).is_none() {
            let inner = InferredShape::new(at.clone(), ShapeKind::Object(ObjectShape::default()));
            holder.push(PropertyShape::new(name, at.clone(), inner));
        }
        holder = object(&mut holder.get_mut(name)?.shape)?;
    }
    if holder.get(last).is_none() {
        let unknown = InferredShape::new(at.clone(), ShapeKind::Unknown);
        holder.push(PropertyShape::new(last, at.clone(), unknown));
    }
    if field.required == Some(true) {
        holder.require(last);
    }
    let property = holder.get_mut(last)?;
    property.max_length = property.max_length.or(field.max_length);
    property.description = property.description.take().or(field.description.clone());
    if let Some(fixed) = &field.fixed
        && !property.fixed.contains(fixed)
    {
        property.fixed.push(fixed.clone());
    }
    if let Some(declaration) = field.type_name.as_deref().and_then(types::declared) {
        let mut path = way.to_vec();
        merge(
            &mut property.shape,
            declared(&declaration, at),
            &mut path,
            clashes,
        );
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::super::observe::of_node;
    use super::*;
    use crate::json::{Budget, parse};

    fn applied(example: &str, fields: &[FieldSpec]) -> (InferredShape, Vec<String>) {
        let file: Arc<str> = Arc::from("a.txt");
        let node = parse(example, 1, 1, &mut Budget::default()).unwrap().node;
        let mut clashes = Vec::new();
        let mut diagnostics = Vec::new();
        let mut shape = of_node(&node, &file, &mut clashes);
        apply(&mut shape, fields, &file, &mut clashes, &mut diagnostics);
        let said = clashes.iter().map(TypeConflict::to_string);
        let said = said
            .chain(diagnostics.iter().map(Diagnostic::to_string))
            .collect();
        (shape, said)
    }

    fn field(name: &str, type_name: &str) -> FieldSpec {
        FieldSpec {
            name: name.to_owned(),
            line: 9,
            type_name: Some(type_name.to_owned()),
            required: Some(true),
            ..FieldSpec::default()
        }
    }

    /// Returns a property, and whether it is required.
    fn find<'a>(shape: &'a InferredShape, way: &str) -> (&'a PropertyShape, bool) {
        let mut holder = top(shape).unwrap();
        let (outer, last) = way.rsplit_once('.').map_or(("", way), |parts| parts);
        for part in outer.split('.').filter(|part| !part.is_empty()) {
            holder = top(&holder.get(part).unwrap().shape).unwrap();
        }
        (holder.get(last).unwrap(), holder.is_required(last))
    }

    #[test]
    fn fields_are_applied_at_their_path() {
        let (shape, said) = applied(
            r#"{"data":[{"isbn":"1","price":1}],"total":1}"#,
            &[
                field("isbn", "String"),
                field("data.price", "BigDecimal"),
                field("data[].shelf.row", "int"),
                field("total", "long"),
                field("note", "string"),
            ],
        );
        assert_eq!(said, Vec::<String>::new());
        for (way, word) in [
            ("data.isbn", "a string"),
            ("data.price", "a number"),
            ("data.shelf.row", "an integer"),
            ("total", "an integer"),
            ("note", "a string"),
        ] {
            let (property, required) = find(&shape, way);
            assert_eq!(property.shape.kind.word(), word, "{way}");
            assert!(required, "{way}");
        }
        assert_eq!(find(&shape, "note").0.at.line, 9);
    }

    #[test]
    fn fields_without_a_unique_path_are_reported() {
        let (_, said) = applied(
            r#"{"a":{"id":1},"b":{"id":2},"c":1}"#,
            &[
                field("id", "int"),
                field("c.d", "int"),
                field("c", "string"),
            ],
        );
        assert_eq!(said.len(), 3);
        assert_eq!(
            said[0],
            "`c` is an integer at a.txt:1, but a string at a.txt:9"
        );
        assert!(said[1].contains("is in several objects"), "{}", said[1]);
        assert!(
            said[2].contains("its parent is not an object"),
            "{}",
            said[2]
        );
    }
}
