//! Answers against the project's OpenAPI document.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::{Value, json};

/// By path: each has one method.
type Validators = BTreeMap<String, Validator>;

/// Panics if the answer of an operation is not what the document says.
pub(crate) fn check(path: &str, answer: &str) {
    static VALIDATORS: OnceLock<Validators> = OnceLock::new();
    let validators = VALIDATORS.get_or_init(read);
    let validator = &validators[path];
    let answer: Value = serde_json::from_str(answer).unwrap();
    let errors: Vec<_> = validator
        .iter_errors(&answer)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{path}: {errors:?} in {answer}");
}

fn read() -> Validators {
    let document = include_str!("../../../../spec/openapi.provisional.json");
    let mut document: Value = serde_json::from_str(document).unwrap();
    let components = nullable(document["components"].take());
    let mut validators = Validators::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let content = &operation["responses"]["200"]["content"];
            let schema = content["application/json"]["schema"].clone();
            assert!(schema.is_object(), "{method} {path} has no answer");
            let root = json!({
                "$schema": "http://json-schema.org/draft-07/schema#",
                "allOf": [nullable(schema)],
                "components": components,
            });
            let validator = jsonschema::validator_for(&root).unwrap();
            assert!(
                validators.insert(path.clone(), validator).is_none(),
                "{path}"
            );
        }
    }
    validators
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
