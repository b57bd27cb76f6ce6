//! Answers.

use crate::lint::finding::Report;
use crate::openapi::child;
use crate::openapi::text;
use crate::openapi::{Document, Operation, Resolved, content};
use std::collections::BTreeMap;

type Answers<'a> = Vec<(&'a str, Resolved<'a>)>;

fn each<'a>(document: &'a Document<'a>) -> impl Iterator<Item = (&'a Operation<'a>, Answers<'a>)> {
    let operations = document
        .operations
        .iter()
        .filter(|operation| !operation.is_webhook());
    operations.map(|operation| (operation, document.responses(operation)))
}

/// Another type than JSON arrives as raw bytes.
pub(super) fn media(document: &Document, report: &mut Report) {
    for (_, answers) in each(document) {
        for (_, media) in answers
            .iter()
            .flat_map(|(_, answer)| content(answer))
            .filter(|(name, _)| *name != "application/json")
        {
            report.add(
                &media.pointer,
                "progenitor gives an answer of another type than application/json as raw bytes",
                "make it application/json in the profile, or take it out",
            );
        }
    }
}

/// JSON without a schema is a panic.
pub(super) fn schema(document: &Document, report: &mut Report) {
    for (_, answers) in each(document) {
        for (_, media) in answers.iter().flat_map(|(_, answer)| content(answer)) {
            if media.value.get("schema").is_none() {
                report.add(
                    &media.pointer,
                    "the answer has no schema, and progenitor panics",
                    "give it a component in an overlay",
                );
            }
        }
    }
}

/// Inline schemas of success and error get one Rust name, and the error becomes the success in silence.
pub(super) fn named(document: &Document, report: &mut Report) {
    for (_, answers) in each(document) {
        for (_, media) in answers.iter().flat_map(|(_, answer)| content(answer)) {
            if media
                .value
                .get("schema")
                .is_some_and(|schema| schema.get("$ref").is_none())
            {
                report.add(&child(&media.pointer, "schema"), "the schema of the answer has no name: progenitor may take an error for a success", "make it a component and refer to it");
            }
        }
    }
}

/// Several success types are a panic.
pub(super) fn one_success(document: &Document, report: &mut Report) {
    for (operation, answers) in each(document) {
        one_type(operation, &answers, '2', "success", report);
    }
}

/// Several error types are a panic.
pub(super) fn one_error(document: &Document, report: &mut Report) {
    for (operation, answers) in each(document) {
        one_type(operation, &answers, '4', "error", report);
    }
}

/// `default` is both a success and an error to the generator; an empty body is a type too.
fn one_type(
    operation: &Operation,
    answers: &Answers,
    class: char,
    what: &str,
    report: &mut Report,
) {
    let also = if class == '4' { '5' } else { class };
    let mut types: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (status, answer) in answers
        .iter()
        .filter(|(status, _)| status.starts_with([class, also]) || *status == "default")
    {
        let content = content(answer);
        let name = content.first().map_or("no body".to_owned(), |(_, media)| {
            let schema = media.value.get("schema");
            schema.map_or("no schema".to_owned(), |schema| {
                text(schema, "$ref").map_or_else(|| schema.to_string(), str::to_owned)
            })
        });
        types.entry(name).or_default().push(status);
    }
    if types.len() > 1 {
        let list: Vec<String> = types
            .iter()
            .map(|(name, statuses)| format!("{}: {name}", statuses.join(" ")))
            .collect();
        report.add(
            &child(&operation.pointer, "responses"),
            format!(
                "the operation has several {what} types, and progenitor panics ({})",
                list.join("; ")
            ),
            "keep one type; an answer without a body counts as one, and so does `default`",
        );
    }
}

#[cfg(test)]
pub(in crate::lint::generator) mod tests {
    use crate::lint::proof::{Case, GET};
    use serde_json::{Value, json};

    pub(in crate::lint::generator) fn cases() -> Vec<Case> {
        let at = |status: &str| format!("{GET}/responses/{status}");
        let body = |name: &str| json!({"description": "d", "content": {"application/json": {"schema": {"$ref": format!("#/components/schemas/{name}")}}}});
        let empty = json!({"description": "d"});
        let answer = |rule, count, status: &str, value: Value| {
            Case::owned(rule, count, vec![(at(status), value)])
        };
        let inline = json!({"description": "d", "content": {"application/json": {"schema": {"type": "object"}}}});
        let media = |name: &str| json!({"description": "d", "content": {name: {"schema": {"$ref": "#/components/schemas/PriceEnvelope"}}}});
        vec![
            answer("answer-media", 1, "200", media("*/*")),
            answer("answer-media", 1, "200", media("application/problem+json")),
            answer("answer-media", 1, "200", media("text/csv")),
            answer(
                "answer-schema",
                1,
                "200",
                json!({"description": "d", "content": {"application/json": {}}}),
            ),
            answer("answer-named", 1, "200", inline.clone()),
            answer("answer-named", 1, "4XX", inline).also(&["one-error-type"]),
            answer("one-success-type", 1, "201", body("Receipt")),
            answer("one-success-type", 0, "201", body("PriceEnvelope")),
            answer("one-success-type", 1, "204", empty.clone()),
            answer("one-success-type", 1, "default", body("ErrorEnvelope")),
            answer("one-error-type", 1, "4XX", body("Receipt")),
            answer("one-error-type", 1, "404", empty.clone()),
            answer("one-error-type", 1, "default", body("PriceEnvelope")),
            answer("one-error-type", 0, "304", empty),
        ]
    }
}
