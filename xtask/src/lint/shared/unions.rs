//! Unions: every branch is told apart from the others. An untagged union takes the first branch that
//! fits, in silence.

use crate::lint::finding::Report;
use crate::openapi::Document;
use crate::openapi::schema::{json_types, properties, required};
use serde_json::Value;
use std::collections::BTreeSet;

/// Each pair of branches differs in JSON type, or each of the two requires a property that the other lacks.
pub(in crate::lint) fn exclusive(document: &Document, report: &mut Report) {
    for site in &document.schemas {
        let Some(branches) = site.schema.get("oneOf").and_then(Value::as_array) else {
            continue;
        };
        let shapes: Vec<Shape> = branches
            .iter()
            .map(|branch| Shape::new(document, branch))
            .collect();
        for (index, first) in shapes.iter().enumerate() {
            for (other, second) in shapes.iter().enumerate().skip(index + 1) {
                if let Some(why) = first.mixes_with(second) {
                    report.add(
                        &site.pointer,
                        format!("branches {index} and {other} of `oneOf` are not told apart: {why}"),
                        "require in each branch a property that the other does not have, or use other types; of two answers of one status an overlay may put the one that counts in the place of the union",
                    );
                }
            }
        }
    }
}

struct Shape<'a> {
    kinds: BTreeSet<&'a str>,
    properties: BTreeSet<&'a str>,
    required: BTreeSet<&'a str>,
}

impl<'a> Shape<'a> {
    fn new(document: &Document<'a>, branch: &'a Value) -> Self {
        Self {
            kinds: json_types(document, branch),
            properties: properties(document, branch)
                .into_iter()
                .map(|(name, _)| name)
                .collect(),
            required: required(document, branch),
        }
    }

    /// Why a value could be of both.
    fn mixes_with(&self, other: &Self) -> Option<String> {
        if self.kinds.is_empty() || other.kinds.is_empty() {
            return Some("one of them has no type".to_owned());
        }
        let common: Vec<&str> = self.kinds.intersection(&other.kinds).copied().collect();
        match common.as_slice() {
            [] => None,
            ["object"] => {
                let alone = |one: &Self, two: &Self| {
                    one.required
                        .iter()
                        .any(|name| !two.properties.contains(name))
                };
                let missing = !alone(self, other) || !alone(other, self);
                missing.then(|| "one of them requires nothing that the other lacks".to_owned())
            }
            kinds => Some(format!("both take {}", kinds.join(" and "))),
        }
    }
}

#[cfg(test)]
pub(in crate::lint) mod tests {
    use crate::lint::proof::{Case, PRICE};
    use serde_json::json;

    /// The union stands in a component of its own; `note` refers to it.
    pub(in crate::lint) fn union(branches: serde_json::Value) -> Vec<(String, serde_json::Value)> {
        let evidence = json!({"level": "inferred", "source": "a test"});
        let object = |properties: serde_json::Value, required: Option<&str>| {
            let mut schema = json!({"type": "object", "description": "d", "x-evidence": evidence, "properties": properties});
            if let Some(name) = required {
                schema["required"] = json!([name]);
            }
            schema
        };
        let mut edits = vec![
            (
                format!("{PRICE}/properties/note"),
                json!({"$ref": "#/components/schemas/Choice"}),
            ),
            (
                "/components/schemas/Choice".to_owned(),
                json!({"description": "d", "x-evidence": evidence, "oneOf": branches}),
            ),
        ];
        let text = branches.to_string();
        for (name, schema) in [
            (
                "One",
                object(
                    json!({"a": {"type": "string"}, "b": {"type": "string"}}),
                    Some("a"),
                ),
            ),
            ("Two", object(json!({"b": {"type": "string"}}), Some("b"))),
            ("Three", object(json!({"c": {"type": "string"}}), Some("c"))),
            ("Loose", object(json!({"c": {"type": "string"}}), None)),
        ] {
            if text.contains(&format!("/{name}\"")) {
                edits.push((format!("/components/schemas/{name}"), schema));
            }
        }
        edits
    }

    pub(in crate::lint) fn exclusive() -> Vec<Case> {
        let of = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
        let table = [
            (1, json!([of("One"), of("Two")])),
            (0, json!([of("One"), of("Three")])),
            (1, json!([of("One"), of("Loose")])),
            (2, json!([of("Two"), of("Loose"), of("Three")])),
            (
                0,
                json!([{"type": "integer", "format": "int64"}, {"type": "string"}]),
            ),
            (
                1,
                json!([{"type": "string"}, {"type": "string", "format": "uuid"}]),
            ),
            (
                1,
                json!([{"type": "integer"}, {"type": "number", "format": "decimal", "x-money": "number"}]),
            ),
            (1, json!([{}, {"type": "string"}])),
        ];
        table
            .into_iter()
            .map(|(count, branches)| {
                Case::owned("one-of-exclusive", count, union(branches))
                    .also(&["one-of-money", "one-of-decimal"])
            })
            .collect()
    }
}
