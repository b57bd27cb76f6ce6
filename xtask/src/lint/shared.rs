//! Rules and helper functions that both groups use.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Findings;
use crate::openapi::schema::{json_types, properties, required};
use crate::openapi::{Document, SchemaRole, SchemaSite, child, is_true, list, text};

/// Reports references without a target, and components whose references form a circle.
pub(super) fn dangling_references(document: &Document, findings: &mut Findings) {
    for (pointer, reference) in &document.references {
        if document.target(reference).is_none() {
            findings.add(
                pointer,
                format!("`{reference}` does not exist in the document"),
                "correct the reference, or add the component",
            );
        }
    }
    for (name, schema) in &document.components {
        if document.is_circular(schema) {
            findings.add(
                &child("/components/schemas", name),
                "the references form a circle",
                "give one of the components a type",
            );
        }
    }
}

/// Reports `additionalProperties: false`. The Rust generator turns it into `deny_unknown_fields`,
/// and then a new field of the gateway breaks clients.
pub(super) fn closed_object(document: &Document, findings: &mut Findings) {
    for site in &document.schemas {
        if site.schema.get("additionalProperties") == Some(&Value::Bool(false)) {
            findings.add(
                &site.pointer,
                "with `additionalProperties: false` a new field is an error",
                "remove it",
            );
        }
    }
}

/// Reports branches of a union that do not exclude each other. Two branches exclude each other if
/// they differ in JSON type, or if each requires a property that the other does not have. An
/// untagged union silently takes the first branch that matches.
pub(super) fn exclusive_branches(document: &Document, findings: &mut Findings) {
    for site in &document.schemas {
        let branches: Vec<Branch> = list(site.schema.get("oneOf"))
            .map(|branch| Branch::new(document, branch))
            .collect();
        for (index, first) in branches.iter().enumerate() {
            for (other, second) in branches.iter().enumerate().skip(index + 1) {
                if let Some(reason) = first.overlap(second) {
                    findings.add(
                        &site.pointer,
                        format!("the branches {index} and {other} of `oneOf` overlap: {reason}"),
                        "require a property in each branch that the other branch does not have, or use different types; if one of two responses with the same status is the relevant one, an overlay can replace the union by it",
                    );
                }
            }
        }
    }
}

/// The property that distinguishes a branch of a union.
struct Branch<'a> {
    types: BTreeSet<&'a str>,
    properties: BTreeSet<&'a str>,
    required: BTreeSet<&'a str>,
}

impl<'a> Branch<'a> {
    fn new(document: &Document<'a>, branch: &'a Value) -> Self {
        let properties = properties(document, branch).into_iter();
        Self {
            types: json_types(document, branch),
            properties: properties.map(|(name, _)| name).collect(),
            required: required(document, branch),
        }
    }

    /// Returns why a value could match both branches.
    fn overlap(&self, other: &Self) -> Option<String> {
        if self.types.is_empty() || other.types.is_empty() {
            return Some("one of them has no type".to_owned());
        }
        let common: Vec<&str> = self.types.intersection(&other.types).copied().collect();
        match common.as_slice() {
            [] => None,
            ["object"] => {
                let has_own = |one: &Self, two: &Self| {
                    let mut required = one.required.iter();
                    required.any(|name| !two.properties.contains(name))
                };
                let are_exclusive = has_own(self, other) && has_own(other, self);
                (!are_exclusive)
                    .then(|| "one of them requires no property that the other lacks".to_owned())
            }
            types => Some(format!("both accept {}", types.join(" and "))),
        }
    }
}

/// Returns `an array` or `a map` for an optional property of such a type that is not nullable.
pub(super) fn collection_without_null<'a>(
    document: &Document<'a>,
    site: &SchemaSite<'a>,
) -> Option<&'static str> {
    let is_optional = matches!(
        site.role,
        SchemaRole::Property {
            required: false,
            ..
        }
    );
    let target = document.resolve(site.schema);
    if !is_optional || is_true(site.schema, "nullable") || is_true(target, "nullable") {
        return None;
    }
    let is_map = target.get("properties").is_none()
        && target
            .get("additionalProperties")
            .is_some_and(|values| *values != Value::Bool(false));
    match text(target, "type") {
        Some("array") => Some("an array"),
        Some("object") if is_map => Some("a map"),
        _ => None,
    }
}
