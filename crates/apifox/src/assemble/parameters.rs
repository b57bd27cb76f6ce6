//! Parameters of an operation, merged over its pages.

use super::components::Components;
use super::contents::contradiction;
use super::documented::fits;
use super::operation::{Group, schema};
use super::{ApiPage, documented};
use crate::diagnostic::{Diagnostic, quoted};
use crate::infer::{
    InferredShape, PropertyShape, ShapeKind, SourceLine, TextFormat, TypeConflict, declared,
    listed, longest, merge, of_text, text_as,
};
use crate::json::{JsonNode, JsonValue};
use crate::page::{ApiParameter, ParameterLocation, SchemaSource};
use crate::type_names::{self, Declared};
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// A parameter, merged from all pages of the operation.
struct MergedParameter<'a> {
    place: ParameterLocation,
    name: String,
    property: PropertyShape,
    given: Option<Value>,
    /// Number of pages that have it.
    pages: usize,
    required: bool,
    style: Option<&'a str>,
    explode: Option<bool>,
    /// Values in code samples, with their page.
    samples: Vec<(ApiPage<'a>, Vec<&'a str>)>,
}

/// Builds the parameters of a group, in the order of their first occurrence.
pub(super) fn parameters(
    group: &Group,
    components: &Components,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Value> {
    let mut united: Vec<MergedParameter> = Vec::new();
    let mut index: HashMap<(ParameterLocation, String), usize> = HashMap::new();
    for (&api, renamed) in group.pages.iter().zip(&group.renamed) {
        let texts = text_members(api);
        for parameter in &api.operation.parameters {
            let shown = parameter.field.name.as_str();
            let name = match parameter.place {
                ParameterLocation::Path => renamed
                    .get(shown)
                    .cloned()
                    .unwrap_or_else(|| shown.to_owned()),
                _ => shown.to_owned(),
            };
            let key = match parameter.place {
                ParameterLocation::Header => name.to_ascii_lowercase(),
                _ => name.clone(),
            };
            let own = one(api, parameter, name, &texts, diagnostics);
            match index.get(&(parameter.place, key.clone())) {
                Some(&at) => unite(&mut united[at], own, diagnostics),
                None => {
                    index.insert((parameter.place, key), united.len());
                    united.push(own);
                }
            }
        }
    }
    let pages = group.pages.len();
    united
        .into_iter()
        .map(|parameter| write(parameter, pages, components))
        .collect()
}

/// Reads a parameter of one page.
fn one<'a>(
    api: ApiPage<'a>,
    parameter: &'a ApiParameter,
    name: String,
    texts: &HashSet<&str>,
    diagnostics: &mut Vec<Diagnostic>,
) -> MergedParameter<'a> {
    let file: Arc<str> = Arc::from(api.page.name.as_str());
    let field = &parameter.field;
    let at = SourceLine {
        file: Arc::clone(&file),
        line: field.line,
    };
    let mut samples: Vec<&str> = parameter
        .samples
        .iter()
        .map(|sample| sample.text.as_str())
        .collect();
    let shape = shape(parameter, &at, texts, diagnostics);
    // A name that a sample repeats on one line is an array; the same value shown twice is not.
    if !matches!(shape.kind, ShapeKind::Array(_)) {
        let mut seen = HashSet::new();
        samples.retain(|sample| seen.insert(*sample));
    }
    let mut property = PropertyShape {
        name: name.clone(),
        at,
        shape,
        description: field.description.clone(),
        max_length: field.max_length,
        fixed: field.fixed.iter().cloned().collect(),
        details: field.details.clone(),
    };
    check(&mut property, &mut samples, parameter, diagnostics);
    MergedParameter {
        place: parameter.place,
        name,
        given: match &parameter.schema {
            SchemaSource::Documented(value) => Some(value.clone()),
            SchemaSource::Inferred => None,
        },
        property,
        pages: 1,
        required: parameter.place == ParameterLocation::Path || field.required == Some(true),
        style: parameter.style.as_deref(),
        explode: parameter.explode,
        samples: vec![(api, samples)],
    }
}

/// Infers the shape from a type name and code samples.
fn shape(
    parameter: &ApiParameter,
    at: &SourceLine,
    texts: &HashSet<&str>,
    diagnostics: &mut Vec<Diagnostic>,
) -> InferredShape {
    let place = |line| SourceLine {
        file: Arc::clone(&at.file),
        line,
    };
    let mut seen: Option<InferredShape> = None;
    let mut clashes: Vec<TypeConflict> = Vec::new();
    for sample in &parameter.samples {
        let mut own = of_text(&sample.text, place(sample.line));
        // A field that is a string in a body is a string here too, even if it has only digits.
        if texts.contains(parameter.field.name.as_str()) && !matches!(own.kind, ShapeKind::Text(_))
        {
            own.kind = ShapeKind::Text(TextFormat::Plain);
        }
        match &mut seen {
            None => seen = Some(own),
            Some(seen) => either(seen, own),
        }
    }
    let repeated = parameter
        .samples
        .windows(2)
        .any(|pair| pair[0].line == pair[1].line);
    let word = parameter.field.type_name.as_deref();
    let line = word
        .filter(|_| parameter.field.parents.is_some())
        .and_then(type_names::type_line);
    let word = line
        .as_ref()
        .map(|line| line.declared.clone())
        .or_else(|| word.and_then(type_names::declared));
    let mut shape = match word {
        Some(Declared::Any | Declared::Object) | None => {
            let seen = seen.unwrap_or_else(|| {
                InferredShape::new(at.clone(), ShapeKind::Text(TextFormat::Plain))
            });
            return if repeated {
                InferredShape::new(at.clone(), ShapeKind::Array(Box::new(seen)))
            } else {
                seen
            };
        }
        Some(word) => line
            .as_ref()
            .map_or_else(|| declared(&word, at), |line| listed(line, at)),
    };
    let Some(seen) = seen else {
        return shape;
    };
    match (&mut shape.kind, &seen.kind) {
        // All values in a URL are text; the type name gives their meaning.
        (ShapeKind::Text(format), ShapeKind::Text(other)) => {
            if *format == TextFormat::Unseen {
                *format = *other;
            }
        }
        (ShapeKind::Text(_) | ShapeKind::Array(_) | ShapeKind::Binary, _) => {}
        (ShapeKind::Decimal, ShapeKind::Text(_)) => shape.kind = seen.kind,
        (kind, _) => {
            let wrong = parameter
                .samples
                .iter()
                .find(|sample| text_as(&sample.text, kind).is_none());
            if let Some(sample) = wrong {
                clashes.push(TypeConflict {
                    path: parameter.field.name.clone(),
                    first: (at.clone(), kind.word().to_owned()),
                    second: (place(sample.line), quoted(&sample.text)),
                });
            }
        }
    }
    diagnostics.extend(clashes.iter().map(contradiction));
    shape
}

/// Merges two observations of a text; if their kinds differ, the result is a string.
fn either(seen: &mut InferredShape, own: InferredShape) {
    let mut clashes = Vec::new();
    let mut joined = seen.clone();
    merge(&mut joined, own, &mut Vec::new(), &mut clashes);
    if clashes.is_empty() {
        *seen = joined;
    } else {
        seen.kind = ShapeKind::Text(TextFormat::Plain);
    }
}

/// Checks the values in code samples against a table.
fn check(
    property: &mut PropertyShape,
    samples: &mut Vec<&str>,
    parameter: &ApiParameter,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let file = Arc::clone(&property.at.file);
    let first = parameter
        .samples
        .first()
        .map_or(property.at.line, |sample| sample.line);
    if let Some(fixed) = parameter.field.fixed.as_deref()
        && let Some(other) = samples.iter().find(|sample| **sample != fixed)
    {
        diagnostics.push(
            Diagnostic::error(
                &file,
                first,
                format!(
                    "the sample has {} for {}, but the table (line {}) says that it is always {}",
                    quoted(other),
                    quoted(&property.name),
                    property.at.line,
                    quoted(fixed)
                ),
            )
            .with_help("correct the wrong place; the fixed value is ignored"),
        );
        property.fixed.clear();
    }
    crate::infer::check_fixed(property, diagnostics);
    let longest = samples.iter().map(|sample| sample.chars().count()).max();
    if let (Some(limit), Some(longest)) = (property.max_length, longest)
        && u64::try_from(longest).unwrap_or(u64::MAX) > limit
    {
        property.max_length = None;
        diagnostics.push(Diagnostic::warning(
            &file,
            first,
            format!(
                "the sample of {} has {longest} characters, but a table allows {limit}; the limit is ignored",
                quoted(&property.name)
            ),
        ));
    }
    // Values of another type are already reported.
    let items = match &property.shape.kind {
        ShapeKind::Array(items) => &items.kind,
        kind => kind,
    };
    samples.retain(|sample| text_as(sample, items).is_some());
}

/// Merges the description of a parameter on another page.
fn unite<'a>(
    known: &mut MergedParameter<'a>,
    other: MergedParameter<'a>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    known.pages += 1;
    known.required &= other.required;
    known.samples.extend(other.samples);
    known.style = known.style.or(other.style);
    known.explode = known.explode.or(other.explode);
    let (one, two) = (&mut known.property, other.property);
    let two_at = two.at.clone();
    if one.fixed.is_empty() || two.fixed.is_empty() {
        one.fixed.clear();
    } else {
        for value in two.fixed {
            if !one.fixed.contains(&value) {
                one.fixed.push(value);
            }
        }
    }
    one.max_length = longest(one.max_length, two.max_length);
    one.details.extend(&two.details);
    one.description = match (one.description.take(), two.description) {
        (Some(one), Some(two)) if one != two => Some(format!("{one}\n\n{two}")),
        (one, two) => one.or(two),
    };
    let mut clashes = Vec::new();
    let mut path = vec![one.name.clone()];
    merge(&mut one.shape, two.shape, &mut path, &mut clashes);
    diagnostics.extend(clashes.iter().map(contradiction));
    known.given = match (known.given.take(), other.given) {
        (Some(first), Some(second)) => {
            let (name, at) = (known.property.name.as_str(), &known.property.at);
            Some(documented::unite(
                name,
                at,
                first,
                second,
                &two_at,
                diagnostics,
            ))
        }
        (one, other) => one.or(other),
    };
}

fn write(parameter: MergedParameter, pages: usize, components: &Components) -> Value {
    let mut property = parameter.property;
    let mut object = Map::new();
    object.insert("name".to_owned(), json!(parameter.name));
    object.insert("in".to_owned(), json!(parameter.place.name()));
    let everywhere = parameter.pages == pages || parameter.place == ParameterLocation::Path;
    if parameter.required && everywhere {
        object.insert("required".to_owned(), json!(true));
    }
    if let Some(description) = property.description.take() {
        object.insert("description".to_owned(), json!(description));
    }
    if let Some(style) = parameter.style {
        object.insert("style".to_owned(), json!(style));
    }
    if let Some(explode) = parameter.explode {
        object.insert("explode".to_owned(), json!(explode));
    }
    let schema = match &parameter.given {
        Some(given) => components.renamed(given),
        None => Value::Object(schema(&property)),
    };
    let mut examples = Map::new();
    for (api, samples) in &parameter.samples {
        let page = api.page;
        let values: Vec<Value> = match &property.shape.kind {
            ShapeKind::Array(items) if !samples.is_empty() => {
                vec![
                    samples
                        .iter()
                        .filter_map(|text| text_as(text, &items.kind))
                        .collect(),
                ]
            }
            kind => samples
                .iter()
                .filter_map(|text| text_as(text, kind))
                .collect(),
        };
        // A code sample is not binding: one that does not match the schema is left out.
        let fit = |value: &Value| {
            let given = parameter.given.as_ref();
            given.is_none_or(|given| fits(components, given, &JsonNode::of(value)).is_ok())
        };
        let values = values.into_iter().filter(fit);
        for (number, value) in values.enumerate() {
            let key = match number {
                0 => page.key.clone(),
                _ => format!("{}-{}", page.key, number + 1),
            };
            examples.insert(key, page.example(value));
        }
    }
    object.insert("schema".to_owned(), schema);
    if !examples.is_empty() {
        object.insert("examples".to_owned(), Value::Object(examples));
    }
    object.insert("x-apifox-at".to_owned(), json!(property.at.marker()));
    Value::Object(object)
}

/// Returns the names of fields that are strings in the bodies of a page.
fn text_members<'a>(api: ApiPage<'a>) -> HashSet<&'a str> {
    let mut names = HashSet::new();
    let body = api.operation.body.iter().flat_map(|body| &body.contents);
    let answers = api
        .operation
        .responses
        .iter()
        .flat_map(|response| &response.contents);
    for example in body.chain(answers).flat_map(|content| &content.examples) {
        collect(&example.value, &mut names);
    }
    names
}

fn collect<'a>(node: &'a JsonNode, names: &mut HashSet<&'a str>) {
    match &node.value {
        JsonValue::Array(items) => items.iter().for_each(|item| collect(item, names)),
        JsonValue::Object(members) => {
            for member in members {
                if let JsonValue::String(_) = member.value.value {
                    names.insert(&member.name);
                }
                collect(&member.value, names);
            }
        }
        _ => {}
    }
}
