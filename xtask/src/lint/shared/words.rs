//! The version of the document, and words that only later versions have.

use crate::lint::finding::Report;
use crate::openapi::Document;
use crate::openapi::SchemaRole;
use crate::openapi::text;
use serde_json::Value;

/// The version that is published.
const PUBLISHED: &str = "3.0.3";

/// Every published document has the same version.
pub(in crate::lint) fn published_version(document: &Document, report: &mut Report) {
    version(document, report, |version| version == PUBLISHED);
}

/// Only 3.0.x is taken by the generator.
pub(in crate::lint) fn version_of_generator(document: &Document, report: &mut Report) {
    version(document, report, |version| version.starts_with("3.0."));
}

fn version(document: &Document, report: &mut Report, good: fn(&str) -> bool) {
    match text(document.root, "openapi") {
        Some(version) if good(version) => {}
        version => report.add(
            "/openapi",
            format!("`openapi` is {}", version.unwrap_or("not a text")),
            format!("write the document in {PUBLISHED}: the Rust generator takes no later one"),
        ),
    }
}

/// Words of schemas that 3.1 brought.
const SCHEMA_WORDS: [&str; 18] = [
    "$defs",
    "$id",
    "$schema",
    "$anchor",
    "$comment",
    "const",
    "contains",
    "contentEncoding",
    "contentMediaType",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "if",
    "patternProperties",
    "prefixItems",
    "propertyNames",
    "then",
    "unevaluatedProperties",
];

/// Words of 3.1, which a 3.0 reader ignores or refuses.
pub(in crate::lint) fn later_words(document: &Document, report: &mut Report) {
    for word in ["webhooks", "jsonSchemaDialect"] {
        if document.root.get(word).is_some() {
            report.add(
                &format!("/{word}"),
                format!("`{word}` is a word of 3.1"),
                "use `x-webhooks`, or leave it out",
            );
        }
    }
    for site in &document.schemas {
        for word in SCHEMA_WORDS {
            if site.schema.get(word).is_some() {
                report.add(
                    &site.pointer,
                    format!("`{word}` is a word of 3.1"),
                    "say it in the words of 3.0, or leave it out",
                );
            }
        }
        match site.schema.get("type") {
            Some(Value::Array(_)) => report.add(
                &site.pointer,
                "a list of types is a form of 3.1",
                "write one type, and `nullable: true`",
            ),
            Some(Value::String(kind)) if kind == "null" => {
                report.add(
                    &site.pointer,
                    "the type null is one of 3.1",
                    "write `nullable: true` beside the other type",
                );
            }
            _ => {}
        }
        if site.schema.get("examples").is_some()
            && !matches!(site.role, SchemaRole::Parameter { .. })
        {
            report.add(
                &site.pointer,
                "`examples` in a schema is a word of 3.1",
                "write `example`, or `examples` beside the schema",
            );
        }
        for word in ["exclusiveMinimum", "exclusiveMaximum"] {
            if site.schema.get(word).is_some_and(Value::is_number) {
                report.add(
                    &site.pointer,
                    format!("`{word}` with a number is a form of 3.1"),
                    "write the number as the limit, and `true` here",
                );
            }
        }
    }
}

#[cfg(test)]
pub(in crate::lint) mod tests {
    use crate::lint::proof::{Case, PRICE};
    use serde_json::json;

    pub(in crate::lint) fn version() -> Vec<Case> {
        vec![
            Case::new("openapi-version", 1, vec![("/openapi", json!("3.1.0"))]),
            Case::new("openapi-version", 1, vec![("/openapi", json!(3))]),
        ]
    }

    pub(in crate::lint) fn later_words() -> Vec<Case> {
        let at = |word: &str| format!("{PRICE}/properties/note/{word}");
        vec![
            Case::new(
                "later-words",
                2,
                vec![("/webhooks", json!({})), ("/jsonSchemaDialect", json!("x"))],
            ),
            Case::new("later-words", 1, vec![(&at("const"), json!("a"))]),
            Case::new(
                "later-words",
                2,
                vec![(&at("$defs"), json!({})), (&at("prefixItems"), json!([]))],
            ),
            Case::new(
                "later-words",
                1,
                vec![(&at("type"), json!(["string", "null"]))],
            ),
            Case::new("later-words", 1, vec![(&at("type"), json!("null"))]),
            Case::new("later-words", 1, vec![(&at("examples"), json!(["a"]))]),
            Case::new("later-words", 1, vec![(&at("exclusiveMinimum"), json!(3))]),
            Case::new(
                "later-words",
                0,
                vec![(&at("exclusiveMinimum"), json!(true))],
            ),
        ]
    }
}
