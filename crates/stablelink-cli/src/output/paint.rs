//! Colours, on a terminal and where nobody said `NO_COLOR`.

use std::env;

/// Whether to use colours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint(bool);

/// What a colour says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Bad,
    Warning,
    Head,
}

impl Paint {
    pub(crate) fn on(terminal: bool) -> Self {
        let said = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self(terminal && !said("NO_COLOR") && !dumb)
    }

    #[cfg(test)]
    pub(crate) const fn never() -> Self {
        Self(false)
    }

    pub(crate) fn tone(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Good => "32",
            Tone::Bad => "31;1",
            Tone::Warning => "33",
            Tone::Head => "1",
        };
        self.with(code, text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.0 {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}
