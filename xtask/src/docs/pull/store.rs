//! Holds fetched pages against the captures: what to write, and what to say.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use super::{
    super::{
        captures::Captures,
        lock::{self, Entry, Evidence, Kind, Lock, Origin, sha256},
        names,
    },
    Form,
    address::{Site, shown},
    error::PullError,
    markdown,
    page::{Listed, Listing, Page},
    published,
    report::{Change, Line, Report, StaleStandIn},
};
use crate::{output_files::Outputs, overlay::Overlay};

/// The folder of captures below the root.
const FOLDER: &str = "spec/docs";

/// What a pull would write, and says.
#[derive(Debug)]
pub(super) struct Plan {
    /// The captures and the lock.
    pub outputs: Outputs,
    /// What it says.
    pub report: Report,
}

/// What a plan is made from.
#[derive(Debug)]
pub(super) struct Basis<'a> {
    /// Root of the repository.
    pub root: &'a Path,
    /// The captures as they are.
    pub captures: &'a Captures,
    /// All overlays.
    pub overlays: &'a [Overlay],
    /// The site.
    pub site: &'a Site,
    /// In which form the pages came.
    pub form: Form,
    /// Ids of pages that are left as they are.
    pub without: &'a [String],
}

/// Refuses a list with a page that is captured from another site: an id belongs to one site. A copy of a
/// site on this machine may stand for any.
///
/// # Errors
/// The first such page.
pub(super) fn refuse_strangers(
    lock: &Lock,
    site: &Site,
    listed: &[Listed],
) -> Result<(), PullError> {
    let name = site.name();
    for page in listed {
        let captured = lock
            .pages
            .iter()
            .find(|entry| entry.id.as_ref() == Some(&page.id));
        if let Some(captured) = captured
            && captured.site != name
            && !site.is_local()
        {
            return Err(PullError::OtherSite {
                id: page.id.clone(),
                title: shown(&page.title),
                captured: captured.site.clone(),
                listed: name,
            });
        }
    }
    Ok(())
}

/// Makes the plan.
///
/// # Errors
/// The lock cannot be told as TOML.
pub(super) fn plan(
    basis: &Basis,
    listing: &Listing,
    pages: &[Page],
    resumed: usize,
) -> Result<Plan, PullError> {
    let site = basis.site.name();
    let mut lock = basis.captures.lock.clone();
    let mut outputs = Outputs::default();
    let mut lines = Vec::new();
    let mut new_titles = BTreeSet::new();
    let mut differences = Vec::new();
    for page in pages {
        let place = lock
            .pages
            .iter()
            .position(|entry| entry.id.as_deref() == Some(page.listed.id.as_str()));
        let old = place.map(|place| lock.pages[place].clone());
        let entry = entry(page, old.as_ref(), &site, basis.form);
        let Some(change) = change(basis, page, old.as_ref(), &entry) else {
            continue;
        };
        if let (Change::Changed, Form::Json, Some(old)) = (&change, basis.form, &old) {
            let path = basis.root.join(FOLDER).join(&old.file);
            let before = fs::read(path).unwrap_or_default();
            differences.push(published::differing(&before, &page.content));
        }
        if !matches!(change, Change::Changed) && entry.kind != Kind::Guide {
            new_titles.insert(full_title(&page.folder, &page.title));
        }
        lines.push(Line {
            file: entry.file.clone(),
            change,
        });
        outputs.add(Path::new(FOLDER).join(&entry.file), page.content.clone());
        if let Some(old) = old
            && old.file != entry.file
        {
            outputs.remove(Path::new(FOLDER).join(old.file));
        }
        match place {
            Some(place) => lock.pages[place] = entry,
            None => lock.pages.push(entry),
        }
    }
    let same_difference = same_difference(&differences);
    let unlisted = retire(basis, &mut lock, pages, &mut outputs, &mut lines);
    if !lines.is_empty() {
        outputs.add(Path::new(FOLDER).join(lock::FILE_NAME), lock.to_text()?);
    }
    Ok(Plan {
        outputs,
        report: Report {
            form: basis.form,
            pages: pages.len(),
            resumed,
            lines,
            unlisted,
            stale: stale(basis, &new_titles),
            left_out: pages
                .iter()
                .flat_map(|page| page.left_out.iter().copied())
                .collect(),
            same_difference,
            others: listing.others.clone(),
            missing_schemas: missing_schemas(basis.form, pages),
            site,
        },
    })
}

/// The only member in which any of several pages differs. Shared schemas are no such: one of them changes all its pages.
fn same_difference(differences: &[BTreeSet<String>]) -> Option<String> {
    /// Fewer pages say nothing.
    const FEWEST: usize = 3;
    let first = differences.first()?;
    let is_same = differences.iter().all(|other| other == first);
    (differences.len() >= FEWEST && is_same && first.len() == 1)
        .then(|| first.first().cloned())
        .flatten()
        .filter(|member| member != published::DEFINITIONS)
}

fn entry(page: &Page, old: Option<&Entry>, site: &str, form: Form) -> Entry {
    let id = &page.listed.id;
    let receiver = old.is_some_and(|old| old.kind == Kind::Receiver);
    Entry {
        file: format!("{id}-{}.{}", names::slug(&page.title), form.extension()),
        id: Some(id.clone()),
        title: page.title.clone(),
        site: site.to_owned(),
        address: Some(page.listed.address.clone()),
        kind: if receiver { Kind::Receiver } else { page.kind },
        evidence: Evidence::Documented,
        origin: Origin::Pulled,
        folder: page.folder.clone(),
        modified: page.modified.clone(),
        sha256: sha256(&page.content),
    }
}

fn change(basis: &Basis, page: &Page, old: Option<&Entry>, new: &Entry) -> Option<Change> {
    let Some(old) = old else {
        return Some(Change::Added);
    };
    if old == new {
        return None;
    }
    if old.origin != Origin::Pulled {
        return Some(Change::Replaced {
            file: old.file.clone(),
            origin: old.origin,
        });
    }
    let mut from = vec![full_title(&old.folder, &old.title)];
    let mut to = vec![full_title(&new.folder, &new.title)];
    // A capture that does not tell its call has nothing to be renamed from.
    if let (Some(before), Some(after)) = (old_call(basis, old), &page.call) {
        from.push(format!("{} {}", before.0, before.1));
        to.push(format!("{} {}", after.0, after.1));
    }
    Some(if from == to {
        Change::Changed
    } else {
        Change::Renamed(from.join(", "), to.join(", "))
    })
}

/// Method and path of a pulled capture.
fn old_call(basis: &Basis, entry: &Entry) -> Option<(String, String)> {
    let content = fs::read(basis.root.join(FOLDER).join(&entry.file)).ok()?;
    match names::extension(&entry.file)? {
        "json" => published::facts(&serde_json::from_slice(&content).ok()?).call,
        "md" => markdown::facts(&String::from_utf8(content).ok()?).call,
        _ => None,
    }
}

/// Takes pulled pages that the site does not list any more out of the lock and the tree, and names the
/// others that it does not list.
fn retire(
    basis: &Basis,
    lock: &mut Lock,
    pages: &[Page],
    outputs: &mut Outputs,
    lines: &mut Vec<Line>,
) -> Vec<(String, Origin)> {
    let site = basis.site.name();
    let listed: BTreeSet<&str> = pages
        .iter()
        .map(|page| page.listed.id.as_str())
        .chain(basis.without.iter().map(String::as_str))
        .collect();
    let mut unlisted = Vec::new();
    lock.pages.retain(|entry| {
        let gone = entry.site == site && !entry.id.as_deref().is_some_and(|id| listed.contains(id));
        if gone && entry.origin == Origin::Pulled {
            outputs.remove(Path::new(FOLDER).join(&entry.file));
            lines.push(Line {
                file: entry.file.clone(),
                change: Change::Removed,
            });
            return false;
        }
        if gone {
            unlisted.push((entry.file.clone(), entry.origin));
        }
        true
    });
    unlisted
}

fn stale(basis: &Basis, new_titles: &BTreeSet<String>) -> Vec<StaleStandIn> {
    let before = basis.captures.page_titles();
    let mut stale = Vec::new();
    for overlay in basis.overlays {
        for action in &overlay.actions {
            if let Some(page) = &action.stands_in_for
                && new_titles.contains(page)
                && !before.contains(page)
            {
                stale.push(StaleStandIn {
                    file: overlay.file.clone(),
                    line: action.line,
                    page: page.clone(),
                });
            }
        }
    }
    stale
}

/// `<folder> / <title>`: what a stand-in is named after.
fn full_title(folder: &[String], title: &str) -> String {
    match folder.last() {
        Some(folder) => format!("{folder} / {title}"),
        None => title.to_owned(),
    }
}

fn missing_schemas(form: Form, pages: &[Page]) -> (usize, Vec<String>) {
    if form != Form::Json {
        return (0, Vec::new());
    }
    let of_pages: BTreeMap<&str, BTreeSet<String>> = pages
        .iter()
        .map(|page| {
            (
                page.listed.id.as_str(),
                published::missing_schemas(&page.content),
            )
        })
        .filter(|(_, missing)| !missing.is_empty())
        .collect();
    let all: BTreeSet<String> = of_pages.values().flatten().cloned().collect();
    (of_pages.len(), all.into_iter().collect())
}
