//! The languages and their folders.

use super::toolkit::Toolkit;
use super::{go::Go, java::Java, python::Python, typescript::TypeScript};

/// A language with a program in `tests/interop`. The name is the value of `--lang`; the doc comment names the generator.
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
    /// All languages, in the order of the table.
    pub const ALL: [Self; 4] = [Self::Python, Self::Typescript, Self::Go, Self::Java];

    /// Returns the value of `--lang`, which is also the name of the folders.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Typescript => "typescript",
            Self::Go => "go",
            Self::Java => "java",
        }
    }

    /// Returns the name of the language in prose.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::Typescript => "TypeScript",
            Self::Go => "Go",
            Self::Java => "Java",
        }
    }

    /// Returns the folder of generated code, builds and tokens, relative to the root.
    pub(super) fn target(self) -> String {
        format!("target/interop/{}", self.name())
    }

    /// Returns the folder of the program, relative to the root.
    pub(super) fn source(self) -> String {
        format!("tests/interop/{}", self.name())
    }

    pub(super) fn toolkit(self) -> &'static dyn Toolkit {
        match self {
            Self::Python => &Python,
            Self::Typescript => &TypeScript,
            Self::Go => &Go,
            Self::Java => &Java,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn command_line_values_match_the_folder_names() {
        assert_eq!(Language::value_variants(), Language::ALL);
        for language in Language::ALL {
            let value = language.to_possible_value().unwrap();
            assert_eq!(value.get_name(), language.name());
        }
    }
}
