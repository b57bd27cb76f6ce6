//! Properties of arbitrary overlays: applying one returns a result or an error with a message, and an error leaves the
//! document unchanged.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;
use serde_json::{Value, json};
use xtask::overlay::{Target, apply, apply_lenient, read, unknown_operations};

fn document() -> Value {
    json!({
        "openapi": "3.0.3",
        "paths": {"/a/b": {"post": {"tags": ["T"], "responses": {"200": {"schema": {"$ref": "#/components/schemas/A"}}}}}},
        "components": {"schemas": {
            "A": {"type": "object", "required": ["x"], "properties": {"x": {"type": "number", "maximum": 1}}},
            "B": {"oneOf": [{"$ref": "#/components/schemas/A"}], "x~y/z": null}
        }}
    })
}

const HEAD: &str = "overlay: 1.0.0\ninfo: {title: t, version: \"1\"}\nactions:\n";

const OVERLAY: &str = "overlay: 1.0.0
info:
  title: Names
  version: \"1\"
actions:
  - target: $.paths['/a/b'].post
    description: names are for good
    update:
      operationId: getRate
      tags: [T, U]
  - target: $.components.schemas.A
    description: |
      a domain name
    update: {x-schema-name: Rate, required: [x, y]}
  - target: $..properties[?@.type == 'number']
    description: money
    update: {format: decimal, maximum: 0.10}
  - target: $.components.schemas.B
    description: not used
    remove: true
    x-stands-in-for: User / User Info
";

/// Applies an overlay that can be parsed. A rejected overlay must leave the document unchanged.
fn check(bytes: &[u8]) -> Result<(), TestCaseError> {
    let Ok(overlay) = read("o.yaml", bytes) else {
        return Ok(());
    };
    let mut changed = document();
    let overlays = [overlay];
    match apply(&mut changed, &overlays) {
        Ok(trace) => prop_assert!(
            trace
                .actions
                .iter()
                .all(|action| !action.touched.is_empty())
        ),
        Err(stale) => {
            prop_assert_eq!(&changed, &document());
            prop_assert!(!stale.actions.is_empty());
            let outcome = apply_lenient(&mut changed, &overlays);
            let unknown = outcome.deferred.iter().flat_map(unknown_operations);
            let skipped: Vec<_> = outcome.stale.into_iter().chain(unknown).collect();
            prop_assert_eq!(skipped, stale.actions);
        }
    }
    Ok(())
}

/// JSONPaths made of valid and invalid parts.
fn path() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        ".paths",
        ".components",
        ".schemas",
        ".A",
        ".*",
        "..*",
        "..x",
        "['x']",
        "[\"x~y/z\"]",
        "[*]",
        "[0]",
        "[-1]",
        "[::-1]",
        "[1:2]",
        "[*,*]",
        "[?@.type=='number']",
        "[?length(@.x)>1]",
        "[?count(@..*)>1]",
        "[?(@)]",
        "[?!@.x && @.y]",
        "$",
        "[",
        "]",
        "(",
        ")",
        "'",
        "\\",
        "?",
        "@",
        ",",
        " ",
        "..",
        "[?@[?@.a]]",
        "é",
    ]);
    prop::collection::vec(part, 0..8).prop_map(|parts| format!("${}", parts.concat()))
}

/// Small values of every kind, with names that have a meaning in a document.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        Just(json!(true)),
        any::<i32>().prop_map(|number| json!(number)),
        "[a-zA-Z#/$. ]{0,12}".prop_map(Value::String),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let name = prop::sample::select(vec![
            "x-schema-name",
            "$ref",
            "A",
            "B",
            "C",
            "x",
            "type",
            "discriminator",
            "mapping",
            "example",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((name, inner), 0..4).prop_map(|members| Value::Object(
                members
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect()
            )),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_rejected(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&bytes)?;
    }

    #[test]
    fn any_yaml_is_read_or_rejected(text in "[-?:,\\[\\]{}#&*!|>'\"%@`a-c0-9 \n\t.~<=é]{0,120}") {
        check(text.as_bytes())?;
        check(format!("{OVERLAY}  - {text}").as_bytes())?;
    }

    #[test]
    fn damaged_overlay_is_applied_or_rejected(at in 0..OVERLAY.len(), byte in any::<u8>()) {
        let bytes = OVERLAY.as_bytes();
        check(&bytes[..at])?;
        let mut changed = bytes.to_vec();
        changed[at] = byte;
        check(&changed)?;
    }

    #[test]
    fn any_target_is_parsed_or_rejected(text in "\\PC{0,60}") {
        let _ = Target::parse(&text);
        let _ = Target::parse(&format!("${text}"));
        let _ = Target::parse(&format!("$[?{text}]"));
    }

    #[test]
    fn any_path_and_update_are_applied_or_rejected(path in path(), value in value()) {
        // Most JSON is YAML that the reader accepts.
        let path = Value::String(path);
        check(format!("{HEAD}- {{target: {path}, description: d, update: {value}}}").as_bytes())?;
        check(format!("{HEAD}- {{target: {path}, description: d, remove: true}}").as_bytes())?;
    }

    #[test]
    fn any_update_of_components_is_applied_or_rejected(value in value()) {
        check(format!("{HEAD}- {{target: $.components.schemas.*, description: d, update: {value}}}").as_bytes())?;
    }
}

#[test]
fn overlay_of_these_tests_applies() {
    let overlay = read("o.yaml", OVERLAY.as_bytes()).unwrap();
    let mut document = document();
    let trace = apply(&mut document, &[overlay]).unwrap();
    assert_eq!(trace.actions.len(), 4);
}

#[test]
fn hostile_target_is_rejected_at_once() {
    let deep = format!("$[?{}@.a{}]", "(".repeat(200), ")".repeat(200));
    let not = format!("$[?{}@.a]", "!".repeat(450));
    let segments = format!("${}", ".a".repeat(240));
    for path in [
        deep,
        not,
        segments,
        "$..*[*,*,*,*]..*[*,*,*]".to_owned(),
        "[".repeat(100_000),
    ] {
        if let Ok(target) = Target::parse(&path) {
            assert!(target.as_str().len() <= 500);
        }
    }
}
