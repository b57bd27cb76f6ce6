//! The changes that `cargo xtask diff` and `cargo xtask changelog` report.
//!
//! These tests need oasdiff. The suite installs it and sets `XTASK_OASDIFF`. Without the variable and without
//! an installed oasdiff, they pass with a note.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    process::Command,
};

use serde_json::{Value, json};
use xtask::{
    diff::{
        Change, ChangeReport, Side, Verdict, changelog, command, compare,
        oasdiff::{Oasdiff, PROGRAM_VARIABLE},
        render::{self, ReportHeading},
        source,
    },
    workspace::root,
};

/// Returns oasdiff, or prints why the test does nothing.
fn oasdiff() -> Option<Oasdiff> {
    let found = Oasdiff::find(&root().unwrap());
    if found.is_none() {
        assert!(std::env::var_os(PROGRAM_VARIABLE).is_none());
        eprintln!("skipped: oasdiff is not installed; `cargo xtask diff` installs it");
    }
    found
}

fn fixture(name: &str) -> PathBuf {
    root().unwrap().join("xtask/tests/diff").join(name)
}

fn read(name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(fixture(name)).unwrap()).unwrap()
}

#[test]
fn report_of_the_exchange_rate_versions_matches_the_snapshots() {
    let Some(oasdiff) = oasdiff() else { return };
    let (old, new) = (
        read("exchange-rate-old.json"),
        read("exchange-rate-new.json"),
    );
    let report = compare(&oasdiff, &old, &new).unwrap();
    let heading = ReportHeading {
        old: "exchange-rate-old.json".into(),
        new: "exchange-rate-new.json".into(),
        captures: BTreeMap::from([(
            "421876920e0".into(),
            "spec/docs/421876920e0-get-exchange-rate.txt".into(),
        )]),
    };
    insta::assert_snapshot!("exchange-rate-text", render::text(&report, &heading));
    insta::assert_snapshot!(
        "exchange-rate-markdown",
        render::markdown(&report, &heading)
    );
    insta::assert_snapshot!("exchange-rate-json", render::json(&report, &heading));
    let reversed = compare(&oasdiff, &reversed(&old), &reversed(&new)).unwrap();
    assert_eq!(
        report, reversed,
        "the order of the fields changes the report"
    );
}

/// Returns a value with the fields of all objects in reverse order.
fn reversed(value: &Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .rev()
                .map(|(name, value)| (name.clone(), reversed(value)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(reversed).collect()),
        other => other.clone(),
    }
}

fn to(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// A document in which `A` is the response and `B` the request body of `POST /a`.
fn document(schemas: Value) -> Value {
    let body = |name: &str| json!({"application/json": {"schema": to(name)}});
    json!({
        "openapi": "3.0.3",
        "paths": {"/a": {"post": {
            "operationId": "callA",
            "requestBody": {"required": true, "content": body("B")},
            "responses": {"200": {"description": "Success.", "content": body("A")}}
        }}},
        "components": {"schemas": schemas}
    })
}

fn summary(report: &ChangeReport) -> Vec<(String, Verdict, Vec<&'static str>)> {
    let changes = report.changes.iter();
    changes
        .map(|it| (it.kind.clone(), it.verdict, it.broken()))
        .collect()
}

#[test]
fn compare_ends_at_circles_of_references_and_reports_both_directions() {
    let Some(oasdiff) = oasdiff() else { return };
    let schemas = |format: &str| {
        json!({
            "A": {"properties": {"c": to("C"), "a": to("A")}},
            "B": {"properties": {"c": to("C")}},
            "C": {"properties": {
                "x": {"type": "integer", "format": format},
                "a": to("A"), "d": {"type": "array", "items": to("C")}
            }},
            "D": to("E"),
            "E": {"allOf": [to("D"), to("E")]}
        })
    };
    let (old, new) = (document(schemas("int32")), document(schemas("int64")));
    assert_eq!(
        summary(&compare(&oasdiff, &old, &new).unwrap()),
        [
            // An older build can still send a smaller integer.
            (
                "request-property-type-generalized".into(),
                Verdict::Breaking,
                vec!["code"]
            ),
            // An older client cannot read the wider type.
            (
                "response-property-type-changed".into(),
                Verdict::Breaking,
                vec!["wire"]
            ),
        ]
    );
}

#[test]
fn change_of_a_shared_component_is_reported_once_with_all_operations() {
    let Some(oasdiff) = oasdiff() else { return };
    let document = |kind: &str| {
        let paths: BTreeMap<String, Value> = (0..5)
            .map(|n| {
                let content = json!({"application/json": {"schema": to("Shared")}});
                let operation = json!({
                    "operationId": format!("call{n}"),
                    "responses": {"200": {"description": "d", "content": content}}
                });
                (format!("/p{n}"), json!({"get": operation}))
            })
            .collect();
        json!({"openapi": "3.0.3", "paths": paths, "components": {"schemas": {
            "Shared": {"properties": {"x": {"type": kind}}}
        }}})
    };
    let report = compare(&oasdiff, &document("string"), &document("boolean")).unwrap();
    assert_eq!(report.changes.len(), 1, "{report:?}");
    assert_eq!(report.changes[0].operations.len(), 5);
    let text = render::text(&report, &ReportHeading::default());
    assert!(text.contains("GET /p0, GET /p1, GET /p2, 2 more"), "{text}");
}

#[test]
fn operation_that_becomes_inferred_or_documented_is_reported_as_such() {
    let Some(oasdiff) = oasdiff() else { return };
    let published = json!({"openapi": "3.0.3", "paths": {}});
    let with = |level: &str| {
        json!({"openapi": "3.0.3", "paths": {"/a": {"get": {
            "operationId": "readA", "x-evidence": {"level": level},
            "responses": {"200": {"description": "d"}}
        }}}})
    };
    let (inferred, documented) = (with("inferred"), with("documented"));
    let named = Side {
        document: &published,
        provisional: Some(&inferred),
    };
    let described = Side::from(&documented);
    // An operation that is inferred in both versions is not published.
    let still = Side::from(&inferred);
    for (old, new, kind, verdict) in [
        (named, described, "evidence-changed", Verdict::Compatible),
        (described, named, "evidence-changed", Verdict::Breaking),
        (named, still, "endpoint-added", Verdict::Compatible),
        (
            still,
            named,
            "api-path-removed-without-deprecation",
            Verdict::Breaking,
        ),
    ] {
        let report = compare(&oasdiff, old, new).unwrap();
        let found: Vec<(&str, Verdict)> = report
            .changes
            .iter()
            .map(|it| (it.kind.as_str(), it.verdict))
            .collect();
        assert_eq!(found, [(kind, verdict)]);
    }

    // A field that the guess had and the page lacks breaks programs that use the guess.
    let with_body = |level: &str, field: &str| {
        let mut document = with(level);
        document["paths"]["/a"]["get"]["responses"]["200"]["content"] =
            json!({"application/json": {"schema": to("Item")}});
        document["components"]["schemas"]["Item"] =
            json!({"type": "object", "properties": {field: {"type": "string"}}});
        document
    };
    let (guess, page) = (with_body("inferred", "a"), with_body("partial", "b"));
    let named = Side {
        document: &published,
        provisional: Some(&guess),
    };
    let report = compare(&oasdiff, named, &page).unwrap();
    let kinds: Vec<&str> = report.changes.iter().map(|it| it.kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "response-optional-property-removed",
            "evidence-changed",
            "response-optional-property-added"
        ]
    );
}

#[test]
fn document_is_read_from_a_file_or_a_revision() {
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
        ("nothing-of-that-name", "not a file"),
        ("--output=x", "not a revision"),
        ("HEAD:gone.json", "not a file"),
        (broken.to_str().unwrap(), "invalid JSON"),
        (other.to_str().unwrap(), "no field \"openapi\""),
    ];
    for (name, expected) in cases {
        let error = source::read(root, name).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(error.starts_with(name), "{error}");
    }
}

#[test]
fn exit_code_distinguishes_a_breaking_change_from_a_failure() {
    if oasdiff().is_none() {
        return;
    }
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
    verdict: String,
    #[serde(default)]
    kinds: Vec<String>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    base: Value,
    changes: Vec<Row>,
}

/// Applies a merge patch, RFC 7396.
fn patch(target: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, value) in fields {
        if value.is_null() {
            target.as_object_mut().unwrap().shift_remove(name);
        } else {
            let inner = &mut target[name.as_str()];
            self::patch(inner, value);
        }
    }
}

#[test]
fn each_row_of_the_table_has_its_verdict_and_its_kinds() {
    let Some(oasdiff) = oasdiff() else { return };
    let text = fs::read_to_string(fixture("changes.yaml")).unwrap();
    let table: Table = serde_saphyr::from_str(&text).unwrap();
    assert!(table.changes.len() >= 60);
    let mut names = BTreeSet::new();
    let mut wrong = Vec::new();
    for row in &table.changes {
        assert!(names.insert(&row.name), "{} is there twice", row.name);
        let mut old = table.base.clone();
        if !row.before.is_null() {
            patch(&mut old, &row.before);
        }
        let mut new = old.clone();
        patch(&mut new, &row.after);
        assert_ne!(old, new, "{}: changes nothing", row.name);
        let report = compare(&oasdiff, &old, &new).unwrap();
        let worst = match report.changes.first().map(|change| change.verdict) {
            Some(Verdict::Breaking) => "breaking",
            Some(Verdict::Compatible) => "compatible",
            Some(Verdict::Docs) => "docs",
            None => "none",
        };
        let kind = |change: &Change| match change.broken().join("+") {
            none if none.is_empty() => change.kind.clone(),
            broken => format!("{} {broken}", change.kind),
        };
        let found: Vec<String> = report.changes.iter().map(kind).collect();
        if worst != row.verdict || found != row.kinds {
            wrong.push(format!("{}: {worst} [{}]", row.name, found.join(", ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn changelog_has_the_changes_since_the_last_release_and_a_second_run_changes_nothing() {
    let Some(oasdiff) = oasdiff() else { return };
    let copy = tempfile::tempdir().unwrap();
    let folder = copy.path();
    fs::create_dir_all(folder.join("spec/docs")).unwrap();
    for file in [
        changelog::FILE,
        changelog::BASELINE,
        "spec/openapi.json",
        "spec/docs/docs.lock",
    ] {
        fs::copy(root().unwrap().join(file), folder.join(file)).unwrap();
    }
    let run = || {
        command::update_changelog(folder, &oasdiff).unwrap();
        fs::read_to_string(folder.join(changelog::FILE)).unwrap()
    };
    // The last release has one field more than the current document.
    let path = folder.join(changelog::BASELINE);
    let mut baseline: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    baseline["components"]["schemas"]["ExchangeRate"]["properties"]["lost"] =
        json!({"type": "string"});
    fs::write(&path, baseline.to_string()).unwrap();

    let first = run();
    let line = "removed the optional property `retdata/lost` from the response";
    assert_eq!(first.matches(line).count(), 1, "{first}");
    let operation = "- `POST /trade/exchange-rate` (spec/docs/421876920e0-get-exchange-rate.txt)";
    assert!(first.contains(operation), "{first}");
    assert_eq!(run(), first);
    assert!(!command::update_changelog(folder, &oasdiff).unwrap());

    // A change that is undone before the release leaves no line.
    baseline["components"]["schemas"]["ExchangeRate"]["properties"]
        .as_object_mut()
        .unwrap()
        .remove("lost");
    fs::write(&path, baseline.to_string()).unwrap();
    assert!(!run().contains("lost"));

    fs::write(&path, "{").unwrap();
    let error = command::update_changelog(folder, &oasdiff).unwrap_err();
    assert!(error.to_string().contains("spec/baseline.json"), "{error}");
    // Before the first release there is no baseline.
    fs::remove_file(&path).unwrap();
    assert!(run().contains("Nothing has been released yet."));
}
