//! What the importer has to say to the person who runs it.

use std::fmt;

/// How bad a [`Diagnostic`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Something of the page is missing from the result, or two places contradict each other.
    Error,
    /// The result stands, but a person should look at the place.
    Warning,
}

/// One thing to tell the person who runs the importer: what, where, and what to do.
///
/// `Display` prints `file:line: error: text`, and `help` on a line of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The file, as [`crate::PageSource::name`] gave it.
    pub file: String,
    /// The line, counted from 1; absent where the file as a whole is meant.
    pub line: Option<u32>,
    /// What is wrong, in one sentence without a full stop.
    pub text: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error at a line of a file.
    pub fn error(file: &str, line: impl Into<Option<u32>>, text: impl Into<String>) -> Self {
        Self::new(Severity::Error, file, line.into(), text.into())
    }

    /// A warning at a line of a file.
    pub fn warning(file: &str, line: impl Into<Option<u32>>, text: impl Into<String>) -> Self {
        Self::new(Severity::Warning, file, line.into(), text.into())
    }

    /// The same message with advice.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Whether the result lacks something because of it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    fn new(severity: Severity, file: &str, line: Option<u32>, text: String) -> Self {
        Self {
            severity,
            file: file.to_owned(),
            line,
            text,
            help: None,
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        let word = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, ": {word}: {}", self.text)?;
        if let Some(help) = &self.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

/// Text of a page as it may stand in a message: short, on one line, between backticks.
///
/// Page text is data; without this a page could send control sequences to a terminal.
pub(crate) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut out = String::from("`");
    let mut count = 0;
    let mut blank = false;
    for c in text.trim().chars() {
        if c.is_ascii_whitespace() && std::mem::replace(&mut blank, true) {
            continue;
        }
        blank = c.is_ascii_whitespace();
        if count == LONGEST {
            out.push('…');
            break;
        }
        count += 1;
        out.push(if blank {
            ' '
        } else if c.is_control() || c == '`' {
            '\u{fffd}'
        } else {
            c
        });
    }
    out.push('`');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_file_line_and_help() {
        let message = Diagnostic::error("docs/a.txt", 34, "no path").with_help("add a path line");
        assert_eq!(
            message.to_string(),
            "docs/a.txt:34: error: no path\n  help: add a path line"
        );
        assert_eq!(
            Diagnostic::warning("a.txt", None, "odd").to_string(),
            "a.txt: warning: odd"
        );
    }

    #[test]
    fn quoted_text_is_short_and_harmless() {
        assert_eq!(quoted("name"), "`name`");
        assert_eq!(quoted("a\u{1b}[2J`b"), "`a\u{fffd}[2J\u{fffd}b`");
        assert_eq!(quoted("\r\na\r\n\t {\n"), "`a {`");
        assert_eq!(quoted(&"x".repeat(500)).chars().count(), 63);
    }
}
