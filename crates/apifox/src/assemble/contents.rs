//! Bodies of an operation: their components, media types and examples.

use super::ApiPage;
use super::components::{BodySchema, Components, Root};
use super::documented::{ExampleMismatch, fits};
use crate::diagnostic::Diagnostic;
use crate::infer::{
    InferredShape, ShapeKind, SourceLine, TypeConflict, apply, check, check_fixed, loosen, merge,
    of_node, settle,
};
use crate::names::pascal_case;
use crate::page::{BodyContent, SchemaSource};
use crate::schema_import::body::is_json;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// A body of one page in one media type.
pub(super) struct Variant<'a> {
    pub(super) page: ApiPage<'a>,
    media_type: &'a str,
    /// The label that distinguishes the body from another body of the same status.
    label: Option<&'a str>,
    /// `None` if only the existence of the body is known.
    made: Option<BodySchema>,
    examples: Vec<Value>,
}

impl Variant<'_> {
    /// Returns whether the body has a schema.
    pub(super) fn is_known(&self) -> bool {
        self.made.is_some()
    }
}

/// Reads a body: its shape from examples and tables, and the examples that match the shape.
pub(super) fn variant<'a>(
    page: ApiPage<'a>,
    content: &'a BodyContent,
    label: Option<&'a str>,
    components: &Components,
    diagnostics: &mut Vec<Diagnostic>,
) -> Variant<'a> {
    let file: Arc<str> = Arc::from(page.page.name.as_str());
    let place = SourceLine {
        file: Arc::clone(&file),
        line: content.line,
    };
    let mut variant = Variant {
        page,
        media_type: &content.media_type,
        label,
        made: None,
        examples: Vec::new(),
    };
    match &content.schema {
        SchemaSource::Documented(value) => {
            variant.made = Some(BodySchema::Given(value.clone(), place));
            for example in content.examples.iter().filter(|example| !example.cut) {
                // The text of another media type may contain the fields of the schema.
                if example.value.text().is_some() && !is_json(&content.media_type) {
                    variant.examples.push(example.value.to_value());
                    continue;
                }
                match fits(components, value, &example.value) {
                    Ok(()) => variant.examples.push(example.value.to_value()),
                    Err(misfit) => diagnostics.push(misplaced(&file, &misfit)),
                }
            }
        }
        SchemaSource::Inferred if content.examples.is_empty() && content.fields.is_empty() => {}
        SchemaSource::Inferred => {
            let mut clashes = Vec::new();
            let mut shape = InferredShape::new(place, ShapeKind::Unknown);
            for example in &content.examples {
                let seen = of_node(&example.value, &file, &mut clashes);
                merge(&mut shape, seen, &mut Vec::new(), &mut clashes);
            }
            apply(
                &mut shape,
                &content.fields,
                &file,
                &mut clashes,
                diagnostics,
            );
            diagnostics.extend(clashes.iter().map(contradiction));
            settle(&mut shape);
            fixed(&mut shape, diagnostics);
            for example in &content.examples {
                // A truncated example may lack required fields and is then not an example of the
                // shape.
                if check(&mut shape, &example.value, example.cut, diagnostics) {
                    variant.examples.push(example.value.to_value());
                }
            }
            variant.made = Some(BodySchema::InferredShape(Box::new(shape)));
        }
    }
    variant
}

/// Merges the shapes that the examples of one page show for one body, in one response or in several
/// responses with one status. Examples make no field required, so a client could not distinguish
/// the shapes. Conflicting shapes are not merged.
pub(super) fn join_inferred<'a>(variants: Vec<Variant<'a>>) -> Vec<Variant<'a>> {
    let mut joined: Vec<Variant<'a>> = Vec::new();
    for variant in variants {
        let same = joined.iter_mut().find(|known| {
            known.page.page.key == variant.page.page.key && known.media_type == variant.media_type
        });
        if let Some(known) = same
            && let (Some(BodySchema::InferredShape(one)), Some(BodySchema::InferredShape(other))) =
                (&known.made, &variant.made)
            && let Some(shape) = both(one, other)
        {
            known.made = Some(BodySchema::InferredShape(Box::new(shape)));
            known.examples.extend(variant.examples);
        } else {
            joined.push(variant);
        }
    }
    joined
}

/// Returns a shape that accepts the values of both, or `None` if they conflict.
fn both(one: &InferredShape, other: &InferredShape) -> Option<InferredShape> {
    let (mut first, mut second) = (one.clone(), other.clone());
    loosen(&mut first, other);
    loosen(&mut second, one);
    let mut clashes = Vec::new();
    merge(&mut first, second, &mut Vec::new(), &mut clashes);
    clashes.is_empty().then_some(first)
}

/// Returns the diagnostic for an example that contradicts the schema of its page. The schema is
/// used.
fn misplaced(file: &str, misfit: &ExampleMismatch) -> Diagnostic {
    Diagnostic::warning(
        file,
        misfit.line,
        format!(
            "the example does not match the schema of the page and is left out: {}",
            misfit.text
        ),
    )
    .with_help("find out which of the two is right, and correct the other one in an overlay")
}

pub(super) fn contradiction(clash: &TypeConflict) -> Diagnostic {
    Diagnostic::error(&clash.second.0.file, clash.second.0.line, clash.to_string())
        .with_help("correct the wrong place; the first one is used")
}

/// Checks the fixed values of all properties.
fn fixed(shape: &mut InferredShape, diagnostics: &mut Vec<Diagnostic>) {
    match &mut shape.kind {
        ShapeKind::Array(items) => fixed(items, diagnostics),
        ShapeKind::Object(object) => {
            for property in object.properties_mut() {
                if !property.fixed.is_empty() {
                    check_fixed(property, diagnostics);
                }
                fixed(&mut property.shape, diagnostics);
            }
        }
        _ => {}
    }
}

/// Builds the `content` of a body that several pages may show; `name` starts the names of its
/// components.
pub(super) fn content(
    variants: Vec<Variant>,
    suffix: &str,
    group: usize,
    components: &mut Components,
    diagnostics: &mut Vec<Diagnostic>,
) -> Map<String, Value> {
    let first = variants.first().map(|variant| variant.page.name());
    let union = format!("{}{suffix}Union", first.unwrap_or_default());
    let mut known: Vec<(Root, BodySchema)> = Vec::new();
    let mut media: Vec<(&str, Vec<Root>, Map<String, Value>)> = Vec::new();
    let mut shown: HashMap<(usize, &str), usize> = HashMap::new();
    for variant in variants {
        let slot = match media
            .iter()
            .position(|(name, ..)| *name == variant.media_type)
        {
            Some(slot) => slot,
            None => {
                media.push((variant.media_type, Vec::new(), Map::new()));
                media.len() - 1
            }
        };
        let (_, roots, examples) = &mut media[slot];
        let page = variant.page.page;
        // A page may show several bodies of one status.
        let shown = shown.entry((slot, page.key.as_str())).or_default();
        for value in variant.examples {
            *shown += 1;
            let key = match *shown {
                1 => page.key.clone(),
                number => format!("{}-{number}", page.key),
            };
            examples.insert(key, page.example(value));
        }
        let Some(made) = variant.made else {
            continue;
        };
        let same = known.iter().find(|(_, known)| known.same(&made));
        let referred = match &made {
            BodySchema::Given(value, _) => components.referred(value),
            BodySchema::InferredShape(_) => None,
        };
        let root = if let Some(root) = referred.or(same.map(|&(root, _)| root)) {
            components.seen_on(root, &page.key);
            root
        } else {
            let label = variant
                .label
                .map(|label| Some(pascal_case(label)).filter(|label| !label.is_empty()));
            let label = label.map(|label| label.unwrap_or_else(|| "Other".to_owned()));
            let wanted = format!(
                "{}{suffix}{}",
                variant.page.name(),
                label.unwrap_or_default()
            );
            // The component may be merged with another page's, so the page's own shape is kept for
            // later comparison.
            let copy = match &made {
                BodySchema::InferredShape(shape) => BodySchema::InferredShape(shape.clone()),
                BodySchema::Given(value, place) => BodySchema::Given(value.clone(), place.clone()),
            };
            let root = components.add(&wanted, made, &page.key, group, diagnostics);
            known.push((root, copy));
            root
        };
        if !roots.contains(&root) {
            roots.push(root);
        }
    }
    let mut unions: Vec<(Vec<Root>, Root)> = Vec::new();
    let mut content = Map::new();
    for (name, roots, examples) in media {
        let mut object = Map::new();
        let root = match roots.as_slice() {
            [] => None,
            [root] => Some(*root),
            _ => Some(match unions.iter().find(|(of, _)| *of == roots) {
                Some(&(_, root)) => root,
                None => {
                    let root = components.add_union(&union, roots.clone(), group);
                    unions.push((roots, root));
                    root
                }
            }),
        };
        if let Some(root) = root {
            object.insert("schema".to_owned(), components.reference(root));
        }
        if !examples.is_empty() {
            object.insert("examples".to_owned(), Value::Object(examples));
        }
        content.insert(name.to_owned(), Value::Object(object));
    }
    content
}
