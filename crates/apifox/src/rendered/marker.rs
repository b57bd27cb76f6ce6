//! Markers: the headings and labels that the site prints, which divide a rendered page into
//! sections.

use crate::page::ParameterLocation;

/// A heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Marker {
    /// `Request`
    Request,
    /// `Query Params`, `Path Params`, `Headers` and so on.
    Params(ParameterLocation),
    /// `Body Params application/json Required`
    RequestBody(BodyHead),
    /// `Request Code Samples`
    Samples,
    /// `Request Example`
    RequestExample,
    /// `Responses`
    Responses,
}

/// The details in the heading of a body section.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct BodyHead {
    pub(crate) media_type: Option<String>,
    pub(crate) required: Option<bool>,
}

/// Parses a heading. In `strict` mode, for free text, a heading that could be a sentence is
/// ignored.
pub(crate) fn marker(line: &str, strict: bool) -> Option<Marker> {
    // Headings are short; the limit avoids lower-casing long lines.
    if line.is_empty() || line.len() > 120 {
        return None;
    }
    let lower = line.to_lowercase();
    let plain = match lower.as_str() {
        "request" | "请求参数" | "request params" | "request parameters" => Marker::Request,
        "query params" | "query parameters" | "query 参数" => {
            Marker::Params(ParameterLocation::Query)
        }
        "path params" | "path parameters" | "path 参数" => {
            Marker::Params(ParameterLocation::Path)
        }
        "header params" | "header parameters" | "header 参数" => {
            Marker::Params(ParameterLocation::Header)
        }
        "cookie params" | "cookie parameters" | "cookie 参数" => {
            Marker::Params(ParameterLocation::Cookie)
        }
        "query" if !strict => Marker::Params(ParameterLocation::Query),
        "header" | "headers" | "request headers" if !strict => {
            Marker::Params(ParameterLocation::Header)
        }
        "cookie" | "cookies" if !strict => Marker::Params(ParameterLocation::Cookie),
        "request code samples" | "request samples" | "code samples" | "请求示例代码" => {
            Marker::Samples
        }
        "request example" | "request request example" | "请求示例" => Marker::RequestExample,
        "responses" | "返回响应" | "returned response" => Marker::Responses,
        "response" if !strict => Marker::Responses,
        _ => return body(&lower).map(Marker::RequestBody),
    };
    Some(plain)
}

/// `Body Params application/json Required`, with or without spaces.
fn body(lower: &str) -> Option<BodyHead> {
    let rest = [
        "body params",
        "body parameters",
        "body 参数",
        "request body",
    ]
    .iter()
    .find_map(|head| lower.strip_prefix(head))?
    .trim();
    let (rest, required) = required_word(rest);
    if rest.is_empty() {
        return Some(BodyHead {
            media_type: None,
            required,
        });
    }
    Some(BodyHead {
        media_type: Some(media_type(rest)?),
        required,
    })
}

/// Removes `required` or `optional` from the end of a line.
fn required_word(text: &str) -> (&str, Option<bool>) {
    for (word, required) in [
        ("required", true),
        ("必需", true),
        ("必填", true),
        ("optional", false),
        ("可选", false),
    ] {
        if let Some(rest) = text.strip_suffix(word) {
            return (rest.trim(), Some(required));
        }
    }
    (text, None)
}

/// Parses a line that only says whether something is required.
pub(crate) fn required_line(line: &str) -> Option<bool> {
    let lower = line.to_lowercase();
    match required_word(&lower) {
        ("", required) => required,
        _ => None,
    }
}

/// Parses a media type or the site's word for one; the result is in lower case and without
/// parameters.
pub(crate) fn media_type(text: &str) -> Option<String> {
    let lower = text.trim().to_lowercase();
    let known = match lower.as_str() {
        "json" => "application/json",
        "xml" => "application/xml",
        "form-data" => "multipart/form-data",
        "x-www-form-urlencoded" => "application/x-www-form-urlencoded",
        "text" | "raw" => "text/plain",
        "binary" => "application/octet-stream",
        _ => {
            let bare = lower.split(';').next().unwrap_or_default().trim();
            let (kind, name) = bare.split_once('/')?;
            let word = |text: &str| {
                !text.is_empty()
                    && text.len() < 100
                    && text
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b"*.+-_".contains(&b))
            };
            let known = matches!(
                kind,
                "application" | "text" | "multipart" | "image" | "audio" | "video" | "*"
            );
            return (known && word(name)).then(|| bare.to_owned());
        }
    };
    Some(known.to_owned())
}

/// Parses a media type line of a response section: `application/json`, `Bodyapplication/json`.
pub(crate) fn media_line(line: &str) -> Option<String> {
    if line.len() > 120 {
        return None;
    }
    let lower = line.to_lowercase();
    if let Some(rest) = lower.strip_prefix("body").filter(|rest| !rest.is_empty()) {
        return media_type(rest);
    }
    media_type(&lower).filter(|_| lower.contains('/') || lower == "json" || lower == "xml")
}

/// Parses the status line of a response: `🟢200成功`, `404 Not found`, `🟠x-200:Rejected`, `default`.
pub(crate) fn status_line(line: &str) -> Option<(String, String)> {
    if line.len() > 200 {
        return None;
    }
    let text = line.trim_start_matches(|c: char| !c.is_alphanumeric());
    let text = text.strip_prefix("x-").unwrap_or(text);
    if let Some(rest) = text.strip_prefix("default") {
        return rest
            .is_empty()
            .then(|| ("default".to_owned(), String::new()));
    }
    let code = text.get(..3)?;
    let bytes = code.as_bytes();
    if !(b'1'..=b'5').contains(&bytes[0]) {
        return None;
    }
    let digits = bytes[1..].iter().all(u8::is_ascii_digit);
    if !digits && !code[1..].eq_ignore_ascii_case("xx") {
        return None;
    }
    let rest = &text[3..];
    // A number, a date or an item of an array is not a status.
    if rest.starts_with(|c: char| c.is_ascii_digit() || matches!(c, ',' | '.' | '-' | '/' | '%')) {
        return None;
    }
    let name = rest
        .trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '(' | '（' | '-'))
        .trim_end_matches([')', '）'])
        .trim();
    Some((code.to_uppercase(), name.to_owned()))
}

/// Parses the label of an example; returns the text after the label on the same line.
pub(crate) fn example_line(line: &str) -> Option<&str> {
    let rest = line
        .strip_prefix("Examples")
        .or_else(|| line.strip_prefix("Example"))
        .or_else(|| line.strip_prefix("示例"))?
        .trim_start();
    // `Example: 7` shows the value of a field; `Example 7` is the seventh example.
    let number = rest.len() <= 3 && rest.bytes().all(|b| b.is_ascii_digit());
    let rest = rest.strip_prefix(':').map_or(rest, str::trim_start);
    let number = number || rest.is_empty();
    (number || rest.starts_with(['{', '['])).then_some(if number { "" } else { rest })
}

/// `Modified at 2025-12-24 08:33:22`: returns the text after the label.
pub(crate) fn modified_line(line: &str) -> Option<&str> {
    ["Modified at", "Last modified", "修改于", "最后修改时间"]
        .iter()
        .find_map(|head| line.strip_prefix(head))
        .map(|rest| rest.trim_start_matches([':', ' ', '：']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn section_headings_are_parsed() {
        let body = |media_type: Option<&str>, required| {
            Some(Marker::RequestBody(BodyHead {
                media_type: media_type.map(str::to_owned),
                required,
            }))
        };
        for (line, read) in [
            ("Request", Some(Marker::Request)),
            (
                "Query Params",
                Some(Marker::Params(ParameterLocation::Query)),
            ),
            ("Body Params", body(None, None)),
            (
                "Body Params application/json",
                body(Some("application/json"), None),
            ),
            (
                "Body Paramsapplication/jsonRequired",
                body(Some("application/json"), Some(true)),
            ),
            (
                "Body Params form-data optional",
                body(Some("multipart/form-data"), Some(false)),
            ),
            ("Body Params are sent as JSON", None),
            ("Request Code Samples", Some(Marker::Samples)),
            ("Request Request Example", Some(Marker::RequestExample)),
            ("Responses", Some(Marker::Responses)),
            ("Request a book", None),
            ("", None),
        ] {
            assert_eq!(marker(line, true), read, "{line}");
        }
        assert_eq!(marker("Headers", true), None);
        assert_eq!(
            marker("Headers", false),
            Some(Marker::Params(ParameterLocation::Header))
        );
    }

    #[test]
    fn status_lines_are_parsed() {
        for (line, read) in [
            ("🟢200成功", Some(("200", "成功"))),
            ("200Success", Some(("200", "Success"))),
            ("🔴 404 Not found", Some(("404", "Not found"))),
            ("🟠x-200:Rejected", Some(("200", "Rejected"))),
            ("4xx", Some(("4XX", ""))),
            ("OK(201)", None),
            ("default", Some(("default", ""))),
            ("2000", None),
            ("200,", None),
            ("2025-12-24", None),
            ("600 items", None),
            ("application/json", None),
        ] {
            let read = read.map(|(code, name)| (code.to_owned(), name.to_owned()));
            assert_eq!(status_line(line), read, "{line}");
        }
    }

    #[test]
    fn media_type_lines_are_parsed() {
        for (line, read) in [
            ("application/json", Some("application/json")),
            ("Bodyapplication/json", Some("application/json")),
            ("Body application/xml", Some("application/xml")),
            ("application/json; charset=utf-8", Some("application/json")),
            ("*/*", Some("*/*")),
            ("JSON", Some("application/json")),
            ("Body", None),
            ("and/or", None),
            ("text", None),
        ] {
            assert_eq!(media_line(line).as_deref(), read, "{line}");
        }
    }

    #[test]
    fn labels_are_parsed() {
        assert_eq!(example_line("Example"), Some(""));
        assert_eq!(example_line("Example 2"), Some(""));
        assert_eq!(example_line("Example{\"a\":1}"), Some("{\"a\":1}"));
        assert_eq!(example_line("Example of a book"), None);
        assert_eq!(example_line("Example: 978"), None);
        assert_eq!(example_line("Example:"), Some(""));
        assert_eq!(modified_line("Modified at 2025-12-24"), Some("2025-12-24"));
        assert_eq!(required_line("Required"), Some(true));
        assert_eq!(required_line("required field"), None);
    }
}
