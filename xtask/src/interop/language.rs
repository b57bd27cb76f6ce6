//! The languages, and where the files of each are.

/// Where programs stand, below the root.
pub(super) const PROGRAMS: &str = "tests/interop";

/// Where generated code, builds and tokens go, below the root.
pub(super) const TARGET: &str = "target/interop";

/// A language whose program is run; its name is what `--lang` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    /// openapi-python-client
    Python,
    /// openapi-typescript with openapi-fetch
    Typescript,
    /// oapi-codegen
    Go,
    /// openapi-generator
    Java,
}

impl Language {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 4] = [Self::Python, Self::Typescript, Self::Go, Self::Java];

    /// The name that `--lang` takes, and that of its folders.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Typescript => "typescript",
            Self::Go => "go",
            Self::Java => "java",
        }
    }

    /// As people write it.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::Typescript => "TypeScript",
            Self::Go => "Go",
            Self::Java => "Java",
        }
    }

    /// Where its generated code goes, below the root.
    pub(super) fn target(self) -> String {
        format!("{TARGET}/{}", self.name())
    }

    /// Its program, below the root.
    pub(super) fn source(self) -> String {
        format!("{PROGRAMS}/{}", self.name())
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn the_command_line_takes_the_names_of_the_folders() {
        assert_eq!(Language::value_variants(), Language::ALL);
        for language in Language::ALL {
            let value = language.to_possible_value().unwrap();
            assert_eq!(value.get_name(), language.name());
        }
    }
}
