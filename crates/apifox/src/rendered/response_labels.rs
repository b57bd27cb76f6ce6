//! The status line and the media type of a response.

use super::labels::{LONGEST, is_among, key};

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
        "html" => "text/html",
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

/// Parses a media type line of a response section: `application/json`, `Bodyapplication/json`,
/// `Content Type : JSONapplication/json`.
pub(crate) fn media_line(line: &str) -> Option<String> {
    if line.len() > LONGEST {
        return None;
    }
    let lower = line.to_lowercase();
    let labels = [
        "contenttype",
        "content-type",
        "内容格式",
        "内容类型",
        "內容格式",
        "內容類型",
        "コンテンツタイプ",
    ];
    if let Some((label, rest)) = lower.split_once([':', '：'])
        && labels.contains(&key(label).as_str())
    {
        let rest = rest.trim();
        // The site prints its own word before the media type.
        let bare = ["json", "xml", "html", "raw", "binary", "text"]
            .iter()
            .find_map(|word| rest.strip_prefix(word))
            .map(str::trim)
            .filter(|bare| bare.contains('/') && !bare.starts_with('/'));
        return media_type(bare.unwrap_or(rest));
    }
    if let Some(rest) = lower.strip_prefix("body").filter(|rest| !rest.is_empty()) {
        return media_type(rest);
    }
    media_type(&lower).filter(|_| lower.contains('/') || lower == "json" || lower == "xml")
}

/// Parses `HTTP Code: 200` of the layout of 2022 to 2024.
pub(crate) fn code_line(line: &str) -> Option<String> {
    let (label, code) = line.split_once([':', '：'])?;
    let known = is_among(
        "httpcode|httpstatuscode|httpstatus|httpコード|http状态码|http狀態碼|状态码|狀態碼|httpステータスコード",
        &key(label),
    );
    let (code, name) = status_line(code.trim())?;
    (known && name.is_empty()).then_some(code)
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
    if !is_status_code(code) {
        return None;
    }
    let rest = &text[3..];
    // A number, a date or an item of an array is not a status.
    if rest.starts_with(|c: char| c.is_ascii_digit() || matches!(c, ',' | '.' | '-' | '/' | '%')) {
        return None;
    }
    let name = rest
        .trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '-'))
        .trim();
    // `200 - Done (200)` repeats the status.
    let name = match trailing_status(name) {
        Some((again, name)) if again == code => name,
        _ => name,
    };
    let name = name
        .trim_start_matches(['(', '（'])
        .trim_end_matches([')', '）'])
        .trim();
    Some((code.to_uppercase(), name.to_owned()))
}

fn is_status_code(code: &str) -> bool {
    let bytes = code.as_bytes();
    bytes.len() == 3
        && (b'1'..=b'5').contains(&bytes[0])
        && (bytes[1..].iter().all(u8::is_ascii_digit) || bytes[1..].eq_ignore_ascii_case(b"xx"))
}

/// Splits a text that ends with a status: `Found(200)` → `200`, `Found`.
fn trailing_status(text: &str) -> Option<(&str, &str)> {
    let open = text.rfind(['(', '（'])?;
    let code = text[open..]
        .trim_start_matches(['(', '（'])
        .trim_end_matches([')', '）'])
        .trim();
    let closed = text.ends_with([')', '）']);
    (closed && is_status_code(code)).then(|| (code, text[..open].trim()))
}

/// Parses a tab of the layout of 2022 to 2024: `Found(200)`.
pub(crate) fn status_tab(line: &str) -> Option<(String, String)> {
    if line.len() > 200 {
        return None;
    }
    let (code, name) = trailing_status(line)?;
    Some((code.to_uppercase(), name.to_owned()))
}

/// Returns whether a status line begins with the coloured mark that the site prints.
pub(crate) fn is_marked_status(line: &str) -> bool {
    line.starts_with(['🟢', '🟠', '🔴', '🟡', '🔵', '⚪', '⚫', '🟣', '🟤'])
        && status_line(line).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
