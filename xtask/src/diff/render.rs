//! Prints a report: as text for a terminal, as Markdown for a pull request and for the changelog, and as
//! JSON for programs.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::{Value, json as value};

use super::{AffectedOperation, Change, ChangeReport, Verdict};

/// The number of operations that are listed by name.
const MAX_NAMED: usize = 3;

const VERDICTS: [Verdict; 3] = [Verdict::Breaking, Verdict::Compatible, Verdict::Docs];

/// The names of the documents, and the captured pages.
#[derive(Debug, Clone, Default)]
pub struct ReportHeading {
    /// The name of the old document.
    pub old: String,
    /// The name of the new document.
    pub new: String,
    /// The files of captured pages by page id.
    pub captures: BTreeMap<String, String>,
}

impl ReportHeading {
    fn files(&self, operation: &AffectedOperation) -> Vec<&str> {
        let pages = operation.pages.iter();
        pages
            .filter_map(|page| self.captures.get(page))
            .map(String::as_str)
            .collect()
    }

    /// Returns the first operations with their pages, and the number of the others.
    fn operations(
        &self,
        operations: &[AffectedOperation],
        show: impl Fn(&str, &[&str]) -> String,
    ) -> String {
        if operations.is_empty() {
            return "the whole document".to_owned();
        }
        let named = operations.iter().take(MAX_NAMED);
        let mut named: Vec<String> = named
            .map(|operation| show(&operation.request, &self.files(operation)))
            .collect();
        if operations.len() > MAX_NAMED {
            named.push(format!("{} more", operations.len() - MAX_NAMED));
        }
        named.join(", ")
    }
}

/// Returns the counts, such as `2 breaking, 1 compatible, 0 docs only`.
fn counts(report: &ChangeReport) -> String {
    VERDICTS
        .map(|verdict| format!("{} {verdict}", report.with(verdict).count()))
        .join(", ")
}

/// Returns the changes of one verdict, grouped by their operations.
fn groups(report: &ChangeReport, verdict: Verdict) -> Vec<(&[AffectedOperation], Vec<&Change>)> {
    let mut groups: Vec<(&[AffectedOperation], Vec<&Change>)> = Vec::new();
    for change in report.with(verdict) {
        match groups.last_mut() {
            Some((operations, changes)) if *operations == change.operations => changes.push(change),
            _ => groups.push((&change.operations, vec![change])),
        }
    }
    groups
}

/// Returns the broken parts and the reason, such as `wire: the method is removed`.
fn consequence(change: &Change) -> Option<String> {
    let broken = change.broken().join(", ");
    match (broken.as_str(), change.reason.as_str()) {
        ("", _) => None,
        (broken, "") => Some(broken.to_owned()),
        (broken, reason) => Some(format!("{broken}: {reason}")),
    }
}

/// Returns the report as text.
pub fn text(report: &ChangeReport, heading: &ReportHeading) -> String {
    let mut text = format!("{} → {}: {}\n", heading.old, heading.new, counts(report));
    for verdict in VERDICTS {
        for (index, (operations, changes)) in groups(report, verdict).into_iter().enumerate() {
            if index == 0 {
                let _ = write!(text, "\n{verdict}\n");
            }
            let operations = heading.operations(operations, |request, files| match files {
                [] => request.to_owned(),
                files => format!("{request} [{}]", files.join(", ")),
            });
            let _ = writeln!(text, "  {operations}");
            for change in changes {
                let _ = writeln!(text, "    {} ({})", change.what, change.kind);
                if let Some(consequence) = consequence(change) {
                    let _ = writeln!(text, "      {consequence}");
                }
            }
        }
    }
    text
}

/// Returns the report as Markdown, with a heading.
pub fn markdown(report: &ChangeReport, heading: &ReportHeading) -> String {
    format!(
        "## API changes: {}\n\n{} → {}\n{}",
        counts(report),
        code(&heading.old),
        code(&heading.new),
        section(report, heading)
    )
}

/// Returns the changes as Markdown, with headings of the third level.
pub fn section(report: &ChangeReport, heading: &ReportHeading) -> String {
    let mut text = String::new();
    for verdict in VERDICTS {
        for (index, (operations, changes)) in groups(report, verdict).into_iter().enumerate() {
            if index == 0 {
                let title = match verdict {
                    Verdict::Breaking => "Breaking",
                    Verdict::Compatible => "Compatible",
                    Verdict::Docs => "Docs only",
                };
                let _ = write!(text, "\n### {title}\n\n");
            }
            let operations = heading.operations(operations, |request, files| {
                let mut line = code(request);
                for file in files {
                    let _ = write!(line, " ({})", escape(file));
                }
                line
            });
            let _ = writeln!(text, "- {operations}");
            for change in changes {
                let _ = write!(text, "  - {}", inline(&change.what));
                if let Some(consequence) = consequence(change) {
                    let _ = write!(text, " ({})", inline(&consequence));
                }
                text.push('\n');
            }
        }
    }
    text
}

/// Returns a text with code spans as Markdown. Text of a page must not become other markup.
fn inline(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return escape(text);
    }
    let parts = parts.iter().enumerate();
    parts
        .map(|(index, part)| match index % 2 {
            0 => escape(part),
            _ => code(part),
        })
        .collect()
}

/// Returns a text in which no character is Markdown or HTML markup.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if "\\`*_[]<>#|@~!".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Returns a code span whose delimiter is longer than any run of backticks in the text.
fn code(text: &str) -> String {
    let longest = text
        .split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    let delimiter = "`".repeat(longest + 1);
    let space = if longest > 0 { " " } else { "" };
    format!("{delimiter}{space}{text}{space}{delimiter}")
}

/// Returns the report as JSON:
///
/// - `format`: 2. The number changes with the fields below.
/// - `old`, `new`: the names of the documents.
/// - `counts`: `breaking`, `compatible` and `docs`.
/// - `changes`, in the order of the other formats, each with
///   - `verdict`: `breaking`, `compatible` or `docs`;
///   - `breaks`: an array of `wire` (an older build is rejected or cannot read a response) and `code` (source
///     code does not compile);
///   - `kind`: the id of the check of oasdiff, or of one of ours;
///   - `what`: the change; `reason`: why it breaks something;
///   - `operations`: each with `request`, `pages` (ids) and `files` (captures of the pages); empty if the
///     change affects the whole document.
pub fn json(report: &ChangeReport, heading: &ReportHeading) -> String {
    let name = |verdict| match verdict {
        Verdict::Breaking => "breaking",
        Verdict::Compatible => "compatible",
        Verdict::Docs => "docs",
    };
    let operation = |operation: &AffectedOperation| {
        value!({
            "request": operation.request,
            "pages": operation.pages,
            "files": heading.files(operation),
        })
    };
    let change = |change: &Change| {
        value!({
            "verdict": name(change.verdict),
            "breaks": change.broken(),
            "kind": change.kind,
            "what": change.what,
            "reason": change.reason,
            "operations": change.operations.iter().map(operation).collect::<Vec<Value>>(),
        })
    };
    let counts: serde_json::Map<String, Value> = VERDICTS
        .into_iter()
        .map(|verdict| {
            (
                name(verdict).to_owned(),
                report.with(verdict).count().into(),
            )
        })
        .collect();
    crate::publish::format::to_json(&value!({
        "format": 2,
        "old": heading.old,
        "new": heading.new,
        "counts": counts,
        "changes": report.changes.iter().map(change).collect::<Vec<Value>>(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_of_page_text_stays_text() {
        assert_eq!(escape("<img> [a](b) @you"), "\\<img\\> \\[a\\](b) \\@you");
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("a``b"), "``` a``b ```");
        assert_eq!(inline("added `a_b` to _c_"), "added `a_b` to \\_c\\_");
        assert_eq!(inline("a ` b"), "a \\` b");
    }
}
