//! Shared by the workspace tests: access to the checked-in tree, copies of it and of an invented vendor, a documentation site on loopback
//! ([`site`]), and the load test ([`load`]).
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod load;
pub mod site;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Returns the root of the workspace, from the variable that cargo sets for tests. A compiled-in path could be
/// that of another clone.
pub fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    Path::new(&package).join("..")
}

/// Copies everything that `regen` reads and writes to a temporary folder, which is deleted on drop.
///
/// # Errors
/// Fails if a file cannot be read or written.
pub fn copy_of_tree() -> io::Result<tempfile::TempDir> {
    let copy = tempfile::tempdir()?;
    for folder in ["spec", "crates/stablelink-api/src"] {
        copy_folder(&root().join(folder), &copy.path().join(folder))?;
    }
    fs::copy(root().join("README.md"), copy.path().join("README.md"))?;
    Ok(copy)
}

/// Copies the invented vendor of the pipeline tests to a temporary folder, which is deleted on drop. Tests of the pipeline
/// use this vendor, so that a change of `spec/docs` cannot break them.
///
/// # Errors
/// Fails if a file cannot be read or written.
pub fn copy_of_shop() -> io::Result<tempfile::TempDir> {
    let copy = tempfile::tempdir()?;
    copy_folder(&root().join("tests/fixtures/shop"), copy.path())?;
    Ok(copy)
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
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

/// Returns all files below a folder with their contents, so that a test can detect changes.
///
/// # Errors
/// Fails if a file cannot be read.
pub fn read_files_below(folder: &Path) -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut found = Vec::new();
    let mut pending = vec![folder.to_path_buf()];
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                pending.push(path);
            } else {
                let bytes = fs::read(&path)?;
                found.push((path, bytes));
            }
        }
    }
    found.sort();
    Ok(found)
}
