//! Checks of the document. The `rules` are about money, retries, evidence, secrets and the shape of the
//! published documents, for every language. The `generator` rules are about input that the Rust generator
//! rejects or silently breaks. Generic rules, such as those for names and descriptions, are in
//! `spec/tools/redocly.yaml`.
//!
//! A finding is an error, for which `regen` stops, or an item of `spec/REVIEW.md`. [`assume_defaults`] applies
//! the safe defaults of the items that have one.
//!
//! A rule is a function with an id. `xtask/tests/lint/cases.yaml` has documents that break each rule.

pub mod defaults;
mod generator;
mod rules;
mod shared;

use std::fmt;

use serde_json::Value;

use crate::openapi::Document;
use crate::publish::cleanup;

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
    /// The reaction of `regen` to the finding.
    pub level: FindingLevel,
    /// The changes that settle the finding. An error has none.
    pub changes: Vec<DefaultChange>,
}

/// The reaction of `regen` to a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingLevel {
    /// `regen` stops.
    Error,
    /// `regen` applies the changes, which are safe, and requests a review.
    Assumed,
    /// `regen` only proposes the changes: the document is safe without them.
    Proposed,
}

/// A change of the document that settles a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultChange {
    /// The JSON pointer of the place.
    pub place: String,
    /// The fields to add, or `None` to remove the place.
    pub fields: Option<Value>,
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
            level: FindingLevel::Error,
            changes: Vec::new(),
        });
    }

    /// Adds a finding that these fields of the place settle, which are safe.
    fn assume(
        &mut self,
        place: &str,
        message: impl Into<String>,
        fix: impl Into<String>,
        fields: Value,
    ) {
        self.add(place, message, fix);
        self.settle_by(FindingLevel::Assumed, place, Some(fields));
    }

    /// Adds a finding for which these fields of the place are proposed.
    fn propose(
        &mut self,
        place: &str,
        message: impl Into<String>,
        fix: impl Into<String>,
        fields: Value,
    ) {
        self.add(place, message, fix);
        self.settle_by(FindingLevel::Proposed, place, Some(fields));
    }

    /// Adds a change that settles the last finding.
    fn settle_by(&mut self, level: FindingLevel, place: &str, fields: Option<Value>) {
        if let Some(finding) = self.found.last_mut() {
            finding.level = level;
            finding.changes.push(DefaultChange {
                place: place.to_owned(),
                fields,
            });
        }
    }
}

/// The id of a rule, and the function that reports what breaks it.
type LintRule = (&'static str, fn(&Document, &mut Findings));

/// Checks a document after the overlays were applied. The document must still have the importer's markers, which name
/// the page of each place. The findings are sorted by rule, then by document order.
pub fn check_document(document: &Value) -> Vec<Finding> {
    run(document, &rules::all())
}

/// The number of rounds in which defaults are applied. A new component may itself have findings.
const MAX_ROUNDS: usize = 20;

/// Applies the safe defaults, and returns the findings that are items to review.
pub fn assume_defaults(document: &mut Value) -> Vec<Finding> {
    let mut all: Vec<Finding> = Vec::new();
    for _ in 0..MAX_ROUNDS {
        let mut findings = check_document(document);
        findings.retain(|it| it.level != FindingLevel::Error && !all.contains(it));
        apply_defaults(document, &findings);
        cleanup::settle_references(document);
        let is_done = findings.iter().all(|it| it.level != FindingLevel::Assumed);
        all.append(&mut findings);
        if is_done {
            break;
        }
    }
    all
}

/// Applies the defaults of findings whose place the document has.
pub fn apply_defaults(document: &mut Value, findings: &[Finding]) {
    let assumed = findings
        .iter()
        .filter(|it| it.level == FindingLevel::Assumed);
    for finding in assumed {
        if document.pointer(&finding.place).is_some() {
            apply_changes(document, &finding.changes);
        }
    }
}

fn apply_changes(document: &mut Value, changes: &[DefaultChange]) {
    for change in changes {
        match &change.fields {
            Some(fields) => {
                if let Some(place) = document.pointer_mut(&change.place) {
                    merge(place, fields);
                }
            }
            None => {
                let place = change.place.rsplit_once('/');
                let owner = place.and_then(|(owner, name)| {
                    Some((document.pointer_mut(owner)?.as_object_mut()?, name))
                });
                if let Some((owner, name)) = owner {
                    owner.shift_remove(name);
                }
            }
        }
    }
}

/// Adds the fields of `default` that a value lacks, or has as a blank string.
fn merge(value: &mut Value, default: &Value) {
    match (value, default) {
        (Value::Object(fields), Value::Object(defaults)) => {
            for (name, default) in defaults {
                merge(fields.entry(name).or_insert(Value::Null), default);
            }
        }
        (Value::Array(_) | Value::Object(_), _) => {}
        (value, default) => {
            if value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty()) {
                *value = default.clone();
            }
        }
    }
}

/// Gives all envelopes of responses the fields of the common envelope.
pub fn normalize_envelopes(document: &mut Value) {
    rules::envelope::normalize(document);
}

/// Returns whether all properties that the target of an overlay action names last have names of secrets. The
/// default marks them wherever they are.
pub fn is_secret_by_name(target: &str) -> bool {
    let names = target.rsplit_once(".properties").map(|(_, names)| names);
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let names = names.unwrap_or_default().split(|c| !is_word(c));
    let mut names = names.filter(|name| !name.is_empty()).peekable();
    names.peek().is_some() && names.all(rules::secrets::is_secret_name)
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
