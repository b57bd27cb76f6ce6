//! Reads the captures of the lock into pages.

use std::{collections::BTreeSet, fs, path::Path};

use apifox::{Diagnostic, Page, PageKind, PageRole, PageSource};

use super::lock::{self, Entry, Lock, LockError};

/// The captures as pages, with what the lock says of each.
#[derive(Debug)]
pub struct Captures {
    /// What the lock says, in its order.
    pub lock: Lock,
    /// The pages, in the order of the lock.
    pub pages: Vec<Page>,
    /// What the reader remarked.
    pub messages: Vec<Diagnostic>,
}

impl Captures {
    /// `<folder> / <title>` of each captured API page: what a provisional stand-in is named after.
    pub fn page_titles(&self) -> BTreeSet<String> {
        self.pages
            .iter()
            .filter(|page| matches!(page.kind, PageKind::Operation(_)))
            .map(|page| match page.folder.last() {
                Some(folder) => format!("{folder} / {}", page.title),
                None => page.title.clone(),
            })
            .collect()
    }
}

/// Reads all captures of `spec/docs` below `root`. Messages name the files by their path below it.
///
/// # Errors
/// The lock is malformed or disagrees with the folder.
pub fn load(root: &Path) -> Result<Captures, LockError> {
    let below = Path::new("spec/docs");
    let folder = root.join(below);
    let lock = Lock::read(&folder)?;
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
            // A published page has tags where it has no folder, and these were seen to name other ones.
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

/// What the importer is told of a page that its text may not say.
pub fn role(entry: &Entry) -> PageRole {
    match entry.kind {
        lock::Kind::Receiver => PageRole::Webhook,
        lock::Kind::Operation | lock::Kind::Guide => PageRole::Auto,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docs::lock::{Evidence, Origin, sha256};

    #[test]
    fn the_folder_of_the_navigation_goes_before_the_tags_of_a_page() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("spec/docs");
        fs::create_dir_all(&folder).unwrap();
        let page = br#"{"id": 7, "name": "Get Book", "method": "get", "path": "/books", "tags": ["Other"]}"#;
        for (navigation, title) in [
            (vec!["Books".to_owned()], "Books / Get Book"),
            (Vec::new(), "Other / Get Book"),
        ] {
            let lock = Lock {
                pages: vec![Entry {
                    file: "7e0-get-book.json".into(),
                    id: Some("7e0".into()),
                    title: "Get Book".into(),
                    site: "docs.example".into(),
                    address: None,
                    kind: lock::Kind::Operation,
                    evidence: Evidence::Documented,
                    origin: Origin::Pulled,
                    folder: navigation,
                    modified: None,
                    sha256: sha256(page),
                }],
            };
            fs::write(folder.join("7e0-get-book.json"), page).unwrap();
            fs::write(folder.join(lock::FILE_NAME), lock.to_text().unwrap()).unwrap();
            let captures = load(root.path()).unwrap();
            assert_eq!(captures.page_titles(), BTreeSet::from([title.to_owned()]));
        }
    }
}
