//! What unions of these documents add to being told apart: no money, and examples that prove it.

use crate::lint::finding::Report;
use crate::lint::schema::mismatch;
use crate::openapi::Document;
use crate::openapi::child;
use crate::openapi::members;
use crate::openapi::schema::find_inside;
use serde_json::Value;

/// An untagged union reads numbers as floats, so no money stands inside one.
pub(super) fn money(document: &Document, report: &mut Report) {
    for site in &document.schemas {
        let branches = site.schema.get("oneOf").and_then(Value::as_array);
        for (index, branch) in branches.into_iter().flatten().enumerate() {
            if let Some(place) =
                find_inside(document, branch, &|schema| schema.get("x-money").is_some())
            {
                report.add(
                    &format!("{}/oneOf/{index}", site.pointer),
                    format!("money stands inside a branch of `oneOf`: {place}"),
                    "take the union away from above the money: a union reads numbers as binary floats",
                );
            }
        }
    }
}

/// Each example of a union fits exactly one branch.
pub(super) fn examples(document: &Document, report: &mut Report) {
    for operation in &document.operations {
        for (_, media) in document.contents(operation) {
            let Some(branches) = media
                .value
                .get("schema")
                .and_then(|schema| document.resolve(schema).get("oneOf"))
                .and_then(Value::as_array)
            else {
                continue;
            };
            let place = child(&media.pointer, "examples");
            for (name, example) in members(media.value.get("examples")) {
                let Some(value) = example.get("value") else {
                    continue;
                };
                let fitting = branches
                    .iter()
                    .filter(|branch| mismatch(document, branch, value).is_none())
                    .count();
                if fitting != 1 {
                    report.add(
                        &child(&place, name),
                        format!("the example fits {fitting} of {} branches", branches.len()),
                        "let the branches require what tells them apart",
                    );
                }
            }
        }
    }
}

#[cfg(test)]
pub(in crate::lint::house) mod tests {
    use crate::lint::proof::{Case, GET};
    use crate::lint::shared::unions::tests::union;
    use serde_json::json;

    pub(in crate::lint::house) fn cases() -> Vec<Case> {
        let of = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
        let answer = |value: serde_json::Value, count| {
            let mut edits = union(json!([of("One"), of("Three")]));
            edits.push((
                format!("{GET}/responses/200/content/application~1json"),
                json!({"schema": of("Choice"), "examples": {"p1": {"value": value}}}),
            ));
            Case::owned("one-of-examples", count, edits).also(&["unused-component", "example-fits"])
        };
        vec![
            Case::owned(
                "one-of-money",
                1,
                union(json!([of("PriceLine"), of("PriceEnvelope")])),
            )
            .also(&["one-of-exclusive"]),
            Case::owned(
                "one-of-money",
                1,
                union(
                    json!([{"type": "string", "format": "decimal", "x-money": "string"}, {"type": "integer"}]),
                ),
            ),
            Case::owned("one-of-money", 0, union(json!([of("One"), of("Three")]))),
            answer(json!({"a": "x"}), 0),
            answer(json!({"a": "x", "c": "y"}), 1),
            answer(json!({"b": "x"}), 1),
            answer(json!({"a": 5}), 1),
        ]
    }
}
