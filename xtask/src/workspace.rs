//! Finds the workspace when a command runs.
//!
//! The path is not compiled in: a copied `target` folder would make a command write into another clone.

use std::{
    env, io,
    path::{Path, PathBuf},
};

/// The variable in which cargo passes the folder of this package to `cargo xtask` and to tests.
const MANIFEST: &str = "CARGO_MANIFEST_DIR";

/// The workspace cannot be found.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// The current directory cannot be read.
    #[error("the current directory cannot be read: {0}")]
    CurrentDirectory(#[from] io::Error),
    /// No workspace contains the current directory or this program, and cargo passed none.
    #[error(
        "{}: not in a workspace of these crates: no folder above it has xtask/Cargo.toml and spec\n  help: run `cargo xtask` inside the repository",
        .0.display()
    )]
    NotFound(PathBuf),
    /// The current directory and cargo name different workspaces.
    #[error(
        "the current directory is in the workspace {}, but {MANIFEST} is in {}\n  help: run the command inside the workspace that it should change, or unset the variable",
        current.display(), manifest.display()
    )]
    Ambiguous {
        /// The workspace that contains the current directory.
        current: PathBuf,
        /// The workspace that cargo passed.
        manifest: PathBuf,
    },
}

/// Returns the root of the workspace that contains the current directory or the package that cargo runs, or else
/// this program.
///
/// # Errors
/// Fails if there is no workspace, or if the first two differ.
pub fn root() -> Result<PathBuf, WorkspaceError> {
    let manifest = env::var_os(MANIFEST).map(PathBuf::from);
    find(
        &env::current_dir()?,
        manifest.as_deref(),
        &env::current_exe()?,
    )
}

fn find(
    current: &Path,
    manifest: Option<&Path>,
    program: &Path,
) -> Result<PathBuf, WorkspaceError> {
    let is_root =
        |folder: &&Path| folder.join("xtask/Cargo.toml").is_file() && folder.join("spec").is_dir();
    let above = |folder: &Path| folder.ancestors().find(is_root).map(Path::to_path_buf);
    match (above(current), manifest.and_then(above)) {
        (None, None) => {
            above(program).ok_or_else(|| WorkspaceError::NotFound(current.to_path_buf()))
        }
        (Some(root), None) | (None, Some(root)) => Ok(root),
        (Some(current), Some(manifest)) => {
            let same = |root: &Path| root.canonicalize().unwrap_or_else(|_| root.to_path_buf());
            if same(&current) == same(&manifest) {
                Ok(current)
            } else {
                Err(WorkspaceError::Ambiguous { current, manifest })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn workspace() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for folder in ["xtask/src", "spec/docs"] {
            fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        fs::write(root.path().join("xtask/Cargo.toml"), "").unwrap();
        root
    }

    #[test]
    fn root_is_above_the_current_directory_or_the_package() {
        let (one, elsewhere) = (workspace(), tempfile::tempdir().unwrap());
        let (root, elsewhere) = (one.path(), elsewhere.path());
        let package = root.join("xtask");
        for (current, manifest) in [
            (root, None),
            (&root.join("spec/docs"), None),
            (elsewhere, Some(package.as_path())),
            (&root.join("spec"), Some(package.as_path())),
            // Cargo runs another package here, such as one whose test runs the command.
            (root, Some(elsewhere)),
        ] {
            let found = find(current, manifest, Path::new("/")).unwrap();
            assert_eq!(found, root, "{current:?} {manifest:?}");
        }
        let program = root.join("target/debug/xtask");
        assert_eq!(find(elsewhere, None, &program).unwrap(), root);
        let error = find(elsewhere, None, Path::new("/")).unwrap_err();
        assert!(matches!(error, WorkspaceError::NotFound(_)), "{error}");
    }

    #[test]
    fn two_different_workspaces_are_rejected() {
        let (one, other) = (workspace(), workspace());
        let package = other.path().join("xtask");
        let error = find(one.path(), Some(&package), Path::new("/")).unwrap_err();
        assert!(matches!(error, WorkspaceError::Ambiguous { .. }), "{error}");
    }
}
