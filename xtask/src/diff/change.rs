//! One change, and the report of all changes.

use std::{collections::BTreeMap, fmt};

use crate::openapi::{self, is_plain, strings, text};

/// The effect of a change on a program that uses the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// A program that worked no longer works, or its source code no longer compiles.
    Breaking,
    /// Something was added or changed, and programs keep working.
    Compatible,
    /// Only descriptions or examples changed.
    Docs,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Breaking => "breaking",
            Self::Compatible => "compatible",
            Self::Docs => "docs only",
        })
    }
}

/// An operation that a change affects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AffectedOperation {
    /// `POST /path`, or `webhook name`.
    pub request: String,
    /// The ids of the pages that describe the operation.
    pub pages: Vec<String>,
}

impl AffectedOperation {
    pub(crate) fn new(operation: &openapi::Operation<'_>) -> Self {
        let path = line(operation.path);
        Self {
            request: if operation.is_webhook() {
                format!("webhook {path}")
            } else {
                format!("{} {path}", operation.method.to_uppercase())
            },
            pages: pages(operation.value),
        }
    }
}

/// Returns the pages of an operation: those of `x-evidence`, and the last segment of its `externalDocs` URL
/// if that is a page id.
fn pages(operation: &serde_json::Value) -> Vec<String> {
    let evidence = operation.get("x-evidence");
    let mut pages: Vec<String> = strings(evidence.and_then(|evidence| evidence.get("pages")))
        .map(str::to_owned)
        .collect();
    pages.extend(
        operation
            .get("externalDocs")
            .and_then(|docs| text(docs, "url"))
            .and_then(|url| url.rsplit('/').next())
            .filter(|id| id.starts_with(|c: char| c.is_ascii_digit()))
            .map(str::to_owned),
    );
    pages.sort();
    pages.dedup();
    pages
}

/// One change, with its consequences.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The effect on programs.
    pub verdict: Verdict,
    /// The id of the check: that of oasdiff, or one of ours.
    pub kind: String,
    /// The change in the document.
    pub what: String,
    /// The reason why the change breaks a program or its source code; empty if `what` is
    /// sufficient.
    pub reason: String,
    /// Whether the gateway rejects requests of a program that was built with the old document, or the program cannot
    /// read a response.
    pub breaks_wire: bool,
    /// Source code does not compile with the crate that is generated from the new document.
    pub breaks_code: bool,
    /// The affected operations; empty if the change affects the whole document.
    pub operations: Vec<AffectedOperation>,
}

impl Change {
    /// Creates a change that breaks nothing.
    pub(super) fn compatible(kind: impl Into<String>, what: &str) -> Self {
        Self {
            verdict: Verdict::Compatible,
            kind: kind.into(),
            what: line(what),
            reason: String::new(),
            breaks_wire: false,
            breaks_code: false,
            operations: Vec::new(),
        }
    }

    /// Creates a change of descriptions or examples.
    pub(super) fn docs(kind: impl Into<String>, what: &str) -> Self {
        Self {
            verdict: Verdict::Docs,
            ..Self::compatible(kind, what)
        }
    }

    /// Marks the change as one that breaks programs that were built with the old document.
    pub(super) fn breaks_wire(mut self, reason: &str) -> Self {
        self.breaks_wire = true;
        self.breaking(reason)
    }

    /// Marks the change as one that breaks source code.
    pub(super) fn breaks_code(mut self, reason: &str) -> Self {
        self.breaks_code = true;
        self.breaking(reason)
    }

    fn breaking(mut self, reason: &str) -> Self {
        self.verdict = Verdict::Breaking;
        self.reason = reason.to_owned();
        self
    }

    pub(super) fn on(mut self, operations: impl IntoIterator<Item = AffectedOperation>) -> Self {
        self.operations.extend(operations);
        self
    }

    /// Returns the names of the broken parts: `wire`, `code`.
    pub fn broken(&self) -> Vec<&'static str> {
        [(self.breaks_wire, "wire"), (self.breaks_code, "code")]
            .into_iter()
            .filter_map(|(breaks, name)| breaks.then_some(name))
            .collect()
    }
}

/// All changes between two documents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangeReport {
    /// The changes, sorted by verdict and then by operation.
    pub changes: Vec<Change>,
}

impl ChangeReport {
    /// Sorts the changes and merges equal changes of several operations into one.
    pub(super) fn new(changes: Vec<Change>) -> Self {
        let mut merged: BTreeMap<Change, Vec<AffectedOperation>> = BTreeMap::new();
        for mut change in changes {
            let operations = std::mem::take(&mut change.operations);
            merged.entry(change).or_default().extend(operations);
        }
        let mut changes: Vec<Change> = merged
            .into_iter()
            .map(|(mut change, mut operations)| {
                operations.sort();
                operations.dedup();
                change.operations = operations;
                change
            })
            .collect();
        changes.sort_by(|one, other| {
            (one.verdict, &one.operations)
                .cmp(&(other.verdict, &other.operations))
                .then_with(|| one.cmp(other))
        });
        Self { changes }
    }

    /// Returns the changes with this verdict.
    pub fn with(&self, verdict: Verdict) -> impl Iterator<Item = &Change> {
        self.changes
            .iter()
            .filter(move |change| change.verdict == verdict)
    }
}

/// Returns text of a page as one line, without characters that move the cursor of a terminal or
/// start a new line.
pub(super) fn line(text: &str) -> String {
    text.chars()
        .map(|c| if is_plain(c) { c } else { ' ' })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn report_merges_equal_changes_and_sorts_breaking_ones_first() {
        let operation = |request: &str| AffectedOperation {
            request: request.into(),
            pages: Vec::new(),
        };
        let docs = |request: &str| Change::docs("k", "x").on([operation(request)]);
        let report = ChangeReport::new(vec![
            docs("b"),
            docs("a"),
            docs("b"),
            Change::compatible("k", "x"),
            Change::compatible("k", "x").breaks_wire("r"),
        ]);
        let verdicts: Vec<Verdict> = report.changes.iter().map(|it| it.verdict).collect();
        assert_eq!(
            verdicts,
            [Verdict::Breaking, Verdict::Compatible, Verdict::Docs]
        );
        assert_eq!(
            report.changes[2].operations,
            [operation("a"), operation("b")]
        );
    }

    #[test]
    fn change_text_stays_on_one_line() {
        for (text, expected) in [("x\n\u{1b}[31m", "x  [31m"), ("x\u{202e}y", "x y")] {
            assert_eq!(Change::compatible("k", text).what, expected);
        }
    }

    #[test]
    fn pages_are_those_of_the_evidence_and_of_the_url() {
        for (operation, expected) in [
            (json!({}), vec![]),
            (
                json!({"x-evidence": {"pages": ["2e0", "1e0"]}}),
                vec!["1e0", "2e0"],
            ),
            (
                json!({"externalDocs": {"url": "https://site.test/7e0"}}),
                vec!["7e0"],
            ),
            (
                json!({"externalDocs": {"url": "https://site.test/about"}}),
                vec![],
            ),
        ] {
            assert_eq!(pages(&operation), expected, "{operation}");
        }
    }
}
