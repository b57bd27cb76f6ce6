//! Checks each lint rule with the documents in `lint/cases.yaml`: each document breaks exactly the rules that it names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{collections::BTreeSet, fmt::Write as _};

use serde_json::Value;
use xtask::{
    lint::{
        Finding, FindingLevel, assume_defaults, check_document, check_generator_input, defaults,
        rule_ids,
    },
    publish::cleanup::settle_references,
};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    document: Value,
    rules: Vec<Case>,
    generator: Vec<Case>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    rule: String,
    count: usize,
    #[serde(default)]
    also: Vec<String>,
    set: serde_json::Map<String, Value>,
}

fn table() -> Table {
    serde_saphyr::from_str(include_str!("lint/cases.yaml")).unwrap()
}

/// Sets the value at a pointer whose parent exists; null removes it, and `-` appends to an array.
fn set(document: &mut Value, pointer: &str, value: Value) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let name = name.replace("~1", "/").replace("~0", "~");
    match document.pointer_mut(parent) {
        Some(Value::Object(fields)) if value.is_null() => {
            let removed = fields.shift_remove(&name);
            removed.unwrap_or_else(|| panic!("{pointer} does not exist"));
        }
        Some(Value::Object(fields)) => {
            fields.insert(name, value);
        }
        Some(Value::Array(list)) if name == "-" => list.push(value),
        other => panic!("{parent} is {other:?}"),
    }
}

/// Runs the cases and returns the messages of all findings.
fn messages(document: &Value, lint: fn(&Value) -> Vec<Finding>, cases: &[Case]) -> String {
    let unchanged: Vec<String> = lint(document).iter().map(ToString::to_string).collect();
    assert_eq!(unchanged, Vec::<String>::new());
    let mut messages = String::new();
    let mut wrong = String::new();
    for case in cases {
        let mut document = document.clone();
        for (pointer, value) in &case.set {
            set(&mut document, pointer, value.clone());
        }
        let findings = lint(&document);
        let (of_rule, others): (Vec<Finding>, Vec<Finding>) =
            findings.into_iter().partition(|it| it.rule == case.rule);
        let unexpected = others
            .iter()
            .filter(|it| !case.also.iter().any(|id| id == it.rule));
        if of_rule.len() != case.count || unexpected.count() > 0 {
            let _ = writeln!(wrong, "{} {}: {:?}", case.rule, case.count, case.set);
            for finding in of_rule.iter().chain(&others) {
                let _ = writeln!(wrong, "    {finding}");
            }
        }
        for finding in of_rule {
            let message = format!("{finding}\n");
            if !messages.contains(&message) {
                messages.push_str(&message);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    messages
}

#[test]
fn each_rule_is_broken_by_its_cases() {
    let table = table();
    let rules = messages(&table.document, check_document, &table.rules);
    insta::assert_snapshot!("rules", rules);
    let generator = messages(&table.document, check_generator_input, &table.generator);
    insta::assert_snapshot!("generator", generator);
}

#[test]
fn each_rule_has_a_failing_case_and_a_unique_id() {
    let table = table();
    for (ids, cases) in rule_ids().iter().zip([table.rules, table.generator]) {
        let failing = cases.iter().filter(|case| case.count > 0);
        let failing: BTreeSet<&str> = failing.map(|case| case.rule.as_str()).collect();
        let unique: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(unique.len(), ids.len());
        assert_eq!(failing, unique);
    }
}

/// A finding with a default is settled by it, and the default causes no other finding.
#[test]
fn default_settles_its_finding() {
    let table = table();
    let mut settled = BTreeSet::new();
    for case in &table.rules {
        let mut document = table.document.clone();
        for (pointer, value) in &case.set {
            set(&mut document, pointer, value.clone());
        }
        let before = check_document(&document);
        let assumed = assume_defaults(&mut document);
        settle_references(&mut document);
        settled.extend(assumed.iter().map(|finding| finding.rule));
        for finding in check_document(&document) {
            let is_left = finding.level != FindingLevel::Assumed && before.contains(&finding);
            assert!(is_left, "{}: {finding}", case.rule);
        }
    }
    let listed = defaults::DEFAULTS.iter().map(|default| default.rule);
    assert_eq!(settled, listed.collect());
}
