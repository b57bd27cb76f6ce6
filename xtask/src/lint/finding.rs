//! What a rule reports.

use crate::openapi::Document;
use std::fmt;

/// One place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Id of the rule.
    pub rule: &'static str,
    /// JSON pointer of the place in the document; empty for the whole document.
    pub place: String,
    /// The page that the place comes from, as file and line or as page keys; none for what no page has.
    pub page: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
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
pub(super) struct Report<'a> {
    document: &'a Document<'a>,
    rule: &'static str,
    pub(super) findings: Vec<Finding>,
}

impl<'a> Report<'a> {
    pub(super) fn new(document: &'a Document<'a>) -> Self {
        Self {
            document,
            rule: "",
            findings: Vec::new(),
        }
    }

    /// All findings from now on are of this rule.
    pub(super) fn begin(&mut self, rule: &'static str) {
        self.rule = rule;
    }

    pub(super) fn add(&mut self, place: &str, message: impl Into<String>, fix: impl Into<String>) {
        self.findings.push(Finding {
            rule: self.rule,
            place: place.to_owned(),
            page: self.document.page(place),
            message: message.into(),
            fix: fix.into(),
        });
    }
}
