//! Any two JSON values can be compared.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod any_value;

use any_value::any_value;
use proptest::prelude::*;
use serde_json::{Value, json};
use xtask::{
    diff::{
        ChangeReport, Verdict, compare,
        oasdiff::Oasdiff,
        own_changes,
        render::{self, ReportHeading},
    },
    workspace,
};

const WORDS: [&str; 42] = [
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
    "a",
    "explode",
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
    "header",
    "safe",
    "é%\u{1b}[0m\n",
];

fn value() -> impl Strategy<Value = Value> {
    any_value(&WORDS, TEXTS)
}

/// Generates a document with arbitrary values at the places that the checks read.
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

/// Runs the checks that do not need oasdiff, and verifies what holds for every change.
fn check(old: &Value, new: &Value) -> Result<(), TestCaseError> {
    let changes = own_changes(old, new);
    prop_assert_eq!(&changes, &own_changes(old, new));
    for change in &changes {
        let breaks = change.breaks_wire || change.breaks_code;
        prop_assert_eq!(change.verdict == Verdict::Breaking, breaks, "{:?}", change);
        prop_assert_eq!(breaks, !change.reason.is_empty(), "{:?}", change);
        prop_assert!(!change.what.is_empty(), "{:?}", change);
        prop_assert!(!change.what.contains('\u{1b}'), "{:?}", change);
    }
    let report = ChangeReport { changes };
    let heading = ReportHeading::default();
    let text = render::text(&report, &heading);
    prop_assert!(!text.contains('\u{1b}'), "{}", text);
    render::markdown(&report, &heading);
    let json: Value = serde_json::from_str(&render::json(&report, &heading)).unwrap();
    prop_assert_eq!(
        json["changes"].as_array().unwrap().len(),
        report.changes.len()
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn document_has_no_changes_to_itself(document in document(), any in value()) {
        prop_assert_eq!(own_changes(&document, &document), vec![]);
        prop_assert_eq!(own_changes(&any, &any), vec![]);
    }

    #[test]
    fn any_two_values_are_compared(old in value(), new in value()) {
        check(&old, &new)?;
    }

    #[test]
    fn any_two_documents_are_compared(old in document(), new in document()) {
        check(&old, &new)?;
    }

    /// The removal of a response field is breaking; its addition is not.
    #[test]
    fn removed_response_field_is_breaking(kind in prop::sample::select(vec!["string", "integer", "boolean", "object"]), name in "[a-z]{1,8}", required in any::<bool>()) {
        let Some(oasdiff) = Oasdiff::find(&workspace::root().unwrap()) else { return Ok(()) };
        let document = |with: bool| {
            let mut properties = json!({"kept": {"type": "string"}});
            let mut names = vec![];
            if with {
                properties[&name] = json!({"type": kind});
                if required {
                    names.push(name.clone());
                }
            }
            json!({
                "openapi": "3.0.3",
                "paths": {"/a": {"get": {"operationId": "a", "responses": {"200": {"description": "d", "content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/Response"}
                }}}}}}},
                "components": {"schemas": {"Response": {"type": "object", "properties": properties, "required": names}}}
            })
        };
        prop_assume!(name != "kept");
        let (with, without) = (document(true), document(false));
        let removed = compare(&oasdiff, &with, &without).unwrap();
        let place = format!("`{name}`");
        let change = removed.changes.iter().find(|change| change.what.contains(&place)).unwrap();
        prop_assert_eq!(change.verdict, Verdict::Breaking);
        prop_assert!(change.breaks_code && change.breaks_wire == required);
        prop_assert_eq!(change.operations[0].request.as_str(), "GET /a");
        let added = compare(&oasdiff, &without, &with).unwrap();
        prop_assert_eq!(added.with(Verdict::Breaking).count(), 0);
    }
}

/// Parameters without a name, equal parameters, and header names that differ only in case.
#[test]
fn invalid_document_has_no_changes_to_itself() {
    let query = |style: &str| json!({"in": "query", "name": "q", "style": style});
    let document = json!({
        "openapi": "3.0.3",
        "paths": {"/a": {"get": {
            "parameters": [null, {"content": null}, query("form"), query("pipeDelimited")],
            "responses": {"200": {"headers": {"Retry-After": {}, "retry-after": {}}}}
        }}}
    });
    assert_eq!(own_changes(&document, &document), []);
}
