//! The rendered page: the text that a browser shows.
//!
//! Stages, in this order: `lines` (decoded, numbered lines) → `page_title` and `page_header` (title, method, path) →
//! `labels` (headings and labels) → `sections` (what each section contains; `examples`, `table`,
//! `field_list` and `authorization` read the parts of a section) → `fields` (which parameter or body a
//! row describes) and `nesting` (which field contains it) → `body`, `operation` (the result).
//! `path_line` and `seams` divide lines that were joined, `joins` joins divided ones; `curl` and `url` read the code sample.

mod authorization;
mod body;
pub(crate) mod curl;
mod examples;
mod field_list;
mod field_start;
mod field_values;
pub(crate) mod fields;
mod joins;
mod labels;
mod limits;
pub(crate) mod lines;
mod nesting;
mod operation;
mod page_header;
mod page_title;
mod path_line;
mod response_labels;
mod response_sections;
pub(crate) mod sampled_parameters;
mod seams;
mod section_examples;
mod section_text;
mod sections;
mod table;
pub(crate) mod url;
mod value_labels;

use crate::diagnostic::{Diagnostic, quoted};
use crate::page::{CaptureNote, Page, PageKind};
use crate::{ExplainedLine, PageRole, PageSource};
use jiff::civil::DateTime;
use lines::Lines;
use page_header::PageHeader;

/// Parses a rendered page. If it returns no page, the diagnostics contain an error.
pub(crate) fn read(source: &PageSource, diagnostics: &mut Vec<Diagnostic>) -> Option<Page> {
    let text = lines::decode(source.name, source.text, diagnostics)?;
    let (text, notes) = lines::take_notes(&text);
    let mut lines = lines::split(&text);
    joins::join_divided(&mut lines);
    let server = path_line::prepare(&mut lines);
    page(&lines, server, notes, source, diagnostics)
}

/// Returns whether a text has the heading of the responses of an operation, and a code sample or the
/// method with its path.
pub(crate) fn shows_operation(text: &str) -> bool {
    let lines = lines::split(text);
    let is_responses = |at| {
        let marker = labels::marker(lines.at(at), true);
        matches!(marker, Some(labels::Marker::Responses))
    };
    (0..lines.len()).any(is_responses)
        && (page_header::has_sample(&lines) || page_header::operation_line(&lines, 0).is_some())
}

/// Returns the use of each line of a page.
pub(crate) fn explain(source: &PageSource) -> Vec<ExplainedLine> {
    let mut diagnostics = Vec::new();
    let Some(text) = lines::decode(source.name, source.text, &mut diagnostics) else {
        return Vec::new();
    };
    let (text, notes) = lines::take_notes(&text);
    let mut lines = lines::split(&text);
    joins::join_divided(&mut lines);
    let server = path_line::prepare(&mut lines);
    page(&lines, server, notes, source, &mut diagnostics);
    lines.explained()
}

fn page(
    lines: &Lines,
    server: Option<String>,
    notes: Vec<CaptureNote>,
    source: &PageSource,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Page> {
    let head = PageHeader {
        server,
        ..page_header::head(lines)
    };
    head.mark(lines);
    // A capture of an operation may have lost its title.
    let has_title = !head.title.is_empty() || page_header::has_sample(lines);
    if !has_title && head.method.is_none() {
        diagnostics.push(
            Diagnostic::error(source.name, None, "the page has no title").with_help(
                "a page starts with its folder and its site, an empty line, and its title",
            ),
        );
        return None;
    }
    if head.title.is_empty() {
        diagnostics.push(
            Diagnostic::warning(source.name, 1, "the page has no title")
                .with_help("add the title as the first line, followed by an empty line"),
        );
    }
    let tail = tail(lines, head.end, source.name, diagnostics);
    if tail.modified.is_some() {
        lines.mark_used(tail.start..tail.start + 1, "modification time");
    }
    lines.mark_unused(
        tail.start + usize::from(tail.modified.is_some())..lines.len(),
        "footer",
    );
    let called = head.method.is_some()
        || head.title.is_empty()
        || page_header::joined_sample(lines).is_some()
        || source.role == PageRole::Webhook
        || page_header::looks_like_operation(lines, head.end, tail.start);
    let (kind, text) = if called {
        let (operation, text) = operation::read(lines, &head, tail.start, source, diagnostics)?;
        (PageKind::Operation(operation), text)
    } else {
        if let Some(at) = page_header::sign_of_operation(lines, head.end, tail.start) {
            diagnostics.push(
                Diagnostic::error(
                    source.name,
                    lines.number(at),
                    format!(
                        "the page describes no operation that can be read, although {} belongs to one",
                        quoted(lines.at(at))
                    ),
                )
                .with_help(
                    "add two lines below the title: the method (`POST`) and the path (`/orders`)",
                ),
            );
        }
        let text: Vec<String> = (head.end..tail.start)
            .map(|at| lines.indented(at))
            .collect();
        lines.mark_used(head.end..tail.start, "text");
        (PageKind::Guide, join(&text))
    };
    Some(Page {
        key: source.key.to_owned(),
        name: source.name.to_owned(),
        title: head.title,
        folder: head.folder,
        status: head.status,
        role: source.role,
        kind,
        text,
        notes,
        modified: tail.modified,
        schemas: Vec::new(),
    })
}

/// Joins lines of text: without empty lines at either end, and with at most one between two lines.
fn join(lines: &[String]) -> String {
    let mut text = String::new();
    let mut gap = false;
    for line in lines {
        if line.trim().is_empty() {
            gap = true;
            continue;
        }
        if !text.is_empty() {
            text.push_str(if gap { "\n\n" } else { "\n" });
        }
        text.push_str(line);
        gap = false;
    }
    text
}

/// The end of a page.
struct Tail {
    /// Index of its first line.
    start: usize,
    modified: Option<String>,
}

fn tail(lines: &Lines, from: usize, file: &str, diagnostics: &mut Vec<Diagnostic>) -> Tail {
    let total = lines.len();
    let mut odd = None;
    let mut dated = None;
    // The date may also be above the sections.
    let mut has_sections = false;
    for at in (from..total).rev() {
        let Some(text) = labels::modified_line(lines.at(at), || lines.below(at)) else {
            has_sections |= labels::marker(lines.at(at), true).is_some();
            continue;
        };
        match date_time(text) {
            Some(modified) if !has_sections => {
                return Tail {
                    start: at,
                    modified: Some(modified),
                };
            }
            Some(modified) => dated = dated.or(Some(modified)),
            None if !has_sections => odd = odd.or(Some((at, text.to_owned()))),
            None => {}
        }
    }
    if let Some((at, text)) = odd {
        diagnostics.push(
            Diagnostic::warning(
                file,
                lines.number(at),
                format!(
                    "{} is not a date of the form yyyy-MM-dd HH:mm:ss",
                    quoted(&text)
                ),
            )
            .with_help("write the full date if it is known; otherwise remove the line"),
        );
        return Tail {
            start: at,
            modified: dated,
        };
    }
    Tail {
        start: footer(lines, from),
        modified: dated,
    }
}

/// Returns where the links below a page start.
fn footer(lines: &Lines, from: usize) -> usize {
    let total = lines.len();
    let mut start = total;
    let filled = (from..total).rev().filter(|&at| !lines.at(at).is_empty());
    for at in filled.take(6) {
        if matches!(
            lines.at(at),
            "Previous" | "Next" | "Built with" | "Built with Apifox"
        ) {
            start = at;
        }
    }
    start
}

fn date_time(text: &str) -> Option<String> {
    let text = text.trim();
    let plain = text.len() == 19 && text.as_bytes().get(10) == Some(&b' ');
    let read = DateTime::strptime("%Y-%m-%d %H:%M:%S", text).ok()?;
    plain.then(|| read.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(text: &str) -> (usize, Option<String>, Vec<String>) {
        let mut diagnostics = Vec::new();
        let lines = lines::split(text);
        let tail = tail(&lines, 0, "a.txt", &mut diagnostics);
        let said = diagnostics.iter().map(Diagnostic::to_string).collect();
        (tail.start, tail.modified, said)
    }

    #[test]
    fn page_footers_are_found() {
        let date = Some("2026-01-02 03:04:05".to_owned());
        assert_eq!(
            end("a\nModified at 2026-01-02 03:04:05\nNext\nb"),
            (1, date.clone(), vec![])
        );
        assert_eq!(
            end("a\nModified at\n2026-01-02 03:04:05"),
            (1, date, vec![])
        );
        assert_eq!(
            end("a\nPrevious\nb\nNext\nc\nBuilt with"),
            (1, None, vec![])
        );
        assert_eq!(end("a\nb"), (2, None, vec![]));
        let (start, modified, said) = end("a\nModified at 2 months ago");
        assert_eq!((start, modified), (1, None));
        assert!(said[0].starts_with("a.txt:2: warning: `2 months ago` is not a date"));
    }

    #[test]
    fn steps_are_linear_in_the_size_of_the_page() {
        let steps = |text: &str| {
            let source = PageSource {
                name: "a.txt",
                key: "a",
                role: PageRole::Auto,
                text: text.as_bytes(),
            };
            lines::STEPS.set(0);
            read(&source, &mut Vec::new());
            lines::STEPS.get()
        };
        let head = "List\nGET\n/x\nRequest\nQuery Params\n";
        for (start, repeated) in [
            ("List\n", "开发中POST\n"),
            ("List\n", "GET\n"),
            (head, "\n"),
            (head, "kind\nstring\nExample: [a\n"),
            (head, "kind\nstring\nMatch pattern: [^a\n"),
            (head, "kind\nrequired\nOne of:\nnull\n"),
            (
                "List\nGET\n/x\nRequest\nQuery Params\nk\nstring\nEnum:\n",
                "value#\n",
            ),
            (head, "odd line of text\n"),
            ("List\nGET\n/x\nResponses\n", "🟢200\nDone\n"),
            ("List\nGET\n/x\nResponses\n", "Example\ndata: {\n"),
            ("List\nGET\n/x\n", "a:\nb\nDescription\n"),
            ("List\nGET\n/x\n", "Owner:\n\n"),
            ("List\nGET\n/x\n", "Modified at\n\n"),
        ] {
            let page = |count: usize| {
                let part = |number: usize| repeated.replace('#', &number.to_string());
                start.to_owned() + &(0..count).map(part).collect::<String>()
            };
            let (small, large) = (steps(&page(300)), steps(&page(3000)));
            assert!(
                large <= 12 * small,
                "{repeated:?}: {small} and {large} steps"
            );
        }
    }

    #[test]
    fn joined_text_has_single_empty_lines() {
        let lines = ["", "a", "", "", "  b", "c", ""].map(str::to_owned);
        assert_eq!(join(&lines), "a\n\n  b\nc");
    }
}
