//! `cargo xtask docs add`: files a page that a person saved from a browser.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use apifox::{Diagnostic, Page, PageSource};

use super::{
    captures::role,
    lock::{self, Entry, Evidence, Kind, Lock, LockError, Origin, sha256},
    names::{extension, page_id, slug, stem},
};
use crate::output_files::{OutputError, Outputs};

/// The folder of captures below the root.
const FOLDER: &str = "spec/docs";

/// A page cannot be filed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// The lock cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The page cannot be read from disk.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// The file as given.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file is no page.
    #[error("{0}")]
    NoPage(String),
    /// It cannot be told which page of which site this is.
    #[error(
        "{}: it cannot be told which page this is: no capture has {what}; \
         give its address: `cargo xtask docs add {} --address https://SITE/…<page id>`",
        path.display(), path.display()
    )]
    Unknown {
        /// The file as given.
        path: PathBuf,
        /// By what it was looked for.
        what: String,
    },
    /// Two captures fit.
    #[error(
        "{}: {a} and {b} both have {what}; name the file after the page (`<page id>-….txt`)",
        path.display()
    )]
    Ambiguous {
        /// The file as given.
        path: PathBuf,
        /// By what it was looked for.
        what: String,
        /// One capture.
        a: String,
        /// The other.
        b: String,
    },
    /// Two of the files are the same page.
    #[error("{}: is page {key}, and so is another of the files given; give one", path.display())]
    Twice {
        /// The file as given.
        path: PathBuf,
        /// Its key.
        key: String,
    },
    /// The address names no page.
    #[error(
        "{0}: is not the address of a page; it is https://SITE/…<page id>, with an id such as 312999607e0"
    )]
    Address(String),
    /// The lock cannot be written as TOML.
    #[error("docs.lock: {0}")]
    Text(#[from] toml::ser::Error),
    /// The tree cannot be written.
    #[error(transparent)]
    Tree(#[from] OutputError),
}

/// What became of one file.
#[derive(Debug, PartialEq, Eq)]
pub enum Filed {
    /// A page that no capture had.
    Added(String),
    /// A page whose bytes differ from its capture.
    Changed(String),
    /// The same bytes at another address: their origin stays.
    Moved(String),
    /// The same bytes as the capture: its origin stays too.
    Unchanged(String),
}

/// The outcome: a line a file, and what the reader remarked.
#[derive(Debug)]
pub struct Added {
    /// One for each file, in order.
    pub filed: Vec<Filed>,
    /// Warnings of the importer on these pages.
    pub messages: Vec<Diagnostic>,
}

/// Files the pages and renews their entries in the lock, all or none.
///
/// A page is known by the file name (`<page id>-….txt`, or that of its capture), by `address`, or by
/// title, method and path together.
///
/// # Errors
/// A file is not readable, is no page, or is not known; nothing was changed then.
pub fn add(
    root: &Path,
    files: &[PathBuf],
    address: Option<&str>,
    origin: Origin,
) -> Result<Added, AddError> {
    let folder = root.join(FOLDER);
    let mut lock = Lock::read(&folder)?;
    let address = address.map(Address::parse).transpose()?;
    let mut outputs = Outputs::default();
    let mut added = Added {
        filed: Vec::new(),
        messages: Vec::new(),
    };
    let mut seen: Vec<String> = Vec::new();
    for path in files {
        let text = fs::read(path).map_err(|source| AddError::Unreadable {
            path: path.clone(),
            source,
        })?;
        let mut entry = find(&lock, &folder, path, &text, address.as_ref())?;
        let before = entry.file.clone();
        entry.file = format!("{}.{}", stem(&before), form_of(path));
        let read = apifox::parse_page(&PageSource {
            name: &path.display().to_string(),
            key: entry.key(),
            role: role(&entry),
            text: &text,
        });
        let Some(page) = read.page else {
            return Err(AddError::NoPage(
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
            .filed
            .push(file(&mut lock, entry, &page, &text, origin));
        if let Some(Filed::Added(name) | Filed::Changed(name)) = added.filed.last() {
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

/// The extension under which a page is stored: that of its file, or text.
fn form_of(path: &Path) -> &'static str {
    path.file_name()
        .and_then(|name| extension(&name.to_string_lossy()))
        .unwrap_or("txt")
}

/// Puts the entry into the lock with its new origin, unless the bytes of the page are the same.
fn file(lock: &mut Lock, mut entry: Entry, page: &Page, text: &[u8], origin: Origin) -> Filed {
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
            return Filed::Unchanged(name);
        }
        (known.site, known.address) = (entry.site, entry.address);
        return Filed::Moved(name);
    }
    entry.title.clone_from(&page.title);
    entry.origin = origin;
    entry.sha256 = hash;
    entry.modified.clone_from(&page.modified);
    entry.evidence = if page.notes.iter().any(apifox::CaptureNote::is_truncated) {
        Evidence::Partial
    } else {
        Evidence::Documented
    };
    if entry.kind != Kind::Receiver {
        entry.kind = if matches!(page.kind, apifox::PageKind::Operation(_)) {
            Kind::Operation
        } else {
            Kind::Guide
        };
    }
    match place {
        Some(place) => {
            lock.pages[place] = entry;
            Filed::Changed(name)
        }
        None => {
            lock.pages.push(entry);
            Filed::Added(name)
        }
    }
}

/// Finds the entry of a file, or makes one from the address.
fn find(
    lock: &Lock,
    folder: &Path,
    path: &Path,
    text: &[u8],
    address: Option<&Address>,
) -> Result<Entry, AddError> {
    if let Some(address) = address {
        let known = lock
            .pages
            .iter()
            .find(|entry| entry.id.as_deref() == Some(&address.id));
        return match known {
            Some(entry) => Ok(Entry {
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
    lock: &Lock,
    folder: &Path,
    path: &Path,
    text: &[u8],
) -> Result<Entry, AddError> {
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
        AddError::NoPage(
            read.diagnostics
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n"),
        )
    })
}

fn new_entry(path: &Path, text: &[u8], address: &Address) -> Result<Entry, AddError> {
    let page = read_page(path, text)?;
    Ok(Entry {
        file: format!("{}-{}.txt", address.id, slug(&page.title)),
        id: Some(address.id.clone()),
        title: page.title.clone(),
        site: address.site.clone(),
        address: Some(address.text.clone()),
        kind: Kind::Operation,
        evidence: Evidence::Documented,
        origin: Origin::Saved,
        folder: Vec::new(),
        modified: None,
        sha256: String::new(),
    })
}

/// `https://SITE/…<page id>`.
struct Address {
    text: String,
    site: String,
    id: String,
}

impl Address {
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
    fn an_address_names_site_and_page() {
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
            let address = Address::parse(text).unwrap();
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
            assert!(Address::parse(text).is_err(), "{text}");
        }
    }
}
