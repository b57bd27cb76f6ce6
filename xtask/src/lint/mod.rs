//! Lint: what the published documents must keep to (house rules), and what the Rust generator cannot
//! take or silently breaks (generator rules).
//!
//! A rule is a function with a short id, and stands beside the documents that fail it.

mod finding;
mod generator;
mod house;
#[cfg(test)]
mod proof;
mod schema;
mod shared;
#[cfg(test)]
mod tests;

pub use finding::Finding;

use crate::openapi::Document;
use finding::Report;
use serde_json::Value;

/// One rule: its id, and the function that reports what breaks it.
struct Rule {
    id: &'static str,
    check: fn(&Document, &mut Report),
}

/// Checks a curated document, with its internal `x-apifox-*` markers still there: they give the page.
/// Findings come by rule, then in the order of the document.
pub fn house(document: &Value) -> Vec<Finding> {
    run(document, &house::rules())
}

/// Checks a document that went through the generator's profile.
pub fn generator(document: &Value) -> Vec<Finding> {
    run(document, &generator::rules())
}

fn run(document: &Value, rules: &[Rule]) -> Vec<Finding> {
    let document = Document::new(document);
    let mut report = Report::new(&document);
    for rule in rules {
        report.begin(rule.id);
        (rule.check)(&document, &mut report);
    }
    report.findings
}
