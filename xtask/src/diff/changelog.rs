//! `spec/CHANGELOG.md`: what changed since the last release.
//!
//! The section of the unreleased version is always the whole difference between `spec/baseline.json`,
//! the document of the last release, and the document that is made now. It depends on these two alone,
//! so that a run after a run changes nothing, a change that was taken back leaves no line, and no git
//! history is needed.

use serde_json::Value;

use super::{compare, render};
use crate::publish::part::{self, Unpaired, line_start, line_starting};

/// The file, below the root.
pub const FILE: &str = "spec/CHANGELOG.md";

/// The document of the last release, below the root.
pub const BASELINE: &str = "spec/baseline.json";

const HEADING: &str = "## Unreleased";

const HEAD: &str = "# Changes of the document

What changed in `openapi.json`, for those who depend on the generated crate. *code*: source code has to
be changed. *wire*: a program that was built before is refused, or cannot read an answer.

`cargo xtask regen` writes what stands between its marks under *Unreleased*: the difference between
`baseline.json`, the document of the last release, and the document now. (Before the first release it is
the document as it was when this file began.) To release, give the heading the version and copy
`openapi.json` over `baseline.json`; the next run begins a new section. What a person writes outside the
marks stays.
";

/// The file with the section renewed. `current` is the file as it is, `baseline` the document of the last
/// release.
///
/// # Errors
/// The marks of the section do not pair; the text says what to do.
pub fn renew(
    current: Option<&str>,
    baseline: Option<&Value>,
    document: &Value,
    captures: &std::collections::BTreeMap<String, String>,
) -> Result<String, MarksError> {
    let body = match baseline {
        None => "\nNothing was released yet.\n".to_owned(),
        Some(baseline) => {
            let heading = render::Heading {
                captures: captures.clone(),
                ..render::Heading::default()
            };
            let body = render::section(&compare(baseline, document), &heading, "###");
            if body.is_empty() {
                "\nNothing that the document tells.\n".to_owned()
            } else {
                body
            }
        }
    };
    let block = part::of(&body);
    let current = current.unwrap_or(HEAD).replace("\r\n", "\n");
    let Some(start) = line_start(&current, HEADING) else {
        let at = line_starting(&current, "## ").unwrap_or(current.len());
        let (head, rest) = current.split_at(at);
        let gap = if head.ends_with("\n\n") { "" } else { "\n" };
        let after = if rest.is_empty() { "" } else { "\n" };
        return Ok(format!("{head}{gap}{HEADING}\n\n{block}{after}{rest}"));
    };
    let after_heading = start + HEADING.len();
    let (head, rest) = current.split_at(after_heading);
    let end = line_starting(rest, "## ").unwrap_or(rest.len());
    let (section, rest) = rest.split_at(end);
    match part::find(section) {
        Ok(None) => {
            let section = section.trim_start_matches('\n');
            let gap = if section.is_empty() { "" } else { "\n" };
            Ok(format!("{head}\n\n{block}{gap}{section}{rest}"))
        }
        Ok(Some(own)) => {
            let before = section.get(..own.start).unwrap_or_default();
            let after = section.get(own.end..).unwrap_or_default();
            Ok(format!("{head}{before}{block}{after}{rest}"))
        }
        Err(Unpaired) => Err(MarksError),
    }
}

/// The marks of the section were edited.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "spec/CHANGELOG.md: the marks `<!-- regen: begin -->` and `<!-- regen: end -->` under `## Unreleased` do not pair; put both back, or delete both and regen makes them anew"
)]
pub struct MarksError;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    const BEGIN: &str = "<!-- regen: begin -->";
    const END: &str = "<!-- regen: end -->";

    fn document(path: &str) -> Value {
        json!({"openapi": "3.0.3", "paths": {path: {"get": {"operationId": "read"}}}})
    }

    fn renewed(current: Option<&str>, path: &str) -> String {
        let text = renew(
            current,
            Some(&document("/a")),
            &document(path),
            &BTreeMap::new(),
        )
        .unwrap();
        let again = renew(
            Some(&text),
            Some(&document("/a")),
            &document(path),
            &BTreeMap::new(),
        );
        assert_eq!(again.unwrap(), text, "a second run changes nothing");
        text
    }

    #[test]
    fn the_section_is_the_whole_difference_and_only_it_is_renewed() {
        let first = renewed(None, "/b");
        insta::assert_snapshot!("first", first);
        // Taken back.
        let back = renewed(Some(&first), "/a");
        assert!(
            !back.contains("GET /b") && back.contains("Nothing that"),
            "{back}"
        );
        // Words of a person stay, before and after the marks.
        let words = back
            .replace(BEGIN, "By hand, before.\n\n<!-- regen: begin -->")
            .replace(
                END,
                "<!-- regen: end -->\n\nBy hand, after.\n\n## 0.1.0\n\nOld.",
            );
        let words = renewed(Some(&words), "/b");
        insta::assert_snapshot!("with-words-of-a-person", words);
        // A release.
        let released = words.replace(HEADING, "## 0.2.0");
        let next = renewed(Some(&released), "/c");
        insta::assert_snapshot!("after-a-release", next);
    }

    #[test]
    fn marks_that_do_not_pair_are_an_error() {
        let text = format!("{HEADING}\n\n{END}\n{BEGIN}\n");
        let error = renew(Some(&text), None, &document("/a"), &BTreeMap::new());
        assert_eq!(error, Err(MarksError));
        let text = format!("{HEADING}\n\n{BEGIN}\n");
        assert!(renew(Some(&text), None, &document("/a"), &BTreeMap::new()).is_err());
    }
}
