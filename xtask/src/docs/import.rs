//! `cargo xtask docs import`: assembles a document from any pages, without overlays.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use apifox::{Diagnostic, DocumentInfo, PageRole, PageSource, SchemaList};
use serde_json::Value;

use super::{
    captures::role,
    lock::{self, CaptureLock},
    names,
};

/// The document of the pages that could be read, and the messages of the importer.
#[derive(Debug)]
pub struct ImportedDocument {
    /// An OpenAPI 3.0.3 document.
    pub document: Value,
    /// Errors and warnings. An operation that cannot be read is an error.
    pub messages: Vec<Diagnostic>,
}

impl ImportedDocument {
    /// Returns whether a page or operation could not be read.
    pub fn is_partial(&self) -> bool {
        self.messages.iter().any(|message| message.is_error())
    }
}

/// A path cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot be read: {source}", path.display())]
pub struct ImportError {
    path: PathBuf,
    source: io::Error,
}

/// Imports files, and the captures in folders. The lock of a folder states which pages are webhooks.
///
/// # Errors
/// Fails if a path cannot be read.
pub fn import(paths: &[PathBuf]) -> Result<ImportedDocument, ImportError> {
    let mut files = Vec::new();
    for path in paths {
        let failed = |source| ImportError {
            path: path.clone(),
            source,
        };
        if path.is_dir() {
            let names = lock::capture_files(path).map_err(failed)?;
            files.extend(names.into_iter().map(|name| path.join(name)));
        } else {
            files.push(path.clone());
        }
    }
    let mut pages = Vec::new();
    let mut messages = Vec::new();
    for file in &files {
        let text = fs::read(file).map_err(|source| ImportError {
            path: file.clone(),
            source,
        })?;
        let (key, role) = identity(file);
        let read = apifox::parse_pages(
            &PageSource {
                name: &file.display().to_string(),
                key: &key,
                role,
                text: &text,
            },
            &SchemaList::default(),
        );
        pages.extend(read.pages);
        messages.extend(read.diagnostics);
    }
    let assembly = apifox::assemble(
        &pages,
        &DocumentInfo {
            title: "Imported pages".into(),
            version: "0".into(),
            description: None,
        },
    );
    messages.extend(assembly.diagnostics);
    Ok(ImportedDocument {
        document: assembly.document,
        messages,
    })
}

fn identity(file: &Path) -> (String, PageRole) {
    let name = file
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let locked = file
        .parent()
        .and_then(|folder| CaptureLock::read(folder).ok())
        .and_then(|lock| lock.pages.into_iter().find(|entry| entry.file == name));
    match locked {
        Some(entry) => (entry.key().to_owned(), role(&entry)),
        None => {
            let stem = names::stem(&name);
            let id = stem.split_once('-').map_or(stem, |(id, _)| id);
            let is_id = names::is_page_id(id);
            (if is_id { id } else { stem }.to_owned(), PageRole::Auto)
        }
    }
}
