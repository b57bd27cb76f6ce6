//! Examples of a rendered page: JSON, which may be truncated, or plain text.

use super::labels::{example_line, marker};
use super::lines::Lines;
use super::response_labels::{code_line, status_line, status_tab};
use crate::diagnostic::{Diagnostic, quoted};
use crate::json::{Budget, JsonNode, JsonValue, parse};
use crate::page::BodyExample;

/// Reads the JSON examples at the start of a text, up to the end of the line on which the last one
/// ends. Returns the byte offset after them.
///
/// Fails if the first one is not JSON; the caller decides whether to report that.
pub(crate) fn json(
    text: &str,
    line: u32,
    column: u32,
    file: &str,
    budget: &mut Budget,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<(Vec<BodyExample>, usize), Diagnostic> {
    let mut examples = Vec::new();
    let mut start = 0;
    let (mut line, mut column) = (line, column);
    loop {
        let parsed = match parse(&text[start..], line, column, budget) {
            Ok(parsed) => parsed,
            Err(failure) => {
                let message = Diagnostic::error(
                    file,
                    failure.line,
                    format!(
                        "the example is not JSON: {} (column {})",
                        failure.reason, failure.column
                    ),
                )
                .with_help(
                    "correct the example in the file, or end it before this place with a line `[capture: cut here; …]`",
                );
                if examples.is_empty() {
                    return Err(message);
                }
                diagnostics.push(message);
                return Ok((examples, start));
            }
        };
        for (line, remark) in parsed.remarks {
            diagnostics.push(Diagnostic::warning(file, line, remark));
        }
        if let Some(cut) = &parsed.cut {
            let lost = cut.lost.as_ref().map_or_else(String::new, |name| {
                format!("; the value of {} is missing", quoted(name))
            });
            diagnostics.push(Diagnostic::warning(
                file,
                cut.line,
                format!("the example is truncated here{lost}"),
            ));
        }
        examples.push(BodyExample {
            line: parsed.node.line,
            name: None,
            value: parsed.node,
            cut: parsed.cut.is_some(),
        });
        let end = start + parsed.end;
        let passed = &text[start..end];
        let breaks = passed.bytes().filter(|&byte| byte == b'\n').count();
        line = line.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX));
        let tail = passed.rsplit('\n').next().unwrap_or_default();
        let width = u32::try_from(tail.chars().count()).unwrap_or(u32::MAX);
        column = if breaks == 0 {
            column.saturating_add(width)
        } else {
            width.saturating_add(1)
        };
        let rest = text[end..].trim_start_matches(|c: char| c != '\n' && c.is_whitespace());
        if rest.starts_with(['{', '[']) {
            start = end;
            continue;
        }
        if !rest.is_empty() && !rest.starts_with('\n') {
            let line_end = rest.find('\n').unwrap_or(rest.len());
            diagnostics.push(Diagnostic::warning(
                file,
                line,
                format!(
                    "{} after the example is ignored",
                    quoted(rest[..line_end].trim_end())
                ),
            ));
        }
        return Ok((examples, end));
    }
}

/// Creates an example from text that is not JSON.
pub(crate) fn text(text: &str, line: u32) -> BodyExample {
    BodyExample {
        line,
        name: None,
        value: JsonNode {
            line,
            value: JsonValue::String(text.trim().to_owned()),
        },
        cut: false,
    }
}

/// For each line, the index of the next line on which an example must have ended.
pub(super) struct ExampleEnds {
    /// The next heading, or line that begins inside a line of the capture.
    pub(super) heading: Vec<usize>,
    /// The next heading, status line or example label.
    pub(super) any: Vec<usize>,
}

impl ExampleEnds {
    pub(super) fn new(lines: &Lines, from: usize, end: usize) -> Self {
        let count = end.saturating_sub(from);
        let mut limits = Self {
            heading: vec![end; count + 1],
            any: vec![end; count + 1],
        };
        for at in (from..end).rev() {
            let line = lines.at(at);
            let heading = marker(line, true).is_some() || lines.is_joined(at);
            let status = status_line(line).is_some() || status_tab(line).is_some();
            let any =
                heading || status || code_line(line).is_some() || example_line(line).is_some();
            let below = at - from + 1;
            limits.heading[below - 1] = if heading { at } else { limits.heading[below] };
            limits.any[below - 1] = if any { at } else { limits.any[below] };
        }
        limits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_examples_on_one_line_are_read() {
        let mut diagnostics = Vec::new();
        let (examples, end) = json(
            "{\n\"a\":1} {\"b\":tru",
            5,
            1,
            "a.txt",
            &mut Budget::default(),
            &mut diagnostics,
        )
        .unwrap();
        assert_eq!(examples.len(), 2);
        assert_eq!((examples[1].line, examples[1].cut), (6, true));
        assert_eq!(end, 17);
        assert_eq!(
            diagnostics[0].to_string(),
            "a.txt:6: warning: the example is truncated here"
        );
    }

    #[test]
    fn text_after_an_example_is_warned_about() {
        let mut diagnostics = Vec::new();
        let (_, end) = json(
            "{} x\ny",
            1,
            1,
            "a.txt",
            &mut Budget::default(),
            &mut diagnostics,
        )
        .unwrap();
        assert_eq!(end, 2);
        assert_eq!(
            diagnostics[0].to_string(),
            "a.txt:1: warning: `x` after the example is ignored"
        );
        let failure = json(
            "{x}",
            3,
            7,
            "a.txt",
            &mut Budget::default(),
            &mut diagnostics,
        )
        .unwrap_err();
        assert!(failure.text.ends_with("found 'x' (column 8)"), "{failure}");
    }
}
