//! `spec/docs/docs.lock`: the source and the hash of each capture.

use std::{collections::BTreeMap, fs, io, path::Path};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::names;

/// The folder of captures below the root.
pub const FOLDER: &str = "spec/docs";

/// The file name of the lock in the folder of captures.
pub const FILE_NAME: &str = "docs.lock";

/// A file in the folder whose name looks like a capture.
const README: &str = "README.md";

const HEADER: &str = "\
# Written by `cargo xtask docs add` and `docs pull`; the hash is over the bytes of the capture.
# An address is the host of the site and the page id: a form inferred from how such sites build
# their addresses.
";

/// The kind of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CaptureKind {
    /// An operation of the gateway.
    Operation,
    /// Explanatory text.
    Guide,
    /// A webhook: a request from the gateway to the merchant.
    Receiver,
    /// The shared schemas to which the pages of a site refer. This capture is not a page.
    Schemas,
}

/// How much of the page was available.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PageEvidence {
    /// The whole page.
    Documented,
    /// A part of the page.
    Partial,
}

impl PageEvidence {
    /// Returns the value in files and documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Partial => "partial",
        }
    }
}

/// How the capture was created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CaptureOrigin {
    /// Written by hand from known facts.
    Transcribed,
    /// Saved manually from a browser.
    Saved,
    /// Fetched from the live site by `docs pull`.
    Pulled,
}

impl CaptureOrigin {
    /// Returns the value in files and documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transcribed => "transcribed",
            Self::Saved => "saved",
            Self::Pulled => "pulled",
        }
    }
}

/// One captured page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaptureEntry {
    /// The file name in the folder of captures.
    pub file: String,
    /// The page ID on the site, such as `312999607e0`, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The title of the page.
    pub title: String,
    /// The host of the documentation site.
    pub site: String,
    /// The URL of the page, if the page was available.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The kind of the page.
    pub kind: CaptureKind,
    /// How much of the page was available.
    pub evidence: PageEvidence,
    /// How the capture was created.
    pub origin: CaptureOrigin,
    /// The titles of the folders of the page, outermost first, unless its text has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folder: Vec<String>,
    /// The modification time as the page shows it, `yyyy-MM-dd HH:mm:ss` without a time zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<String>,
    /// The SHA-256 of the capture, in hexadecimal.
    pub sha256: String,
}

impl CaptureEntry {
    /// Returns the key of the page: its ID, or else its file name without extension.
    pub fn key(&self) -> &str {
        self.id
            .as_deref()
            .unwrap_or_else(|| names::stem(&self.file))
    }
}

#[cfg(test)]
impl CaptureEntry {
    /// Returns the entry of a transcribed operation page with this ID and content.
    pub(crate) fn test_entry(id: &str, content: &str) -> Self {
        Self {
            file: format!("{id}-page.txt"),
            id: Some(id.into()),
            title: "A Page".into(),
            site: "docs.example".into(),
            address: None,
            kind: CaptureKind::Operation,
            evidence: PageEvidence::Documented,
            origin: CaptureOrigin::Transcribed,
            folder: Vec::new(),
            modified: None,
            sha256: sha256(content.as_bytes()),
        }
    }
}

/// The contents of the lock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaptureLock {
    /// The pages, by site and file name.
    #[serde(default, rename = "page")]
    pub pages: Vec<CaptureEntry>,
}

/// The reason why the lock cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// A file cannot be read.
    #[error("{path}: cannot be read: {source}")]
    Unreadable {
        /// The lock or the folder.
        path: String,
        /// The cause.
        source: io::Error,
    },
    /// The lock is not the expected TOML.
    #[error("{path}: {source}")]
    Malformed {
        /// The lock.
        path: String,
        /// Line, column and cause.
        source: Box<toml::de::Error>,
    },
    /// The lock does not match the files of the folder.
    #[error("{}", .0.join("\n"))]
    Mismatch(Vec<String>),
    /// The lock cannot be written as TOML.
    #[error("{FILE_NAME}: {0}")]
    Unwritable(#[from] toml::ser::Error),
}

impl CaptureLock {
    /// Returns the entry of the page with this ID.
    pub fn page(&self, id: &str) -> Option<&CaptureEntry> {
        self.pages
            .iter()
            .find(|entry| entry.id.as_deref() == Some(id))
    }

    /// Returns the entry of a page by its key, which is the name of its file if it has no ID.
    #[must_use]
    pub fn page_with_key(&self, key: &str) -> Option<&CaptureEntry> {
        self.pages.iter().find(|entry| entry.key() == key)
    }

    /// Reads the lock of a folder of captures.
    ///
    /// # Errors
    /// Fails if it is missing or malformed, or if it has a page twice.
    pub fn read(folder: &Path) -> Result<Self, LockError> {
        let path = folder.join(FILE_NAME);
        let text = fs::read_to_string(&path).map_err(|source| LockError::Unreadable {
            path: path.display().to_string(),
            source,
        })?;
        let lock: Self = toml::from_str(&text).map_err(|source| LockError::Malformed {
            path: path.display().to_string(),
            source: Box::new(source),
        })?;
        let problems = lock.problems(&path);
        if problems.is_empty() {
            Ok(lock)
        } else {
            Err(LockError::Mismatch(problems))
        }
    }

    fn problems(&self, path: &Path) -> Vec<String> {
        let mut problems = Vec::new();
        let mut keys: BTreeMap<&str, &str> = BTreeMap::new();
        for entry in &self.pages {
            if entry.file.is_empty() || !entry.file.chars().all(is_file_name_char) {
                problems.push(format!(
                    "{}: page {:?} has the file name {:?}; allowed characters are a-z, 0-9, - and .",
                    path.display(),
                    entry.title,
                    entry.file
                ));
            }
            if let Some(other) = keys.insert(entry.key(), &entry.file) {
                problems.push(format!(
                    "{}: page {} is listed twice, as {other} and {}; keep one",
                    path.display(),
                    entry.key(),
                    entry.file
                ));
            }
        }
        problems
    }

    /// Compares the lock with the files of its folder.
    ///
    /// # Errors
    /// Returns each capture that differs, is missing, or is not in the lock, with the command that
    /// fixes it.
    pub fn verify(&self, folder: &Path) -> Result<(), LockError> {
        let unreadable = |path: &Path, source| LockError::Unreadable {
            path: path.display().to_string(),
            source,
        };
        let mut problems = Vec::new();
        for entry in &self.pages {
            let path = folder.join(&entry.file);
            match fs::read(&path) {
                Ok(content) if sha256(&content) == entry.sha256 => {}
                Ok(_) => problems.push(format!(
                    "{}: the capture of {:?} ({}) differs from {FILE_NAME}; \
                     if the change is intended, run `cargo xtask docs add {}`",
                    path.display(),
                    entry.title,
                    entry.key(),
                    path.display()
                )),
                Err(error) if error.kind() == io::ErrorKind::NotFound => problems.push(format!(
                    "{}: the capture of {:?} ({key}) is missing; restore the file, \
                     or run `cargo xtask docs remove {key}`",
                    path.display(),
                    entry.title,
                    key = entry.key()
                )),
                Err(error) => return Err(unreadable(&path, error)),
            }
        }
        for file in capture_files(folder).map_err(|source| unreadable(folder, source))? {
            if !self.pages.iter().any(|entry| entry.file == file) {
                let path = folder.join(&file);
                problems.push(format!(
                    "{}: is not in {FILE_NAME}; run `cargo xtask docs add {} --address URL` \
                     with the URL of the page",
                    path.display(),
                    path.display()
                ));
            }
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(LockError::Mismatch(problems))
        }
    }

    /// Returns the text of the lock, with the pages by site and file name.
    ///
    /// # Errors
    /// Fails if TOML cannot express a value, which does not occur for a lock that was read.
    pub fn to_text(&self) -> Result<String, LockError> {
        let mut sorted = self.clone();
        sorted
            .pages
            .sort_by(|a, b| (&a.site, &a.file).cmp(&(&b.site, &b.file)));
        Ok(format!("{HEADER}\n{}", toml::to_string(&sorted)?))
    }
}

fn is_file_name_char(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.')
}

/// Returns the names of the captures in a folder, sorted.
pub fn capture_files(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let is_capture = names::extension(&name).is_some() && name != README;
        if is_capture && !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Returns the SHA-256 in hexadecimal.
pub fn sha256(content: &[u8]) -> String {
    Sha256::digest(content)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(file: &str, id: Option<&str>, content: &str) -> CaptureEntry {
        CaptureEntry {
            file: file.into(),
            id: id.map(Into::into),
            ..CaptureEntry::test_entry("", content)
        }
    }

    fn folder(files: &[(&str, &str)], lock: &CaptureLock) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            fs::write(folder.path().join(name), content).unwrap();
        }
        fs::write(folder.path().join(FILE_NAME), lock.to_text().unwrap()).unwrap();
        folder
    }

    #[test]
    fn lock_round_trips() {
        let lock = CaptureLock {
            pages: vec![
                entry("1e0-a.txt", Some("1e0"), "a"),
                entry("b.txt", None, "b"),
            ],
        };
        let folder = folder(&[("1e0-a.txt", "a"), ("b.txt", "b")], &lock);
        let read = CaptureLock::read(folder.path()).unwrap();
        assert_eq!(read, lock);
        read.verify(folder.path()).unwrap();
    }

    #[test]
    fn mismatch_has_page_and_command() {
        type Files = &'static [(&'static str, &'static str)];
        type Expected = &'static [&'static str];
        let cases: [(&str, Vec<CaptureEntry>, Files, Expected); 3] = [
            (
                "other bytes",
                vec![entry("1e0-a.txt", Some("1e0"), "a")],
                &[("1e0-a.txt", "changed")],
                &["1e0-a.txt", "\"A Page\" (1e0)", "cargo xtask docs add"],
            ),
            (
                "missing file",
                vec![entry("1e0-a.txt", Some("1e0"), "a")],
                &[],
                &["1e0-a.txt", "is missing", "cargo xtask docs remove 1e0"],
            ),
            (
                "not in the lock",
                vec![],
                &[("1e0-a.txt", "a")],
                &[
                    "1e0-a.txt",
                    "is not in docs.lock",
                    "cargo xtask docs add",
                    "--address",
                ],
            ),
        ];
        for (name, pages, files, expected) in cases {
            let lock = CaptureLock { pages };
            let folder = folder(files, &lock);
            let error = lock.verify(folder.path()).unwrap_err().to_string();
            for part in expected {
                assert!(error.contains(part), "{name}: {error}");
            }
        }
    }

    #[test]
    fn duplicate_page_and_unsafe_name_are_rejected() {
        for (pages, expected) in [
            (
                vec![
                    entry("1e0-a.txt", Some("1e0"), ""),
                    entry("1e0-b.txt", Some("1e0"), ""),
                ],
                "page 1e0 is listed twice, as 1e0-a.txt and 1e0-b.txt",
            ),
            (
                vec![entry("../a.txt", None, "")],
                "has the file name \"../a.txt\"",
            ),
        ] {
            let folder = folder(&[], &CaptureLock { pages });
            let error = CaptureLock::read(folder.path()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn malformed_lock_is_rejected_with_line() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(
            folder.path().join(FILE_NAME),
            "[[page]]\nfile = \"a.txt\"\nkind = \"novel\"\n",
        )
        .unwrap();
        let error = CaptureLock::read(folder.path()).unwrap_err().to_string();
        assert!(
            error.contains("docs.lock") && error.contains("line 3"),
            "{error}"
        );
    }
}
