//! Every rule is proved by documents that fail it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    Finding, Rule, generator, house,
    proof::{Case, prove},
    shared,
};

type Lint = fn(&Value) -> Vec<Finding>;
type Files = Vec<(&'static str, Vec<Case>)>;

/// Cases of the rules that both groups have, and of those that one of them adds.
fn of_both(for_generator: bool) -> Vec<Case> {
    let mut cases = shared::words::tests::version();
    cases.extend(shared::words::tests::later_words());
    cases.extend(shared::references::tests::dangling());
    if for_generator {
        cases.extend(shared::references::tests::plain_names());
    }
    cases.extend(shared::unions::tests::exclusive());
    cases
}

fn files(for_generator: bool, own: Files) -> Files {
    let mut files = vec![("shared", of_both(for_generator))];
    files.extend(own);
    files
}

fn groups() -> [(&'static str, Lint, Vec<Rule>, Files); 2] {
    [
        (
            "house",
            super::house,
            house::rules(),
            files(false, house::tests::files()),
        ),
        (
            "generator",
            super::generator,
            generator::rules(),
            files(true, generator::tests::files()),
        ),
    ]
}

#[test]
fn each_rule_is_proved_by_documents_that_fail_it() {
    for (group, lint, _, files) in groups() {
        for (file, cases) in files {
            insta::assert_snapshot!(format!("{group}-{file}"), prove(lint, &cases));
        }
    }
}

#[test]
fn no_rule_goes_without_proof_and_no_id_is_used_twice() {
    for (group, _, rules, files) in groups() {
        let ids: Vec<&str> = rules.iter().map(|rule| rule.id).collect();
        let cases = files.iter().flat_map(|(_, cases)| cases);
        let proved: BTreeSet<&str> = cases
            .filter(|case| case.count > 0)
            .map(|case| case.rule)
            .collect();
        let missing: Vec<&&str> = ids.iter().filter(|id| !proved.contains(**id)).collect();
        assert!(missing.is_empty(), "{group}: no document fails {missing:?}");
        let once: BTreeSet<&&str> = ids.iter().collect();
        assert_eq!(once.len(), ids.len(), "{group}");
    }
}
