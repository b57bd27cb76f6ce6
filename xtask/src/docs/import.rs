//! `cargo xtask docs import`: assembles a document from any pages, without overlays.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use apifox::{Diagnostic, DocumentInfo, PageRole, PageSource, SchemaList};
use serde_json::Value;

use super::{
    captures::role,
    lock::{self, CaptureEntry, CaptureKind, CaptureLock},
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
    let read = |file: &PathBuf| {
        fs::read(file).map_err(|source| ImportError {
            path: file.clone(),
            source,
        })
    };
    let entries = files.iter().map(|file| (file, locked(file)));
    let (lists, others): (Vec<_>, Vec<_>) = entries.partition(|(_, entry)| {
        entry
            .as_ref()
            .is_some_and(|entry| entry.kind == CaptureKind::Schemas)
    });
    let mut schemas: BTreeMap<String, SchemaList> = BTreeMap::new();
    for (file, entry) in lists {
        let (list, found) = SchemaList::parse(&file.display().to_string(), &read(file)?);
        schemas.extend(entry.map(|entry| (entry.site, list)));
        messages.extend(found);
    }
    let none = SchemaList::default();
    for (file, entry) in others {
        let (key, role) = match &entry {
            Some(entry) => (entry.key().to_owned(), role(entry)),
            None => (key(file), PageRole::Auto),
        };
        let list = entry.and_then(|entry| schemas.get(&entry.site));
        let parsed = apifox::parse_pages(
            &PageSource {
                name: &file.display().to_string(),
                key: &key,
                role,
                text: &read(file)?,
            },
            list.unwrap_or(&none),
        );
        pages.extend(parsed.pages);
        messages.extend(parsed.diagnostics);
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

/// Returns the entry of a file in the lock of its folder.
fn locked(file: &Path) -> Option<CaptureEntry> {
    let name = file.file_name()?.to_string_lossy();
    let lock = CaptureLock::read(file.parent()?).ok()?;
    lock.pages.into_iter().find(|entry| entry.file == name)
}

/// Returns the key of a page that is in no lock: the page ID at the start of its file name, or else the name.
fn key(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let stem = names::stem(&name);
    let id = stem.split_once('-').map_or(stem, |(id, _)| id);
    let is_id = names::is_page_id(id);
    (if is_id { id } else { stem }).to_owned()
}
