//! A cache below `target/` for the pages of an interrupted run.
//!
//! A page is one file `<page id>-<SHA-256>`. A file that does not match its hash is not used.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::{super::lock::sha256, error::PullError};

/// The cache of one site and format.
#[derive(Debug)]
pub(super) struct PageCache {
    /// The folder.
    pub folder: PathBuf,
    /// The folder relative to the root, for messages.
    pub display_path: PathBuf,
    lifetime: Duration,
}

impl PageCache {
    /// Returns the cache of a site. The folder is created with the first page.
    pub(super) fn new(root: &Path, site: &str, form: &str, lifetime: Duration) -> Self {
        // A site is a host with an optional port.
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
        let display_path = Path::new("target/docs-pull").join(format!("{name}-{form}"));
        Self {
            folder: root.join(&display_path),
            display_path,
            lifetime,
        }
    }

    /// Returns a cached page, if it is complete and not expired. Unreadable pages are ignored.
    pub(super) fn load(&self, names: &CachedNames, id: &str) -> Option<Vec<u8>> {
        let name = names.get(id)?;
        let path = self.folder.join(name);
        let age = SystemTime::now().duration_since(fs::metadata(&path).ok()?.modified().ok()?);
        if age.unwrap_or_default() >= self.lifetime {
            return None;
        }
        let content = fs::read(&path).ok()?;
        (sha256(&content) == name[id.len() + 1..]).then_some(content)
    }

    /// Returns the file names by page ID; empty for an unreadable folder.
    pub(super) fn names(&self) -> CachedNames {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let (id, _) = name.split_once('-')?;
                Some((id.to_owned(), name))
            })
            .collect()
    }

    /// Stores a page.
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

    /// Removes the folder after a complete run.
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

/// File names by page ID.
pub(super) type CachedNames = std::collections::BTreeMap<String, String>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cached_page_is_used_only_if_complete_and_fresh() {
        let root = tempfile::tempdir().unwrap();
        let hour = Duration::from_secs(3600);
        let cache = PageCache::new(root.path(), "[::1]:80/../..", "json", hour);
        assert!(
            cache
                .folder
                .starts_with(root.path().join("target/docs-pull"))
        );
        assert_eq!(cache.load(&cache.names(), "1e0"), None);
        cache.save("1e0", b"page").unwrap();
        let names = cache.names();
        assert_eq!(cache.load(&names, "1e0").as_deref(), Some(&b"page"[..]));
        assert_eq!(cache.load(&names, "2e0"), None);

        let old = PageCache::new(root.path(), "[::1]:80/../..", "json", Duration::ZERO);
        assert_eq!(old.load(&names, "1e0"), None);

        fs::write(cache.folder.join(&names["1e0"]), "pag").unwrap();
        assert_eq!(cache.load(&names, "1e0"), None);
        cache.clear().unwrap();
        cache.clear().unwrap();
        assert!(!cache.folder.exists());
    }
}
