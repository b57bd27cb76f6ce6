//! `cargo xtask docs remove`: removes captures with their entries in the lock.

use std::path::Path;

use super::lock::{self, CaptureLock, FOLDER, LockError};
use crate::output_files::{OutputError, OutputFiles};

/// The reason why a page cannot be removed. No file was changed.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// The lock cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// No capture has this page ID or file name.
    #[error(
        "{0}: no such page in {FOLDER}/docs.lock; pass a page ID such as 312999607e0, or the file name of a capture"
    )]
    Unknown(String),
    /// The files cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
}

/// Removes all of the pages, or none. Each page is identified by its page ID or by the file name of
/// its capture. Returns the names of the removed files.
///
/// # Errors
/// Fails if a page is unknown or a file cannot be changed; nothing is changed then.
pub fn remove(root: &Path, pages: &[String]) -> Result<Vec<String>, RemoveError> {
    let folder = Path::new(FOLDER);
    let mut lock = CaptureLock::read(&root.join(folder))?;
    let mut outputs = OutputFiles::default();
    let mut removed = Vec::new();
    for page in pages {
        let is_page = |name: &str| Path::new(page).file_name().is_some_and(|it| it == name);
        let position = lock
            .pages
            .iter()
            .position(|entry| entry.key() == page || is_page(&entry.file));
        let position = position.ok_or_else(|| RemoveError::Unknown(page.clone()))?;
        let entry = lock.pages.remove(position);
        outputs.remove(folder.join(&entry.file));
        removed.push(entry.file);
    }
    outputs.add(folder.join(lock::FILE_NAME), lock.to_text()?);
    outputs.write(root)?;
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::docs::lock::CaptureEntry;

    #[test]
    fn remove_deletes_captures_and_their_entries_or_nothing() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join(FOLDER);
        fs::create_dir_all(&folder).unwrap();
        let entry = |id: &str| CaptureEntry::test_entry(id, id);
        let lock = CaptureLock {
            pages: ["1m0", "2m0", "3m0"].map(entry).into(),
        };
        for entry in &lock.pages {
            fs::write(folder.join(&entry.file), entry.key()).unwrap();
        }
        fs::write(folder.join(lock::FILE_NAME), lock.to_text().unwrap()).unwrap();

        let error = remove(root.path(), &["1m0".into(), "4m0".into()]).unwrap_err();
        assert!(
            error.to_string().starts_with("4m0: no such page"),
            "{error}"
        );
        assert_eq!(CaptureLock::read(&folder).unwrap(), lock);
        lock.verify(&folder).unwrap();

        let pages = ["1m0".into(), "spec/docs/3m0-page.txt".into()];
        let removed = remove(root.path(), &pages).unwrap();
        assert_eq!(removed, ["1m0-page.txt", "3m0-page.txt"]);
        let left = CaptureLock::read(&folder).unwrap();
        assert_eq!(left.pages, [entry("2m0")]);
        left.verify(&folder).unwrap();
    }
}
