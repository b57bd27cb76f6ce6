//! `demo` passes, and each step shows the evidence of its operation.

use serde_json::Value;

use crate::support::{bare, run};

#[test]
fn demo_passes_with_evidence_of_each_step() {
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
        "A webhook reports the trade",
        "Off-ramp",
        "token expires",
        "checkout",
        "pays",
        "replayed",
    ] {
        assert!(
            titles.iter().any(|title| title.contains(needed)),
            "{needed}: {titles:?}"
        );
    }
    let webhook = webhook_in_document("receivePaymentEvent");
    for step in &steps {
        let known = match step["call"].as_str().unwrap() {
            "receivePaymentEvent" => webhook["x-evidence"]["level"].as_str().unwrap(),
            call => stablelink::operations::find(call)
                .unwrap()
                .evidence
                .as_str(),
        };
        assert_eq!(step["evidence"].as_str(), Some(known), "{step}");
    }
    assert!(
        !home.path().join(".local").exists(),
        "the demo saves nothing"
    );
}

/// Returns the webhook with this operation ID from the document.
fn webhook_in_document(operation: &str) -> Value {
    let document = include_str!("../../../../spec/openapi.provisional.json");
    let document: Value = serde_json::from_str(document).unwrap();
    let webhooks = document["x-webhooks"].as_object().unwrap();
    let found = webhooks
        .values()
        .find(|webhook| webhook["post"]["operationId"] == operation);
    found.unwrap()["post"].clone()
}

#[test]
fn demo_prints_number_of_steps() {
    let home = tempfile::tempdir().unwrap();
    let shown = run(bare(home.path()).arg("demo"), b"");
    assert!(
        shown.stdout.contains("18 steps passed in "),
        "{}",
        shown.stdout
    );
}
