//! Seams: places inside a line where an extractor joined two elements of a page.

use super::field_start::is_name;
use super::labels::{Marker, marker};
use super::response_labels::media_type;
use crate::type_names::type_line;

/// Finds the seams of consecutive lines.
#[derive(Debug, Default)]
pub(super) struct Seams {
    /// Whether the line is part of a curl sample.
    in_curl: bool,
}

impl Seams {
    /// Returns the byte offset of the first seam in a line, which is neither its start nor its end;
    /// `below` is the next line.
    /// `is_dense` states whether the line contains a whole page; see [`is_dense`].
    pub(super) fn next(
        &mut self,
        line: &str,
        below: Option<&str>,
        is_dense: bool,
    ) -> Option<usize> {
        let text = line.trim_start();
        if text.is_empty() {
            return None;
        }
        self.in_curl |= text.starts_with("curl ");
        let seam = if self.in_curl {
            after_quote(line)
        } else {
            let label = is_dense.then(|| around_label(line)).flatten();
            label
                .or_else(|| before_curl(line))
                .or_else(|| after_media_type(line))
                .or_else(|| before_json(line, below))
                .or_else(|| before_field(line, below))
        };
        let seam = seam
            .or_else(|| before_heading(line))
            .filter(|&seam| !line[..seam].trim().is_empty() && !line[seam..].trim().is_empty());
        if seam.is_some() {
            self.in_curl = false;
        }
        if marker(text.trim_end(), true).is_some() {
            self.in_curl = false;
        }
        seam
    }
}

/// Labels between which an extractor that drops all line breaks joins a page.
const LABELS: &[&str] = &[
    "请求参数",
    "返回响应",
    "请求示例请求示例",
    "响应示例响应示例",
    "示例代码",
    "生成代码",
    "Header 参数",
    "Query 参数",
    "Path 参数",
    "Body 参数application/json",
    "调试",
    "Run in Apifox",
    "Request Code Samples",
    "Query Params",
    "Path Params",
    "Header Params",
    "Body Params application/json",
    "🟢",
];

/// A longer line is not searched for labels: each label costs a pass over the rest of the line.
const LONGEST_DENSE: usize = 16 * 1024;

/// Returns whether a line contains several labels of the site: the page has lost its line breaks.
pub(super) fn is_dense(line: &str) -> bool {
    if line.len() <= 60 || line.len() > LONGEST_DENSE {
        return false;
    }
    let labels = LABELS.iter().filter(|label| line.contains(**label)).count();
    labels >= 4 || (labels >= 2 && line.starts_with('🟢'))
}

/// Finds the start or the end of the first element in a page without line breaks.
fn around_label(line: &str) -> Option<usize> {
    let text = line.len() - line.trim_start().len();
    let label = |(start, end): (usize, usize)| if start > text { start } else { end };
    let found = LABELS.iter().filter_map(|label| {
        let start = line.find(label)?;
        Some((start, start + label.len()))
    });
    let longest = |&(start, end): &(usize, usize)| (start, usize::MAX - end);
    let mut cut = found.min_by_key(longest).map(label);
    // The mark of a status begins a line.
    if line[text..].starts_with('🟢') {
        cut = line.find("application/");
    }
    let method = ["GET/", "POST/", "PUT/", "DELETE/", "PATCH/"]
        .iter()
        .filter_map(|method| line.find(method))
        .min()
        .filter(|&start| start > text);
    cut.into_iter().chain(method).min()
}

/// Finds the name of a field that is joined with the description above it, whose type is on the next
/// line: `至少一个。name`.
fn before_field(line: &str, below: Option<&str>) -> Option<usize> {
    let (front, name) = line.rsplit_once('。')?;
    let below = below?.trim();
    let is_field = is_name(name.trim()) && !below.is_empty() && type_line(below).is_some();
    (is_field && !front.is_empty()).then_some(front.len() + '。'.len_utf8())
}

/// Finds the start of a curl sample that is joined with the text before it: `}curl --location`,
/// `Bearer ****curl --location`.
fn before_curl(line: &str) -> Option<usize> {
    let seam = line.find("curl -")?;
    let glued = line[..seam]
        .chars()
        .next_back()
        .is_some_and(|c| !c.is_whitespace() && !matches!(c, '`' | '\'' | '"'));
    glued.then_some(seam)
}

/// Finds the start of a response after a curl sample, whose last character is a quote: `}'{`,
/// `'Accept: */*'{`.
fn after_quote(line: &str) -> Option<usize> {
    let found = line.match_indices(['{', '[']).find(|&(at, _)| {
        let front = &line[..at];
        let Some(inside) = front.strip_suffix(['\'', '"']) else {
            return false;
        };
        // A quote after whitespace, `=` or an option opens the body of the sample.
        let option = inside
            .trim_start()
            .strip_prefix('-')
            .is_some_and(|option| option.chars().all(|c| c.is_ascii_alphabetic() || c == '-'));
        let last = inside.chars().next_back();
        let opens = last.is_none_or(|c| c.is_whitespace() || "=({[:,$".contains(c));
        !opens && !option && !inside.ends_with(" -d") && is_start_of_json(&line[at..])
    });
    found.map(|(at, _)| at)
}

/// Returns whether a text that starts with a bracket is the start of JSON: `{`, `{"a": 1}`, `[{`.
fn is_start_of_json(text: &str) -> bool {
    let inner = text[1..].trim_start();
    inner.is_empty() || inner.starts_with(['"', '{', '[', ']', '}'])
}

/// Finds the start of JSON after a media type: `application/json {`.
fn after_media_type(line: &str) -> Option<usize> {
    let seam = line.find(['{', '['])?;
    let front = line[..seam].trim();
    let bare = front
        .get(..4)
        .filter(|start| start.eq_ignore_ascii_case("body"))
        .map_or(front, |_| front[4..].trim());
    let media = bare.contains('/') && front.len() <= 120 && media_type(bare).is_some();
    (media && is_start_of_json(&line[seam..])).then_some(seam)
}

/// Finds the opening bracket of JSON at the end of a text, above a line of JSON: `The body:{`.
fn before_json(line: &str, below: Option<&str>) -> Option<usize> {
    let text = line.trim_end();
    let front = text.strip_suffix(['{', '['])?;
    let begins = front.trim_start();
    let json = below?.trim_start().starts_with(['"', '}', ']', '{']);
    let prose = !begins.is_empty()
        && !front.ends_with(char::is_whitespace)
        && !begins.starts_with(['{', '[', ']', '}', '-'])
        && !front.contains(['"', '\'', '`', '=', '(']);
    (json && prose).then_some(front.len())
}

/// Finds the start of a heading that follows a bracket or a quote: `}Request Code Samples`,
/// `'{}'返回响应`.
fn before_heading(line: &str) -> Option<usize> {
    let text = line.trim_end();
    let tail = text.len().saturating_sub(80);
    let tail = (tail..text.len()).find(|&at| text.is_char_boundary(at))?;
    let mut found = text[tail..].match_indices(['}', ']', '\'', '"']);
    let (at, _) = found.next_back()?;
    let seam = tail + at + 1;
    let rest = &text[seam..];
    let heading = marker(rest.trim(), true).filter(|marker| *marker != Marker::Request);
    heading.map(|_| seam)
}

#[cfg(test)]
mod tests {
    use super::super::lines::split;

    #[test]
    fn joined_elements_are_divided() {
        for (text, parts) in [
            (
                "Orders a book.{\n\"a\": 1\n}curl --location '/x' \\\n--data '{\n\"a\": 1\n}'{\n\"b\": 2\n}",
                &[
                    "Orders a book.",
                    "{",
                    "\"a\": 1",
                    "}",
                    "curl --location '/x' \\",
                    "--data '{",
                    "\"a\": 1",
                    "}'",
                    "{",
                    "\"b\": 2",
                    "}",
                ][..],
            ),
            (
                "Authorization: Bearer ****curl --location '/x' \\\n--header 'A: b'{\"c\": 1}",
                &[
                    "Authorization: Bearer ****",
                    "curl --location '/x' \\",
                    "--header 'A: b'",
                    "{\"c\": 1}",
                ],
            ),
            ("application/json {\n}", &["application/json", "{", "}"]),
            (
                "Bodyapplication/json{\"a\": 1}",
                &["Bodyapplication/json", "{\"a\": 1}"],
            ),
            ("}Request Code Samples", &["}", "Request Code Samples"]),
            ("--data-raw '{}'返回响应", &["--data-raw '{}'", "返回响应"]),
        ] {
            let lines = split(text);
            let seen: Vec<&str> = (0..lines.len()).map(|at| lines.at(at)).collect();
            assert_eq!(seen, parts, "{text}");
            assert_eq!(lines.slice(0, lines.len()), text);
        }
    }

    #[test]
    fn other_lines_are_not_divided() {
        for text in [
            "curl --location '/x' -d'{\n\"a\": [\n1]}'",
            "curl --location '/x' --data \"{\"",
            "\"data\": {\n\"a\": 1",
            "if (a) {\n\"use strict\"",
            "Use curl -X to call {it}",
        ] {
            let lines = split(text);
            assert_eq!(lines.len(), text.split('\n').count(), "{text}");
        }
    }
}
