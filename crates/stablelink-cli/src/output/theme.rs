//! Terminal colours.

use std::env;

/// Terminal colours. They are off if `NO_COLOR` is set, if `TERM` is `dumb`, and if the output is not a terminal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Theme(bool);

/// The meaning of a coloured text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextStyle {
    Success,
    Error,
    Warning,
    Heading,
}

impl Theme {
    #[cfg(test)]
    pub(crate) const PLAIN: Self = Self(false);

    pub(super) fn new(is_terminal: bool) -> Self {
        let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let is_dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self(is_terminal && !no_color && !is_dumb)
    }

    pub(crate) fn apply(self, style: TextStyle, text: &str) -> String {
        let code = match style {
            TextStyle::Success => "32",
            TextStyle::Error => "31;1",
            TextStyle::Warning => "33",
            TextStyle::Heading => "1",
        };
        self.with_code(code, text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.with_code("2", text)
    }

    fn with_code(self, code: &str, text: &str) -> String {
        if self.0 {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}
