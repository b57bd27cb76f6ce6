//! `spec/docs/docs.lock`: where each capture came from and what its bytes were.

use std::{collections::BTreeMap, fmt, fs, io, path::Path};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::names;

/// Name of the lock inside the folder of captures.
pub const FILE_NAME: &str = "docs.lock";

/// The one file of the folder that looks like a capture by its name.
const README: &str = "README.md";

const HEADER: &str = "\
# Written by `cargo xtask docs add` and `docs pull`; the hash is over the bytes of the capture.
# An address is the host of the site and the page id: a form inferred from how such sites build
# their addresses.
";

/// What a page describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A call to the gateway.
    Operation,
    /// Prose.
    Guide,
    /// A call that the gateway makes to the reader: a webhook.
    Receiver,
}

/// How far the page was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// To its end.
    Documented,
    /// In part.
    Partial,
}

impl Evidence {
    /// The word used in files and documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Partial => "partial",
        }
    }
}

/// How the capture came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Typed from known facts, in our own words.
    Transcribed,
    /// Saved by a person from a browser.
    Saved,
    /// Fetched from the live site.
    Pulled,
}

impl Origin {
    /// The word used in files and documents.
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
pub struct Entry {
    /// File name inside the folder of captures.
    pub file: String,
    /// Page id of the site, such as `312999607e0`; absent where none is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Title of the page.
    pub title: String,
    /// Host of the documentation site.
    pub site: String,
    /// Address of the page; absent where no page was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What the page describes.
    pub kind: Kind,
    /// How far the page was seen.
    pub evidence: Evidence,
    /// How the capture came to be.
    pub origin: Origin,
    /// Titles of the folders that the page stands in, outermost first, where its text does not tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folder: Vec<String>,
    /// `yyyy-MM-dd HH:mm:ss` as the page prints it, without a zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<String>,
    /// SHA-256 of the capture, hexadecimal.
    pub sha256: String,
}

impl Entry {
    /// What identifies the page across captures: its id, else its file stem.
    pub fn key(&self) -> &str {
        self.id
            .as_deref()
            .unwrap_or_else(|| names::stem(&self.file))
    }
}

/// The lock: all captured pages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// The pages, by site and file name.
    #[serde(default, rename = "page")]
    pub pages: Vec<Entry>,
}

/// The lock cannot be used, or does not agree with the captures.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// It cannot be read.
    #[error("{path}: cannot be read: {source}")]
    Unreadable {
        /// The lock or the folder.
        path: String,
        /// The cause.
        source: io::Error,
    },
    /// It is not the TOML that is expected.
    #[error("{path}: {source}")]
    Malformed {
        /// The lock.
        path: String,
        /// Line, column and cause.
        source: Box<toml::de::Error>,
    },
    /// It names other bytes or files than the folder holds.
    #[error("{}", Lines(.0))]
    Disagrees(Vec<String>),
}

struct Lines<'a>(&'a [String]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl Lock {
    /// Reads the lock of a folder of captures.
    ///
    /// # Errors
    /// It is missing or malformed, or names one page twice.
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
            Err(LockError::Disagrees(problems))
        }
    }

    fn problems(&self, path: &Path) -> Vec<String> {
        let mut problems = Vec::new();
        let mut keys: BTreeMap<&str, &str> = BTreeMap::new();
        for entry in &self.pages {
            if entry.file.is_empty() || !entry.file.chars().all(is_file_name_char) {
                problems.push(format!(
                    "{}: page {:?} has the file name {:?}; a name is made of a-z, 0-9, - and .",
                    path.display(),
                    entry.title,
                    entry.file
                ));
            }
            if let Some(other) = keys.insert(entry.key(), &entry.file) {
                problems.push(format!(
                    "{}: page {} stands twice, as {other} and {}; keep one",
                    path.display(),
                    entry.key(),
                    entry.file
                ));
            }
        }
        problems
    }

    /// Holds the lock against the files of its folder.
    ///
    /// # Errors
    /// Each capture whose bytes differ, is missing, or is not in the lock, with the command that
    /// mends it.
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
                    "{}: the capture of {:?} ({}) is not the one in {FILE_NAME}; \
                     if the change is meant, run `cargo xtask docs add {}`",
                    path.display(),
                    entry.title,
                    entry.key(),
                    path.display()
                )),
                Err(error) if error.kind() == io::ErrorKind::NotFound => problems.push(format!(
                    "{}: the capture of {:?} ({}) is missing; bring the file back, \
                     or delete its [[page]] from {FILE_NAME}",
                    path.display(),
                    entry.title,
                    entry.key()
                )),
                Err(error) => return Err(unreadable(&path, error)),
            }
        }
        for file in capture_files(folder).map_err(|source| unreadable(folder, source))? {
            if !self.pages.iter().any(|entry| entry.file == file) {
                let path = folder.join(&file);
                problems.push(format!(
                    "{}: is not in {FILE_NAME}; run `cargo xtask docs add {} --address URL` \
                     with the address of the page",
                    path.display(),
                    path.display()
                ));
            }
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(LockError::Disagrees(problems))
        }
    }

    /// The text of the lock, pages by site and file name.
    ///
    /// # Errors
    /// Never for what [`Lock::read`] gave; TOML cannot express some other values.
    pub fn to_text(&self) -> Result<String, toml::ser::Error> {
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

/// Names of the captures in a folder, sorted.
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

/// SHA-256, hexadecimal.
pub fn sha256(content: &[u8]) -> String {
    Sha256::digest(content)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(file: &str, id: Option<&str>, content: &str) -> Entry {
        Entry {
            file: file.into(),
            id: id.map(Into::into),
            title: "A Page".into(),
            site: "docs.example".into(),
            address: None,
            kind: Kind::Operation,
            evidence: Evidence::Partial,
            origin: Origin::Transcribed,
            folder: Vec::new(),
            modified: None,
            sha256: sha256(content.as_bytes()),
        }
    }

    fn folder(files: &[(&str, &str)], lock: &Lock) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            fs::write(folder.path().join(name), content).unwrap();
        }
        fs::write(folder.path().join(FILE_NAME), lock.to_text().unwrap()).unwrap();
        folder
    }

    #[test]
    fn reads_what_it_writes() {
        let lock = Lock {
            pages: vec![
                entry("1e0-a.txt", Some("1e0"), "a"),
                entry("b.txt", None, "b"),
            ],
        };
        let folder = folder(&[("1e0-a.txt", "a"), ("b.txt", "b")], &lock);
        let read = Lock::read(folder.path()).unwrap();
        assert_eq!(read, lock);
        read.verify(folder.path()).unwrap();
    }

    #[test]
    fn disagreement_names_the_page_and_the_command() {
        type Files = &'static [(&'static str, &'static str)];
        type Expected = &'static [&'static str];
        let cases: [(&str, Vec<Entry>, Files, Expected); 3] = [
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
                &["1e0-a.txt", "is missing", "[[page]]"],
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
            let lock = Lock { pages };
            let folder = folder(files, &lock);
            let error = lock.verify(folder.path()).unwrap_err().to_string();
            for part in expected {
                assert!(error.contains(part), "{name}: {error}");
            }
        }
    }

    #[test]
    fn one_page_twice_and_unsafe_names_are_refused() {
        for (pages, expected) in [
            (
                vec![
                    entry("1e0-a.txt", Some("1e0"), ""),
                    entry("1e0-b.txt", Some("1e0"), ""),
                ],
                "page 1e0 stands twice, as 1e0-a.txt and 1e0-b.txt",
            ),
            (
                vec![entry("../a.txt", None, "")],
                "has the file name \"../a.txt\"",
            ),
        ] {
            let folder = folder(&[], &Lock { pages });
            let error = Lock::read(folder.path()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_malformed_lock_names_the_line() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(
            folder.path().join(FILE_NAME),
            "[[page]]\nfile = \"a.txt\"\nkind = \"novel\"\n",
        )
        .unwrap();
        let error = Lock::read(folder.path()).unwrap_err().to_string();
        assert!(
            error.contains("docs.lock") && error.contains("line 3"),
            "{error}"
        );
    }
}
