//! Diagnostics: errors and warnings for the person who maintains the pages.

use std::fmt;

/// Severity of a [`Diagnostic`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Part of the page is missing from the result, or two places contradict each other.
    Error,
    /// The result is complete, but a person should check the place.
    Warning,
}

/// An error or warning with its location and a suggestion.
///
/// `Display` prints `file:line: error: message`, and `help` on a second line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The severity.
    pub severity: Severity,
    /// The file, from [`crate::PageSource::name`].
    pub file: String,
    /// The line, counted from 1; absent if the diagnostic concerns the whole file.
    pub line: Option<u32>,
    /// The problem, in one sentence without a full stop.
    pub text: String,
    /// How to correct it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// Creates an error.
    pub fn error(file: &str, line: impl Into<Option<u32>>, text: impl Into<String>) -> Self {
        Self::new(Severity::Error, file, line.into(), text.into())
    }

    /// Creates a warning.
    pub fn warning(file: &str, line: impl Into<Option<u32>>, text: impl Into<String>) -> Self {
        Self::new(Severity::Warning, file, line.into(), text.into())
    }

    /// Adds a suggestion.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Returns whether part of the page is missing from the result.
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

/// Quotes page text for a diagnostic: at most 60 characters, on one line, in backticks.
///
/// Control characters are replaced, so that a page cannot send escape sequences to a terminal.
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
    fn diagnostic_display_has_file_line_and_help() {
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
    fn quoted_text_is_shortened_and_has_no_control_characters() {
        assert_eq!(quoted("name"), "`name`");
        assert_eq!(quoted("a\u{1b}[2J`b"), "`a\u{fffd}[2J\u{fffd}b`");
        assert_eq!(quoted("\r\na\r\n\t {\n"), "`a {`");
        assert_eq!(quoted(&"x".repeat(500)).chars().count(), 63);
    }
}
