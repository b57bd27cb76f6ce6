//! Reads the captures of the repository as pages.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use apifox::{Diagnostic, Page, PageKind, PageRole, PageSource, SchemaList};

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
    let read = |entry: &CaptureEntry| {
        let path = folder.join(&entry.file);
        fs::read(&path).map_err(|source| LockError::Unreadable {
            path: path.display().to_string(),
            source,
        })
    };
    let name = |entry: &CaptureEntry| below.join(&entry.file).display().to_string();
    let (lists, pages): (Vec<_>, Vec<_>) =
        (captures.lock.pages.iter()).partition(|entry| entry.kind == CaptureKind::Schemas);
    let mut schemas: BTreeMap<&str, SchemaList> = BTreeMap::new();
    for entry in lists {
        let (list, messages) = SchemaList::parse(&name(entry), &read(entry)?);
        schemas.insert(&entry.site, list);
        captures.messages.extend(messages);
    }
    let none = SchemaList::default();
    for entry in pages {
        // An operation of an export is a page too.
        let parsed = apifox::parse_pages(
            &PageSource {
                name: &name(entry),
                key: entry.key(),
                role: role(entry),
                text: &read(entry)?,
            },
            schemas.get(entry.site.as_str()).unwrap_or(&none),
        );
        let is_single = parsed.pages.len() == 1;
        captures
            .pages
            .extend(parsed.pages.into_iter().map(|page| Page {
                key: if is_single {
                    entry.key().to_owned()
                } else {
                    page.key
                },
                // A published page has tags instead of a folder, and they may differ from the folder.
                folder: if entry.folder.is_empty() {
                    page.folder
                } else {
                    entry.folder.clone()
                },
                ..page
            }));
        captures.messages.extend(parsed.diagnostics);
    }
    Ok(captures)
}

/// Returns the role of a page for the importer. The text of a webhook page may not state it.
pub fn role(entry: &CaptureEntry) -> PageRole {
    match entry.kind {
        CaptureKind::Receiver => PageRole::Webhook,
        CaptureKind::Operation | CaptureKind::Guide | CaptureKind::Schemas => PageRole::Auto,
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
