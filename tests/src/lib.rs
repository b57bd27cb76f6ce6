//! What the tests share: the checked-in tree, copies of it that a test may change, a documentation site on
//! this machine, and the load of many clients on a gateway that fails.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod load;
pub mod site;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The root of the checked-in tree.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A copy of everything that `regen` reads and writes, in a folder that goes with the value.
///
/// # Errors
/// The tree cannot be read or the copy not be written.
pub fn copy_of_tree() -> io::Result<tempfile::TempDir> {
    let copy = tempfile::tempdir()?;
    for folder in ["spec", "crates/stablelink-api/src"] {
        copy_folder(&root().join(folder), &copy.path().join(folder))?;
    }
    fs::copy(root().join("README.md"), copy.path().join("README.md"))?;
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

/// All files below a folder with their bytes, for telling whether anything changed.
///
/// # Errors
/// A file cannot be read.
pub fn bytes_below(folder: &Path) -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                let bytes = fs::read(&path)?;
                found.push((path, bytes));
            }
        }
    }
    found.sort();
    Ok(found)
}
