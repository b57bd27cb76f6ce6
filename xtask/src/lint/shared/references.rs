//! References: what they name exists, and nothing stands beside them that a reader would drop.

use crate::lint::finding::Report;
use crate::openapi::Document;
use crate::openapi::component_name;

/// A reference names something in the document.
pub(in crate::lint) fn dangling(document: &Document, report: &mut Report) {
    for (pointer, reference) in &document.references {
        if document.target(reference).is_none() {
            report.add(
                pointer,
                format!("`{reference}` names nothing in the document"),
                "correct the reference, or add the component",
            );
        }
    }
    for (name, schema) in &document.components {
        if document.is_circular(schema) {
            let place = crate::openapi::child("/components/schemas", name);
            report.add(
                &place,
                "the references lead back to where they began",
                "let one of the components have a shape",
            );
        }
    }
}

/// Names that Rust, and readers of the reference, need plain: ASCII, nothing percent-encoded.
pub(in crate::lint) fn plain_names(document: &Document, report: &mut Report) {
    for (name, _) in &document.components {
        if !name.is_ascii() || name.contains('%') {
            let place = crate::openapi::child("/components/schemas", name);
            report.add(
                &place,
                format!("the component name `{name}` is not plain ASCII"),
                "give it an `x-schema-name` in an overlay",
            );
        }
    }
    for (pointer, reference) in &document.references {
        let named = component_name(reference).unwrap_or(reference);
        if !named.is_ascii() || named.contains('%') {
            report.add(
                pointer,
                format!("the reference `{reference}` is percent-encoded or not ASCII"),
                "give the component a plain name in an overlay",
            );
        }
    }
}

#[cfg(test)]
pub(in crate::lint) mod tests {
    use crate::lint::proof::{Case, PRICE};
    use serde_json::json;

    pub(in crate::lint) fn dangling() -> Vec<Case> {
        let at = format!("{PRICE}/properties/note");
        vec![
            Case::new("dangling-ref", 1, vec![(&at, json!({"$ref": "#/components/schemas/None"}))]),
            Case::new("dangling-ref", 1, vec![(&at, json!({"$ref": "other.yaml#/A"}))]),
            Case::new("dangling-ref", 1, vec![("/x-webhooks/orderChanged/post/requestBody/content/application~1json/schema/$ref", json!("#/components/schemas/None"))])
                .also(&["unused-component", "example-fits"]),
            Case::new("dangling-ref", 2, vec![
                (&at, json!({"$ref": "#/components/schemas/One"})),
                ("/components/schemas/One", json!({"$ref": "#/components/schemas/Two"})),
                ("/components/schemas/Two", json!({"$ref": "#/components/schemas/One"})),
            ])
            .also(&["component-description"]),
        ]
    }

    pub(in crate::lint) fn plain_names() -> Vec<Case> {
        let at = format!("{PRICE}/properties/note");
        vec![
            Case::new(
                "plain-names",
                2,
                vec![
                    ("/components/schemas/Größe", json!({"type": "string"})),
                    (&at, json!({"$ref": "#/components/schemas/Größe"})),
                ],
            ),
            Case::new(
                "plain-names",
                1,
                vec![(&at, json!({"$ref": "#/components/schemas/A%20B"}))],
            )
            .also(&["dangling-ref"]),
        ]
    }
}
