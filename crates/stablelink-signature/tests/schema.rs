//! The JSON Schema of the test vectors accepts the file and detects errors in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use serde_json::{Value, json};

fn read(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn json(name: &str) -> Value {
    serde_json::from_str(&read(name)).unwrap()
}

#[test]
fn vectors_file_matches_schema() {
    let (schema, vectors) = (json("signatures.schema.json"), json("signatures.json"));
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> = validator
        .iter_errors(&vectors)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

/// Returns the value to change: an entry of a list by its id (`list:id`), or a JSON pointer.
fn value_at<'a>(vectors: &'a mut Value, at: &str) -> &'a mut Value {
    let (list, id) = match at.split_once(':') {
        None => return vectors.pointer_mut(at).unwrap(),
        Some(pair) => pair,
    };
    let entries = vectors[list].as_array_mut().unwrap();
    entries.iter_mut().find(|one| one["id"] == id).unwrap()
}

#[test]
fn what_is_left_out_is_noticed() {
    let (schema, vectors) = (json("signatures.schema.json"), json("signatures.json"));
    let validator = jsonschema::validator_for(&schema).unwrap();
    let needed = [
        (
            "",
            "$schema about keys signatures rejections timestamps freshness",
        ),
        ("/keys/0", "name value origin about"),
        (
            "signatures:pub-1",
            "id kind origin about key method timestamp path query query_form body string_to_sign signature",
        ),
        (
            "signatures:body-binary",
            "body_base64 string_to_sign_base64",
        ),
        ("signatures:response-to-get", "method path query query_form"),
        ("signatures:webhook-empty", "timestamp body signature"),
        ("rejections:neg-hex", "id of why signature error"),
        ("/timestamps/0", "text valid"),
        ("/freshness", "tolerance_ms cases"),
        ("/freshness/cases/0", "timestamp now result"),
    ];
    for (at, names) in needed {
        for name in names.split(' ') {
            let mut wrong = vectors.clone();
            let object = value_at(&mut wrong, at).as_object_mut().unwrap();
            assert!(object.remove(name).is_some(), "{at} has no {name}");
            assert!(!validator.is_valid(&wrong), "{at} without {name}");
        }
    }
}

#[test]
fn schema_rejects_invalid_values() {
    let (schema, vectors) = (json("signatures.schema.json"), json("signatures.json"));
    let validator = jsonschema::validator_for(&schema).unwrap();
    let cases = [
        // Unknown fields at every level.
        ("", "typo", json!(true)),
        ("/keys/0", "typo", json!(true)),
        ("signatures:pub-1", "typo", json!(true)),
        ("rejections:neg-hex", "typo", json!(true)),
        ("/timestamps/0", "typo", json!(true)),
        ("/freshness", "typo", json!(true)),
        ("/freshness/cases/0", "typo", json!(true)),
        // Empty lists.
        ("", "keys", json!([])),
        ("", "signatures", json!([])),
        ("", "rejections", json!([])),
        ("", "timestamps", json!([])),
        ("/freshness", "cases", json!([])),
        // Keys that may be real credentials, and invalid keys.
        ("/keys/1", "value", json!("aR2822Y6XbehWMclnB0Y2NJK")),
        ("/keys/1", "value", json!("")),
        ("/keys/1", "origin", json!("found")),
        ("/keys/1", "name", json!("Made up")),
        // Signatures.
        ("signatures:pub-1", "id", json!("Pub 1")),
        ("signatures:pub-1", "kind", json!("answer")),
        ("signatures:pub-1", "kind", json!("webhook")),
        ("signatures:pub-1", "origin", json!("guessed")),
        ("signatures:pub-1", "key", json!("made-up")),
        ("signatures:pub-1", "about", json!("")),
        ("signatures:pub-1", "method", json!("PO ST")),
        (
            "signatures:pub-1",
            "timestamp",
            json!(1_636_360_661_729_u64),
        ),
        ("signatures:pub-1", "timestamp", json!("01636360661729")),
        ("signatures:pub-1", "timestamp", json!("1636360661.729")),
        ("signatures:pub-1", "timestamp", json!("")),
        ("signatures:pub-1", "path", json!("openapi/test")),
        ("signatures:pub-1", "path", json!("/openapi/test?a=1")),
        ("signatures:pub-1", "path", json!("/openapi/test#a")),
        ("signatures:pub-1", "query", json!("a=1#b")),
        ("signatures:pub-1", "query", Value::Null),
        ("signatures:pub-1", "query_form", json!("encoded")),
        ("signatures:pub-1", "body", json!({"a": "124"})),
        ("signatures:pub-1", "body_base64", json!("e30=")),
        ("signatures:pub-1", "string_to_sign_base64", json!("e30=")),
        ("signatures:body-binary", "body_base64", json!("e30")),
        ("signatures:body-binary", "body_base64", json!("e3_-")),
        ("signatures:body-binary", "body_base64", json!("")),
        ("signatures:body-multipart", "body_signed", json!(true)),
        ("signatures:webhook-empty", "body_signed", json!(false)),
        ("signatures:response-alone", "body_signed", json!(false)),
        ("signatures:webhook-empty", "method", json!("POST")),
        ("signatures:webhook-empty", "path", json!("/")),
        ("signatures:webhook-empty", "query", json!("")),
        ("signatures:webhook-empty", "query_form", json!("decoded")),
        ("signatures:response-alone", "path", json!("/")),
        ("signatures:pub-1", "signature", json!("x".repeat(88))),
        ("signatures:pub-1", "signature", json!("x".repeat(86))),
        ("signatures:pub-1", "signature", Value::Null),
        // Rejections.
        ("rejections:neg-hex", "of", json!("")),
        ("rejections:neg-hex", "why", json!("")),
        ("rejections:neg-hex", "error", json!("wrong")),
        ("rejections:neg-hex", "error", json!("missing-signature")),
        ("rejections:neg-hex", "error", json!("missing-timestamp")),
        ("rejections:neg-hex", "signature", Value::Null),
        ("rejections:neg-hex", "timestamp", Value::Null),
        ("rejections:neg-hex", "timestamp", json!(17)),
        ("rejections:neg-no-signature", "error", json!("mismatch")),
        ("rejections:neg-no-timestamp", "error", json!("timestamp")),
        // Timestamps and freshness.
        ("/timestamps/0", "valid", json!("yes")),
        ("/timestamps/0", "text", json!(0)),
        ("/freshness", "tolerance_ms", json!(120)),
        ("/freshness/cases/0", "result", json!("old")),
        ("/freshness/cases/0", "now", json!("-1")),
    ];
    for (at, name, value) in cases {
        let mut wrong = vectors.clone();
        value_at(&mut wrong, at)[name] = value.clone();
        assert_ne!(wrong, vectors, "{at} {name}: {value}");
        assert!(!validator.is_valid(&wrong), "{at} {name}: {value}");
    }
}

#[test]
fn readme_names_every_field_and_value_of_schema() {
    let (schema, page) = (json("signatures.schema.json"), read("README.md"));
    let mut words = Vec::new();
    for name in ["key", "signature", "rejection", "timestamp", "freshness"] {
        let properties = schema["$defs"][name]["properties"].as_object().unwrap();
        for (field, rule) in properties {
            words.push(field.clone());
            let values = rule["enum"].as_array();
            words.extend(
                values
                    .into_iter()
                    .flatten()
                    .map(|one| one.as_str().unwrap().to_owned()),
            );
        }
    }
    assert!(words.len() > 40, "{words:?}");
    for word in words {
        assert!(page.contains(&format!("`{word}`")), "{word}");
    }
}
