//! `cargo xtask docs import`: assembles a document from any pages, without overlays.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Write as _},
    fs, io,
    path::{Path, PathBuf},
};

use apifox::{Diagnostic, DocumentInfo, LineUse, PageKind, PageRole, PageSource, SchemaList};
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
    /// Numbers of pages and lines.
    pub summary: ImportSummary,
}

/// Numbers of pages and lines of an import.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ImportSummary {
    /// Pages that describe an operation.
    pub operations: usize,
    /// Pages that describe none.
    pub guides: usize,
    /// Files that result in no page.
    pub unreadable: usize,
    /// Lines that describe an element of a page.
    pub used_lines: usize,
    /// Other lines, without empty ones.
    pub unused_lines: usize,
}

impl fmt::Display for ImportSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} pages: {} operations, {} guides; {} files without a page; lines: {} used, {} unused (`--explain FILE` lists them)",
            self.operations + self.guides,
            self.operations,
            self.guides,
            self.unreadable,
            self.used_lines,
            self.unused_lines
        )
    }
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
/// Published pages may refer to the shared schemas of their site, which are in `schemas`, or else in a capture of the same
/// site.
///
/// # Errors
/// Fails if a path cannot be read.
pub fn import(paths: &[PathBuf], schemas: Option<&Path>) -> Result<ImportedDocument, ImportError> {
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
    let mut summary = ImportSummary::default();
    let locks = Locks::read(&files);
    let is_list = |file: &PathBuf| {
        let entry = locks.entry(file);
        entry.is_some_and(|entry| entry.kind == CaptureKind::Schemas)
    };
    let (lists, files): (Vec<_>, Vec<_>) = files.into_iter().partition(is_list);
    let mut parse = |file: &Path| {
        let (list, found) = SchemaList::parse(&file.display().to_string(), &read_file(file)?);
        messages.extend(found);
        Ok(list)
    };
    let given = schemas.map(&mut parse).transpose()?;
    let mut of_sites: BTreeMap<&str, SchemaList> = BTreeMap::new();
    if given.is_none() {
        for file in &lists {
            of_sites.insert(locks.site(file), parse(file)?);
        }
    }
    let none = SchemaList::default();
    for file in &files {
        let text = read_file(file)?;
        let (key, role) = locks.identity(file);
        let name = file.display().to_string();
        let of_site = match (locks.site(file), of_sites.len()) {
            ("", 1) => of_sites.values().next(),
            (site, _) => of_sites.get(site),
        };
        let list = given.as_ref().or(of_site).unwrap_or(&none);
        let source = PageSource {
            name: &name,
            key: &key,
            role,
            text: &text,
        };
        let read = apifox::parse_pages(&source, list);
        summary.unreadable += usize::from(read.pages.is_empty());
        for page in &read.pages {
            match page.kind {
                PageKind::Operation(_) => summary.operations += 1,
                PageKind::Guide => summary.guides += 1,
            }
        }
        for line in apifox::explain(&source) {
            match line.line_use {
                LineUse::Used(_) => summary.used_lines += 1,
                LineUse::Unused(_) => summary.unused_lines += 1,
                LineUse::Empty => {}
            }
        }
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
        summary,
    })
}

/// Returns each line of a file with its use in the document, then the diagnostics of the importer.
///
/// # Errors
/// Fails if the file cannot be read.
pub fn explain(file: &Path) -> Result<String, ImportError> {
    let text = read_file(file)?;
    let (key, role) = Locks::read([file]).identity(file);
    let source = PageSource {
        name: &file.display().to_string(),
        key: &key,
        role,
        text: &text,
    };
    let mut explained = String::new();
    for line in apifox::explain(&source) {
        let _ = writeln!(explained, "{line}");
    }
    for message in apifox::parse_pages(&source, &SchemaList::default()).diagnostics {
        let _ = writeln!(explained, "{message}");
    }
    Ok(explained)
}

fn read_file(file: &Path) -> Result<Vec<u8>, ImportError> {
    fs::read(file).map_err(|source| ImportError {
        path: file.to_owned(),
        source,
    })
}

/// The locks of the folders of some files.
struct Locks(BTreeMap<PathBuf, CaptureLock>);

impl Locks {
    /// Reads each lock once. A folder without a lock, or with a malformed one, has none.
    fn read<'a>(files: impl IntoIterator<Item = &'a (impl AsRef<Path> + ?Sized + 'a)>) -> Self {
        let folders = files.into_iter().filter_map(|file| file.as_ref().parent());
        let folders: BTreeSet<&Path> = folders.collect();
        let lock = |folder: &Path| Some((folder.to_owned(), CaptureLock::read(folder).ok()?));
        Self(folders.into_iter().filter_map(lock).collect())
    }

    /// Returns the entry of a file in the lock of its folder.
    fn entry(&self, file: &Path) -> Option<&CaptureEntry> {
        let name = file.file_name()?.to_string_lossy();
        let lock = self.0.get(file.parent()?)?;
        lock.pages.iter().find(|entry| entry.file == name)
    }

    /// Returns the site of a file, or an empty string if no lock has the file.
    fn site(&self, file: &Path) -> &str {
        self.entry(file).map_or("", |entry| &entry.site)
    }

    fn identity(&self, file: &Path) -> (String, PageRole) {
        if let Some(entry) = self.entry(file) {
            return (entry.key().to_owned(), role(entry));
        }
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let stem = names::stem(&name);
        let id = stem.split_once('-').map_or(stem, |(id, _)| id);
        let is_id = names::is_page_id(id);
        (if is_id { id } else { stem }.to_owned(), PageRole::Auto)
    }
}
