//! The two documents of a comparison: files, or files of git revisions.

use std::{fs, io, path::Path, process::Command};

use serde_json::Value;

/// The document of a revision that is named without a path.
const DOCUMENT: &str = "spec/openapi.json";

/// The document beside it that also has what pages only name.
const PROVISIONAL: &str = "openapi.provisional.json";

/// A document and what it is called in messages.
#[derive(Debug)]
pub struct Source {
    /// As it was asked for.
    pub name: String,
    /// The document.
    pub document: Value,
    /// The one beside it, where it is that of the published operations alone.
    pub provisional: Option<Value>,
}

/// Why a document cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Neither a file nor a revision.
    #[error(
        "{name}: is no file, and git has no such document: {reason}. Give a file, a revision (its spec/openapi.json is read) or REVISION:PATH"
    )]
    NotFound {
        /// What was asked for.
        name: String,
        /// What git said.
        reason: String,
    },
    /// git cannot be run.
    #[error("{name}: is no file, and git cannot be run to look for a revision: {source}")]
    NoGit {
        /// What was asked for.
        name: String,
        /// The cause.
        source: io::Error,
    },
    /// A file that cannot be read.
    #[error("{name}: cannot be read: {source}")]
    Unreadable {
        /// The file.
        name: String,
        /// The cause.
        source: io::Error,
    },
    /// Not JSON.
    #[error("{name}: is not JSON: {source}. Of a document in YAML give its JSON form")]
    NotJson {
        /// What was asked for.
        name: String,
        /// The cause, with line and column.
        source: serde_json::Error,
    },
    /// JSON, but no document.
    #[error("{name}: is no OpenAPI document: it has no member {member:?}")]
    NoDocument {
        /// What was asked for.
        name: String,
        /// What is missing.
        member: &'static str,
    },
}

/// Reads a document: a file below the current folder, else a revision of the repository at `root`.
///
/// # Errors
/// See [`SourceError`].
pub fn read(root: &Path, name: &str) -> Result<Source, SourceError> {
    let path = Path::new(name);
    if path.is_file() {
        let unreadable = |source| SourceError::Unreadable {
            name: name.to_owned(),
            source,
        };
        let document = document(name, &fs::read(path).map_err(unreadable)?)?;
        // Best effort: it only tells more of an operation that came or went.
        let beside = path.with_file_name(PROVISIONAL);
        let provisional = (beside != path)
            .then(|| fs::read(beside).ok())
            .flatten()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        return Ok(Source {
            name: name.to_owned(),
            document,
            provisional,
        });
    }
    let (revision, path) = name.split_once(':').unwrap_or((name, DOCUMENT));
    let document = document(name, &show(root, name, revision, path)?)?;
    let beside = match path.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{PROVISIONAL}"),
        None => PROVISIONAL.to_owned(),
    };
    let provisional = (beside != path)
        .then(|| show(root, name, revision, &beside).ok())
        .flatten()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok());
    Ok(Source {
        name: name.to_owned(),
        document,
        provisional,
    })
}

fn show(root: &Path, name: &str, revision: &str, path: &str) -> Result<Vec<u8>, SourceError> {
    let not_found = |reason: &str| SourceError::NotFound {
        name: name.to_owned(),
        reason: reason.trim().to_owned(),
    };
    // git would take it for an option.
    if revision.starts_with('-') || revision.is_empty() {
        return Err(not_found("this cannot be a revision"));
    }
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .arg("show")
        // Below `root`, which need not be the top of its repository.
        .arg(format!("{revision}:./{path}"))
        .output()
        .map_err(|source| SourceError::NoGit {
            name: name.to_owned(),
            source,
        })?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        let reason = String::from_utf8_lossy(&output.stderr);
        Err(not_found(
            reason.lines().next().unwrap_or("no reason given"),
        ))
    }
}

fn document(name: &str, bytes: &[u8]) -> Result<Value, SourceError> {
    let document: Value = serde_json::from_slice(bytes).map_err(|source| SourceError::NotJson {
        name: name.to_owned(),
        source,
    })?;
    for member in ["openapi", "paths"] {
        if document.get(member).is_none() {
            return Err(SourceError::NoDocument {
                name: name.to_owned(),
                member,
            });
        }
    }
    Ok(document)
}
