//! Evidence: an inferred value must not look like a documented one.

use serde_json::{Value, json};

use crate::lint::Findings;
use crate::openapi::{Document, SchemaRole, child, has_text, list, strings, text};

/// Reports operations without `x-evidence`, and each `x-evidence` without a valid level. Operations need pages unless
/// they are inferred. Inferred schemas need a source, and other schemas need pages or a source.
pub(super) fn form(document: &Document, findings: &mut Findings) {
    for operation in &document.operations {
        let place = child(&operation.pointer, "x-evidence");
        let Some(evidence) = operation.value.get("x-evidence") else {
            findings.add(
                &operation.pointer,
                "the operation has no `x-evidence`",
                "add `{level, pages}` in an overlay",
            );
            continue;
        };
        let level = level(evidence, &place, findings);
        if level != Some("inferred") && !has_pages(evidence) {
            findings.add(
                &place,
                "`x-evidence` has no pages",
                "list the ids of the pages; only inferred operations have none",
            );
        }
    }
    for site in &document.schemas {
        let Some(evidence) = site.schema.get("x-evidence") else {
            continue;
        };
        let place = child(&site.pointer, "x-evidence");
        let has_source = has_text(evidence, "source");
        match level(evidence, &place, findings) {
            Some("inferred") if !has_source => findings.add(
                &place,
                "`x-evidence` of an inferred schema has no source",
                "set `source` to what the schema was inferred from",
            ),
            Some("documented" | "partial") if !has_source && !has_pages(evidence) => findings.add(
                &place,
                "`x-evidence` has neither pages nor a source",
                "list the ids of the pages, or set `source`",
            ),
            _ => {}
        }
    }
}

fn has_pages(evidence: &Value) -> bool {
    strings(evidence.get("pages")).next().is_some()
}

/// Returns the level, or reports that it is missing.
fn level<'a>(evidence: &'a Value, place: &str, findings: &mut Findings) -> Option<&'a str> {
    let level = text(evidence, "level")
        .filter(|level| ["documented", "partial", "inferred"].contains(level));
    if level.is_none() {
        findings.add(
            place,
            "`x-evidence` has no level",
            "set `level` to documented, partial or inferred",
        );
    }
    level
}

const ADD_EVIDENCE: &str =
    "add `x-evidence: {level: inferred, source: …}` in the overlay that adds it";

/// Reports components, properties and parameters that are not from a page and have no evidence.
/// Exceptions are references, and the properties of a component that an overlay added as a whole,
/// with evidence.
pub(super) fn missing(document: &Document, findings: &mut Findings) {
    for site in &document.schemas {
        let (name, is_property) = match site.role {
            SchemaRole::Component => ("component", false),
            SchemaRole::Property { .. } => ("property", true),
            _ => continue,
        };
        if has_evidence(site.schema) || is_reference(site.schema) {
            continue;
        }
        let component = site
            .component
            .and_then(|name| document.target(&format!("#{}", child("/components/schemas", name))));
        let is_covered = is_property
            && component.is_some_and(|component| {
                component.get("x-evidence").is_some() && component.get("x-apifox-at").is_none()
            });
        if !is_covered {
            let message = format!("the {name} is not from a page and has no evidence");
            findings.assume(&site.pointer, message, ADD_EVIDENCE, inferred());
        }
    }
    for operation in &document.operations {
        if operation.value.get("x-apifox-at").is_none() {
            continue;
        }
        for parameter in document.parameters(operation) {
            if !has_evidence(parameter.value) {
                let message = "the parameter is not from a page and has no evidence";
                findings.assume(&parameter.pointer, message, ADD_EVIDENCE, inferred());
            }
        }
    }
}

/// Returns the default evidence, `inferred`: a value of unknown origin must not look like a
/// documented one.
fn inferred() -> Value {
    json!({"x-evidence": {"level": "inferred", "source": "Not stated by the overlay that adds it."}})
}

fn has_evidence(value: &Value) -> bool {
    value.get("x-apifox-at").is_some() || value.get("x-evidence").is_some()
}

/// Returns whether a schema is a reference, or an `allOf` that adds a description to one.
fn is_reference(schema: &Value) -> bool {
    let wrapped = list(schema.get("allOf"))
        .next()
        .filter(|_| schema.get("properties").is_none());
    schema.get("$ref").is_some() || wrapped.is_some_and(|part| part.get("$ref").is_some())
}
