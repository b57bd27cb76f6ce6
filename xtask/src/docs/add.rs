//! `cargo xtask docs add`: adds pages that a person saved from a browser to the captures.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use apifox::{Diagnostic, Page, PageSource};

use super::{
    captures::role,
    lock::{
        self, CaptureEntry, CaptureKind, CaptureLock, CaptureOrigin, LockError, PageEvidence,
        sha256,
    },
    names::{extension, page_id, slug, stem},
};
use crate::output_files::{OutputError, OutputFiles};

/// The folder of captures below the root.
const FOLDER: &str = "spec/docs";

/// The reason why a page cannot be added. No file was changed.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// The lock cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// The file that the caller passed.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file is not a page.
    #[error("{0}")]
    NotAPage(String),
    /// The page is not known.
    #[error(
        "{}: this page is unknown: no capture has {what}; \
         pass its URL: `cargo xtask docs add {} --address https://SITE/…<page id>`",
        path.display(), path.display()
    )]
    Unknown {
        /// The file that the caller passed.
        path: PathBuf,
        /// The search criterion.
        what: String,
    },
    /// Two captures match.
    #[error(
        "{}: {a} and {b} both have {what}; rename the file to start with the page ID (`<page id>-….txt`)",
        path.display()
    )]
    Ambiguous {
        /// The file that the caller passed.
        path: PathBuf,
        /// The search criterion.
        what: String,
        /// One capture.
        a: String,
        /// The other.
        b: String,
    },
    /// Two files are the same page.
    #[error("{}: is page {key}, and so is another file; pass only one of them", path.display())]
    Twice {
        /// The file that the caller passed.
        path: PathBuf,
        /// The key of the page.
        key: String,
    },
    /// The URL is not that of a page.
    #[error(
        "{0}: is not the URL of a page; expected https://SITE/…<page id>, with an ID such as 312999607e0"
    )]
    Address(String),
    /// The lock cannot be written as TOML.
    #[error("docs.lock: {0}")]
    Text(#[from] toml::ser::Error),
    /// The files cannot be written.
    #[error(transparent)]
    Tree(#[from] OutputError),
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

/// Adds the pages and updates their entries in the lock, all or none.
///
/// A page is identified by its file name (`<page id>-….txt`, or that of its capture), by `address`, or
/// by title, method and path together.
///
/// # Errors
/// Fails if a file cannot be read, is not a page, or is unknown; nothing is changed then.
pub fn add(
    root: &Path,
    files: &[PathBuf],
    address: Option<&str>,
    origin: CaptureOrigin,
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
        let text = fs::read(path).map_err(|source| AddError::Unreadable {
            path: path.clone(),
            source,
        })?;
        let mut entry = find_entry(&lock, &folder, path, &text, address.as_ref())?;
        let before = entry.file.clone();
        entry.file = format!("{}.{}", stem(&before), capture_extension(path));
        let read = apifox::parse_page(&PageSource {
            name: &path.display().to_string(),
            key: entry.key(),
            role: role(&entry),
            text: &text,
        });
        let Some(page) = read.page else {
            return Err(AddError::NotAPage(
                read.diagnostics
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join("\n"),
            ));
        };
        added.messages.extend(read.diagnostics);
        if seen.iter().any(|key| key == entry.key()) {
            return Err(AddError::Twice {
                path: path.clone(),
                key: entry.key().to_owned(),
            });
        }
        seen.push(entry.key().to_owned());
        added
            .pages
            .push(update_lock(&mut lock, entry, &page, &text, origin));
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
    origin: CaptureOrigin,
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
    entry.origin = origin;
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
        let known = lock
            .pages
            .iter()
            .find(|entry| entry.id.as_deref() == Some(&address.id));
        return match known {
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
    let page = read_page(path, text)?;
    let identity = identity(&page);
    let mut matches = lock.pages.iter().filter(|entry| {
        let capture = folder.join(&entry.file);
        fs::read(&capture)
            .ok()
            .and_then(|text| read_page(&capture, &text).ok())
            .is_some_and(|page| self::identity(&page) == identity)
    });
    let what = || match &identity {
        (_, Some((method, target))) => {
            format!("the title {:?} and the call {method} {target}", page.title)
        }
        (_, None) => format!("the title {:?}", page.title),
    };
    match (matches.next(), matches.next()) {
        (Some(entry), None) => Ok(entry.clone()),
        (None, _) => Err(AddError::Unknown {
            path: path.to_path_buf(),
            what: what(),
        }),
        (Some(a), Some(b)) => Err(AddError::Ambiguous {
            path: path.to_path_buf(),
            what: what(),
            a: a.file.clone(),
            b: b.file.clone(),
        }),
    }
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

fn read_page(path: &Path, text: &[u8]) -> Result<Page, AddError> {
    let name = path.display().to_string();
    let read = apifox::parse_page(&PageSource {
        name: &name,
        key: &name,
        role: apifox::PageRole::Auto,
        text,
    });
    read.page.ok_or_else(|| {
        AddError::NotAPage(
            read.diagnostics
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n"),
        )
    })
}

fn new_entry(path: &Path, text: &[u8], address: &PageUrl) -> Result<CaptureEntry, AddError> {
    let page = read_page(path, text)?;
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
        parse().ok_or_else(|| AddError::Address(text.to_owned()))
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
