//! Shapes: every object has a name, and stays open for what the gateway adds.

use crate::lint::finding::Report;
use crate::lint::schema::list_without_null;
use crate::openapi::SchemaRole;
use crate::openapi::child;
use crate::openapi::schema::properties;
use crate::openapi::{Document, content};
use crate::openapi::{members, strings, text};
use serde_json::Value;
use std::collections::HashSet;

const FORM: &str = "multipart/form-data";

/// The body of every request and answer is a reference to a component.
pub(super) fn named_body(document: &Document, report: &mut Report) {
    for site in &document.schemas {
        if site.role == SchemaRole::Body && site.schema.get("$ref").is_none() {
            report.add(
                &site.pointer,
                "the schema of a body has no name",
                "make it a component and refer to it",
            );
        }
    }
}

/// Objects and unions inside a component are components themselves.
pub(super) fn inline_object(document: &Document, report: &mut Report) {
    for site in &document.schemas {
        if matches!(
            site.role,
            SchemaRole::Component | SchemaRole::Body | SchemaRole::AllOfPart
        ) || site.component.is_none() && !matches!(site.role, SchemaRole::Parameter { .. })
        {
            continue;
        }
        if let Some(word) = ["properties", "oneOf", "anyOf"]
            .iter()
            .find(|word| site.schema.get(**word).is_some())
        {
            report.add(
                &site.pointer,
                format!("a schema with `{word}` stands inside another and has no name"),
                "make it a component and refer to it",
            );
        }
    }
}

/// A new field of the gateway must not break a client.
pub(super) fn closed_object(document: &Document, report: &mut Report) {
    for site in &document.schemas {
        if site.schema.get("additionalProperties") == Some(&Value::Bool(false)) {
            report.add(
                &site.pointer,
                "`additionalProperties: false` makes a new field an error",
                "take it out",
            );
        }
    }
}

/// What is required exists.
pub(super) fn required_exists(document: &Document, report: &mut Report) {
    for site in &document.schemas {
        let required: Vec<&str> = strings(site.schema.get("required")).collect();
        if site.schema.get("required").is_some() && required.is_empty() {
            report.add(
                &site.pointer,
                "`required` is no list of names",
                "name the required properties, or take it out",
            );
        }
        let known: HashSet<&str> = properties(document, site.schema)
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        let mut seen = HashSet::new();
        for name in required {
            // A part of an `allOf` may require what another part has.
            if !known.contains(name) && site.role != SchemaRole::AllOfPart {
                report.add(
                    &site.pointer,
                    format!("`{name}` is required and is no property"),
                    "correct the name, or add the property",
                );
            }
            if !seen.insert(name) {
                report.add(
                    &site.pointer,
                    format!("`{name}` is required twice"),
                    "name it once",
                );
            }
        }
    }
}

/// A list or map that may be missing from an answer may be null as well.
pub(super) fn nullable_list(document: &Document, report: &mut Report) {
    for site in document.schemas.iter().filter(|site| site.is_received) {
        if let Some(kind) = list_without_null(document, site.role, site.schema) {
            report.add(
                &site.pointer,
                format!("{kind} of an answer is optional and not nullable"),
                "write `nullable: true`: gateways send null for an empty one",
            );
        }
    }
}

/// A request that is known in part takes further fields. A form takes further parts without saying so, and generators stumble
/// over a schema for them.
pub(super) fn open_request(document: &Document, report: &mut Report) {
    for operation in document
        .operations
        .iter()
        .filter(|operation| !operation.is_webhook())
    {
        let Some(body) = document.request_body(operation) else {
            continue;
        };
        let level = operation
            .value
            .get("x-evidence")
            .and_then(|evidence| text(evidence, "level"));
        let named = content(&body).into_iter().filter(|(name, _)| *name != FORM);
        for (_, media) in named {
            let Some(schema) = media.value.get("schema") else {
                continue;
            };
            let found = document.follow(&child(&media.pointer, "schema"), schema);
            let cut = found.value.get("x-apifox-cut") == Some(&Value::Bool(true));
            let open = found
                .value
                .get("additionalProperties")
                .is_some_and(|values| members(Some(values)).next().is_none() && values.is_object());
            if (cut || level.is_some_and(|level| level != "documented")) && !open {
                report.add(
                    &found.pointer,
                    "the request is known in part and takes no further fields",
                    "write `additionalProperties: {}`",
                );
            }
        }
    }
}

#[cfg(test)]
pub(in crate::lint::house) mod tests {
    use crate::lint::proof::{Case, GET, PRICE};
    use serde_json::json;

    pub(in crate::lint::house) fn cases() -> Vec<Case> {
        let body = format!("{GET}/requestBody/content/application~1json/schema");
        let note = format!("{PRICE}/properties/note");
        let note_is = |schema: serde_json::Value| vec![(note.clone(), schema)];
        let request = "/components/schemas/PriceRequest";
        let partial = (format!("{GET}/x-evidence/level"), json!("partial"));
        vec![
            Case::new("named-body", 1, vec![(&body, json!({"type": "object"}))]).also(&["unused-component"]),
            Case::owned("inline-object", 1, note_is(json!({"type": "object", "properties": {}, "x-apifox-at": "a:1"}))),
            Case::owned("inline-object", 1, note_is(json!({"oneOf": [{"type": "string"}], "x-apifox-at": "a:1"}))),
            Case::new("inline-object", 1, vec![(&format!("{PRICE}/properties/lines/items"), json!({"type": "object", "properties": {}}))]).also(&["unused-component"]),
            Case::owned("inline-object", 0, note_is(json!({"type": "object", "x-apifox-at": "a:1"}))),
            Case::new("closed-object", 1, vec![(&format!("{PRICE}/additionalProperties"), json!(false))]),
            Case::new("closed-object", 0, vec![(&format!("{PRICE}/additionalProperties"), json!({}))]),
            Case::new("required-exists", 1, vec![(&format!("{PRICE}/required"), json!(["prize"]))]).also(&["example-fits"]),
            Case::new("required-exists", 1, vec![(&format!("{PRICE}/required"), json!(["price", "price"]))]),
            Case::new("required-exists", 1, vec![(&format!("{PRICE}/required"), json!([]))]),
            Case::new("nullable-list", 1, vec![(&format!("{PRICE}/properties/lines/nullable"), json!(null))]).also(&["example-fits"]),
            Case::new("nullable-list", 0, vec![(&format!("{PRICE}/properties/lines/nullable"), json!(null)), (&format!("{PRICE}/required"), json!(["lines"]))]).also(&["example-fits"]),
            Case::owned("nullable-list", 1, note_is(json!({"type": "object", "additionalProperties": {"type": "string"}, "x-apifox-at": "a:1"}))).also(&["example-fits"]),
            Case::new("nullable-list", 0, vec![(&format!("{request}/properties/merchant"), json!({"type": "array", "items": {"type": "string"}, "x-apifox-at": "a:1"}))]).also(&["example-fits"]),
            Case::owned("open-request", 1, vec![partial.clone()]),
            Case::new("open-request", 1, vec![(&format!("{request}/x-apifox-cut"), json!(true))]),
            Case::new("open-request", 1, vec![(&format!("{request}/x-apifox-cut"), json!(true)), (&format!("{request}/additionalProperties"), json!(true))]),
            Case::owned("open-request", 0, vec![
                partial.clone(),
                (format!("{GET}/requestBody/content"), json!({"multipart/form-data": {"schema": {"$ref": format!("#{request}")}}})),
            ]),
            Case::owned("open-request", 0, vec![partial, (format!("{request}/additionalProperties"), json!({}))]),
        ]
    }
}
