//! What is told between two documents.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};
use xtask::diff::{
    Change, Direction, Report, Side, Verdict, compare,
    render::{self, Heading},
    source,
};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/diff")
        .join(name)
}

fn read(name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(fixture(name)).unwrap()).unwrap()
}

/// The two versions of Get Exchange Rate.
fn exchange_rate() -> (Report, Heading) {
    let (old, new) = (
        read("exchange-rate-old.json"),
        read("exchange-rate-new.json"),
    );
    let heading = Heading {
        old: "exchange-rate-old.json".into(),
        new: "exchange-rate-new.json".into(),
        captures: BTreeMap::from([(
            "421876920e0".into(),
            "spec/docs/421876920e0-get-exchange-rate.txt".into(),
        )]),
    };
    (compare(&old, &new), heading)
}

#[test]
fn the_two_versions_of_get_exchange_rate() {
    let (report, heading) = exchange_rate();
    insta::assert_snapshot!("exchange-rate-text", render::text(&report, &heading));
    insta::assert_snapshot!(
        "exchange-rate-markdown",
        render::markdown(&report, &heading)
    );
    insta::assert_snapshot!("exchange-rate-json", render::json(&report, &heading));
}

/// Two components, `A` of an answer and `B` of a request of `/a`, and `C` that both use.
fn document(schemas: Value) -> Value {
    let body = |name: &str| json!({"application/json": {"schema": {"$ref": format!("#/components/schemas/{name}")}}});
    json!({
        "openapi": "3.0.3",
        "paths": {"/a": {"post": {
            "operationId": "callA",
            "requestBody": {"required": true, "content": body("B")},
            "responses": {"200": {"description": "Fine.", "content": body("A")}}
        }}},
        "components": {"schemas": schemas}
    })
}

fn kinds(report: &Report) -> Vec<(&'static str, Verdict, Option<Direction>)> {
    let told = |change: &Change| (change.kind, change.verdict, change.direction);
    report.changes.iter().map(told).collect()
}

#[test]
fn circles_of_references_end_and_both_directions_are_told() {
    let to = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let schemas = |of_c: Value| {
        json!({
            "A": {"properties": {"c": to("C"), "a": to("A")}},
            "B": {"properties": {"c": to("C")}},
            "C": {"properties": {"x": of_c, "a": to("A"), "d": {"type": "array", "items": to("C")}}},
            "D": to("E"),
            "E": {"allOf": [to("D"), to("E")]}
        })
    };
    let old = document(schemas(json!({"type": "integer", "format": "int32"})));
    let new = document(schemas(json!({"type": "integer", "format": "int64"})));
    let report = compare(&old, &new);
    assert_eq!(
        kinds(&report),
        [
            ("type-changed", Verdict::Breaking, Some(Direction::Sent)),
            ("type-changed", Verdict::Breaking, Some(Direction::Received)),
        ]
    );
    let wire: Vec<bool> = report.changes.iter().map(|it| it.breaks_wire).collect();
    assert_eq!(wire, [false, true], "i64 takes i32 and not the other way");
}

#[test]
fn a_change_of_a_shared_component_is_told_once_with_all_its_operations() {
    let envelope = |name: &str| json!({"200": {"content": {"application/json": {"schema": {"$ref": format!("#/components/schemas/{name}")}}}}});
    let document = |kind: &str| {
        let paths: BTreeMap<String, Value> = (0..5)
            .map(|n| {
                let operation =
                    json!({"operationId": format!("call{n}"), "responses": envelope("Shared")});
                (format!("/p{n}"), json!({"get": operation}))
            })
            .collect();
        json!({"openapi": "3.0.3", "paths": paths, "components": {"schemas": {
            "Shared": {"properties": {"x": {"type": kind}}}
        }}})
    };
    let report = compare(&document("string"), &document("boolean"));
    assert_eq!(report.changes.len(), 1, "{report:?}");
    assert_eq!(report.changes[0].operations.len(), 5);
    let text = render::text(&report, &Heading::default());
    assert!(text.contains("GET /p0, GET /p1, GET /p2, 2 more"), "{text}");
}

#[test]
fn a_branch_that_has_another_name_is_the_same_branch() {
    let to = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let schemas = |second: &str| {
        let mut schemas = json!({
            "A": {"oneOf": [to("One"), to(second)]},
            "B": {},
            "One": {"properties": {"one": {"type": "string"}}}
        });
        schemas[second] = json!({"properties": {"two": {"type": "string"}}});
        document(schemas)
    };
    assert_eq!(
        kinds(&compare(&schemas("Two"), &schemas("Second"))),
        [("type-renamed", Verdict::Breaking, None)]
    );
}

#[test]
fn a_large_document_is_compared() {
    // Two thousand operations, each with components of its own, and one that all of them use.
    let document = |kind: &str| {
        let to = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
        let (mut paths, mut schemas) = (json!({}), json!({}));
        for n in 0..2_000 {
            let (one, other) = (format!("A{n}"), format!("B{n}"));
            paths[format!("/p{n}")] = json!({"get": {
                "operationId": format!("call{n}"),
                "responses": {"200": {"content": {"application/json": {"schema": to(&one)}}}}
            }});
            schemas[&one] = json!({"properties": {"b": to(&other), "shared": to("Shared")}});
            schemas[&other] = json!({"properties": {"x": {"type": kind}}});
        }
        schemas["Shared"] =
            json!({"enum": (0..5).map(|n| format!("{kind}{n}")).collect::<Vec<_>>()});
        json!({"openapi": "3.0.3", "paths": paths, "components": {"schemas": schemas}})
    };
    let report = compare(&document("string"), &document("integer"));
    assert_eq!(report.changes.len(), 2_000 + 10);
}

#[test]
fn an_operation_that_moves_between_the_documents_is_named_so() {
    let published = json!({"openapi": "3.0.3", "paths": {}});
    let with = |level: &str| {
        json!({"openapi": "3.0.3", "paths": {"/a": {"get": {
            "operationId": "readA", "x-evidence": {"level": level}, "responses": {}
        }}}})
    };
    let (inferred, documented) = (with("inferred"), with("documented"));
    let without = Side {
        document: &published,
        provisional: Some(&inferred),
    };
    let within = Side {
        document: &documented,
        provisional: None,
    };
    assert_eq!(
        kinds(&compare(without, within)),
        [("operation-moved-in", Verdict::Compatible, None)]
    );
    assert_eq!(
        kinds(&compare(within, without)),
        [("operation-moved-out", Verdict::Breaking, None)]
    );
    // What was inferred and still is has not moved.
    let still = Side::from(&inferred);
    assert_eq!(
        kinds(&compare(without, still)),
        [("operation-added", Verdict::Compatible, None)]
    );
    assert_eq!(
        kinds(&compare(still, without)),
        [("operation-removed", Verdict::Breaking, None)]
    );
}

#[test]
fn the_order_of_members_changes_nothing() {
    let (report, _) = exchange_rate();
    let reversed = |name: &str| turned(&read(name));
    let again = compare(
        &reversed("exchange-rate-old.json"),
        &reversed("exchange-rate-new.json"),
    );
    assert_eq!(report, again);
}

fn turned(value: &Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .iter()
                .rev()
                .map(|(name, value)| (name.clone(), turned(value)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(turned).collect()),
        other => other.clone(),
    }
}

#[test]
fn a_document_is_a_file_or_a_revision() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let git = |arguments: &[&str]| {
        let done = Command::new("git")
            .arg("-C")
            .arg(root)
            .args(["-c", "user.name=A", "-c", "user.email=a@example.test"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    fs::create_dir(root.join("spec")).unwrap();
    let write = |title: &str| {
        let document = json!({"openapi": "3.0.3", "info": {"title": title}, "paths": {}});
        fs::write(root.join("spec/openapi.json"), document.to_string()).unwrap();
    };
    git(&["init", "--quiet"]);
    write("first");
    git(&["add", "."]);
    git(&["commit", "--quiet", "--no-gpg-sign", "-m", "first"]);
    write("second");

    let title = |name: &str| source::read(root, name).unwrap().document["info"]["title"].clone();
    assert_eq!(title("HEAD"), "first");
    assert_eq!(title("HEAD:spec/openapi.json"), "first");
    let file = root.join("spec/openapi.json");
    assert_eq!(title(file.to_str().unwrap()), "second");

    let broken = root.join("broken.json");
    fs::write(&broken, "{").unwrap();
    let other = root.join("other.json");
    fs::write(&other, "{}").unwrap();
    let cases = [
        ("nothing-of-that-name", "is no file"),
        ("--output=x", "cannot be a revision"),
        ("HEAD:gone.json", "is no file"),
        (broken.to_str().unwrap(), "is not JSON"),
        (other.to_str().unwrap(), "no member \"openapi\""),
    ];
    for (name, expected) in cases {
        let error = source::read(root, name).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(error.starts_with(name), "{error}");
    }
}

#[test]
fn the_exit_code_tells_breaking_from_failure() {
    let path = |name: &str| fixture(name).to_str().unwrap().to_owned();
    let (old, new) = (
        path("exchange-rate-old.json"),
        path("exchange-rate-new.json"),
    );
    let cases: [(&[&str], i32); 6] = [
        (&[&old, &new], 0),
        (&[&old, &new, "--fail-on", "breaking"], 2),
        (
            &[&old, &old, "--fail-on", "breaking", "--format", "json"],
            0,
        ),
        (&[&old, "no-such-revision"], 1),
        (&[&old], 1),
        (&["--help"], 0),
    ];
    for (arguments, expected) in cases {
        let done = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .arg("diff")
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(done.status.code(), Some(expected), "{arguments:?} {done:?}");
    }
}

/// One row of `changes.yaml`.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    #[serde(default)]
    before: Value,
    after: Value,
    ours: String,
    #[serde(default)]
    kinds: Vec<String>,
    oasdiff: String,
    #[serde(default)]
    #[expect(dead_code, reason = "recorded for readers")]
    ids: Vec<String>,
    why: Option<String>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    base: Value,
    changes: Vec<Row>,
}

/// A merge patch, RFC 7396.
fn patch(target: &mut Value, patch: &Value) {
    let Value::Object(members) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, value) in members {
        if value.is_null() {
            target.as_object_mut().unwrap().shift_remove(name);
        } else {
            let inner = &mut target[name.as_str()];
            self::patch(inner, value);
        }
    }
}

#[test]
fn the_table_of_changes_is_judged_as_recorded() {
    let text = fs::read_to_string(fixture("changes.yaml")).unwrap();
    let table: Table = serde_saphyr::from_str(&text).unwrap();
    assert!(table.changes.len() >= 60);
    let mut names = BTreeSet::new();
    let mut wrong = Vec::new();
    for row in &table.changes {
        assert!(names.insert(&row.name), "{} stands twice", row.name);
        let mut old = table.base.clone();
        if !row.before.is_null() {
            patch(&mut old, &row.before);
        }
        let mut new = old.clone();
        patch(&mut new, &row.after);
        assert_ne!(old, new, "{}: changes nothing", row.name);
        let report = compare(&old, &new);
        let worst = match report.changes.first().map(|change| change.verdict) {
            Some(Verdict::Breaking) => "breaking",
            Some(Verdict::Compatible) => "compatible",
            Some(Verdict::Docs) => "docs",
            None => "none",
        };
        let found: Vec<String> = report
            .changes
            .iter()
            .map(|change| match change.breaks_words().join("+") {
                none if none.is_empty() => change.kind.to_owned(),
                breaks => format!("{} {breaks}", change.kind),
            })
            .collect();
        if worst != row.ours || found != row.kinds {
            wrong.push(format!("{}: {worst} {found:?}", row.name));
        }
        // oasdiff does not tell of words.
        let told = if row.ours == "docs" {
            "none"
        } else {
            &row.ours
        };
        assert_eq!(
            told != row.oasdiff,
            row.why.is_some(),
            "{}: a difference has a reason, and nothing else has",
            row.name
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_field_that_may_have_been_renamed_is_told_and_still_breaks() {
    let with = |name: &str| {
        json!({
            "A": {"type": "object", "required": [name], "properties": {
                "no": {"type": "string"}, name: {"type": "string", "format": "decimal"}
            }},
            "B": {}
        })
    };
    let report = compare(&document(with("rate")), &document(with("channelRate")));
    let told: Vec<(&str, Verdict, &str)> = report
        .changes
        .iter()
        .map(|it| (it.kind, it.verdict, it.means.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (
                "field-removed",
                Verdict::Breaking,
                "`A::rate` is gone: stop reading it; an older build cannot read the answer; perhaps renamed to `channel_rate`"
            ),
            (
                "field-added",
                Verdict::Compatible,
                "new `A::channel_rate: DecimalString` to read; perhaps the new name of `rate`"
            ),
        ]
    );
}
