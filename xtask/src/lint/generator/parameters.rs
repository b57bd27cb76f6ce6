//! Parameters.

use crate::lint::finding::Report;
use crate::openapi::text;
use crate::openapi::{Document, Resolved};
use serde_json::Value;
use std::collections::HashSet;

/// All parameters of operations, shared ones once.
fn each<'a>(document: &Document<'a>) -> Vec<Resolved<'a>> {
    let mut seen = HashSet::new();
    let operations = document
        .operations
        .iter()
        .filter(|operation| !operation.is_webhook());
    operations
        .flat_map(|operation| document.parameters(operation))
        .filter(|found| seen.insert(found.pointer.clone()))
        .collect()
}

/// deepObject, and lists by pipe or blank, are errors.
pub(super) fn style(document: &Document, report: &mut Report) {
    for found in each(document) {
        if let Some(style @ ("deepObject" | "pipeDelimited" | "spaceDelimited")) =
            text(found.value, "style")
        {
            report.add(
                &found.pointer,
                format!("progenitor takes no parameter of style {style}"),
                "take the style out if the gateway takes the plain form",
            );
        }
    }
}

/// `explode: false` is ignored: a list goes out as repeated keys.
pub(super) fn explode(document: &Document, report: &mut Report) {
    for found in each(document) {
        if found.value.get("explode") == Some(&Value::Bool(false)) {
            report.add(
                &found.pointer,
                "progenitor ignores `explode: false` and repeats the key",
                "make the parameter one text, joined by the caller",
            );
        }
    }
}

/// Cookies are an error.
pub(super) fn cookie(document: &Document, report: &mut Report) {
    for found in each(document) {
        if text(found.value, "in") == Some("cookie") {
            report.add(
                &found.pointer,
                "progenitor takes no cookie parameter",
                "take it out in the profile",
            );
        }
    }
}

/// Lists and objects in a query, and parameters without a schema, fail in one generator or another.
pub(super) fn shape(document: &Document, report: &mut Report) {
    for found in each(document) {
        let Some(schema) = found.value.get("schema") else {
            report.add(
                &found.pointer,
                "the parameter has no schema",
                "give it a schema; `content` is not taken",
            );
            continue;
        };
        let schema = document.resolve(schema);
        let union = ["oneOf", "anyOf", "allOf", "properties"]
            .iter()
            .any(|word| schema.get(*word).is_some());
        if union || matches!(text(schema, "type"), Some("array" | "object")) {
            report.add(
                &found.pointer,
                "the parameter is a list, an object or a union, which generators fail on",
                "make it one text, or several parameters",
            );
        }
    }
}

/// Headers that the transport sets.
const HEADERS: [&str; 14] = [
    "accept",
    "api-version",
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "d-signature",
    "host",
    "referer",
    "signature",
    "timestamp",
    "transfer-encoding",
    "user-agent",
];

/// A header that the transport sets must not be an argument too.
pub(super) fn transport_header(document: &Document, report: &mut Report) {
    for found in each(document) {
        let name = text(found.value, "name").unwrap_or_default();
        if text(found.value, "in") == Some("header")
            && HEADERS
                .iter()
                .any(|header| name.eq_ignore_ascii_case(header))
        {
            report.add(
                &found.pointer,
                format!("the transport sets the header `{name}`"),
                "say it in a security scheme, and take the parameter out in an overlay",
            );
        }
    }
}

#[cfg(test)]
pub(in crate::lint::generator) mod tests {
    use crate::lint::proof::{Case, GET};
    use serde_json::{Value, json};

    pub(in crate::lint::generator) fn cases() -> Vec<Case> {
        let at = |rest: &str| format!("{GET}/parameters/0/{rest}");
        let one = |rule, count, rest: &str, value: Value| {
            Case::owned(rule, count, vec![(at(rest), value)])
        };
        let header = |name: &str, count| {
            Case::owned(
                "transport-header",
                count,
                vec![(at("in"), json!("header")), (at("name"), json!(name))],
            )
        };
        vec![
            one("parameter-style", 1, "style", json!("deepObject")),
            one("parameter-style", 1, "style", json!("pipeDelimited")),
            one("parameter-style", 1, "style", json!("spaceDelimited")),
            one("parameter-style", 0, "style", json!("form")),
            one("parameter-explode", 1, "explode", json!(false)),
            one("parameter-explode", 0, "explode", json!(true)),
            one("parameter-cookie", 1, "in", json!("cookie")),
            one(
                "parameter-shape",
                1,
                "schema",
                json!({"type": "array", "items": {"type": "string"}}),
            ),
            one(
                "parameter-shape",
                1,
                "schema",
                json!({"$ref": "#/components/schemas/Price"}),
            ),
            one("parameter-shape", 1, "schema", json!(null)),
            header("Authorization", 1),
            header("SIGNATURE", 1),
            header("api-version", 1),
            header("x-merchant", 0),
            Case::new(
                "parameter-cookie",
                1,
                vec![(
                    "/paths/~1price/parameters",
                    json!([{"name": "c", "in": "cookie", "schema": {"type": "string"}}]),
                )],
            ),
        ]
    }
}
