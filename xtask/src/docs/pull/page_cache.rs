//! Pages of a run that did not come to its end, below `target/`, for the next one.
//!
//! A page is one file `<page id>-<SHA-256>`, written whole or not at all: a file whose bytes do not have
//! that hash is not used.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::{super::lock::sha256, error::PullError};

/// The folder of one site and form.
#[derive(Debug)]
pub(super) struct PageCache {
    /// Where it is.
    pub folder: PathBuf,
    /// As messages name it: below the root.
    pub shown: PathBuf,
    keep_for: Duration,
}

impl PageCache {
    /// The folder of a site; it is made when the first page comes.
    pub(super) fn new(root: &Path, site: &str, form: &str, keep_for: Duration) -> Self {
        // A site is a host, at most with a port.
        let name: String = site
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') {
                    c
                } else {
                    '_'
                }
            })
            .collect();
        let shown = Path::new("target/docs-pull").join(format!("{name}-{form}"));
        Self {
            folder: root.join(&shown),
            shown,
            keep_for,
        }
    }

    /// A page that an earlier run kept, if it is whole and not too old. What cannot be read is fetched anew.
    pub(super) fn load(&self, names: &Names, id: &str) -> Option<Vec<u8>> {
        let name = names.get(id)?;
        let path = self.folder.join(name);
        let age = SystemTime::now().duration_since(fs::metadata(&path).ok()?.modified().ok()?);
        if age.unwrap_or_default() >= self.keep_for {
            return None;
        }
        let content = fs::read(&path).ok()?;
        (sha256(&content) == name[id.len() + 1..]).then_some(content)
    }

    /// The names of what is kept, by page id. An unreadable folder keeps nothing.
    pub(super) fn names(&self) -> Names {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let (id, _) = name.split_once('-')?;
                Some((id.to_owned(), name))
            })
            .collect()
    }

    /// Keeps a page.
    pub(super) fn save(&self, id: &str, content: &[u8]) -> Result<(), PullError> {
        let path = self.folder.join(format!("{id}-{}", sha256(content)));
        let write = || -> io::Result<()> {
            fs::create_dir_all(&self.folder)?;
            let mut file = tempfile::Builder::new()
                .prefix(".")
                .tempfile_in(&self.folder)?;
            file.write_all(content)?;
            file.persist(&path)?;
            Ok(())
        };
        write().map_err(|source| PullError::PageCache {
            path: path.clone(),
            action: "written",
            source,
        })
    }

    /// Removes the folder: the run came to its end.
    pub(super) fn clear(&self) -> Result<(), PullError> {
        match fs::remove_dir_all(&self.folder) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(PullError::PageCache {
                path: self.folder.clone(),
                action: "removed",
                source,
            }),
            _ => Ok(()),
        }
    }
}

/// File names by page id.
pub(super) type Names = std::collections::BTreeMap<String, String>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_page_is_used_whole_and_fresh_or_not_at_all() {
        let root = tempfile::tempdir().unwrap();
        let hour = Duration::from_secs(3600);
        let kept = PageCache::new(root.path(), "[::1]:80/../..", "json", hour);
        assert!(
            kept.folder
                .starts_with(root.path().join("target/docs-pull"))
        );
        assert_eq!(kept.load(&kept.names(), "1e0"), None);
        kept.save("1e0", b"page").unwrap();
        let names = kept.names();
        assert_eq!(kept.load(&names, "1e0").as_deref(), Some(&b"page"[..]));
        assert_eq!(kept.load(&names, "2e0"), None);

        let old = PageCache::new(root.path(), "[::1]:80/../..", "json", Duration::ZERO);
        assert_eq!(old.load(&names, "1e0"), None);

        fs::write(kept.folder.join(&names["1e0"]), "pag").unwrap();
        assert_eq!(kept.load(&names, "1e0"), None);
        kept.clear().unwrap();
        kept.clear().unwrap();
        assert!(!kept.folder.exists());
    }
}
