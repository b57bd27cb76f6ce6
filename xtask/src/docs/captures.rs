//! Reads the captures of the repository as pages.

use std::{collections::BTreeSet, fs, path::Path};

use apifox::{Diagnostic, Page, PageKind, PageRole, PageSource};

use super::lock::{CaptureEntry, CaptureKind, CaptureLock, FOLDER, LockError};

/// The captures as pages, with their lock.
#[derive(Debug)]
pub struct Captures {
    /// The lock.
    pub lock: CaptureLock,
    /// The pages, in the order of the lock.
    pub pages: Vec<Page>,
    /// The messages of the importer.
    pub messages: Vec<Diagnostic>,
}

impl Captures {
    /// Returns `<folder> / <title>` of each captured API page, the form in `x-stands-in-for`.
    pub fn page_titles(&self) -> BTreeSet<String> {
        self.pages
            .iter()
            .filter(|page| matches!(page.kind, PageKind::Operation(_)))
            .map(|page| full_title(&page.folder, &page.title))
            .collect()
    }
}

/// Returns `<folder> / <title>`, the form in `x-stands-in-for`.
pub(crate) fn full_title(folder: &[String], title: &str) -> String {
    match folder.last() {
        Some(folder) => format!("{folder} / {title}"),
        None => title.to_owned(),
    }
}

/// Reads all captures in `spec/docs`. Messages have paths relative to `root`.
///
/// # Errors
/// Fails if the lock is malformed or does not match the folder.
pub fn load(root: &Path) -> Result<Captures, LockError> {
    let below = Path::new(FOLDER);
    let folder = root.join(below);
    let lock = CaptureLock::read(&folder)?;
    lock.verify(&folder)?;
    let mut captures = Captures {
        pages: Vec::new(),
        messages: Vec::new(),
        lock,
    };
    for entry in &captures.lock.pages {
        let path = folder.join(&entry.file);
        let text = fs::read(&path).map_err(|source| LockError::Unreadable {
            path: path.display().to_string(),
            source,
        })?;
        let name = below.join(&entry.file);
        let read = apifox::parse_page(&PageSource {
            name: &name.display().to_string(),
            key: entry.key(),
            role: role(entry),
            text: &text,
        });
        captures.pages.extend(read.page.map(|page| Page {
            // A published page has tags instead of a folder, and they may differ from the folder.
            folder: if entry.folder.is_empty() {
                page.folder
            } else {
                entry.folder.clone()
            },
            ..page
        }));
        captures.messages.extend(read.diagnostics);
    }
    Ok(captures)
}

/// Returns the role of a page for the importer. The text of a webhook page may not state it.
pub fn role(entry: &CaptureEntry) -> PageRole {
    match entry.kind {
        CaptureKind::Receiver => PageRole::Webhook,
        CaptureKind::Operation | CaptureKind::Guide => PageRole::Auto,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docs::lock;

    #[test]
    fn folder_of_navigation_overrides_tags() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("spec/docs");
        fs::create_dir_all(&folder).unwrap();
        let page = r#"{"id": 7, "name": "Get Book", "method": "get", "path": "/books", "tags": ["Other"]}"#;
        for (navigation, title) in [
            (vec!["Books".to_owned()], "Books / Get Book"),
            (Vec::new(), "Other / Get Book"),
        ] {
            let lock = CaptureLock {
                pages: vec![CaptureEntry {
                    file: "7e0-get-book.json".into(),
                    folder: navigation,
                    ..CaptureEntry::test_entry("7e0", page)
                }],
            };
            fs::write(folder.join("7e0-get-book.json"), page).unwrap();
            fs::write(folder.join(lock::FILE_NAME), lock.to_text().unwrap()).unwrap();
            let captures = load(root.path()).unwrap();
            assert_eq!(captures.page_titles(), BTreeSet::from([title.to_owned()]));
        }
    }
}
