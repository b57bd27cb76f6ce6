//! What the runner must know of a language.

use std::path::Path;

use crate::job::{Job, call::Call, stop::Stop};

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

/// The calls for each of the two documents: the published one first.
pub(super) fn both(of: impl Fn(bool) -> Call) -> Vec<Call> {
    vec![of(false), of(true)]
}
