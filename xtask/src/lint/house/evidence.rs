//! Evidence: nobody takes a guess for a fact.

use crate::lint::finding::Report;
use crate::openapi::Document;
use crate::openapi::SchemaRole;
use crate::openapi::child;
use crate::openapi::{has_text, strings, text};
use serde_json::Value;

/// `x-evidence` has a level of the three, and has_text where it comes from.
pub(super) fn form(document: &Document, report: &mut Report) {
    for operation in &document.operations {
        let place = child(&operation.pointer, "x-evidence");
        match operation.value.get("x-evidence") {
            None => report.add(
                &operation.pointer,
                "the operation has no `x-evidence`",
                "give it `{level, pages}` in an overlay",
            ),
            Some(evidence) => {
                if level(evidence, &place, report) != Some("inferred")
                    && strings(evidence.get("pages")).next().is_none()
                {
                    report.add(
                        &place,
                        "`x-evidence` names no page",
                        "name the keys of its pages; only what is inferred has none",
                    );
                }
            }
        }
    }
    for site in &document.schemas {
        let Some(evidence) = site.schema.get("x-evidence") else {
            continue;
        };
        let place = child(&site.pointer, "x-evidence");
        let named = strings(evidence.get("pages")).next().is_some();
        match level(evidence, &place, report) {
            Some("inferred") if !has_text(evidence, "source") => {
                report.add(
                    &place,
                    "what is inferred names no source",
                    "say in `source` what it was inferred from",
                );
            }
            Some("documented" | "partial") if !named && !has_text(evidence, "source") => {
                report.add(
                    &place,
                    "`x-evidence` names no page and no source",
                    "name the keys of its pages, or say in `source` where it stands",
                );
            }
            _ => {}
        }
    }
}

/// The level, if it is one.
fn level<'a>(evidence: &'a Value, place: &str, report: &mut Report) -> Option<&'a str> {
    let level = text(evidence, "level")
        .filter(|level| ["documented", "partial", "inferred"].contains(level));
    if level.is_none() {
        report.add(
            place,
            "`x-evidence` has no level",
            "write documented, partial or inferred",
        );
    }
    level
}

/// What no page has has_text so: a component, property or parameter that an overlay added. What only refers
/// to a component, and the parts of something that is evidenced as a whole, need no word of their own.
pub(super) fn missing(document: &Document, report: &mut Report) {
    for site in &document.schemas {
        let what = match site.role {
            SchemaRole::Component => "component",
            SchemaRole::Property { .. } => "property",
            _ => continue,
        };
        if evidenced(site.schema) || refers(site.schema) {
            continue;
        }
        let whole = site
            .component
            .and_then(|name| document.target(&format!("#{}", child("/components/schemas", name))));
        let added_as_a_whole = what == "property"
            && whole.is_some_and(|whole| {
                whole.get("x-evidence").is_some() && whole.get("x-apifox-at").is_none()
            });
        if !added_as_a_whole {
            report.add(
                &site.pointer,
                format!("no page has this {what}, and nothing has_text where it comes from"),
                "give it `x-evidence: {level: inferred, source: …}` in the overlay that adds it",
            );
        }
    }
    for operation in &document.operations {
        if operation.value.get("x-apifox-at").is_none() {
            continue;
        }
        for parameter in document.parameters(operation) {
            if !evidenced(parameter.value) {
                report.add(&parameter.pointer, "no page has this parameter, and nothing has_text where it comes from", "give it `x-evidence: {level: inferred, source: …}` in the overlay that adds it");
            }
        }
    }
}

fn evidenced(value: &Value) -> bool {
    value.get("x-apifox-at").is_some() || value.get("x-evidence").is_some()
}

/// A reference, or an `allOf` that only wraps one to give it a description.
fn refers(schema: &Value) -> bool {
    let wrapped = schema
        .get("allOf")
        .and_then(Value::as_array)
        .and_then(|parts| parts.first())
        .filter(|_| schema.get("properties").is_none());
    schema.get("$ref").is_some() || wrapped.is_some_and(|part| part.get("$ref").is_some())
}

#[cfg(test)]
pub(in crate::lint::house) mod tests {
    use crate::lint::proof::{Case, GET, PRICE};
    use serde_json::json;

    pub(in crate::lint::house) fn cases() -> Vec<Case> {
        let at = format!("{GET}/x-evidence");
        let note = format!("{PRICE}/properties/note");
        let added = |schema: serde_json::Value, count| {
            Case::owned(
                "evidence-missing",
                count,
                vec![(format!("{PRICE}/properties/more"), schema)],
            )
        };
        vec![
            Case::new("evidence-form", 1, vec![(&at, json!(null))]),
            Case::new(
                "evidence-form",
                1,
                vec![(&at, json!({"level": "sure", "pages": ["p1"]}))],
            )
            .also(&["open-request"]),
            Case::new(
                "evidence-form",
                1,
                vec![(&at, json!({"level": "documented", "pages": []}))],
            ),
            Case::new(
                "evidence-form",
                0,
                vec![(&at, json!({"level": "inferred"}))],
            )
            .also(&["open-request"]),
            Case::new(
                "evidence-form",
                1,
                vec![(&format!("{note}/x-evidence"), json!({"level": "inferred"}))],
            ),
            Case::new(
                "evidence-form",
                1,
                vec![(&format!("{note}/x-evidence"), json!({"level": "partial"}))],
            ),
            Case::new(
                "evidence-form",
                0,
                vec![(
                    &format!("{note}/x-evidence"),
                    json!({"level": "partial", "source": "an earlier page"}),
                )],
            ),
            Case::new(
                "evidence-form",
                1,
                vec![(
                    "/components/schemas/Retcode/x-evidence",
                    json!({"source": "s"}),
                )],
            ),
            Case::new(
                "evidence-missing",
                1,
                vec![("/components/schemas/Retcode/x-evidence", json!(null))],
            ),
            added(json!({"type": "string"}), 1),
            added(
                json!({"type": "string", "x-evidence": {"level": "inferred", "source": "s"}}),
                0,
            ),
            added(json!({"$ref": "#/components/schemas/Retcode"}), 0),
            added(
                json!({"allOf": [{"$ref": "#/components/schemas/Retcode"}], "description": "d"}),
                0,
            ),
            Case::new(
                "evidence-missing",
                1,
                vec![(
                    &format!("{GET}/parameters/-"),
                    json!({"name": "b", "in": "query", "schema": {"type": "string"}}),
                )],
            ),
        ]
    }
}
