//! `cargo xtask docs add`: adds pages that a person saved from a browser to the captures.

use std::{
    fs,
    path::{Path, PathBuf},
};

use apifox::{Diagnostic, Page, PageRole, PageSource};

use super::{
    captures::role,
    lock::{
        self, CaptureEntry, CaptureKind, CaptureLock, CaptureOrigin, FOLDER, LockError,
        PageEvidence, sha256,
    },
    names::{extension, page_id, slug, stem},
};
use crate::output_files::{OutputError, OutputFiles};

/// The reason why a page cannot be added. No file was changed.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// The lock cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A file is not a page, or it is not clear which one.
    #[error("{0}")]
    Page(String),
    /// The files cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
}

/// The result for one file.
#[derive(Debug, PartialEq, Eq)]
pub enum AddedPage {
    /// A new page.
    Added(String),
    /// A page that differs from its capture.
    Changed(String),
    /// The same content at another URL. The origin is unchanged.
    Moved(String),
    /// The same content as the capture. The origin is unchanged.
    Unchanged(String),
}

/// The result of [`add`].
#[derive(Debug)]
pub struct AddReport {
    /// The result for each file, in order.
    pub pages: Vec<AddedPage>,
    /// The warnings of the importer about these pages.
    pub messages: Vec<Diagnostic>,
}

/// Adds all of the pages and updates their entries in the lock, or changes nothing.
///
/// A page is identified by its file name (`<page id>-….txt`, or that of its capture), by `address`, or
/// by title, method and path together. Without an `origin`, a capture that was edited in place keeps its
/// origin, except that a pulled one becomes `saved`: the site did not send these bytes. Any other file is
/// `saved`.
///
/// # Errors
/// Fails if a file cannot be read, is not a page, or is unknown; nothing is changed then.
pub fn add(
    root: &Path,
    files: &[PathBuf],
    address: Option<&str>,
    origin: Option<CaptureOrigin>,
) -> Result<AddReport, AddError> {
    let folder = root.join(FOLDER);
    let mut lock = CaptureLock::read(&folder)?;
    let address = address.map(PageUrl::parse).transpose()?;
    let mut outputs = OutputFiles::default();
    let mut added = AddReport {
        pages: Vec::new(),
        messages: Vec::new(),
    };
    let mut seen: Vec<String> = Vec::new();
    for path in files {
        let text = fs::read(path).map_err(|error| {
            AddError::Page(format!("{}: cannot be read: {error}", path.display()))
        })?;
        let mut entry = find_entry(&lock, &folder, path, &text, address.as_ref())?;
        let before = entry.file.clone();
        entry.file = format!("{}.{}", stem(&before), capture_extension(path));
        let (page, messages) = parse(path, entry.key(), role(&entry), &text)?;
        added.messages.extend(messages);
        if seen.iter().any(|key| key == entry.key()) {
            return Err(AddError::Page(format!(
                "{}: is page {}, and so is another file; pass only one of them",
                path.display(),
                entry.key()
            )));
        }
        seen.push(entry.key().to_owned());
        entry.origin = origin.unwrap_or(match entry.origin {
            CaptureOrigin::Transcribed if is_same_file(path, &folder.join(&before)) => {
                CaptureOrigin::Transcribed
            }
            _ => CaptureOrigin::Saved,
        });
        added
            .pages
            .push(update_lock(&mut lock, entry, &page, &text));
        if let Some(AddedPage::Added(name) | AddedPage::Changed(name)) = added.pages.last() {
            outputs.add(Path::new(FOLDER).join(name), text);
            if *name != before && folder.join(&before).exists() {
                outputs.remove(Path::new(FOLDER).join(before));
            }
        }
    }
    outputs.add(Path::new(FOLDER).join(lock::FILE_NAME), lock.to_text()?);
    outputs.write(root)?;
    Ok(added)
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    let (one, other) = (one.canonicalize(), other.canonicalize());
    one.is_ok_and(|one| other.is_ok_and(|other| one == other))
}

/// Returns the extension for the capture of a file.
fn capture_extension(path: &Path) -> &'static str {
    path.file_name()
        .and_then(|name| extension(&name.to_string_lossy()))
        .unwrap_or("txt")
}

/// Updates the lock, unless the content of the page is unchanged.
fn update_lock(
    lock: &mut CaptureLock,
    mut entry: CaptureEntry,
    page: &Page,
    text: &[u8],
) -> AddedPage {
    let name = entry.file.clone();
    let place = lock
        .pages
        .iter()
        .position(|other| other.key() == entry.key());
    let hash = sha256(text);
    if let Some(place) = place
        && lock.pages[place].file == name
        && entry.sha256 == hash
    {
        let known = &mut lock.pages[place];
        if (&known.site, &known.address) == (&entry.site, &entry.address) {
            return AddedPage::Unchanged(name);
        }
        (known.site, known.address) = (entry.site, entry.address);
        return AddedPage::Moved(name);
    }
    entry.title.clone_from(&page.title);
    entry.sha256 = hash;
    entry.modified.clone_from(&page.modified);
    entry.evidence = if page.notes.iter().any(apifox::CaptureNote::is_truncated) {
        PageEvidence::Partial
    } else {
        PageEvidence::Documented
    };
    if entry.kind != CaptureKind::Receiver {
        entry.kind = if matches!(page.kind, apifox::PageKind::Operation(_)) {
            CaptureKind::Operation
        } else {
            CaptureKind::Guide
        };
    }
    match place {
        Some(place) => {
            lock.pages[place] = entry;
            AddedPage::Changed(name)
        }
        None => {
            lock.pages.push(entry);
            AddedPage::Added(name)
        }
    }
}

/// Returns the entry of a file, or a new one for the URL.
fn find_entry(
    lock: &CaptureLock,
    folder: &Path,
    path: &Path,
    text: &[u8],
    address: Option<&PageUrl>,
) -> Result<CaptureEntry, AddError> {
    if let Some(address) = address {
        return match lock.page(&address.id) {
            Some(entry) => Ok(CaptureEntry {
                address: Some(address.text.clone()),
                site: address.site.clone(),
                ..entry.clone()
            }),
            None => new_entry(path, text, address),
        };
    }
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let id = name.split_once('-').map_or(stem(&name), |(id, _)| id);
    if let Some(entry) = lock
        .pages
        .iter()
        .find(|entry| entry.file == name || entry.id.as_deref() == Some(id))
    {
        return Ok(entry.clone());
    }
    find_by_content(lock, folder, path, text)
}

fn find_by_content(
    lock: &CaptureLock,
    folder: &Path,
    path: &Path,
    text: &[u8],
) -> Result<CaptureEntry, AddError> {
    let page = parse_any(path, text)?;
    let identity = identity(&page);
    let mut matches = lock.pages.iter().filter(|entry| {
        let capture = folder.join(&entry.file);
        fs::read(&capture)
            .ok()
            .and_then(|text| parse_any(&capture, &text).ok())
            .is_some_and(|page| self::identity(&page) == identity)
    });
    let what = || match &identity {
        (_, Some((method, target))) => {
            format!("the title {:?} and the call {method} {target}", page.title)
        }
        (_, None) => format!("the title {:?}", page.title),
    };
    let file = path.display();
    Err(AddError::Page(match (matches.next(), matches.next()) {
        (Some(entry), None) => return Ok(entry.clone()),
        (None, _) => format!(
            "{file}: this page is unknown: no capture has {}; \
             pass its URL: `cargo xtask docs add {file} --address https://SITE/…<page id>`",
            what()
        ),
        (Some(a), Some(b)) => format!(
            "{file}: {} and {} both have {}; \
             rename the file to start with the page ID (`<page id>-….txt`)",
            a.file,
            b.file,
            what()
        ),
    }))
}

fn identity(page: &Page) -> (String, Option<(String, String)>) {
    let call = match &page.kind {
        apifox::PageKind::Operation(operation) => Some((
            operation.method.name().to_uppercase(),
            operation.path.clone(),
        )),
        _ => None,
    };
    (page.title.to_lowercase(), call)
}

/// Parses a page that is not identified yet.
fn parse_any(path: &Path, text: &[u8]) -> Result<Page, AddError> {
    let key = path.display().to_string();
    parse(path, &key, PageRole::Auto, text).map(|(page, _)| page)
}

/// Parses a page. Returns the warnings too.
fn parse(
    path: &Path,
    key: &str,
    role: PageRole,
    text: &[u8],
) -> Result<(Page, Vec<Diagnostic>), AddError> {
    let name = path.display().to_string();
    let source = PageSource {
        name: &name,
        key,
        role,
        text,
    };
    let parsed = apifox::parse_page(&source);
    match parsed.page {
        Some(page) => Ok((page, parsed.diagnostics)),
        None => {
            let lines: Vec<String> = parsed.diagnostics.iter().map(ToString::to_string).collect();
            Err(AddError::Page(lines.join("\n")))
        }
    }
}

fn new_entry(path: &Path, text: &[u8], address: &PageUrl) -> Result<CaptureEntry, AddError> {
    let page = parse_any(path, text)?;
    Ok(CaptureEntry {
        file: format!("{}-{}.txt", address.id, slug(&page.title)),
        id: Some(address.id.clone()),
        title: page.title.clone(),
        site: address.site.clone(),
        address: Some(address.text.clone()),
        kind: CaptureKind::Operation,
        evidence: PageEvidence::Documented,
        origin: CaptureOrigin::Saved,
        folder: Vec::new(),
        modified: None,
        sha256: String::new(),
    })
}

/// The URL of a page: `https://SITE/…<page id>`.
struct PageUrl {
    text: String,
    site: String,
    id: String,
}

impl PageUrl {
    fn parse(text: &str) -> Result<Self, AddError> {
        let parse = || {
            let (site, path) = text.strip_prefix("https://")?.split_once('/')?;
            let plain =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
            if site.is_empty() || !site.chars().all(plain) {
                return None;
            }
            let id = page_id(path)?;
            let path = path.split(['?', '#']).next()?;
            let path = path.strip_suffix(".md").unwrap_or(path);
            Some(Self {
                text: format!("https://{site}/{path}"),
                site: site.to_owned(),
                id,
            })
        };
        parse().ok_or_else(|| {
            AddError::Page(format!(
                "{text}: is not the URL of a page; expected https://SITE/…<page id>, with an ID such as 312999607e0"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_url_has_site_and_id() {
        for (text, site, id) in [
            (
                "https://docs.example/312999607e0",
                "docs.example",
                "312999607e0",
            ),
            (
                "https://docs.example/get-access-token-312999607e0",
                "docs.example",
                "312999607e0",
            ),
            (
                "https://docs.example/en/signature-6916921m0.md?x=1#part",
                "docs.example",
                "6916921m0",
            ),
        ] {
            let address = PageUrl::parse(text).unwrap();
            assert_eq!((address.site.as_str(), address.id.as_str()), (site, id));
        }
        for text in [
            "",
            "http://docs.example/1e0",
            "https://docs.example",
            "https://docs.example/e0",
            "https://docs.example/guide",
            "https://user@docs.example/1e0",
            "https:///1e0",
        ] {
            assert!(PageUrl::parse(text).is_err(), "{text}");
        }
    }
}
