//! Applies table rows to the shape inferred from examples.

use super::merge::{TypeConflict, merge};
use super::observe::{declared, listed, text_as};
use super::{InferredShape, ObjectShape, PropertyShape, ShapeKind, SourceLine};
use crate::diagnostic::{Diagnostic, quoted};
use crate::json::{JsonNode, JsonValue};
use crate::page::FieldSpec;
use crate::type_names;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

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
        if let Some(parents) = &field.parents {
            if place(shape, parents, field, &at, diagnostics).is_none() {
                diagnostics.push(without_place(file, field));
            }
            continue;
        }
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
            diagnostics.push(without_place(file, field));
        }
    }
}

fn without_place(file: &str, field: &FieldSpec) -> Diagnostic {
    Diagnostic::warning(
        file,
        field.line,
        format!(
            "{} has no place: its parent is not an object",
            quoted(&field.name)
        ),
    )
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
    let property = property(shape, way, field, at)?;
    if let Some(declaration) = field.type_name.as_deref().and_then(type_names::declared) {
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

/// Returns the property at a path, with the documentation of a field except for its type.
fn property<'a>(
    shape: &'a mut InferredShape,
    way: &[String],
    field: &FieldSpec,
    at: &SourceLine,
) -> Option<&'a mut PropertyShape> {
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
    property.details.extend(&field.details);
    Some(property)
}

/// Applies a field whose position the page shows. The type of such a field is the type of its
/// schema, so it takes precedence over the examples.
fn place(
    shape: &mut InferredShape,
    parents: &[String],
    field: &FieldSpec,
    at: &SourceLine,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<()> {
    let line = field.type_name.as_deref().and_then(type_names::type_line);
    let target = if field.name.is_empty() {
        shape
    } else {
        let mut way = parents.to_vec();
        way.push(field.name.clone());
        &mut property(shape, &way, field, at)?.shape
    };
    let Some(line) = line else {
        return Some(());
    };
    let (seen, declared) = (target.at.clone(), listed(&line, at));
    let word = declared.kind.word();
    if let Some(other) = adopt(target, declared) {
        diagnostics.push(
            Diagnostic::warning(
                &seen.file,
                seen.line,
                format!(
                    "the example of {} is {other}, but its type (line {}) is {word}; the type is used",
                    quoted(&field.name),
                    at.line
                ),
            )
            .with_help("correct the type in an overlay if the example is right"),
        );
    }
    Some(())
}

/// Replaces the kind of a shape by the declared kind. The known properties of an object and the
/// known items of an array are kept. Returns the kind that an example showed if it contradicts the
/// declared one.
fn adopt(shape: &mut InferredShape, declared: InferredShape) -> Option<&'static str> {
    shape.nullable |= declared.nullable;
    match (&mut shape.kind, declared.kind) {
        (_, ShapeKind::Unknown) | (ShapeKind::Object(_), ShapeKind::Object(_)) => None,
        (ShapeKind::Array(items), ShapeKind::Array(inner)) => adopt(items, *inner),
        (ShapeKind::Integer { wide }, kind @ ShapeKind::Integer { .. }) => {
            let wide = *wide;
            shape.kind = if wide {
                ShapeKind::Integer { wide }
            } else {
                kind
            };
            None
        }
        (seen, kind) => {
            let fits = matches!(
                (&*seen, &kind),
                (ShapeKind::Unknown, _)
                    | (ShapeKind::Text(_), ShapeKind::Text(_) | ShapeKind::Binary)
                    | (ShapeKind::Boolean, ShapeKind::Boolean)
                    | (ShapeKind::Binary, ShapeKind::Binary)
                    | (
                        ShapeKind::Number | ShapeKind::Integer { .. } | ShapeKind::Decimal,
                        ShapeKind::Number | ShapeKind::Decimal
                    )
            );
            let word = seen.word();
            shape.kind = kind;
            shape.contradicted |= !fits;
            (!fits).then_some(word)
        }
    }
}

/// Drops and reports the statements that an example disproves: a maximum length that the example
/// exceeds, a required field that the example lacks (unless the example is truncated or the field
/// is a file), and, as an error, a fixed value that the example does not have.
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
