//! The demo passes, and each of its steps says how sure it is.

use crate::support::{bare, run};
use serde_json::Value;

#[test]
fn every_step_of_the_demo_passes() {
    let home = tempfile::tempdir().unwrap();
    let shown = run(bare(home.path()).args(["demo", "--output", "json"]), b"");
    assert_eq!(shown.code, 0, "{shown:?}");
    let steps: Vec<Value> = shown
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let titles: Vec<&str> = steps
        .iter()
        .map(|step| step["title"].as_str().unwrap())
        .collect();
    for needed in [
        "token",
        "customer",
        "business",
        "fees",
        "rate",
        "receipt",
        "On-ramp",
        "confirmed",
        "webhook is received",
        "Off-ramp",
        "token ends",
        "checkout",
        "pays",
        "replayed",
    ] {
        assert!(
            titles.iter().any(|title| title.contains(needed)),
            "{needed}: {titles:?}"
        );
    }
    for step in &steps {
        let call = step["call"].as_str();
        let known = call.map(|call| {
            stablelink::operations::find(call)
                .unwrap()
                .evidence
                .as_str()
        });
        assert_eq!(step["evidence"].as_str(), known, "{step}");
    }
    assert!(!home.path().join(".local").exists(), "it keeps nothing");
}

#[test]
fn a_person_sees_the_steps_and_their_number() {
    let home = tempfile::tempdir().unwrap();
    let shown = run(bare(home.path()).arg("demo"), b"");
    assert!(
        shown.stdout.contains("18 steps passed in "),
        "{}",
        shown.stdout
    );
}
