//! Components and references to them.

use crate::lint::finding::Report;
use crate::openapi::Document;
use crate::openapi::has_text;
use crate::openapi::{child, component_name};
use std::collections::HashSet;

/// In 3.0 a reader drops what stands beside a `$ref`. The importer's markers may: they are taken out.
pub(super) fn ref_alone(document: &Document, report: &mut Report) {
    for (pointer, _) in &document.references {
        let Some(place) = pointer.strip_suffix("/$ref") else {
            continue;
        };
        let members = document
            .root
            .pointer(place)
            .and_then(|value| value.as_object());
        let beside: Vec<&str> = members
            .into_iter()
            .flatten()
            .map(|(name, _)| name.as_str())
            .filter(|name| *name != "$ref" && !name.starts_with("x-apifox-"))
            .collect();
        if !beside.is_empty() {
            report.add(
                place,
                format!(
                    "beside `$ref` stands {}, which readers of 3.0 drop",
                    beside.join(", ")
                ),
                "wrap the reference: `allOf: [{$ref: …}]`",
            );
        }
    }
}

/// A component that nothing refers to is left over from something.
pub(super) fn unused(document: &Document, report: &mut Report) {
    let used: HashSet<&str> = document
        .references
        .iter()
        // A component that only refers to itself is not used.
        .filter_map(|(pointer, reference)| {
            let name = component_name(reference)?;
            let own = child("/components/schemas", name);
            let inside = pointer
                .strip_prefix(&own)
                .is_some_and(|rest| rest.starts_with('/'));
            (!inside).then_some(name)
        })
        .collect();
    for (name, _) in &document.components {
        if !used.contains(name) {
            report.add(
                &child("/components/schemas", name),
                format!("nothing refers to the component `{name}`"),
                "remove it in an overlay, or refer to it",
            );
        }
    }
}

/// A component has_text what it is.
pub(super) fn description(document: &Document, report: &mut Report) {
    for (name, schema) in &document.components {
        if !has_text(schema, "description") && schema.get("$ref").is_none() {
            report.add(
                &child("/components/schemas", name),
                format!("the component `{name}` has no description"),
                "describe it in an overlay",
            );
        }
    }
}

#[cfg(test)]
pub(in crate::lint::house) mod tests {
    use crate::lint::proof::{Case, PRICE};
    use serde_json::json;

    pub(in crate::lint::house) fn cases() -> Vec<Case> {
        let line = |beside: &str| {
            let mut schema = json!({"$ref": "#/components/schemas/PriceLine"});
            schema[beside] = json!("x");
            vec![(format!("{PRICE}/properties/note"), schema)]
        };
        vec![
            Case::new("openapi-version", 1, vec![("/openapi", json!("3.0.2"))]),
            Case::owned("ref-alone", 1, line("description")),
            Case::owned("ref-alone", 0, line("x-apifox-at")),
            Case::new(
                "unused-component",
                1,
                vec![(
                    "/components/schemas/Alone",
                    json!({"description": "d", "x-evidence": {"level": "inferred", "source": "s"}, "type": "string"}),
                )],
            ),
            Case::new(
                "unused-component",
                1,
                vec![(
                    "/components/schemas/Alone",
                    json!({
                        "description": "d", "x-evidence": {"level": "inferred", "source": "s"}, "type": "object",
                        "properties": {"a": {"$ref": "#/components/schemas/Alone"}}
                    }),
                )],
            ),
            Case::new(
                "component-description",
                1,
                vec![(&format!("{PRICE}/description"), json!(null))],
            ),
            Case::new(
                "component-description",
                1,
                vec![(&format!("{PRICE}/description"), json!(" "))],
            ),
        ]
    }
}
