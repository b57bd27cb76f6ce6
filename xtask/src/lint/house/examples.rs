//! Examples: each is a value, and fits its schema by types, required members and branches.

use crate::lint::finding::Report;
use crate::lint::schema::mismatch;
use crate::openapi::Document;
use crate::openapi::child;
use crate::openapi::members;

/// An example stands in the document and fits.
pub(super) fn fits(document: &Document, report: &mut Report) {
    for operation in &document.operations {
        for (_, media) in document.contents(operation) {
            let place = child(&media.pointer, "examples");
            let mut values = Vec::new();
            for (name, example) in members(media.value.get("examples")) {
                match example.get("value") {
                    Some(value) => values.push((child(&place, name), value)),
                    None => report.add(
                        &child(&place, name),
                        "the example has no value",
                        "write the value out",
                    ),
                }
            }
            values.extend(
                media
                    .value
                    .get("example")
                    .map(|value| (child(&media.pointer, "example"), value)),
            );
            for (place, value) in values {
                if let Some(why) = media
                    .value
                    .get("schema")
                    .and_then(|schema| mismatch(document, schema, value))
                {
                    report.add(
                        &place,
                        format!("the example does not fit its schema: {why}"),
                        "correct the schema: the example is what the page shows",
                    );
                }
            }
        }
    }
}

#[cfg(test)]
pub(in crate::lint::house) mod tests {
    use crate::lint::proof::{Case, GET};
    use serde_json::json;

    pub(in crate::lint::house) fn cases() -> Vec<Case> {
        let at = format!("{GET}/responses/200/content/application~1json/examples/p1");
        let value = |value: serde_json::Value, count| {
            Case::owned("example-fits", count, vec![(format!("{at}/value"), value)])
        };
        vec![
            Case::new(
                "example-fits",
                1,
                vec![(&format!("{at}/value"), json!(null))],
            ),
            value(json!("{\"retcode\": 200}"), 1),
            value(json!({"retdata": {}}), 1),
            value(json!({"retcode": true}), 1),
            value(json!({"retcode": 1.5}), 1),
            value(
                json!({"retcode": 200, "retdata": {"lines": [{"validUntil": 5}]}}),
                1,
            ),
            value(
                json!({"retcode": 200, "retdata": {"lines": [{}], "new": 5}}),
                0,
            ),
            Case::new(
                "example-fits",
                1,
                vec![(
                    &format!("{GET}/requestBody/content/application~1json/example"),
                    json!({"amount": "1"}),
                )],
            ),
        ]
    }
}
