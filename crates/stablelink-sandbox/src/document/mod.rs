//! The project's OpenAPI document, and what it says of requests and answers.
//!
//! It is read once in a process, and the rules of an operation are made when it is first called:
//! a sandbox starts without any of them.

mod answer;
mod request;
mod rule;

use std::sync::OnceLock;

use jsonschema::{Keyword, ValidationError, Validator};
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
        document["components"] = json_schema(components);
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
        "allOf": [json_schema(schema.clone())],
        "components": document()["components"],
    });
    jsonschema::options()
        .with_keyword(INT64, |_, _, _| Ok(Box::new(Int64)))
        .build(&root)
        .map_err(|error| error.to_string())
}

/// The keyword of whole numbers of 64 bits. Bounds would not do: a number that is not in them may be read as a float
/// that is.
const INT64: &str = "x-int64";

struct Int64;

impl<'i> Keyword<'i> for Int64 {
    fn validate(&self, value: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(value) {
            Ok(())
        } else {
            Err(ValidationError::custom("must be a whole number of 64 bits"))
        }
    }

    fn is_valid(&self, value: &'i Value) -> bool {
        !value.is_number() || value.is_i64()
    }
}

/// What OpenAPI 3.0 says otherwise than JSON Schema: `nullable` where that one has a type `null`,
/// also beside a reference, and a format for the range of a whole number.
fn json_schema(schema: Value) -> Value {
    match schema {
        Value::Object(mut members) => {
            let null = members.remove("nullable") == Some(Value::Bool(true));
            if members.get("type") == Some(&json!("integer"))
                && members.get("format") == Some(&json!("int64"))
            {
                members.insert(INT64.to_owned(), Value::Bool(true));
            }
            let members = members
                .into_iter()
                .map(|(name, value)| (name, json_schema(value)));
            let members = Value::Object(members.collect());
            if null {
                json!({"anyOf": [{"type": "null"}, members]})
            } else {
                members
            }
        }
        Value::Array(items) => items.into_iter().map(json_schema).collect(),
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
