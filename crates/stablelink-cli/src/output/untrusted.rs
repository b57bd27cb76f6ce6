//! Untrusted text: responses, file names and arguments may contain characters that control the terminal.

use serde_json::value::RawValue;
use stablelink::{RawObject, closest};

use crate::error::CliError;

/// Returns the `retdata` of a response body unchanged. Returns `None` if it is absent or null.
pub(crate) fn retdata(body: &[u8]) -> Option<String> {
    let envelope = RawObject::parse(body).ok()?;
    let retdata = envelope.get("retdata").filter(|data| *data != "null");
    retdata.map(str::to_owned)
}

/// Returns a JSON value for people: a string without quotes, any other value unchanged.
pub(crate) fn display_value(json: &str) -> String {
    match serde_json::from_str::<String>(json) {
        Ok(text) => sanitize(&text),
        Err(_) => sanitize(json),
    }
}

/// Returns the JSON text at a path of field names and list indexes, such as `records.0.orderNo`. A field whose name has dots
/// is found too.
pub(crate) fn find_value(json: &str, path: &str) -> Result<String, CliError> {
    find_below(json, "", path)
}

/// Returns the JSON text at `path` within the value whose own path is `parent`, which is empty for the response.
fn find_below(json: &str, parent: &str, path: &str) -> Result<String, CliError> {
    let (name, rest) = path.split_once('.').unwrap_or((path, ""));
    let found = if let Ok(fields) = RawObject::parse(json.as_bytes()) {
        if let Some(value) = fields.get(path) {
            return Ok(value.to_owned());
        }
        let value = fields.get(name).map(str::to_owned);
        value.ok_or_else(|| {
            let names: Vec<&str> = fields.iter().map(|(name, _)| name).collect();
            let next = match closest(name, names.iter().copied()) {
                Some(other) => format!("did you mean `{other}`?"),
                None => format!("existing fields: {}", names.join(", ")),
            };
            CliError::other(format!("the response has no field `{name}`")).next(next)
        })
    } else if let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(json) {
        let element = name.parse::<usize>().ok().and_then(|index| list.get(index));
        element.map(|value| value.get().to_owned()).ok_or_else(|| {
            let place = match parent {
                "" => "the response".to_owned(),
                parent => format!("`{parent}`"),
            };
            let problem = match list.len() {
                0 => format!("{place} is an empty list: it has no element `{name}`"),
                length => {
                    format!("{place} is a list of length {length}: it has no element `{name}`")
                }
            };
            CliError::other(problem)
        })
    } else {
        let problem = format!("the response has no field `{name}`");
        Err(CliError::other(problem))
    }?;
    let place = match parent {
        "" => name.to_owned(),
        parent => format!("{parent}.{name}"),
    };
    match rest {
        "" => Ok(found),
        rest => find_below(&found, &place, rest),
    }
}

/// Replaces characters that control the terminal.
pub(crate) fn sanitize(text: &str) -> String {
    let letters = text.chars();
    letters
        .map(|letter| {
            if is_control(letter) {
                '\u{fffd}'
            } else {
                letter
            }
        })
        .collect()
}

/// Sanitizes a text and keeps its line breaks.
pub(crate) fn sanitize_lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(sanitize).collect();
    lines.join("\n")
}

/// Escapes the characters of a JSON text that control the terminal. The value of the text stays the same.
pub(crate) fn escape_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for letter in json.chars() {
        match letter {
            '\n' | '\t' => escaped.push(letter),
            // Valid JSON has these only outside of strings, as whitespace.
            '\r' => escaped.push(' '),
            letter if is_control(letter) => {
                escaped.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// Returns whether a terminal may act on the character: a control character, a line separator, or a
/// bidirectional formatting character, which changes the order in which text is shown.
fn is_control(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::CliExitCode;

    #[test]
    fn retdata_is_unchanged() {
        for (body, data) in [
            (
                r#"{"retcode":200,"retdata":{"a": 1.00 ,"b":12345678901234567890.10}}"#,
                Some(r#"{"a": 1.00 ,"b":12345678901234567890.10}"#),
            ),
            (r#"{"retdata":[]}"#, Some("[]")),
            (r#"{"retdata":null}"#, None),
            (r#"{"retcode":200}"#, None),
            ("[1]", None),
            ("", None),
        ] {
            assert_eq!(retdata(body.as_bytes()).as_deref(), data, "{body}");
        }
    }

    #[test]
    fn value_is_found_by_its_path() {
        let json =
            r#"{"total":2,"records":[{"orderNo":"7","amount":1.50},{"a.b":[true]}],"none":null}"#;
        for (path, value) in [
            ("total", "2"),
            ("records.0.amount", "1.50"),
            ("records.0.orderNo", r#""7""#),
            ("records.1.a.b", "[true]"),
            ("none", "null"),
        ] {
            assert_eq!(find_value(json, path).unwrap(), value, "{path}");
        }
        for (path, problem, next) in [
            ("totl", "no field `totl`", Some("did you mean `total`?")),
            (
                "x",
                "no field `x`",
                Some("existing fields: total, records, none"),
            ),
            (
                "records.0.orderno",
                "no field `orderno`",
                Some("did you mean `orderNo`?"),
            ),
            (
                "records.2",
                "`records` is a list of length 2: it has no element `2`",
                None,
            ),
            ("records.-1", "no element `-1`", None),
            ("total.a", "no field `a`", None),
            (
                "",
                "no field ``",
                Some("existing fields: total, records, none"),
            ),
        ] {
            let error = find_value(json, path).unwrap_err();
            assert!(error.problem.ends_with(problem), "{path}: {error}");
            assert_eq!(error.next.as_deref(), next, "{path}");
        }
        assert!(find_value("null", "a").is_err());
        for (json, path, problem) in [
            (
                r#"{"records":[]}"#,
                "records.0.orderNo",
                "`records` is an empty list: it has no element `0`",
            ),
            (
                "[]",
                "0",
                "the response is an empty list: it has no element `0`",
            ),
        ] {
            let error = find_value(json, path).unwrap_err();
            assert_eq!(
                (error.to_string(), error.code),
                (problem.to_owned(), CliExitCode::Other)
            );
        }
    }

    #[test]
    fn displayed_value_cannot_control_the_terminal() {
        assert_eq!(
            display_value(r#""a\u001b[2Jb\nc""#),
            "a\u{fffd}[2Jb\u{fffd}c"
        );
        for odd in "\u{7f}\u{9b}\u{61c}\u{200f}\u{2028}\u{202e}\u{2067}".chars() {
            assert_eq!(sanitize(&format!("{odd}gnp")), "\u{fffd}gnp");
            assert_eq!(sanitize_lines(&format!("a\n{odd}b")), "a\n\u{fffd}b");
        }
        assert_eq!(display_value("1.50"), "1.50");
        assert_eq!(display_value(r#"{"a":1}"#), r#"{"a":1}"#);
        assert_eq!(sanitize("Überweisung 🏦"), "Überweisung 🏦");
    }

    #[test]
    fn escaped_json_has_same_value_without_control_characters() {
        let json = "{\"a\":\"\u{9b}2J\u{202e}é\u{7f}\",\r\n\t\"b\":1.00}";
        let escaped = escape_json(json);
        assert_eq!(
            escaped,
            "{\"a\":\"\\u009b2J\\u202eé\\u007f\", \n\t\"b\":1.00}"
        );
        let value = |json| serde_json::from_str::<serde_json::Value>(json).unwrap();
        assert_eq!(value(&escaped), value(json));
    }
}
