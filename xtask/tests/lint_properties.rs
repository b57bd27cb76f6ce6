//! Lint accepts any JSON value without a panic, and each finding has its rule and a help text.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod any_value;

use any_value::any_value;
use proptest::prelude::*;
use serde_json::{Value, json};
use xtask::lint::{check_document, check_generator_input};

const WORDS: [&str; 34] = [
    "openapi",
    "paths",
    "x-webhooks",
    "components",
    "schemas",
    "/a",
    "get",
    "post",
    "parameters",
    "requestBody",
    "responses",
    "200",
    "4XX",
    "default",
    "content",
    "application/json",
    "schema",
    "examples",
    "value",
    "$ref",
    "type",
    "properties",
    "required",
    "items",
    "oneOf",
    "allOf",
    "anyOf",
    "additionalProperties",
    "x-evidence",
    "x-retry",
    "x-money",
    "enum",
    "x-extensible-enum",
    "A",
];

const TEXTS: &[&str] = &[
    "object",
    "array",
    "string",
    "number",
    "#/components/schemas/A",
    "#/components/schemas",
    "#",
    "#/paths",
    "",
    "decimal",
    "é%",
];

fn value() -> impl Strategy<Value = Value> {
    any_value(&WORDS, TEXTS)
}

/// Runs both groups of rules.
fn lint(document: &Value) -> Result<(), TestCaseError> {
    for finding in check_document(document)
        .into_iter()
        .chain(check_generator_input(document))
    {
        let text = finding.to_string();
        prop_assert!(
            text.starts_with(finding.rule) && text.contains("\n  help: "),
            "{}",
            text
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_document_is_checked(document in value()) {
        lint(&document)?;
    }

    #[test]
    fn any_operation_and_component_is_checked(operation in value(), webhook in value(), first in value(), second in value()) {
        lint(&json!({
            "openapi": "3.0.3",
            "paths": {"/a": {"post": operation, "parameters": first}},
            "x-webhooks": {"w": {"post": webhook}},
            "components": {"schemas": {"A": first, "B": second}}
        }))?;
    }

    #[test]
    fn any_example_is_checked(schema in value(), example in value()) {
        let media = json!({"application/json": {"schema": {"$ref": "#/components/schemas/A"}, "examples": {"e": {"value": example}}}});
        lint(&json!({
            "paths": {"/a": {"post": {"requestBody": {"content": media}, "responses": {"200": {"content": media}}}}},
            "components": {"schemas": {"A": schema}}
        }))?;
    }
}

#[test]
fn lint_ends_at_circles_of_references() {
    let own = json!({"$ref": "#/components/schemas/A"});
    let example = json!({"a": {"a": {"a": {"a": {}}}}});
    for schema in [
        own.clone(),
        json!({"allOf": [own, own]}),
        json!({"oneOf": [own, own, own]}),
        json!({"anyOf": [own, {"allOf": [own, own]}], "type": "object"}),
        json!({"type": "object", "properties": {"a": own}, "oneOf": [own, own], "additionalProperties": own}),
    ] {
        let media =
            json!({"application/json": {"schema": own, "examples": {"e": {"value": example}}}});
        let document = json!({
            "paths": {"/a": {"post": {"requestBody": {"content": media}, "responses": {"200": {"$ref": "#/paths/~1a/post/responses/200"}}}}},
            "components": {"schemas": {"A": schema}}
        });
        assert!(!check_document(&document).is_empty());
        assert!(!check_generator_input(&document).is_empty());
    }
}
