//! What a comparison finds.

use std::{collections::BTreeMap, fmt};

use crate::openapi::is_plain;

/// What a change asks of a person who depends on the generated crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Code no longer compiles, or a call that worked no longer does.
    Breaking,
    /// Something is new or other, and nothing has to be done.
    Compatible,
    /// Only words changed.
    Docs,
}

impl Verdict {
    /// The words that reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Breaking => "breaking",
            Self::Compatible => "compatible",
            Self::Docs => "docs only",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which way a value goes, as the caller sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// In parameters and bodies of requests, and in replies to webhooks.
    Sent,
    /// In answers, and in bodies of webhooks.
    Received,
}

impl Direction {
    /// The words that reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Received => "received",
        }
    }
}

/// An operation that a change reaches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reached {
    /// `POST /path`, or `webhook name`.
    pub call: String,
    /// The method of the generated client; none for a webhook.
    pub method: Option<String>,
    /// Ids of the pages that describe it.
    pub pages: Vec<String>,
}

/// One change, with what it means.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// What it asks of the caller.
    pub verdict: Verdict,
    /// The place: a component with its field (`ExchangeRate.rate`), or a call with its part.
    pub place: String,
    /// The rule that judged, as a fixed word for programs.
    pub kind: &'static str,
    /// Which way the value goes, where the verdict depends on it.
    pub direction: Option<Direction>,
    /// What changed in the document.
    pub what: String,
    /// What it means for the caller's code.
    pub means: String,
    /// A program built with the crate of the old document is refused, or cannot read an answer.
    pub breaks_wire: bool,
    /// Source code does not compile with the crate of the new document.
    pub breaks_code: bool,
    /// The operations that it reaches, in order; none where it concerns the whole document.
    pub operations: Vec<Reached>,
}

impl Change {
    /// A change that breaks nothing, until told otherwise.
    pub(super) fn new(
        kind: &'static str,
        place: impl Into<String>,
        what: impl Into<String>,
    ) -> Self {
        Self {
            verdict: Verdict::Compatible,
            place: line(&place.into()),
            kind,
            direction: None,
            what: line(&what.into()),
            means: String::new(),
            breaks_wire: false,
            breaks_code: false,
            operations: Vec::new(),
        }
    }

    /// A change of words.
    pub(super) fn docs(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Docs,
            means: "nothing to do".into(),
            ..Self::new("docs", place, what)
        }
    }

    pub(super) fn toward(mut self, direction: Direction) -> Self {
        self.direction = Some(direction);
        self
    }

    /// What it breaks: a running program, code that is compiled anew.
    pub(super) fn breaks(mut self, wire: bool, code: bool) -> Self {
        self.breaks_wire = wire;
        self.breaks_code = code;
        if wire || code {
            self.verdict = Verdict::Breaking;
        }
        self
    }

    pub(super) fn means(mut self, text: impl Into<String>) -> Self {
        self.means = text.into();
        self
    }

    /// What it breaks, as words: `wire`, `code`.
    pub fn breaks_words(&self) -> Vec<&'static str> {
        [(self.breaks_wire, "wire"), (self.breaks_code, "code")]
            .into_iter()
            .filter_map(|(breaks, word)| breaks.then_some(word))
            .collect()
    }
}

/// All changes between two documents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Breaking ones first, then by operation and place.
    pub changes: Vec<Change>,
}

impl Report {
    /// The report in its order, with equal changes told once.
    pub(super) fn new(changes: Vec<Change>) -> Self {
        let mut told: BTreeMap<Change, Vec<Reached>> = BTreeMap::new();
        for mut change in changes {
            let operations = std::mem::take(&mut change.operations);
            told.entry(change).or_default().extend(operations);
        }
        let mut changes: Vec<Change> = told
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

    /// How many changes have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.of(verdict).count()
    }

    /// The changes with this verdict.
    pub fn of(&self, verdict: Verdict) -> impl Iterator<Item = &Change> {
        self.changes
            .iter()
            .filter(move |change| change.verdict == verdict)
    }
}

/// A text of a page as one line: it must not move the cursor of a terminal or begin a line of its own.
pub(super) fn line(text: &str) -> String {
    text.chars()
        .map(|letter| if is_plain(letter) { letter } else { ' ' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reached(call: &str) -> Reached {
        Reached {
            call: call.into(),
            method: None,
            pages: Vec::new(),
        }
    }

    #[test]
    fn equal_changes_are_told_once_with_all_their_operations() {
        let change = |call: &str| Change {
            operations: vec![reached(call)],
            ..Change::docs("A", "description changed")
        };
        let report = Report::new(vec![change("b"), change("a"), change("b")]);
        assert_eq!(report.changes.len(), 1);
        assert_eq!(report.changes[0].operations, [reached("a"), reached("b")]);
    }

    #[test]
    fn breaking_ones_stand_first() {
        let plain = Change::new("k", "a", "x");
        let breaking = Change::new("k", "b", "x").breaks(true, false);
        let report = Report::new(vec![Change::docs("a", "x"), plain, breaking]);
        let verdicts: Vec<Verdict> = report.changes.iter().map(|change| change.verdict).collect();
        assert_eq!(
            verdicts,
            [Verdict::Breaking, Verdict::Compatible, Verdict::Docs]
        );
    }

    #[test]
    fn a_change_stays_on_its_line() {
        assert_eq!(Change::new("k", "a", "x\n\u{1b}[31m").what, "x  [31m");
        assert_eq!(Change::new("k", "a", "x\u{202e}y").what, "x y");
    }
}
