//! The page header: folder, site, navigation, title, status, method, path.

use super::authorization;
use super::curl;
use super::labels::{Marker, marker};
use super::lines::Lines;
use super::page_title::{TitleLines, numbered};
use super::response_labels::{media_line, status_line};
use crate::page::HttpMethod;

/// The lines above the free text of a page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PageHeader {
    pub(crate) folder: Vec<String>,
    pub(crate) title: String,
    pub(crate) status: Option<String>,
    /// The method as written on the page, and the index of its line.
    pub(crate) method: Option<(String, usize)>,
    /// The path in the notation of the page, and the index of its line.
    pub(crate) path: Option<(String, usize)>,
    /// The base URL of the environment that the page shows.
    pub(crate) server: Option<String>,
    /// Index of the first line after the header.
    pub(crate) end: usize,
}

/// Parses the header of a page.
pub(crate) fn head(lines: &Lines) -> PageHeader {
    let total = lines.len();
    let Some(first) = lines.next_filled(0, total) else {
        return PageHeader {
            end: total,
            ..PageHeader::default()
        };
    };
    if !may_be_title(lines, first) {
        let mut head = PageHeader {
            end: first,
            ..PageHeader::default()
        };
        head.method_and_path(lines);
        return head;
    }
    let top = TitleLines::read(lines, first);
    let (title, next) = top.title(lines);
    let mut head = PageHeader {
        folder: top.folder(lines, &title),
        title,
        end: next,
        ..PageHeader::default()
    };
    head.method_and_path(lines);
    head
}

impl PageHeader {
    /// Marks the lines of the header that are used, and the other lines as navigation.
    pub(crate) fn mark(&self, lines: &Lines) {
        lines.mark_unused(0..self.end, "navigation");
        let folder = (0..self.end).filter(|&at| {
            let line = lines.at(at);
            let name = numbered(line).unwrap_or(line);
            self.folder.iter().any(|folder| folder == name)
        });
        for at in folder {
            lines.mark_used(at..at + 1, "folder");
        }
        let is_title = |at: &usize| !self.title.is_empty() && lines.at(*at) == self.title;
        if let Some(at) = (0..self.end).rev().find(is_title) {
            lines.mark_used(at..at + 1, "title");
        }
        let is_status = |at: &usize| self.status.as_deref() == Some(lines.at(*at));
        if let Some(at) = (0..self.end).rev().find(is_status) {
            lines.mark_used(at..at + 1, "status of the page");
        }
        for (what, found) in [("method", &self.method), ("path", &self.path)] {
            if let Some((_, at)) = found {
                lines.mark_used(*at..at + 1, what);
            }
        }
    }

    /// Reads the lines after the title.
    fn method_and_path(&mut self, lines: &Lines) {
        let total = lines.len();
        let Some(first) = lines.next_filled(self.end, total) else {
            return;
        };
        let mut at = first;
        let second = lines.next_filled(first + 1, total);
        if method_at(lines, first).is_none() {
            let line = lines.at(first);
            let short = line.chars().count() <= 30 && line.split_whitespace().count() <= 3;
            let method_next = second.filter(|&second| method_at(lines, second).is_some());
            match method_next {
                Some(second) if short => {
                    self.status = Some(line.to_owned());
                    at = second;
                }
                _ => {
                    if is_status(line) {
                        self.status = Some(line.to_owned());
                        self.end = first + 1;
                    }
                    return;
                }
            }
        }
        let Some((method, path)) = method_at(lines, at) else {
            return;
        };
        self.method = Some((method, at));
        self.end = at + 1;
        if let Some(path) = path {
            self.path = Some((path, at));
        } else if let Some(next) = lines.next_filled(at + 1, total) {
            let line = lines.at(next);
            let path = path_line(line).map(str::to_owned);
            if let Some(path) = path.or_else(|| relative_path(line)) {
                self.path = Some((path, next));
                self.end = next + 1;
            }
        }
    }
}

/// Returns whether a page has a curl sample.
pub(crate) fn has_sample(lines: &Lines) -> bool {
    (0..lines.len()).any(|at| curl::starts(lines.at(at)))
}

/// Returns the curl sample that directly follows an example: an extractor drops the headings of an
/// operation page.
pub(crate) fn joined_sample(lines: &Lines) -> Option<usize> {
    let mut above = "";
    for at in 0..lines.len() {
        let line = lines.at(at);
        if curl::starts(line) && (lines.is_joined(at) || above.ends_with(['}', ']'])) {
            return Some(at);
        }
        if !line.is_empty() {
            above = line;
        }
    }
    None
}

/// Returns the first line that only operation pages have: a heading of a section, or a sample.
pub(crate) fn sign_of_operation(lines: &Lines, from: usize, end: usize) -> Option<usize> {
    (from..end).find(|&at| {
        let line = lines.at(at);
        let heading = matches!(
            marker(line, true),
            Some(Marker::Params(_) | Marker::RequestBody(_) | Marker::Samples | Marker::Responses)
        );
        heading || method_line(line).is_some()
    })
}

/// Returns whether a page has the headings of an operation although no method follows its title.
pub(crate) fn looks_like_operation(lines: &Lines, from: usize, end: usize) -> bool {
    (from..end).any(|at| match marker(lines.at(at), true) {
        Some(Marker::Samples | Marker::RequestExample) => true,
        Some(Marker::Responses) => lines
            .next_filled(at + 1, end)
            .is_some_and(|next| status_line(lines.at(next)).is_some()),
        _ => false,
    })
}

/// Parses a method line, and the path if it is on the same line.
pub(super) fn method_line(line: &str) -> Option<(String, Option<String>)> {
    if line.len() > 2000 {
        return None;
    }
    let end = line
        .find(|c: char| !c.is_ascii_uppercase())
        .unwrap_or(line.len());
    let (word, rest) = line.split_at(end);
    HttpMethod::from_name(word)?;
    if rest.is_empty() {
        return Some((word.to_owned(), None));
    }
    let path = path_line(rest.trim_start())?;
    Some((word.to_owned(), Some(path.to_owned())))
}

/// Parses a method line, or a word in capitals above a path: a method that OpenAPI does not have.
fn method_at(lines: &Lines, at: usize) -> Option<(String, Option<String>)> {
    let line = lines.at(at);
    method_line(line).or_else(|| {
        let word = (3..=12).contains(&line.len()) && line.bytes().all(|b| b.is_ascii_uppercase());
        let below = lines.next_filled(at + 1, lines.len())?;
        (word && path_line(lines.at(below)).is_some()).then(|| (line.to_owned(), None))
    })
}

fn path_line(line: &str) -> Option<&str> {
    let starts = line.starts_with('/')
        || line.starts_with("{{")
        || line.starts_with("http://")
        || line.starts_with("https://");
    (starts && !line.contains(char::is_whitespace) && !line.starts_with("//")).then_some(line)
}

/// Adds the slash to a path without it: `orders/list` → `/orders/list`.
fn relative_path(line: &str) -> Option<String> {
    let is_path = line.contains('/')
        && line.len() <= 200
        && line.starts_with(|c: char| c.is_ascii_alphanumeric())
        && line
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-./{}:".contains(&byte))
        && media_line(line).is_none();
    is_path.then(|| format!("/{line}"))
}

/// Returns the first method line that has a path. The methods in a navigation have none.
pub(super) fn operation_line(lines: &Lines, from: usize) -> Option<usize> {
    (from..lines.len()).find(|&at| {
        method_line(lines.at(at)).is_some_and(|(_, path)| {
            let below = lines.below(at);
            path.is_some() || path_line(below).is_some() || relative_path(below).is_some()
        })
    })
}

/// Returns whether the first filled line can be a title; a page may begin with its content.
fn may_be_title(lines: &Lines, first: usize) -> bool {
    let line = lines.at(first);
    if line.ends_with(['.', '。', '！', '!']) && joined_sample(lines).is_some() {
        return false;
    }
    !(begins_page(line)
        || line.starts_with(['{', '['])
        || line.chars().count() > 120
        || curl::starts(line)
        || authorization::block(lines, first, lines.len()).is_some())
}

pub(super) fn begins_page(line: &str) -> bool {
    method_line(line).is_some() || marker(line, true).is_some()
}

/// Returns whether a line is a status of the site.
pub(super) fn is_status(line: &str) -> bool {
    const WORDS: &[&str] = &[
        "designing",
        "pending",
        "developing",
        "integrating",
        "testing",
        "tested",
        "released",
        "deprecated",
        "exception",
        "obsolete",
        "deprecating",
        "to be confirmed",
        "设计中",
        "待确定",
        "开发中",
        "联调中",
        "测试中",
        "已测完",
        "已发布",
        "将废弃",
        "有异常",
        "已废弃",
    ];
    line.len() <= 30 && WORDS.contains(&line.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::super::lines::split;
    use super::*;

    fn read(text: &str) -> PageHeader {
        head(&split(text))
    }

    #[test]
    fn titles_and_folders_are_found() {
        for (text, folder, title) in [
            (
                "1. Orders\nHarbour Books\n\nGet Order\n\nGET\n/x",
                &["Orders"][..],
                "Get Order",
            ),
            (
                "1. Api\n2. Orders\nHarbour Books\n\nGet Order",
                &["Api", "Orders"],
                "Get Order",
            ),
            (
                "Api / Orders\nHarbour Books\n\nGet Order\n\nText",
                &["Api", "Orders"],
                "Get Order",
            ),
            (
                "Api / Orders / Get Order\nHarbour Books\n\nGet Order\n\nText",
                &["Api", "Orders"],
                "Get Order",
            ),
            ("Harbour Books\n\nGet Order\n\nText", &[], "Get Order"),
            (
                "Harbour Books\n 1. Orders\nHarbour Books\n • Get Order\n   GET\n 1. Orders\n\nGet Order\n\nGET\n/x",
                &["Orders"],
                "Get Order",
            ),
            ("Get Order\n\nGET\n/x", &[], "Get Order"),
            ("Get Order\n\nReleased\nGET\n/x", &[], "Get Order"),
            ("Guide\n\nText of\nthe guide", &[], "Guide"),
            (
                "1. Orders\nHarbour Books\nGet Order\nReleased\nGET\n/x",
                &["Orders"],
                "Get Order",
            ),
            (
                "Orders\nHarbour Books\nGet Order\nGET\n/x",
                &["Orders"],
                "Get Order",
            ),
            (
                "1. Orders\nHarbour Books\n • Get Order\n   GET\n • List\n 1. Orders\n\nGet Order\n\nGET\n/x",
                &["Orders"],
                "Get Order",
            ),
            (
                "1. Orders\nHarbour Books\n\n• Get Order\nGET\n\n• List\n1. Orders\n\nGet Order\n\nGET\n/x",
                &["Orders"],
                "Get Order",
            ),
            ("", &[], ""),
            ("\n\n", &[], ""),
        ] {
            let head = read(text);
            assert_eq!(head.folder, folder, "{text}");
            assert_eq!(head.title, title, "{text}");
        }
    }

    #[test]
    fn methods_and_paths_are_found() {
        for (below, status, method, path) in [
            ("GET\n/x", None, Some("GET"), Some("/x")),
            ("GET\n\n/x", None, Some("GET"), Some("/x")),
            ("GET /x", None, Some("GET"), Some("/x")),
            ("GET/x", None, Some("GET"), Some("/x")),
            (
                "Developing\nPOST\nhttps://a.example/x",
                Some("Developing"),
                Some("POST"),
                Some("https://a.example/x"),
            ),
            ("Beta\nPOST\n/x", Some("Beta"), Some("POST"), Some("/x")),
            ("Released\nRequest", Some("Released"), None, None),
            ("POST\nSends an order", None, Some("POST"), None),
            ("PURGE\n/x", None, Some("PURGE"), Some("/x")),
            ("POST an order\n/x", None, None, None),
            ("Text\nRequest", None, None, None),
        ] {
            let head = read(&format!("1. Orders\nHarbour Books\n\nGet Order\n\n{below}"));
            assert_eq!(head.title, "Get Order", "{below}");
            assert_eq!(head.status.as_deref(), status, "{below}");
            assert_eq!(head.method.map(|m| m.0).as_deref(), method, "{below}");
            assert_eq!(head.path.map(|p| p.0).as_deref(), path, "{below}");
        }
    }
}
