//! The published page: the JSON from which the site renders it.
//!
//! This file reads the page, `operation` its operation, and `list` the project's schema list.

mod list;
mod operation;

use crate::PageSource;
use crate::diagnostic::{Diagnostic, quoted};
use crate::json::{Budget, JsonNode, parse};
use crate::page::{Page, PageKind};
use crate::rendered::lines::decode;
use crate::schema_import::endpoint::{check_key, first_tag, folders};
use jiff::Timestamp;
use jiff::tz::TimeZone;
pub use list::SchemaList;

/// Parses a published page. If it returns no page, the diagnostics contain an error.
pub(crate) fn read(
    source: &PageSource,
    schemas: &SchemaList,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Page> {
    let text = decode(source.name, source.text, diagnostics)?;
    let root = document(&text, source.name, &mut Budget::default(), diagnostics)?;
    let node = data(&root, source.name, diagnostics)?;
    let called = node.get("method").is_some() && node.get("path").is_some();
    let content = node.get("content").or(node.get("markdown"));
    if !called && content.is_none() {
        diagnostics.push(
            Diagnostic::error(
                source.name,
                node.line,
                "the JSON is not a page: it has neither `method` and `path` nor `content`",
            )
            .with_help("save the response of the site for one page unchanged"),
        );
        return None;
    }
    let Some(title) = node.text_of("name").or(node.text_of("title")) else {
        diagnostics.push(
            Diagnostic::error(source.name, node.line, "the page has no title")
                .with_help("save the response of the site for one page unchanged"),
        );
        return None;
    };
    if let Some(id) = node.get("id") {
        check_key(
            &id.scalar().unwrap_or_default(),
            id.line,
            source,
            diagnostics,
        );
    }
    let mut page = Page {
        key: source.key.to_owned(),
        name: source.name.to_owned(),
        title: title.to_owned(),
        folder: node
            .text_of("x-apifox-folder")
            .or(first_tag(node))
            .map(folders)
            .unwrap_or_default(),
        status: status(node),
        role: source.role,
        kind: PageKind::Guide,
        text: String::new(),
        notes: Vec::new(),
        modified: node
            .get("updatedAt")
            .and_then(|at| modified(at, source.name, diagnostics)),
        schemas: Vec::new(),
    };
    if called {
        page.text = node.text_of("description").unwrap_or_default().to_owned();
        operation::read(node, &mut page, source, schemas, diagnostics)?;
    } else if source.role == crate::PageRole::Webhook {
        diagnostics.push(
            Diagnostic::error(
                source.name,
                node.line,
                "the page describes no operation: it is a guide",
            )
            .with_help("add it as a guide"),
        );
        return None;
    } else {
        page.text = content
            .and_then(JsonNode::text)
            .unwrap_or_default()
            .to_owned();
    }
    Some(page)
}

/// Returns the status: a word, or the number that the site used until spring 2026.
fn status(node: &JsonNode) -> Option<String> {
    let word = node.get("status")?.scalar()?;
    let word = match word.trim() {
        "-2" => "developing",
        "-1" => "testing",
        "0" => "deprecated",
        "1" => "released",
        number if number.parse::<f64>().is_ok() => return None,
        word => word,
    };
    (!word.is_empty()).then(|| word.to_owned())
}

/// Parses a whole text as JSON.
pub(crate) fn document(
    text: &str,
    file: &str,
    budget: &mut Budget,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<JsonNode> {
    let again = "download it again; none of it is imported until then";
    let parsed = match parse(text, 1, 1, budget) {
        Ok(parsed) => parsed,
        Err(failure) => {
            let text = format!(
                "the file is not JSON: {} (column {})",
                failure.reason, failure.column
            );
            diagnostics.push(Diagnostic::error(file, failure.line, text).with_help(again));
            return None;
        }
    };
    if let Some(cut) = parsed.cut {
        let text = "the JSON ends here, before it is complete: the file is truncated";
        diagnostics.push(Diagnostic::error(file, cut.line, text).with_help(again));
        return None;
    }
    let behind = text[parsed.end..].trim();
    if !behind.is_empty() {
        let text = format!("{} after the JSON is ignored", quoted(behind));
        diagnostics.push(Diagnostic::warning(file, None, text));
    }
    Some(parsed.node)
}

/// Returns the content of a response of the site. A rejection is an error.
fn data<'a>(
    root: &'a JsonNode,
    file: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<&'a JsonNode> {
    if root.get("success").and_then(JsonNode::truth) == Some(false) {
        let words = ["errorMessage", "message", "errorCode"];
        let said = words
            .iter()
            .find_map(|word| root.get(word)?.scalar())
            .unwrap_or_default();
        diagnostics.push(
            Diagnostic::error(
                file,
                root.line,
                format!(
                    "the file contains a rejection of the site: {}",
                    quoted(&said)
                ),
            )
            .with_help("download the page again"),
        );
        return None;
    }
    let wrapped = root.get("data").filter(|_| root.get("method").is_none());
    Some(wrapped.unwrap_or(root))
}

/// Converts the modification time: `2026-01-02T03:04:05.000Z` → `2026-01-02 03:04:05`.
fn modified(node: &JsonNode, file: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<String> {
    let text = node.text()?;
    match text.parse::<Timestamp>() {
        Ok(at) => Some(
            at.to_zoned(TimeZone::UTC)
                .strftime("%Y-%m-%d %H:%M:%S")
                .to_string(),
        ),
        Err(_) => {
            diagnostics.push(
                Diagnostic::warning(
                    file,
                    node.line,
                    format!(
                        "{} is not a date of the form yyyy-MM-ddTHH:mm:ssZ",
                        quoted(text)
                    ),
                )
                .with_help("write the full date if it is known; otherwise remove the field"),
            );
            None
        }
    }
}
