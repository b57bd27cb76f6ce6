//! Whatever two documents say, they are compared.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod any_value;

use any_value::any_value;
use proptest::prelude::*;
use serde_json::{Value, json};
use xtask::diff::{
    Verdict, compare,
    render::{self, Heading},
};

const WORDS: [&str; 40] = [
    "openapi",
    "paths",
    "x-webhooks",
    "components",
    "schemas",
    "/a",
    "/{b}",
    "get",
    "post",
    "parameters",
    "in",
    "name",
    "requestBody",
    "responses",
    "200",
    "4XX",
    "default",
    "content",
    "application/json",
    "schema",
    "headers",
    "$ref",
    "type",
    "format",
    "properties",
    "required",
    "items",
    "oneOf",
    "allOf",
    "anyOf",
    "additionalProperties",
    "nullable",
    "maxLength",
    "security",
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
    "integer",
    "#/components/schemas/A",
    "#/components/schemas/B",
    "#/components/schemas",
    "#",
    "#/paths",
    "",
    "decimal",
    "query",
    "safe",
    "é%\u{1b}[0m\n",
];

fn value() -> impl Strategy<Value = Value> {
    any_value(&WORDS, TEXTS)
}

/// A document with values in places where the rules look.
fn document() -> impl Strategy<Value = Value> {
    (value(), value(), value(), value()).prop_map(|(operation, schema, first, second)| {
        json!({
            "openapi": "3.0.3",
            "paths": {"/a": {"post": operation, "get": {
                "requestBody": {"content": {"application/json": {"schema": schema}}},
                "parameters": [{"in": "query", "name": "q", "schema": first}],
                "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}}
            }}},
            "x-webhooks": {"w": {"post": operation}},
            "components": {"schemas": {"A": first, "B": second}}
        })
    })
}

/// Compares, tells in each form, and checks what holds of every report.
fn told(old: &Value, new: &Value) -> Result<(), TestCaseError> {
    let report = compare(old, new);
    prop_assert_eq!(&report, &compare(old, new));
    let heading = Heading::default();
    let text = render::text(&report, &heading);
    prop_assert!(!text.contains('\u{1b}'), "{}", text);
    render::markdown(&report, &heading);
    let told: Value = serde_json::from_str(&render::json(&report, &heading)).unwrap();
    prop_assert_eq!(
        told["changes"].as_array().unwrap().len(),
        report.changes.len()
    );
    for change in &report.changes {
        let breaks = change.breaks_wire || change.breaks_code;
        prop_assert_eq!(change.verdict == Verdict::Breaking, breaks, "{:?}", change);
        prop_assert!(
            !change.means.is_empty() && !change.what.is_empty(),
            "{:?}",
            change
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_document_does_not_differ_from_itself(document in document(), any in value()) {
        prop_assert_eq!(compare(&document, &document).changes, vec![]);
        prop_assert_eq!(compare(&any, &any).changes, vec![]);
    }

    #[test]
    fn any_two_values(old in value(), new in value()) {
        told(&old, &new)?;
    }

    #[test]
    fn any_two_documents(old in document(), new in document()) {
        told(&old, &new)?;
    }

    /// The loss of a field of an answer breaks; that it comes does not.
    #[test]
    fn a_field_of_an_answer(schema in value(), name in "[a-z]{1,8}", required in any::<bool>()) {
        let document = |with: bool| {
            let mut properties = json!({"kept": {"type": "string"}});
            let mut names = vec![];
            if with {
                properties[&name] = schema.clone();
                if required {
                    names.push(name.clone());
                }
            }
            json!({
                "openapi": "3.0.3",
                "paths": {"/a": {"get": {"operationId": "a", "responses": {"200": {"content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/Answer"}
                }}}}}}},
                "components": {"schemas": {"Answer": {"type": "object", "properties": properties, "required": names}}}
            })
        };
        prop_assume!(name != "kept");
        let (with, without) = (document(true), document(false));
        let place = format!("Answer.{name}");
        let lost = compare(&with, &without);
        let change = lost.changes.iter().find(|change| change.place == place).unwrap();
        prop_assert_eq!((change.verdict, change.kind), (Verdict::Breaking, "field-removed"));
        prop_assert_eq!(change.operations[0].call.as_str(), "GET /a");
        prop_assert_eq!(compare(&without, &with).count(Verdict::Breaking), 0);
    }
}
