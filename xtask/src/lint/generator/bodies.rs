//! Request bodies.

use crate::lint::finding::Report;
use crate::openapi::child;
use crate::openapi::{Document, Operation, Resolved, content};
use serde_json::Value;

/// The media types of a request that the generator takes.
const MEDIA: [&str; 4] = [
    "application/json",
    "application/x-www-form-urlencoded",
    "application/octet-stream",
    "text/plain",
];

fn each<'a>(document: &'a Document<'a>) -> impl Iterator<Item = (&'a Operation<'a>, Resolved<'a>)> {
    let operations = document
        .operations
        .iter()
        .filter(|operation| !operation.is_webhook());
    operations.filter_map(|operation| Some((operation, document.request_body(operation)?)))
}

/// Only four media types are taken; multipart, XML and `*/*` are not.
pub(super) fn media(document: &Document, report: &mut Report) {
    for (_, body) in each(document) {
        for (name, media) in content(&body) {
            let plain = name.split(';').next().unwrap_or(name).trim();
            if !MEDIA.contains(&plain) {
                report.add(
                    &media.pointer,
                    format!("progenitor takes no request body of `{name}`"),
                    "take the operation out in the profile and write it by hand",
                );
            }
        }
    }
}

/// Two media types are a panic, and none is no body.
pub(super) fn one_media(document: &Document, report: &mut Report) {
    for (_, body) in each(document) {
        let names: Vec<&str> = content(&body).into_iter().map(|(name, _)| name).collect();
        if names.len() != 1 {
            report.add(
                &child(&body.pointer, "content"),
                format!(
                    "the request body has {} media types ({}), progenitor takes one",
                    names.len(),
                    names.join(", ")
                ),
                "keep one of them in the profile",
            );
        }
    }
}

/// An optional body is treated as required, in silence.
pub(super) fn required(document: &Document, report: &mut Report) {
    for (_, body) in each(document) {
        if body.value.get("required") != Some(&Value::Bool(true)) {
            report.add(
                &body.pointer,
                "the request body is optional, and progenitor makes it required in silence",
                "write `required: true`, or take the body out",
            );
        }
    }
}

#[cfg(test)]
pub(in crate::lint::generator) mod tests {
    use crate::lint::proof::{Case, GET};
    use serde_json::json;

    pub(in crate::lint::generator) fn cases() -> Vec<Case> {
        let content = format!("{GET}/requestBody/content");
        let schema = json!({"schema": {"$ref": "#/components/schemas/PriceRequest"}});
        let only = |media: &str, count| {
            Case::owned(
                "request-media",
                count,
                vec![(content.clone(), json!({media: schema}))],
            )
        };
        vec![
            only("multipart/form-data", 1),
            only("application/xml", 1),
            only("*/*", 1),
            only("*/*+json", 1),
            only("application/vnd.a+json", 1),
            only("application/json; charset=utf-8", 0),
            only("text/plain", 0),
            Case::owned(
                "request-media-one",
                1,
                vec![(format!("{content}/text~1plain"), schema.clone())],
            ),
            Case::owned("request-media-one", 1, vec![(content, json!({}))]),
            Case::new(
                "request-required",
                1,
                vec![(&format!("{GET}/requestBody/required"), json!(false))],
            ),
            Case::new(
                "request-required",
                1,
                vec![(&format!("{GET}/requestBody/required"), json!(null))],
            ),
        ]
    }
}
