//! Splits a command into words as a shell does: quotes, escapes, continued lines.

/// A word of a command and its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) line: u32,
    /// The column in characters, counted from 1. For a quoted word, the column of the first
    /// character after the quote.
    pub(crate) column: u32,
}

/// A command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) words: Vec<Word>,
    /// Whether the text ends inside a quoted string.
    pub(crate) cut: bool,
    /// Number of lines, counting a line on which another command follows.
    pub(crate) lines: usize,
}

/// Splits the command at the start of a text, to the end of its last line.
///
/// Saving a page may drop the backslash at the end of a line, or the line break after it: a line
/// that starts with `-` continues the command, and a backslash before whitespace separates words.
pub(crate) fn command(text: &str, line: u32) -> Command {
    let mut reader = Shell {
        chars: text.chars().collect(),
        at: 0,
        line,
        column: 1,
        words: Vec::new(),
        word: None,
    };
    let cut = reader.read();
    reader.finish();
    let breaks = reader.chars[..reader.at]
        .iter()
        .filter(|&&c| c == '\n')
        .count();
    let ended = reader.at > 0 && reader.chars[reader.at - 1] == '\n';
    Command {
        words: reader.words,
        cut,
        lines: breaks + usize::from(!ended),
    }
}

struct Shell {
    chars: Vec<char>,
    at: usize,
    line: u32,
    column: u32,
    words: Vec<Word>,
    word: Option<Word>,
}

impl Shell {
    fn next(&mut self) -> Option<char> {
        let c = *self.chars.get(self.at)?;
        self.at += 1;
        if c == '\n' {
            self.line = self.line.saturating_add(1);
            self.column = 1;
        } else {
            self.column = self.column.saturating_add(1);
        }
        Some(c)
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn begin(&mut self, column: u32) -> &mut String {
        let line = self.line;
        &mut self
            .word
            .get_or_insert_with(|| Word {
                text: String::new(),
                line,
                column,
            })
            .text
    }

    fn finish(&mut self) {
        self.words.extend(self.word.take());
    }

    /// Returns whether the text ends inside a quoted string.
    fn read(&mut self) -> bool {
        loop {
            let column = self.column;
            let Some(c) = self.next() else {
                return false;
            };
            match c {
                '\n' => {
                    self.finish();
                    if !self.continues() {
                        return false;
                    }
                }
                c if c.is_whitespace() => self.finish(),
                '\\' | '^' => match self.peek() {
                    Some(next) if next.is_whitespace() => {
                        self.finish();
                        self.skip_blanks();
                    }
                    Some(next) if c == '\\' => {
                        self.next();
                        self.begin(column).push(next);
                    }
                    _ if c == '^' => self.begin(column).push(c),
                    _ => self.finish(),
                },
                '\'' => {
                    if self.single_quoted() {
                        return true;
                    }
                }
                '"' => {
                    if self.double_quoted() {
                        return true;
                    }
                }
                '$' if self.peek() == Some('\'') => {
                    self.next();
                    if self.ansi_quoted() {
                        return true;
                    }
                }
                // Another command follows.
                ';' | '|' | '&' if self.word.is_none() => return false,
                c => self.begin(column).push(c),
            }
        }
    }

    /// Skips whitespace up to and including one line break.
    fn skip_blanks(&mut self) {
        while let Some(c) = self.peek().filter(|c| c.is_whitespace()) {
            self.next();
            if c == '\n' {
                return;
            }
        }
    }

    fn continues(&self) -> bool {
        let mut rest = self.chars[self.at..]
            .iter()
            .skip_while(|c| c.is_whitespace() && **c != '\n');
        rest.next() == Some(&'-')
    }

    fn single_quoted(&mut self) -> bool {
        let column = self.column;
        self.begin(column);
        loop {
            match self.next() {
                None => return true,
                Some('\'') => return false,
                Some(c) => self.begin(column).push(c),
            }
        }
    }

    fn double_quoted(&mut self) -> bool {
        let column = self.column;
        self.begin(column);
        loop {
            match self.next() {
                None => return true,
                Some('"') => return false,
                Some('\\') => match self.peek() {
                    None => return true,
                    Some('\n') => {
                        self.next();
                    }
                    Some(c @ ('"' | '\\' | '$' | '`')) => {
                        self.next();
                        self.begin(column).push(c);
                    }
                    Some(_) => self.begin(column).push('\\'),
                },
                Some(c) => self.begin(column).push(c),
            }
        }
    }

    fn ansi_quoted(&mut self) -> bool {
        let column = self.column;
        self.begin(column);
        loop {
            match self.next() {
                None => return true,
                Some('\'') => return false,
                Some('\\') => match self.next() {
                    None => return true,
                    Some('n') => self.begin(column).push('\n'),
                    Some('t') => self.begin(column).push('\t'),
                    Some('r') => self.begin(column).push('\r'),
                    Some(c @ ('\'' | '"' | '\\')) => self.begin(column).push(c),
                    Some(c) => {
                        let word = self.begin(column);
                        word.push('\\');
                        word.push(c);
                    }
                },
                Some(c) => self.begin(column).push(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split() {
        for (text, words) in [
            ("curl -X POST 'a b'", &["curl", "-X", "POST", "a b"][..]),
            ("curl \"a \\\"b\\\" \\n\"", &["curl", "a \"b\" \\n"]),
            ("curl 'it'\\''s'", &["curl", "it's"]),
            ("curl a \\\n  -H b", &["curl", "a", "-H", "b"]),
            ("curl a ^\n  -H b", &["curl", "a", "-H", "b"]),
            ("curl a \\ -H b", &["curl", "a", "-H", "b"]),
            (
                "curl a\n--header b\nnext line",
                &["curl", "a", "--header", "b"],
            ),
            ("curl ''", &["curl", ""]),
            ("curl $'it\\'s\\n'", &["curl", "it's\n"]),
            ("curl a\\", &["curl", "a"]),
            ("curl a | jq .", &["curl", "a"]),
            ("curl a&b=c", &["curl", "a&b=c"]),
        ] {
            let command = command(text, 1);
            let seen: Vec<_> = command.words.iter().map(|word| &*word.text).collect();
            assert_eq!(seen, words, "{text}");
            assert!(!command.cut, "{text}");
        }
    }

    #[test]
    fn open_quote_is_a_truncation() {
        for text in [
            "curl 'a",
            "curl \"a",
            "curl \"a\\",
            "curl $'a",
            "curl $'a\\",
        ] {
            let command = command(text, 1);
            assert!(command.cut, "{text}");
            assert_eq!(command.words[1].text, "a", "{text}");
        }
    }

    #[test]
    fn words_keep_their_position() {
        let command = command("curl \\\n  -d '{\n\"a\":1}' -G", 7);
        let places: Vec<_> = command.words.iter().map(|w| (w.line, w.column)).collect();
        assert_eq!(places, [(7, 1), (8, 3), (8, 7), (9, 9)]);
    }
}
