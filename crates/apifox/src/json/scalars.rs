//! Parses literals, numbers and strings, complete or truncated.

use super::parser::{JsonParser, JsonSyntaxError, ParsedValue};
use super::{JsonNode, JsonValue};

impl JsonParser<'_, '_> {
    pub(super) fn literal(
        &mut self,
        word: &str,
        node: JsonNode,
    ) -> Result<ParsedValue, JsonSyntaxError> {
        for wanted in word.chars() {
            match self.peek() {
                None => return Ok(self.completed(node)),
                Some(c) if c == wanted => {
                    self.next();
                }
                // A truncated file may end with a line break.
                Some(c) if c.is_whitespace() && self.only_blanks_left() => {
                    return Ok(self.completed(node));
                }
                Some(_) => return Err(self.unexpected(&format!("`{word}`"))),
            }
        }
        match self.peek() {
            Some(c) if c.is_alphanumeric() || c == '_' => {
                Err(self.unexpected(&format!("the end of `{word}`")))
            }
            _ => Ok(ParsedValue::Whole(node)),
        }
    }

    fn completed(&mut self, node: JsonNode) -> ParsedValue {
        self.cut_here(None);
        ParsedValue::Part(node)
    }

    fn only_blanks_left(&mut self) -> bool {
        let offset = self.offset();
        self.text[offset..].trim_start().is_empty()
    }

    pub(super) fn number(
        &mut self,
        depth: usize,
        line: u32,
    ) -> Result<ParsedValue, JsonSyntaxError> {
        let start = self.offset();
        let mut whole = true;
        self.eat('-');
        if self.eat('0') {
            if self.peek().is_some_and(|c| c.is_ascii_digit()) {
                return Err(self.failure("a number cannot start with 0"));
            }
        } else {
            whole &= self.digits()?;
        }
        if self.eat('.') {
            whole &= self.digits()?;
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            self.next();
            if !self.eat('-') {
                self.eat('+');
            }
            whole &= self.digits()?;
        }
        let end = self.offset();
        // More digits may be missing at the end of a truncated text.
        let at_end = self.peek().is_none()
            || (self.peek().is_some_and(char::is_whitespace) && self.only_blanks_left());
        if !whole || (depth > 0 && at_end) {
            return Ok(ParsedValue::Nothing);
        }
        match self.peek() {
            Some(c) if c.is_alphanumeric() || matches!(c, '.' | '*' | '_') => {
                Err(self.unexpected("the end of the number"))
            }
            _ => Ok(ParsedValue::Whole(JsonNode {
                line,
                value: JsonValue::Number(self.text[start..end].to_owned()),
            })),
        }
    }

    /// Reads at least one digit; returns `false` at the end of the text.
    fn digits(&mut self) -> Result<bool, JsonSyntaxError> {
        match self.peek() {
            None => return Ok(false),
            Some(c) if c.is_ascii_digit() => {}
            Some(c) if c.is_whitespace() && self.only_blanks_left() => return Ok(false),
            Some(_) => return Err(self.unexpected("a digit")),
        }
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.next();
        }
        Ok(true)
    }

    /// Returns the string with its escapes resolved, or `None` if the text ends inside it.
    pub(super) fn string(&mut self) -> Result<Option<String>, JsonSyntaxError> {
        self.next();
        let mut out = String::new();
        loop {
            match self.peek() {
                None => return Ok(None),
                Some('"') => {
                    self.next();
                    return Ok(Some(out));
                }
                Some('\\') => {
                    self.next();
                    match self.escape()? {
                        Some(c) => out.push(c),
                        None => return Ok(None),
                    }
                }
                Some('\n') => {
                    if self.only_blanks_left() {
                        return Ok(None);
                    }
                    return Err(self.failure("a string must end on its line"));
                }
                Some(c) => {
                    self.next();
                    out.push(c);
                }
            }
        }
    }

    fn escape(&mut self) -> Result<Option<char>, JsonSyntaxError> {
        let Some(c) = self.peek() else {
            return Ok(None);
        };
        let resolved = match c {
            '"' | '\\' | '/' => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                self.next();
                return self.unicode();
            }
            _ => return Err(self.unexpected("a JSON escape after `\\`")),
        };
        self.next();
        Ok(Some(resolved))
    }

    fn unicode(&mut self) -> Result<Option<char>, JsonSyntaxError> {
        let Some(first) = self.four_digits()? else {
            return Ok(None);
        };
        if !(0xd800..0xdc00).contains(&first) {
            return Ok(Some(char::from_u32(first).unwrap_or('\u{fffd}')));
        }
        if !self.text[self.offset()..].starts_with("\\u") {
            return Ok(Some('\u{fffd}'));
        }
        self.next();
        self.next();
        let Some(second) = self.four_digits()? else {
            return Ok(None);
        };
        let joined = 0x10000 + ((first - 0xd800) << 10) + second.wrapping_sub(0xdc00) % 0x400;
        Ok(Some(
            char::from_u32(joined)
                .filter(|_| (0xdc00..0xe000).contains(&second))
                .unwrap_or('\u{fffd}'),
        ))
    }

    fn four_digits(&mut self) -> Result<Option<u32>, JsonSyntaxError> {
        let mut code = 0;
        for _ in 0..4 {
            match self.peek() {
                None => return Ok(None),
                Some(c) => match c.to_digit(16) {
                    Some(digit) => {
                        code = code * 16 + digit;
                        self.next();
                    }
                    None => return Err(self.unexpected("four hexadecimal digits")),
                },
            }
        }
        Ok(Some(code))
    }
}
