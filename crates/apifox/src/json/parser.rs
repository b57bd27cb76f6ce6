//! Parses one JSON value at the start of a text, which may be truncated.
//!
//! Libraries considered: `serde_json`, `jsonc-parser` and `spanned_json_parser` reject a truncated
//! value, and none of them keeps the digits of a number, the order of the fields and the lines
//! together.

use super::{JsonField, JsonNode, JsonValue};
use std::iter::Peekable;
use std::str::CharIndices;

/// Maximum nesting of examples. The document around an example adds about a dozen levels, and
/// common JSON readers stop at 128.
const DEEPEST: usize = 100;

/// The result of parsing a value.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) node: JsonNode,
    /// Byte offset after the value.
    pub(crate) end: usize,
    /// The position at which the value is truncated.
    pub(crate) cut: Option<Truncation>,
    /// Accepted deviations from JSON: comments and trailing commas.
    pub(crate) remarks: Vec<(u32, &'static str)>,
}

/// The position at which an example is truncated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Truncation {
    pub(crate) line: u32,
    /// The field whose value is missing, if its name is complete.
    pub(crate) lost: Option<String>,
}

/// The reason why a text is not JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JsonSyntaxError {
    pub(crate) line: u32,
    /// The column in characters, counted from 1.
    pub(crate) column: u32,
    pub(crate) reason: String,
}

/// Parses the value at the first character that is not whitespace, and ignores the text after it.
///
/// Runs in linear time.
pub(crate) fn parse(
    text: &str,
    line: u32,
    column: u32,
    budget: &mut Budget,
) -> Result<Parsed, JsonSyntaxError> {
    let mut reader = JsonParser {
        text,
        chars: text.char_indices().peekable(),
        line,
        column,
        budget,
        cut: None,
        remarks: Vec::new(),
    };
    reader.blanks()?;
    match reader.value(0)? {
        ParsedValue::Whole(node) | ParsedValue::Part(node) => Ok(Parsed {
            node,
            end: reader.offset(),
            cut: reader.cut,
            remarks: reader.remarks,
        }),
        ParsedValue::Nothing => Err(reader.failure("the text ends before a value")),
    }
}

/// The parsed part of a value.
pub(super) enum ParsedValue {
    Whole(JsonNode),
    /// The text ends inside the value. The node holds the part that can be determined, such as
    /// `true` for `tru`.
    Part(JsonNode),
    /// The text ends before any part of the value is certain.
    Nothing,
}

pub(super) struct JsonParser<'a, 'b> {
    pub(super) text: &'a str,
    chars: Peekable<CharIndices<'a>>,
    line: u32,
    column: u32,
    budget: &'b mut Budget,
    cut: Option<Truncation>,
    remarks: Vec<(u32, &'static str)>,
}

impl JsonParser<'_, '_> {
    pub(super) fn peek(&mut self) -> Option<char> {
        self.chars.peek().map(|&(_, c)| c)
    }

    pub(super) fn offset(&mut self) -> usize {
        self.chars.peek().map_or(self.text.len(), |&(at, _)| at)
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let (_, c) = self.chars.next()?;
        if c == '\n' {
            self.line = self.line.saturating_add(1);
            self.column = 1;
        } else {
            self.column = self.column.saturating_add(1);
        }
        Some(c)
    }

    pub(super) fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.next();
        }
        found
    }

    pub(super) fn failure(&self, reason: impl Into<String>) -> JsonSyntaxError {
        JsonSyntaxError {
            line: self.line,
            column: self.column,
            reason: reason.into(),
        }
    }

    pub(super) fn unexpected(&mut self, wanted: &str) -> JsonSyntaxError {
        let found = self.peek().unwrap_or_default();
        self.failure(format!("expected {wanted}, found {found:?}"))
    }

    pub(super) fn cut_here(&mut self, lost: Option<&str>) {
        let line = self.line;
        self.cut.get_or_insert_with(|| Truncation {
            line,
            lost: lost.map(str::to_owned),
        });
    }

    /// Skips whitespace (no-break spaces included), comments, and the ellipses that replace omitted
    /// fields.
    fn blanks(&mut self) -> Result<(), JsonSyntaxError> {
        loop {
            match self.peek() {
                Some(c) if c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}') => {
                    self.next();
                }
                Some('/') => self.comment()?,
                Some('…') => {
                    self.next();
                    self.cut_here(None);
                }
                Some('.') if self.text[self.offset()..].starts_with("...") => {
                    while self.eat('.') {}
                    self.cut_here(None);
                }
                _ => return Ok(()),
            }
        }
    }

    fn comment(&mut self) -> Result<(), JsonSyntaxError> {
        let line = self.line;
        self.next();
        if self.eat('/') {
            while self.peek().is_some_and(|c| c != '\n') {
                self.next();
            }
        } else if self.eat('*') {
            let mut star = false;
            loop {
                match self.next() {
                    None => break,
                    Some('/') if star => break,
                    Some(c) => star = c == '*',
                }
            }
        } else {
            return Err(self.unexpected("a comment behind `/`"));
        }
        self.remarks
            .push((line, "a comment in the example is ignored"));
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Result<ParsedValue, JsonSyntaxError> {
        let line = self.line;
        let Some(first) = self.peek() else {
            return Ok(ParsedValue::Nothing);
        };
        if depth > DEEPEST {
            return Err(self.failure(format!("nested deeper than {DEEPEST} levels")));
        }
        if !self.budget.take() {
            return Err(self.failure(format!(
                "the examples of a page may have {} values, and this page has more",
                self.budget.all()
            )));
        }
        let node = |value| JsonNode { line, value };
        match first {
            '{' => self.object(depth, line),
            '[' => self.array(depth, line),
            '"' => Ok(match self.string()? {
                Some(text) => ParsedValue::Whole(node(JsonValue::String(text))),
                None => ParsedValue::Nothing,
            }),
            '-' | '0'..='9' => self.number(depth, line),
            't' => self.literal("true", node(JsonValue::Bool(true))),
            'f' => self.literal("false", node(JsonValue::Bool(false))),
            'n' => self.literal("null", node(JsonValue::Null)),
            _ => Err(self.unexpected("a JSON value")),
        }
    }

    fn object(&mut self, depth: usize, line: u32) -> Result<ParsedValue, JsonSyntaxError> {
        self.next();
        let mut members = Vec::new();
        let whole = loop {
            self.blanks()?;
            let at = self.line;
            match self.peek() {
                None => break false,
                Some('}') => {
                    self.next();
                    break true;
                }
                Some('"') => {}
                Some(_) => return Err(self.unexpected("a field name in double quotes")),
            }
            let Some(name) = self.string()? else {
                break false;
            };
            self.blanks()?;
            if self.peek().is_none() {
                self.cut_here(Some(&name));
                break false;
            }
            if !self.eat(':') {
                return Err(self.unexpected("`:` after a field name"));
            }
            self.blanks()?;
            let member = |value| JsonField {
                name: name.clone(),
                line: at,
                value,
            };
            match self.value(depth + 1)? {
                ParsedValue::Whole(value) => members.push(member(value)),
                ParsedValue::Part(value) => {
                    members.push(member(value));
                    break false;
                }
                ParsedValue::Nothing => {
                    self.cut_here(Some(&name));
                    break false;
                }
            }
            if !self.separator('}')? {
                break false;
            }
        };
        Ok(self.container(whole, line, JsonValue::Object(members)))
    }

    fn array(&mut self, depth: usize, line: u32) -> Result<ParsedValue, JsonSyntaxError> {
        self.next();
        let mut items = Vec::new();
        let whole = loop {
            self.blanks()?;
            match self.peek() {
                None => break false,
                Some(']') => {
                    self.next();
                    break true;
                }
                Some(_) => {}
            }
            match self.value(depth + 1)? {
                ParsedValue::Whole(value) => items.push(value),
                ParsedValue::Part(value) => {
                    items.push(value);
                    break false;
                }
                ParsedValue::Nothing => break false,
            }
            if !self.separator(']')? {
                break false;
            }
        };
        Ok(self.container(whole, line, JsonValue::Array(items)))
    }

    fn container(&mut self, whole: bool, line: u32, value: JsonValue) -> ParsedValue {
        let node = JsonNode { line, value };
        if whole {
            ParsedValue::Whole(node)
        } else {
            self.cut_here(None);
            ParsedValue::Part(node)
        }
    }

    /// Reads the separator after a field or an item; returns `false` if the text ends here.
    fn separator(&mut self, close: char) -> Result<bool, JsonSyntaxError> {
        self.blanks()?;
        match self.peek() {
            None => Ok(false),
            Some(',') => {
                let line = self.line;
                self.next();
                self.blanks()?;
                if self.peek() == Some(close) && self.cut.is_none() {
                    self.remarks
                        .push((line, "the comma before the closing bracket is ignored"));
                }
                Ok(true)
            }
            Some(c) if c == close => Ok(true),
            // An ellipsis replaced fields together with their comma.
            Some(_) if self.cut.is_some() => Ok(true),
            Some(_) => Err(self.unexpected(&format!("`,` or `{close}`"))),
        }
    }
}

/// Maximum number of JSON values on one page; it bounds the memory.
pub(crate) const MAX_PAGE_VALUES: usize = 200_000;

/// Maximum number of values in the schema list or the export of a whole project.
pub(crate) const MAX_PROJECT_VALUES: usize = 10 * MAX_PAGE_VALUES;

/// The number of values that may still be read.
#[derive(Debug)]
pub(crate) struct Budget {
    left: usize,
    all: usize,
}

impl Budget {
    /// Returns the budget for the schema list or the export of a whole project.
    pub(crate) fn of_project() -> Self {
        Self::of(MAX_PROJECT_VALUES)
    }

    /// Consumes one value; returns `false` if the budget is used up.
    pub(crate) fn take(&mut self) -> bool {
        let left = self.left.checked_sub(1);
        self.left = left.unwrap_or_default();
        left.is_some()
    }

    /// Returns the total budget: the number of values that may be parsed.
    pub(super) fn all(&self) -> usize {
        self.all
    }

    fn of(all: usize) -> Self {
        Self { left: all, all }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::of(MAX_PAGE_VALUES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Parsed, JsonSyntaxError> {
        parse(text, 1, 1, &mut Budget::default())
    }

    #[test]
    fn complete_values_are_parsed() {
        for text in [
            r#"{"a":1,"b":[true,false,null],"c":{"d":"x"}}"#,
            r#"[]"#,
            r#"{}"#,
            r#""text""#,
            "12",
            "true",
        ] {
            let parsed = read(text).unwrap();
            assert_eq!(parsed.node.to_value().to_string(), text);
            assert_eq!(parsed.cut, None, "{text}");
            assert_eq!(parsed.end, text.len());
        }
    }

    #[test]
    fn escapes_and_unusual_whitespace_are_parsed() {
        for (text, value) in [
            (r#""\u00e9\ud83d\ude00\n""#, "é😀\n"),
            (r#""\ud83dx""#, "\u{fffd}x"),
            (r#""\ud83d\u0041""#, "\u{fffd}"),
            ("\u{a0}\u{200b}\"x\"", "x"),
        ] {
            let parsed = read(text).unwrap();
            assert_eq!(
                parsed.node.value,
                JsonValue::String(value.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn fields_keep_their_lines() {
        let parsed = read("{\n \"a\": 1,\n \"b\":\n   2\n}").unwrap();
        let JsonValue::Object(members) = parsed.node.value else {
            panic!("no object");
        };
        assert_eq!((members[0].line, members[0].value.line), (2, 2));
        assert_eq!((members[1].line, members[1].value.line), (3, 4));
    }

    #[test]
    fn truncated_value_keeps_its_certain_part() {
        for (text, kept, lost) in [
            (r#"{"a":1,"b":fals"#, r#"{"a":1,"b":false}"#, None),
            ("{\"a\":1,\"b\":fals\n \n", r#"{"a":1,"b":false}"#, None),
            (r#"{"a":1,"b":12"#, r#"{"a":1}"#, Some("b")),
            ("{\"a\":1,\"b\":12\n", r#"{"a":1}"#, Some("b")),
            (r#"{"a":1,"b":12,"#, r#"{"a":1,"b":12}"#, None),
            (r#"{"a":1,"b":-"#, r#"{"a":1}"#, Some("b")),
            (r#"{"a":1,"b":"te"#, r#"{"a":1}"#, Some("b")),
            (r#"{"a":1,"b":"te\"#, r#"{"a":1}"#, Some("b")),
            (r#"{"a":1,"b":"te\u00"#, r#"{"a":1}"#, Some("b")),
            ("{\"a\":1,\"b\":\"te\n", r#"{"a":1}"#, Some("b")),
            (r#"{"a":1,"b":"text""#, r#"{"a":1,"b":"text"}"#, None),
            (r#"{"a":1,"b":"#, r#"{"a":1}"#, Some("b")),
            (r#"{"a":1,"b""#, r#"{"a":1}"#, Some("b")),
            (r#"{"a":1,"b"#, r#"{"a":1}"#, None),
            (r#"{"a":{"b":[1,2,"#, r#"{"a":{"b":[1,2]}}"#, None),
            (r#"{"a":1, ... }"#, r#"{"a":1}"#, None),
            (r#"{"a":1 … , "b":2}"#, r#"{"a":1,"b":2}"#, None),
            ("{", "{}", None),
        ] {
            let parsed = read(text).unwrap();
            assert_eq!(parsed.node.to_value().to_string(), kept, "{text}");
            let cut = parsed.cut.expect(text);
            assert_eq!(cut.lost.as_deref(), lost, "{text}");
        }
    }

    #[test]
    fn invalid_json_error_has_line_and_column() {
        for (text, line, column, reason) in [
            ("", 1, 1, "ends before a value"),
            ("x", 1, 1, "expected a JSON value, found 'x'"),
            ("{a:1}", 1, 2, "field name in double quotes"),
            ("{\n  \"a\" 1}", 2, 7, "`:` after a field name"),
            ("{\"a\":1 \"b\":2}", 1, 8, "`,` or `}`"),
            ("[1,,2]", 1, 4, "a JSON value"),
            ("{\"n\":4111****1111}", 1, 10, "the end of the number"),
            ("{\"n\":01}", 1, 7, "cannot start with 0"),
            ("{\"n\":1.x}", 1, 8, "a digit"),
            ("{\"n\":nulls}", 1, 10, "the end of `null`"),
            ("{\"n\":nope}", 1, 7, "`null`"),
            ("{\"n\":\"a\nb\"}", 1, 8, "a string must end on its line"),
            ("{\"n\":\"\\x\"}", 1, 8, "a JSON escape"),
            ("{\"n\":\"\\u12g4\"}", 1, 11, "hexadecimal"),
            ("/x", 1, 2, "a comment"),
        ] {
            let failure = read(text).expect_err(text);
            assert_eq!((failure.line, failure.column), (line, column), "{text}");
            assert!(failure.reason.contains(reason), "{text}: {failure:?}");
        }
    }

    #[test]
    fn comments_and_trailing_commas_are_warned_about() {
        let parsed = read("{ // who\n \"a\": 1, /* what\n*/ \"b\": [2,],\n}").unwrap();
        assert_eq!(parsed.node.to_value().to_string(), r#"{"a":1,"b":[2]}"#);
        let lines: Vec<u32> = parsed.remarks.iter().map(|remark| remark.0).collect();
        assert_eq!(lines, [1, 2, 3, 3]);
        assert_eq!(parsed.cut, None);
    }

    #[test]
    fn depth_and_value_count_are_limited() {
        let deep = "[".repeat(100_000);
        assert!(read(&deep).expect_err("deep").reason.contains("100 levels"));
        let nested = format!("{}1{}", "[".repeat(100), "]".repeat(100));
        assert!(read(&nested).is_ok());
        let many = format!("[{}1]", "1,".repeat(MAX_PAGE_VALUES));
        assert!(read(&many).expect_err("many").reason.contains("200000"));
    }
}
