//! Reads the documents of a comparison from files or from git revisions.

use std::{fs, io, path::Path, process::Command};

use serde_json::Value;

/// The path that is read if a revision is given without a path.
const DOCUMENT: &str = "spec/openapi.json";

/// The name of the document that also has the inferred operations.
const PROVISIONAL: &str = "openapi.provisional.json";

/// A document with its name.
#[derive(Debug)]
pub struct DocumentSource {
    /// The argument of the command line.
    pub name: String,
    /// The document.
    pub document: Value,
    /// The document with the inferred operations in the same folder, if the document itself is another one.
    pub provisional: Option<Value>,
}

/// A document cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The name is neither a file nor a revision.
    #[error(
        "{name}: not a file, and not a document that git knows: {reason}\n  help: use a file, a revision (its spec/openapi.json is read) or REVISION:PATH"
    )]
    NotFound {
        /// The argument.
        name: String,
        /// The message of git.
        reason: String,
    },
    /// git could not run.
    #[error("{name}: not a file, and git could not run to find a revision: {source}")]
    NoGit {
        /// The argument.
        name: String,
        /// The cause.
        source: io::Error,
    },
    /// The file cannot be read.
    #[error("{name}: cannot be read: {source}")]
    Unreadable {
        /// The file.
        name: String,
        /// The cause.
        source: io::Error,
    },
    /// The text is not JSON.
    #[error("{name}: invalid JSON: {source}; a YAML document must be converted to JSON first")]
    NotJson {
        /// The argument.
        name: String,
        /// The cause, with line and column.
        source: serde_json::Error,
    },
    /// The JSON is not an OpenAPI document.
    #[error("{name}: not an OpenAPI document: it has no field {field:?}")]
    NoDocument {
        /// The argument.
        name: String,
        /// The missing field.
        field: &'static str,
    },
}

/// Reads a document from a file, or else from a revision of the repository at `root`.
///
/// # Errors
/// See [`SourceError`].
pub fn read(root: &Path, name: &str) -> Result<DocumentSource, SourceError> {
    let path = Path::new(name);
    if path.is_file() {
        let unreadable = |source| SourceError::Unreadable {
            name: name.to_owned(),
            source,
        };
        let document = document(name, &fs::read(path).map_err(unreadable)?)?;
        // Optional: without it, a moved operation is reported as removed or added.
        let beside = path.with_file_name(PROVISIONAL);
        let provisional = (beside != path)
            .then(|| fs::read(beside).ok())
            .flatten()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        return Ok(DocumentSource {
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
    Ok(DocumentSource {
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
    // git would interpret it as an option.
    if revision.starts_with('-') || revision.is_empty() {
        return Err(not_found("this is not a revision"));
    }
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .arg("show")
        // Relative to `root`, which may be a folder inside its repository.
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
        Err(not_found(reason.lines().next().unwrap_or("no message")))
    }
}

fn document(name: &str, bytes: &[u8]) -> Result<Value, SourceError> {
    let document: Value = serde_json::from_slice(bytes).map_err(|source| SourceError::NotJson {
        name: name.to_owned(),
        source,
    })?;
    for field in ["openapi", "paths"] {
        if document.get(field).is_none() {
            return Err(SourceError::NoDocument {
                name: name.to_owned(),
                field,
            });
        }
    }
    Ok(document)
}
