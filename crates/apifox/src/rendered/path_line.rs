//! Prepares the lines of the method and the path: divides lines on which an extractor joined them
//! with their neighbours, and removes the name of the environment above them.

use super::labels::{Marker, is_nothing, marker};
use super::lines::Lines;
use super::page_header::{is_status, method_line};

/// Separates the method and the path from their neighbours. Returns the base URL of the environment
/// that the page shows above the method.
pub(crate) fn prepare(lines: &mut Lines) -> Option<String> {
    let mut at = 0;
    // A page has one status; dividing every line that looks like one would move all lines each time.
    let mut has_status = false;
    while at < lines.len() {
        if !has_status && let Some(end) = status_before_method(lines.at(at)) {
            has_status = true;
            lines.divide(at, end);
            at += 1;
        }
        let line = lines.at(at);
        let is_method = method_line(line).is_some_and(|(_, path)| path.is_none());
        let below = lines.next_filled(at + 1, lines.len());
        if let Some(below) = below.filter(|_| is_method)
            && starts_path(lines.at(below))
        {
            if let Some(end) = joined_path(lines, at, below) {
                lines.divide(below, end);
            }
            return remove_environment(lines, at);
        }
        if let Some((method, _)) = method_with_path(line) {
            let start = line.len() - line[method..].trim_start().len();
            let front = line[..method].to_owned();
            let rest = line[start..].to_owned();
            if let Some(end) = path_end(&rest, title_above(lines, at), lines, at) {
                debug_assert!(front.len() <= start);
                lines.divide(at, start + end);
            }
            return remove_environment(lines, at);
        }
        at += 1;
    }
    None
}

/// Returns the length of a status that is joined with the method: `开发中POST` → the length of `开发中`.
fn status_before_method(line: &str) -> Option<usize> {
    let start = line.find(|c: char| c.is_ascii_uppercase())?;
    // An English status begins with a capital.
    let candidates = line
        .char_indices()
        .skip(1)
        .take(40)
        .map(|(at, _)| at)
        .filter(|&at| at >= start);
    for at in candidates {
        let (status, rest) = line.split_at(at);
        let known = is_status(status.trim())
            || (status.chars().count() <= 12 && status.chars().all(is_east_asian));
        let method =
            || method_line(rest.trim_start()).is_some() || method_with_path(rest).is_some();
        if known && method() {
            return Some(at);
        }
    }
    None
}

/// Parses a method with a path on the same line; returns the lengths of the method and of the line.
fn method_with_path(line: &str) -> Option<(usize, usize)> {
    if line.len() > 2000 {
        return None;
    }
    let end = line.find(|c: char| !c.is_ascii_uppercase())?;
    method_line(&line[..end])?;
    starts_path(line[end..].trim_start()).then_some((end, line.len()))
}

/// Returns whether a line starts with a path or URL, which text may follow.
fn starts_path(line: &str) -> bool {
    let path = line.starts_with("http://")
        || line.starts_with("https://")
        || line.starts_with("{{")
        || (line.starts_with('/') && !line.starts_with("//"));
    path && line.len() <= 2000 && line.chars().nth(1).is_some_and(|c| !c.is_whitespace())
}

/// Returns the end of the path on its line, if text follows the path.
fn joined_path(lines: &Lines, method: usize, at: usize) -> Option<usize> {
    path_end(lines.at(at), title_above(lines, method), lines, at)
}

/// Returns the line above the method, which may be the title.
fn title_above<'a>(lines: &'a Lines, method: usize) -> &'a str {
    (0..method)
        .rev()
        .map(|at| lines.at(at))
        .find(|line| !line.is_empty() && !is_status(line))
        .unwrap_or_default()
}

/// Headings that are only followed by other headings.
const WORDS: &[&str] = &["Request", "Description", "Responses"];

/// Texts that cannot be part of a path.
const LABELS: &[&str] = &[
    "Last modified",
    "Modified at",
    "Query Params",
    "Path Params",
    "Header Params",
    "Cookie Params",
    "Body Params",
    "Request Code Samples",
];

/// Returns the end of the path at the start of a line, if text follows the path: a description in
/// another script, the title again, a heading, or a sentence.
fn path_end(line: &str, title: &str, lines: &Lines, at: usize) -> Option<usize> {
    let token = line.find(char::is_whitespace).unwrap_or(line.len());
    let label = LABELS
        .iter()
        .filter_map(|label| line.find(label))
        .filter(|&found| found > 1)
        .min();
    let end = east_asian_text(&line[..token])
        .into_iter()
        .chain(label)
        .chain(repeated_title(line, title))
        .min();
    if end.is_some() {
        return end;
    }
    if let Some(end) = heading_at_end(line, lines, at) {
        return Some(end);
    }
    if token == line.len() {
        return None;
    }
    // A sentence: its first word may be joined with the path.
    let path = &line[..token];
    let last = path.rfind('/').map_or(0, |slash| slash + 1);
    let mut before = ' ';
    let mut boundary = None;
    for (index, c) in path[last..].char_indices() {
        if c.is_ascii_uppercase() && (before.is_ascii_lowercase() || before == '}') {
            boundary = Some(last + index);
        }
        before = c;
    }
    Some(
        boundary
            .filter(|_| !is_repeated(path, lines, at))
            .unwrap_or(token),
    )
}

/// Returns where text in an East Asian script starts inside a segment of a path.
fn east_asian_text(path: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut before = '/';
    for (at, c) in path.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            c if depth == 0 && is_east_asian(c) && before != '/' && !is_east_asian(before) => {
                return Some(at);
            }
            _ => {}
        }
        before = c;
    }
    None
}

fn repeated_title(line: &str, title: &str) -> Option<usize> {
    // A path may end with a title of one word: `/trade/queryRefund`.
    let found = line.find(title)?;
    if !title.contains(' ') || found < 2 {
        return None;
    }
    (!line[..found].ends_with('/')).then_some(found)
}

/// Returns where a heading starts at the end of a path. A path may itself end with this word: then
/// another heading of this kind, or the same path in a code sample follows.
fn heading_at_end(line: &str, lines: &Lines, at: usize) -> Option<usize> {
    let (front, word) = WORDS
        .iter()
        .find_map(|word| Some((line.strip_suffix(word)?, *word)))?;
    let joined = front
        .chars()
        .next_back()
        .is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '}');
    let below = lines
        .next_filled(at + 1, lines.len())
        .map_or("", |at| lines.at(at));
    let follows = match word {
        "Request" => match marker(below, false) {
            Some(marker) => marker != Marker::Request,
            None => is_nothing(below),
        },
        _ => marker(below, true).is_none() && !below.is_empty(),
    };
    (joined && front.len() > 1 && follows && !is_repeated(line, lines, at)).then_some(front.len())
}

/// Returns whether another line, such as a code sample, shows the same path.
fn is_repeated(path: &str, lines: &Lines, at: usize) -> bool {
    let path = path.trim_end_matches('/');
    (at + 1..lines.len()).any(|other| {
        let line = lines.at(other);
        line.find(path).is_some_and(|found| {
            !line[found + path.len()..].starts_with(|c: char| c.is_ascii_alphanumeric())
        })
    })
}

fn is_east_asian(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{ff00}'..='\u{ffef}')
}

/// Removes the name of the environment above the method, which the site shows twice, with or
/// without its base URL. Returns the base URL.
fn remove_environment(lines: &mut Lines, method: usize) -> Option<String> {
    let above: Vec<usize> = (0..method)
        .rev()
        .filter(|&at| !lines.at(at).is_empty())
        .take(8)
        .collect();
    let status = above.first().is_some_and(|&at| is_status(lines.at(at)));
    let above = &above[usize::from(status)..];
    for count in [1, 2, 3] {
        let Some(block) = above.get(..2 * count).filter(|_| above.len() > 2 * count) else {
            break;
        };
        let repeated = (0..count).all(|n| lines.at(block[n]) == lines.at(block[n + count]));
        if !repeated {
            continue;
        }
        let server = block
            .iter()
            .map(|&at| lines.at(at))
            .find(|line| line.starts_with("http://") || line.starts_with("https://"))
            .map(|line| line.trim_end_matches('/').to_owned());
        let block = block.to_vec();
        for at in block {
            lines.clear(at);
        }
        return server;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::lines::split;
    use super::*;

    #[test]
    fn lines_of_method_and_path_are_separated() {
        for (text, server, wanted) in [
            (
                "List\nGET\n/pots说明\nAll.",
                None,
                &["List", "GET", "/pots", "说明", "All."][..],
            ),
            (
                "List\nGET\n/potsLast modified: 1 年前",
                None,
                &["List", "GET", "/pots", "Last modified: 1 年前"],
            ),
            (
                "List\nGET\n/potsRequest\nQuery Params",
                None,
                &["List", "GET", "/pots", "Request", "Query Params"],
            ),
            (
                "List\nGET\n/potsRequest\nRequest",
                None,
                &["List", "GET", "/potsRequest", "Request"],
            ),
            (
                "List pots\nGET\n/potsList pots",
                None,
                &["List pots", "GET", "/pots", "List pots"],
            ),
            (
                "List\nGET\n/potsReturns all pots.",
                None,
                &["List", "GET", "/pots", "Returns all pots."],
            ),
            (
                "List\nGET\n/allPots and more\ncurl '/allPots'",
                None,
                &["List", "GET", "/allPots", "and more", "curl '/allPots'"],
            ),
            (
                "List\n开发中POST\n/pots",
                None,
                &["List", "开发中", "POST", "/pots"],
            ),
            (
                "List\nDeveloping POST /pots请求参数",
                None,
                &["List", "Developing", "POST /pots", "请求参数"],
            ),
            (
                "List\nGET /potsLast modified: 2 days ago",
                None,
                &["List", "GET /pots", "Last modified: 2 days ago"],
            ),
            (
                "List\nUAT\nUAT\nGET\n/pots",
                None,
                &["List", "", "", "GET", "/pots"],
            ),
            (
                "List\nUAT\nhttps://uat.example\nUAT\nhttps://uat.example\nGET\n/pots",
                Some("https://uat.example"),
                &["List", "", "", "", "", "GET", "/pots"],
            ),
            (
                "List\nGET\n/用户/{编号}/pots",
                None,
                &["List", "GET", "/用户/{编号}/pots"],
            ),
        ] {
            let mut lines = split(text);
            assert_eq!(prepare(&mut lines).as_deref(), server, "{text}");
            let seen: Vec<&str> = (0..lines.len()).map(|at| lines.at(at)).collect();
            assert_eq!(seen, wanted, "{text}");
        }
    }
}
