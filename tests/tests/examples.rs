//! Validates every example in the generated documents against its schema.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;

use serde_json::{Value, json};

/// Converts an OpenAPI 3.0 schema to JSON Schema: `nullable` becomes a type.
fn as_json_schema(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            object.values_mut().for_each(as_json_schema);
            if object.remove("nullable") == Some(Value::Bool(true)) {
                let inner = Value::Object(std::mem::take(object));
                *schema = json!({"anyOf": [inner, {"type": "null"}]});
            }
        }
        Value::Array(items) => items.iter_mut().for_each(as_json_schema),
        _ => {}
    }
}

/// Returns path, schema and value of each example in the document.
fn examples(document: &Value) -> Vec<(String, Value, Value)> {
    fn walk(value: &Value, path: &str, found: &mut Vec<(String, Value, Value)>) {
        if let Value::Object(object) = value {
            if let (Some(schema), Some(examples)) = (object.get("schema"), object.get("examples")) {
                for (key, example) in examples.as_object().unwrap() {
                    found.push((
                        format!("{path} {key}"),
                        schema.clone(),
                        example["value"].clone(),
                    ));
                }
            }
            for (key, member) in object {
                walk(member, &format!("{path}/{key}"), found);
            }
        }
    }
    let mut examples = Vec::new();
    walk(document, "", &mut examples);
    examples
}

fn validate(document: &Value, schema: &Value, example: &Value) -> Result<(), String> {
    let mut root = schema.clone();
    root["components"] = document["components"].clone();
    as_json_schema(&mut root);
    let validator = jsonschema::draft7::new(&root).map_err(|error| error.to_string())?;
    validator
        .validate(example)
        .map_err(|error| format!("{error} at {}", error.instance_path()))
}

#[test]
fn document_examples_match_their_schemas() {
    for name in ["openapi.json", "openapi.provisional.json"] {
        let text = fs::read_to_string(stablelink_tests::root().join("spec").join(name)).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        let examples = examples(&document);
        assert!(
            examples.len() >= 10,
            "{name}: only {} examples",
            examples.len()
        );
        for (path, schema, example) in examples {
            if let Err(error) = validate(&document, &schema, &example) {
                panic!("{name}: {path}: {error}");
            }
        }
    }
}

#[test]
fn example_that_breaks_its_schema_is_detected() {
    let document = json!({"components": {"schemas": {
        "Order": {"type": "object", "required": ["no"], "properties": {"no": {"type": "string"}, "note": {"type": "string", "nullable": true}}}
    }}});
    let schema = json!({"$ref": "#/components/schemas/Order"});
    for (example, valid) in [
        (json!({"no": "1"}), true),
        (json!({"no": "1", "note": null}), true),
        (json!({"no": 1}), false),
        (json!({"note": "x"}), false),
    ] {
        assert_eq!(
            validate(&document, &schema, &example).is_ok(),
            valid,
            "{example}"
        );
    }
}
