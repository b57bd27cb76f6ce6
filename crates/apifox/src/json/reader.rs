//! Reads one JSON value from the front of a text, and makes the best of one that is cut.

use std::iter::Peekable;
use std::str::CharIndices;

use super::budget::Budget;
use super::{JsonField, JsonNode, JsonValue};

/// Deeper examples are refused. The document that an example ends in nests a dozen levels itself, and
/// common JSON readers stop at 128.
const DEEPEST: usize = 100;

/// A value that was read.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) node: JsonNode,
    /// Byte offset behind the value.
    pub(crate) end: usize,
    /// Where and how the value is incomplete.
    pub(crate) cut: Option<Cut>,
    /// What is not JSON but was understood: comments, commas at an end.
    pub(crate) remarks: Vec<(u32, &'static str)>,
}

/// The place where an example is incomplete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) line: u32,
    /// The member whose value is missing, if its name is whole.
    pub(crate) lost: Option<String>,
}

/// Why a text is no JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) line: u32,
    /// Counted in characters from 1.
    pub(crate) column: u32,
    pub(crate) reason: String,
}

/// Reads the value that starts at the first character that is no blank. What follows it is left alone.
///
/// The time is linear in the length of the text.
pub(crate) fn parse(
    text: &str,
    line: u32,
    column: u32,
    budget: &mut Budget,
) -> Result<Parsed, Failure> {
    let mut reader = Reader {
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
        Got::Whole(node) | Got::Part(node) => Ok(Parsed {
            node,
            end: reader.offset(),
            cut: reader.cut,
            remarks: reader.remarks,
        }),
        Got::Nothing => Err(reader.failure("the text ends before a value")),
    }
}

/// What is there of a value.
pub(super) enum Got {
    Whole(JsonNode),
    /// The text ends inside; this much is certain.
    Part(JsonNode),
    /// The text ends before anything is certain.
    Nothing,
}

pub(super) struct Reader<'a, 'b> {
    pub(super) text: &'a str,
    chars: Peekable<CharIndices<'a>>,
    line: u32,
    column: u32,
    budget: &'b mut Budget,
    cut: Option<Cut>,
    remarks: Vec<(u32, &'static str)>,
}

impl Reader<'_, '_> {
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

    pub(super) fn failure(&self, reason: impl Into<String>) -> Failure {
        Failure {
            line: self.line,
            column: self.column,
            reason: reason.into(),
        }
    }

    pub(super) fn unexpected(&mut self, wanted: &str) -> Failure {
        let found = self.peek().unwrap_or_default();
        self.failure(format!("expected {wanted}, found {found:?}"))
    }

    pub(super) fn cut_here(&mut self, lost: Option<&str>) {
        let line = self.line;
        self.cut.get_or_insert_with(|| Cut {
            line,
            lost: lost.map(str::to_owned),
        });
    }

    /// Skips blanks (the no-break kinds too), comments, and the dots that stand for what was left out.
    fn blanks(&mut self) -> Result<(), Failure> {
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

    fn comment(&mut self) -> Result<(), Failure> {
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
            .push((line, "a comment in the example is skipped"));
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Result<Got, Failure> {
        let line = self.line;
        let Some(first) = self.peek() else {
            return Ok(Got::Nothing);
        };
        if depth > DEEPEST {
            return Err(self.failure(format!("nested deeper than {DEEPEST} levels")));
        }
        if !self.budget.take() {
            return Err(self.failure(format!(
                "the examples of a page may hold {} values, this one has more",
                self.budget.all()
            )));
        }
        let node = |value| JsonNode { line, value };
        match first {
            '{' => self.object(depth, line),
            '[' => self.array(depth, line),
            '"' => Ok(match self.string()? {
                Some(text) => Got::Whole(node(JsonValue::String(text))),
                None => Got::Nothing,
            }),
            '-' | '0'..='9' => self.number(depth, line),
            't' => self.literal("true", node(JsonValue::Bool(true))),
            'f' => self.literal("false", node(JsonValue::Bool(false))),
            'n' => self.literal("null", node(JsonValue::Null)),
            _ => Err(self.unexpected("a JSON value")),
        }
    }

    fn object(&mut self, depth: usize, line: u32) -> Result<Got, Failure> {
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
                Some(_) => return Err(self.unexpected("a member name in double quotes")),
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
                return Err(self.unexpected("`:` behind a member name"));
            }
            self.blanks()?;
            let member = |value| JsonField {
                name: name.clone(),
                line: at,
                value,
            };
            match self.value(depth + 1)? {
                Got::Whole(value) => members.push(member(value)),
                Got::Part(value) => {
                    members.push(member(value));
                    break false;
                }
                Got::Nothing => {
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

    fn array(&mut self, depth: usize, line: u32) -> Result<Got, Failure> {
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
                Got::Whole(value) => items.push(value),
                Got::Part(value) => {
                    items.push(value);
                    break false;
                }
                Got::Nothing => break false,
            }
            if !self.separator(']')? {
                break false;
            }
        };
        Ok(self.container(whole, line, JsonValue::Array(items)))
    }

    fn container(&mut self, whole: bool, line: u32, value: JsonValue) -> Got {
        let node = JsonNode { line, value };
        if whole {
            Got::Whole(node)
        } else {
            self.cut_here(None);
            Got::Part(node)
        }
    }

    /// What stands behind a member or an item. `false`: the text ends here.
    fn separator(&mut self, close: char) -> Result<bool, Failure> {
        self.blanks()?;
        match self.peek() {
            None => Ok(false),
            Some(',') => {
                let line = self.line;
                self.next();
                self.blanks()?;
                if self.peek() == Some(close) && self.cut.is_none() {
                    self.remarks
                        .push((line, "the comma before the closing bracket is skipped"));
                }
                Ok(true)
            }
            Some(c) if c == close => Ok(true),
            // Dots in place of members: the comma went with them.
            Some(_) if self.cut.is_some() => Ok(true),
            Some(_) => Err(self.unexpected(&format!("`,` or `{close}`"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::budget::MAX_PAGE_VALUES;
    use super::*;

    fn read(text: &str) -> Result<Parsed, Failure> {
        parse(text, 1, 1, &mut Budget::default())
    }

    #[test]
    fn whole_values() {
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
    fn escapes_and_odd_blanks() {
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
    fn members_know_their_lines() {
        let parsed = read("{\n \"a\": 1,\n \"b\":\n   2\n}").unwrap();
        let JsonValue::Object(members) = parsed.node.value else {
            panic!("no object");
        };
        assert_eq!((members[0].line, members[0].value.line), (2, 2));
        assert_eq!((members[1].line, members[1].value.line), (3, 4));
    }

    #[test]
    fn a_cut_value_keeps_what_is_certain() {
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
    fn what_is_no_json_names_line_and_column() {
        for (text, line, column, reason) in [
            ("", 1, 1, "ends before a value"),
            ("x", 1, 1, "expected a JSON value, found 'x'"),
            ("{a:1}", 1, 2, "member name in double quotes"),
            ("{\n  \"a\" 1}", 2, 7, "`:` behind a member name"),
            ("{\"a\":1 \"b\":2}", 1, 8, "`,` or `}`"),
            ("[1,,2]", 1, 4, "a JSON value"),
            ("{\"n\":4111****1111}", 1, 10, "the end of the number"),
            ("{\"n\":01}", 1, 7, "can't start with 0"),
            ("{\"n\":1.x}", 1, 8, "a digit"),
            ("{\"n\":nulls}", 1, 10, "the end of `null`"),
            ("{\"n\":nope}", 1, 7, "`null`"),
            ("{\"n\":\"a\nb\"}", 1, 8, "a string ends with its line"),
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
    fn comments_and_commas_are_remarked() {
        let parsed = read("{ // who\n \"a\": 1, /* what\n*/ \"b\": [2,],\n}").unwrap();
        assert_eq!(parsed.node.to_value().to_string(), r#"{"a":1,"b":[2]}"#);
        let lines: Vec<u32> = parsed.remarks.iter().map(|remark| remark.0).collect();
        assert_eq!(lines, [1, 2, 3, 3]);
        assert_eq!(parsed.cut, None);
    }

    #[test]
    fn depth_and_count_have_limits() {
        let deep = "[".repeat(100_000);
        assert!(read(&deep).expect_err("deep").reason.contains("100 levels"));
        let nested = format!("{}1{}", "[".repeat(100), "]".repeat(100));
        assert!(read(&nested).is_ok());
        let many = format!("[{}1]", "1,".repeat(MAX_PAGE_VALUES));
        assert!(read(&many).expect_err("many").reason.contains("200000"));
    }
}
