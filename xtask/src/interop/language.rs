//! The languages, and what the runner must know of each.

use std::path::Path;

use crate::job::{Job, call::Call, stop::Stop};

use super::{go::Go, java::Java, python::Python, typescript::TypeScript};

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

    pub(super) fn toolkit(self) -> &'static dyn Toolkit {
        match self {
            Self::Python => &Python,
            Self::Typescript => &TypeScript,
            Self::Go => &Go,
            Self::Java => &Java,
        }
    }
}

/// A part of the toolchain, and the command that succeeds where it is there.
pub(super) struct Need {
    pub(super) what: &'static str,
    pub(super) present: fn() -> Call,
}

/// How a language installs, generates, builds and runs. Folders are below the root.
pub(super) trait Toolkit {
    /// The generator as its ecosystem calls it: also the name of its profile.
    fn generator(&self) -> &'static str;
    /// The version that is pinned.
    fn version(&self, root: &Path) -> Result<String, Stop>;
    /// What must be on the machine.
    fn needs(&self) -> Vec<Need>;
    /// Installs what is pinned, by the ecosystem's own client.
    fn install(&self, job: &mut Job<'_>) -> Result<(), Stop>;
    /// Before anything is generated: clears what a run before left. The documents are there already.
    fn prepare(&self, root: &Path) -> Result<(), Stop>;
    /// Makes the client of each of the two documents.
    fn generate(&self) -> Vec<Call>;
    /// The same from the plain documents of the tree, for the survey: into `folder`, which is there and empty.
    fn generate_plain(&self, root: &Path, folder: &str) -> Vec<Call>;
    /// Whether a line that the generator wrote is a warning.
    fn is_warning(&self, line: &str) -> bool;
    /// How many operations the generated code of a document has.
    fn operations(&self, root: &Path, provisional: bool) -> Result<usize, Stop>;
    /// What turns generated code and program into something that runs; each must succeed.
    fn build(&self) -> Vec<Call>;
    /// The program, without its arguments.
    fn program(&self) -> Call;
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
