//! The project's OpenAPI document, and what it says of requests and answers.
//!
//! It is read once in a process, and the rules of an operation are made when it is first called:
//! a sandbox starts without any of them.

mod answer;
mod request;
mod rule;

use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::{Value, json};

pub(crate) use answer::mismatch;
pub(crate) use request::check as check_request;

use crate::Operation;

/// The document as it was built in, provisional operations and all.
pub(crate) const TEXT: &str = include_str!("../../../../spec/openapi.provisional.json");

fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        #[expect(clippy::expect_used, reason = "it is built in, and a test reads it")]
        let mut document: Value = serde_json::from_str(TEXT).expect("the document is JSON");
        let components = document["components"].take();
        document["components"] = nullable(components);
        document
    })
}

/// What the document has under this operation.
fn entry(operation: Operation) -> &'static Value {
    let method = operation.method().as_str().to_ascii_lowercase();
    &document()["paths"][operation.path()][method.as_str()]
}

/// How sure it is that the operation is like this: `documented`, `partial` or `inferred`.
pub(crate) fn evidence(operation: Operation) -> &'static str {
    let level = entry(operation)["x-evidence"]["level"].as_str();
    level.unwrap_or("inferred")
}

/// Checks values by this schema of the document.
fn validator(schema: &Value) -> Result<Validator, String> {
    let root = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "allOf": [nullable(schema.clone())],
        "components": document()["components"],
    });
    jsonschema::validator_for(&root).map_err(|error| error.to_string())
}

/// OpenAPI 3.0 says `nullable` where JSON Schema has a type `null`, also beside a reference.
fn nullable(schema: Value) -> Value {
    match schema {
        Value::Object(mut members) => {
            let null = members.remove("nullable") == Some(Value::Bool(true));
            let members = members
                .into_iter()
                .map(|(name, value)| (name, nullable(value)));
            let members = Value::Object(members.collect());
            if null {
                json!({"anyOf": [{"type": "null"}, members]})
            } else {
                members
            }
        }
        Value::Array(items) => items.into_iter().map(nullable).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_every_operation_and_its_evidence() {
        for operation in Operation::ALL {
            assert_eq!(entry(*operation)["operationId"], operation.id());
            assert!(["documented", "partial", "inferred"].contains(&evidence(*operation)));
        }
        assert_eq!(evidence(Operation::IssueAccessToken), "documented");
        assert_eq!(evidence(Operation::UploadFile), "inferred");
    }
}
