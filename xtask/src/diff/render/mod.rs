//! Reports as text: for a terminal, for a pull request, for programs.

mod json;
mod markdown;
mod text;

use std::collections::BTreeMap;

pub use json::json;
pub use markdown::{markdown, section};
pub use text::text;

use super::{Change, Reached, Report, Verdict};

/// More operations than this are counted and not named.
const NAMED: usize = 3;

/// What a report is about.
#[derive(Debug, Clone, Default)]
pub struct Heading {
    /// What the old document is called.
    pub old: String,
    /// What the new document is called.
    pub new: String,
    /// Files of captured pages by the ids of the pages.
    pub captures: BTreeMap<String, String>,
}

impl Heading {
    fn files(&self, reached: &Reached) -> Vec<&str> {
        reached
            .pages
            .iter()
            .filter_map(|page| self.captures.get(page))
            .map(String::as_str)
            .collect()
    }
}

const VERDICTS: [Verdict; 3] = [Verdict::Breaking, Verdict::Compatible, Verdict::Docs];

/// `2 breaking, 1 compatible, 0 docs only`.
fn counts(report: &Report) -> String {
    VERDICTS
        .map(|verdict| format!("{} {verdict}", report.count(verdict)))
        .join(", ")
}

/// Changes of one verdict that reach the same operations, in their order.
fn groups(report: &Report, verdict: Verdict) -> Vec<(&[Reached], Vec<&Change>)> {
    let mut groups: Vec<(&[Reached], Vec<&Change>)> = Vec::new();
    for change in report.of(verdict) {
        match groups.last_mut() {
            Some((operations, changes)) if *operations == change.operations => changes.push(change),
            _ => groups.push((&change.operations, vec![change])),
        }
    }
    groups
}

/// The place without the call that already stands above it.
fn place(change: &Change) -> &str {
    let call = change.operations.first().map(|reached| &reached.call);
    match call.and_then(|call| change.place.strip_prefix(call.as_str())) {
        Some("") => "operation",
        Some(rest) if rest.starts_with(' ') => rest.trim_start(),
        _ => &change.place,
    }
}

/// Which way the value goes, where its place does not say it as that of a body or a parameter does.
fn direction(change: &Change) -> String {
    match change.direction {
        Some(direction) if place(change) == change.place => format!(" ({})", direction.as_str()),
        _ => String::new(),
    }
}
