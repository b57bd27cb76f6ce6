//! Reads the documents of a comparison from files or from git revisions.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

/// The path that is read if the argument is a revision without a path.
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

/// A document cannot be read. The message starts with the argument of the command line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SourceError(String);

/// Reads a document from a file, or else from a revision of the repository at `root`.
///
/// # Errors
/// Fails if the name is neither a file nor a revision, or if the text is not an OpenAPI document in JSON.
pub fn read(root: &Path, name: &str) -> Result<DocumentSource, SourceError> {
    let path = Path::new(name);
    // The provisional document is optional: without it, an operation that was inferred is reported as new.
    let (bytes, provisional) = if path.is_file() {
        let bytes = fs::read(path)
            .map_err(|error| SourceError(format!("{name}: cannot be read: {error}")))?;
        let provisional = path.with_file_name(PROVISIONAL);
        (
            bytes,
            (provisional != path).then(|| fs::read(provisional).ok()),
        )
    } else {
        let (revision, path) = name.split_once(':').unwrap_or((name, DOCUMENT));
        let bytes = show(root, revision, path).map_err(|reason| {
            SourceError(format!(
                "{name}: not a file, and not a document that git knows: {reason}\n  help: use a file, a revision (its spec/openapi.json is read) or REVISION:PATH"
            ))
        })?;
        let provisional = match path.rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/{PROVISIONAL}"),
            None => PROVISIONAL.to_owned(),
        };
        let is_other = provisional != path;
        (
            bytes,
            is_other.then(|| show(root, revision, &provisional).ok()),
        )
    };
    Ok(DocumentSource {
        name: name.to_owned(),
        document: document(name, &bytes)?,
        provisional: provisional
            .flatten()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok()),
    })
}

/// Returns a file of a revision, or the message of git.
fn show(root: &Path, revision: &str, path: &str) -> Result<Vec<u8>, String> {
    // git would interpret it as an option.
    if revision.starts_with('-') || revision.is_empty() {
        return Err("this is not a revision".to_owned());
    }
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .arg("show")
        // The path is relative to `root`, which may be a folder inside its repository.
        .arg(format!("{revision}:./{path}"))
        .output()
        .map_err(|error| format!("git could not run: {error}"))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let reason = String::from_utf8_lossy(&output.stderr);
    Err(reason
        .trim()
        .lines()
        .next()
        .unwrap_or("no message")
        .to_owned())
}

fn document(name: &str, bytes: &[u8]) -> Result<Value, SourceError> {
    let document: Value = serde_json::from_slice(bytes).map_err(|error| {
        SourceError(format!(
            "{name}: invalid JSON: {error}; a YAML document must be converted to JSON first"
        ))
    })?;
    for field in ["openapi", "paths"] {
        if document.get(field).is_none() {
            return Err(SourceError(format!(
                "{name}: not an OpenAPI document: it has no field {field:?}"
            )));
        }
    }
    Ok(document)
}
