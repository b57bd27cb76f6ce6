//! The interface between the runner and a language, and the documents that a generator reads.

use std::fs;
use std::path::Path;

use crate::job::command::CommandLine;
use crate::job::{Job, error::JobError};
use crate::profile::{self, ProfileError};

use super::language::Language;

/// A part of a toolchain, and a command that succeeds if it is installed.
pub(super) struct Requirement {
    pub(super) name: &'static str,
    pub(super) probe: fn() -> CommandLine,
}

/// Installs, generates, builds and runs the client of a language. Paths are relative to the root.
///
/// There are two clients: `provisional` selects the one of the document that includes inferred operations.
pub(super) trait Toolkit {
    /// Returns the name of the generator, which is also the name of its profile.
    fn generator(&self) -> &'static str;
    /// Returns the pinned version of the generator.
    fn version(&self, root: &Path) -> Result<String, JobError>;
    /// Returns the programs that must be installed on the machine.
    fn requirements(&self) -> Vec<Requirement>;
    /// Installs the pinned packages with the package manager of the language.
    fn install(&self, job: &mut Job<'_>) -> Result<(), JobError>;
    /// Deletes the results of an earlier run. The documents are already written.
    fn prepare(&self, root: &Path) -> Result<(), JobError>;
    /// Returns the commands that generate both clients.
    fn generate(&self) -> Vec<CommandLine>;
    /// Returns whether a line of generator output is a warning.
    fn is_warning(&self, line: &str) -> bool;
    /// Counts the operations in the generated code.
    fn count_operations(&self, root: &Path, provisional: bool) -> Result<usize, JobError>;
    /// Returns the commands that build the generated code and the program.
    fn build(&self) -> Vec<CommandLine>;
    /// Returns the command that starts the program, without its arguments.
    fn program(&self) -> CommandLine;
}

/// Returns the commands for both documents, the published one first.
pub(super) fn for_both(command: impl Fn(bool) -> CommandLine) -> Vec<CommandLine> {
    vec![command(false), command(true)]
}

/// Returns the path of the generated document.
pub(super) fn spec_document(provisional: bool) -> &'static str {
    match provisional {
        false => profile::PUBLISHED,
        true => profile::SUPERSET,
    }
}

/// Returns the path of the document that the generator of `language` reads.
pub(super) fn generator_document(language: Language, provisional: bool) -> String {
    let name = spec_document(provisional).rsplit('/').next();
    format!("{}/{}", language.target(), name.unwrap_or_default())
}

/// Writes both documents for `language`, with the profile of its generator applied if there is one.
pub(super) fn write_documents(
    root: &Path,
    language: Language,
    generator: &str,
) -> Result<(), JobError> {
    fs::create_dir_all(root.join(language.target()))?;
    for provisional in [false, true] {
        let to = root.join(generator_document(language, provisional));
        match profile::write(root, generator, provisional, &to) {
            Ok(()) => {}
            Err(ProfileError::Unknown { .. }) => {
                fs::copy(root.join(spec_document(provisional)), to)?;
            }
            Err(error) => return Err(JobError(error.to_string())),
        }
    }
    Ok(())
}

/// Copies the files of a folder and its subfolders, overwriting existing files.
pub(super) fn copy_folder(from: &Path, to: &Path) -> Result<(), JobError> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
