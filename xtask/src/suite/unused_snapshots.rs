//! Snapshots that no assertion compared with: they look like a guard and guard nothing.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The snapshots below `root` that the list in the file `used` lacks, relative to `root`.
///
/// `used` has one path a line, as insta writes them. `target` and hidden folders are left out.
pub(super) fn find(root: &Path, used: &Path) -> io::Result<Vec<PathBuf>> {
    let used: BTreeSet<PathBuf> = fs::read_to_string(used)?
        .lines()
        // A test may write a snapshot to a folder that is gone by now.
        .filter_map(|line| fs::canonicalize(line).ok())
        .collect();
    let mut unused = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                if !is_left_out(root, &path) {
                    folders.push(path);
                }
            } else if path
                .extension()
                .is_some_and(|extension| extension == "snap")
                && !used.contains(&fs::canonicalize(&path)?)
            {
                unused.push(path.strip_prefix(root).unwrap_or(&path).to_path_buf());
            }
        }
    }
    unused.sort();
    Ok(unused)
}

fn is_left_out(root: &Path, folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with('.') || folder == root.join("target")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_snapshots_of_the_tree_that_no_test_used_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for file in [
            "a/snapshots/used.snap",
            "a/snapshots/unused.snap",
            "a/snapshots/no-snapshot.txt",
            "b/unused-too.snap",
            "target/debug/built.snap",
            ".git/kept.snap",
        ] {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        // insta writes paths that lead through the folder of the source file.
        let list = root.join("used.txt");
        let line = root.join("a/../a/snapshots/used.snap");
        let lines = format!("{}\n/gone/with/its/folder.snap\n", line.display());
        fs::write(&list, lines).unwrap();

        assert_eq!(
            find(root, &list).unwrap(),
            ["a/snapshots/unused.snap", "b/unused-too.snap"].map(PathBuf::from)
        );
    }
}
