//! Functions that read one schema and follow its references.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::{Document, list, members, strings, text};

/// Returns the properties of a schema, with those of its `allOf` parts.
pub(crate) fn properties<'a>(
    document: &Document<'a>,
    schema: &'a Value,
) -> Vec<(&'a str, &'a Value)> {
    let parts = parts(document, schema, &["allOf"]);
    parts
        .into_iter()
        .flat_map(|part| members(part.get("properties")))
        .collect()
}

/// Returns the names of the required properties, with those of the `allOf` parts.
pub(crate) fn required<'a>(document: &Document<'a>, schema: &'a Value) -> BTreeSet<&'a str> {
    parts(document, schema, &["allOf"])
        .into_iter()
        .flat_map(|part| strings(part.get("required")))
        .collect()
}

/// Returns the JSON types that a schema accepts, with `integer` as `number`. The set is empty if the schema
/// names no type.
pub(crate) fn json_types<'a>(document: &Document<'a>, schema: &'a Value) -> BTreeSet<&'a str> {
    parts(document, schema, &["oneOf", "anyOf", "allOf"])
        .into_iter()
        .filter_map(|part| match text(part, "type") {
            Some("integer") => Some("number"),
            None if part.get("properties").is_some() => Some("object"),
            name => name,
        })
        .collect()
}

/// Returns whether a schema, or a branch of it, has the type `number`. [`json_types`] does not distinguish this type
/// from `integer`.
pub(crate) fn accepts_fractions(document: &Document, schema: &Value) -> bool {
    let parts = parts(document, schema, &["oneOf", "anyOf", "allOf"]);
    parts
        .iter()
        .any(|part| text(part, "type") == Some("number"))
}

/// Returns a schema and the schemas under these keywords, through references, each schema once.
fn parts<'a>(document: &Document<'a>, schema: &'a Value, keywords: &[&str]) -> Vec<&'a Value> {
    let mut seen: HashSet<*const Value> = HashSet::new();
    let mut found = Vec::new();
    let mut open = vec![schema];
    while let Some(schema) = open.pop() {
        let schema = document.resolve(schema);
        if seen.insert(std::ptr::from_ref(schema)) {
            found.push(schema);
            for keyword in keywords {
                open.extend(list(schema.get(keyword)));
            }
        }
    }
    found
}

/// Returns the name of the first place inside a branch of a union, through references, that fulfils a
/// condition.
pub(crate) fn find_inside<'a>(
    document: &Document<'a>,
    branch: &'a Value,
    condition: &dyn Fn(&Value) -> bool,
) -> Option<String> {
    let mut seen = BTreeSet::new();
    let mut open = vec![(branch, "the branch".to_owned())];
    while let Some((schema, place)) = open.pop() {
        if condition(schema) {
            return Some(place);
        }
        if let Some(reference) = text(schema, "$ref")
            && seen.insert(reference)
            && let Some(target) = document.target(reference)
        {
            open.push((target, place.clone()));
        }
        for (property, inner) in members(schema.get("properties")) {
            open.push((inner, format!("`{property}`")));
        }
        for keyword in ["items", "additionalProperties", "not"] {
            open.extend(schema.get(keyword).map(|inner| (inner, place.clone())));
        }
        for keyword in ["oneOf", "anyOf", "allOf"] {
            open.extend(list(schema.get(keyword)).map(|inner| (inner, place.clone())));
        }
    }
    None
}
