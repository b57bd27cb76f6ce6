//! The findings of the probe, and their report.

use crate::output::sanitize;

/// The result of one question.
#[derive(Clone, Debug)]
pub(super) struct ProbeFinding {
    pub(super) question: &'static str,
    /// `None` if the calls did not answer the question.
    pub(super) found: Option<String>,
    pub(super) seen: String,
}

impl ProbeFinding {
    pub(super) fn answered(
        question: &'static str,
        found: impl Into<String>,
        seen: impl Into<String>,
    ) -> Self {
        Self {
            question,
            found: Some(found.into()),
            seen: seen.into(),
        }
    }

    pub(super) fn open(question: &'static str, seen: impl Into<String>) -> Self {
        Self {
            question,
            found: None,
            seen: seen.into(),
        }
    }
}

/// Returns the report as Markdown without a trailing line break.
pub(super) fn report(gateway: &str, findings: &[ProbeFinding]) -> String {
    let cell = |text: &str| sanitize(text).replace('|', "\\|");
    let version = env!("CARGO_PKG_VERSION");
    let mut text = format!(
        "### `stablelink probe` of {gateway}\n\nVersion {version} of this project. The report contains no secrets, tokens or \
         records.\n\n| Question | Found | Seen |\n|---|---|---|"
    );
    for finding in findings {
        let found = finding.found.as_deref().unwrap_or("**open**");
        let (question, found, seen) = (finding.question, cell(found), cell(&finding.seen));
        text.push_str(&format!("\n| {question} | {found} | {seen} |"));
    }
    text
}
