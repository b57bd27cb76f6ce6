//! Checks of the document for which `regen` stops. The `rules` are about money, retries, evidence, secrets
//! and the shape of the published documents, for every language. The `generator` rules are about input that
//! the Rust generator rejects or silently breaks. Generic rules, such as those for names and descriptions,
//! are in `spec/tools/redocly.yaml`.
//!
//! A rule is a function with an id. `xtask/tests/lint/cases.yaml` has documents that break each rule.

mod generator;
mod rules;
mod shared;

use std::fmt;

use serde_json::Value;

use crate::openapi::Document;

/// A place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The id of the rule.
    pub rule: &'static str,
    /// The JSON pointer of the place in the document; empty for the whole document.
    pub place: String,
    /// The page that the place comes from, as file and line or as page ids.
    pub page: Option<String>,
    /// The problem.
    pub message: String,
    /// How to fix it.
    pub fix: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.place.is_empty() {
            "the document"
        } else {
            &self.place
        };
        write!(f, "{}: {}\n  at {place}", self.rule, self.message)?;
        if let Some(page) = &self.page {
            write!(f, " (page {page})")?;
        }
        write!(f, "\n  help: {}", self.fix)
    }
}

/// Collects the findings of the rules.
struct Findings<'a> {
    document: &'a Document<'a>,
    rule: &'static str,
    found: Vec<Finding>,
}

impl Findings<'_> {
    fn add(&mut self, place: &str, message: impl Into<String>, fix: impl Into<String>) {
        self.found.push(Finding {
            rule: self.rule,
            place: place.to_owned(),
            page: self.document.page(place),
            message: message.into(),
            fix: fix.into(),
        });
    }
}

/// The id of a rule, and the function that reports what breaks it.
type LintRule = (&'static str, fn(&Document, &mut Findings));

/// Checks a curated document, which must still have the importer's markers: they have the pages. The findings
/// are sorted by rule, then by the order of the document.
pub fn check_document(document: &Value) -> Vec<Finding> {
    run(document, &rules::all())
}

/// Checks a document with the profile of the Rust generator applied.
pub fn check_generator_input(document: &Value) -> Vec<Finding> {
    run(document, &generator::all())
}

/// Returns the ids of the rules of [`check_document`] and of [`check_generator_input`].
pub fn rule_ids() -> [Vec<&'static str>; 2] {
    [rules::all(), generator::all()].map(|rules| rules.iter().map(|(id, _)| *id).collect())
}

fn run(document: &Value, rules: &[LintRule]) -> Vec<Finding> {
    let document = Document::new(document);
    let mut findings = Findings {
        document: &document,
        rule: "",
        found: Vec::new(),
    };
    for (id, check) in rules {
        findings.rule = id;
        check(&document, &mut findings);
    }
    findings.found
}
