//! `spec/CHANGELOG.md`: the changes since the last release.
//!
//! The section of the unreleased version is always the whole difference between `spec/baseline.json`, the
//! document of the last release, and the current document. A second run therefore changes nothing, and a
//! change that was undone leaves no line.

use std::{collections::BTreeMap, error::Error, fs, io, path::Path};

use serde_json::Value;

use super::{ChangeReport, render};

/// The path of the file below the root.
pub const FILE: &str = "spec/CHANGELOG.md";

/// The document of the last release, below the root.
pub const BASELINE: &str = "spec/baseline.json";

const DOCUMENT: &str = "spec/openapi.json";
const HEADING: &str = "## Unreleased";
const BEGIN: &str = "<!-- changelog: begin -->";
const END: &str = "<!-- changelog: end -->";

const INTRODUCTION: &str = "# Changes of the document

Changes of `openapi.json`. *wire*: a program that was built with the old document is rejected, or cannot read
a response. *code*: source code does not compile with the crate that is generated from the new document.

`cargo xtask changelog` writes the part between the markers under *Unreleased*. It is the difference between
`baseline.json`, the document of the last release, and the current document. Before the first release,
`baseline.json` is the document from the day on which this file was started. For a release, replace the
heading by the version and copy `openapi.json` to `baseline.json`; the next run adds a new section. Text
outside the markers is kept.
";

/// Updates the file with the result of `compare`, which receives the baseline and the current document.
/// Returns whether the file changed.
///
/// # Errors
/// Fails if a document cannot be read, if the comparison fails, if the markers of the section do not pair, or
/// if the file cannot be written.
pub fn update(
    root: &Path,
    captures: &BTreeMap<String, String>,
    compare: impl FnOnce(&Value, &Value) -> Result<ChangeReport, Box<dyn Error>>,
) -> Result<bool, Box<dyn Error>> {
    let read = |file: &str| -> Result<Option<String>, Box<dyn Error>> {
        match fs::read_to_string(root.join(file)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{file}: {error}").into()),
        }
    };
    let parse = |file: &str, text: &str| -> Result<Value, Box<dyn Error>> {
        serde_json::from_str(text).map_err(|error| format!("{file}: invalid JSON: {error}").into())
    };
    let current = read(FILE)?;
    let report = match read(BASELINE)? {
        None => None,
        Some(baseline) => {
            let document = read(DOCUMENT)?
                .ok_or_else(|| format!("{DOCUMENT}: not found\n  help: cargo xtask regen"))?;
            Some(compare(
                &parse(BASELINE, &baseline)?,
                &parse(DOCUMENT, &document)?,
            )?)
        }
    };
    let updated = replace_section(current.as_deref(), report.as_ref(), captures)?;
    let has_changed = current.as_deref() != Some(updated.as_str());
    if has_changed {
        let path = root.join(FILE);
        let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(root))?;
        io::Write::write_all(&mut file, updated.as_bytes())?;
        file.persist(path)?;
    }
    Ok(has_changed)
}

/// The markers of the section do not pair.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{FILE}: the markers `{BEGIN}` and `{END}` under `{HEADING}` do not pair; restore both, or delete both, and `cargo xtask changelog` writes them again"
)]
pub struct MarkerError;

/// Returns the text of the file with a new section. Without a baseline there is no report.
fn replace_section(
    current: Option<&str>,
    report: Option<&ChangeReport>,
    captures: &BTreeMap<String, String>,
) -> Result<String, MarkerError> {
    let heading = render::ReportHeading {
        captures: captures.clone(),
        ..render::ReportHeading::default()
    };
    let body = match report.map(|report| render::section(report, &heading)) {
        None => "\nNothing has been released yet.\n".to_owned(),
        Some(body) if body.is_empty() => "\nNo changes.\n".to_owned(),
        Some(body) => body,
    };
    let block = format!("{BEGIN}\n{body}\n{END}\n");
    let current = current.unwrap_or(INTRODUCTION).replace("\r\n", "\n");
    let Some(start) = find_line(&current, |line| line.trim_end() == HEADING) else {
        let at = find_line(&current, |line| line.starts_with("## ")).unwrap_or(current.len());
        let (introduction, rest) = current.split_at(at);
        let gap = if introduction.ends_with("\n\n") {
            ""
        } else {
            "\n"
        };
        let after = if rest.is_empty() { "" } else { "\n" };
        return Ok(format!(
            "{introduction}{gap}{HEADING}\n\n{block}{after}{rest}"
        ));
    };
    let (head, rest) = current.split_at(start + HEADING.len());
    let end = find_line(rest, |line| line.starts_with("## ")).unwrap_or(rest.len());
    let (section, rest) = rest.split_at(end);
    let begin = find_line(section, |line| line.trim_end() == BEGIN);
    let end = find_line(section, |line| line.trim_end() == END);
    match (begin, end) {
        (None, None) => {
            let section = section.trim_start_matches('\n');
            let gap = if section.is_empty() { "" } else { "\n" };
            Ok(format!("{head}\n\n{block}{gap}{section}{rest}"))
        }
        (Some(begin), Some(end)) if begin < end => {
            let before = section.get(..begin).unwrap_or_default();
            let after = section.get(end + END.len()..).unwrap_or_default();
            let after = after.strip_prefix('\n').unwrap_or(after);
            Ok(format!("{head}{before}{block}{after}{rest}"))
        }
        _ => Err(MarkerError),
    }
}

/// Returns the position of the first line that fulfils the condition.
fn find_line(text: &str, condition: impl Fn(&str) -> bool) -> Option<usize> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if condition(line) {
            return Some(at);
        }
        at += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::Change;
    use super::*;

    fn report(change: Option<&str>) -> ChangeReport {
        let changes = change.map(|what| Change::compatible("k", what));
        ChangeReport::new(changes.into_iter().collect())
    }

    fn replaced(current: Option<&str>, change: Option<&str>) -> String {
        let captures = BTreeMap::new();
        let report = report(change);
        let text = replace_section(current, Some(&report), &captures).unwrap();
        let again = replace_section(Some(&text), Some(&report), &captures).unwrap();
        assert_eq!(again, text, "a second run changes nothing");
        text
    }

    #[test]
    fn section_is_replaced_and_other_text_is_kept() {
        let first = replaced(None, Some("GET /b was added"));
        insta::assert_snapshot!("first", first);
        let undone = replaced(Some(&first), None);
        assert!(
            !undone.contains("GET /b") && undone.contains("No changes."),
            "{undone}"
        );
        let with_text = undone
            .replace(BEGIN, &format!("By hand, before.\n\n{BEGIN}"))
            .replace(
                END,
                &format!("{END}\n\nBy hand, after.\n\n## 0.1.0\n\nOld."),
            );
        let with_text = replaced(Some(&with_text), Some("GET /b was added"));
        insta::assert_snapshot!("with-text-of-a-person", with_text);
        let released = with_text.replace(HEADING, "## 0.2.0");
        insta::assert_snapshot!(
            "after-a-release",
            replaced(Some(&released), Some("GET /c was added"))
        );
    }

    #[test]
    fn markers_that_do_not_pair_are_an_error() {
        for text in [
            format!("{HEADING}\n\n{END}\n{BEGIN}\n"),
            format!("{HEADING}\n\n{BEGIN}\n"),
        ] {
            let result = replace_section(Some(&text), None, &BTreeMap::new());
            assert_eq!(result, Err(MarkerError));
        }
        let text = format!("{HEADING}\n\nsay `{BEGIN}`\n");
        assert!(replace_section(Some(&text), None, &BTreeMap::new()).is_ok());
    }
}
