//! Compares fetched pages with the captures, and plans the changes.

use std::{collections::BTreeSet, fs, path::Path};

use super::{
    super::{
        captures::{Captures, full_title},
        lock::{
            self, CaptureEntry, CaptureKind, CaptureLock, CaptureOrigin, FOLDER, PageEvidence,
            sha256,
        },
        names,
    },
    CaptureFormat, FetchedPage, ListedPage, PageListing,
    address::{Site, sanitize},
    error::PullError,
    markdown, published,
    report::{PageChange, PullReport, ReportLine, StaleStandIn},
};
use crate::{output_files::OutputFiles, overlay::Overlay};

/// The changes of a pull, and its report.
#[derive(Debug)]
pub(super) struct PullPlan {
    /// The captures and the lock.
    pub outputs: OutputFiles,
    /// The report.
    pub report: PullReport,
}

/// The input of [`plan`].
#[derive(Debug)]
pub(super) struct PullInput<'a> {
    /// The root of the repository.
    pub root: &'a Path,
    /// The current captures.
    pub captures: &'a Captures,
    /// All overlays.
    pub overlays: &'a [Overlay],
    /// The site.
    pub site: &'a Site,
    /// The format of the pages.
    pub form: CaptureFormat,
    /// IDs of pages to skip.
    pub without: &'a [String],
}

/// Rejects a list with a page that is captured from another site: an ID belongs to one site. A local
/// copy may have the pages of any site.
///
/// # Errors
/// Returns the first such page.
pub(super) fn reject_pages_of_other_sites(
    lock: &CaptureLock,
    site: &Site,
    listed: &[ListedPage],
) -> Result<(), PullError> {
    let name = site.name();
    for page in listed {
        if let Some(captured) = lock.page_with_key(&page.id)
            && captured.site != name
            && !site.is_local()
        {
            let (id, captured) = (&page.id, &captured.site);
            return Err(PullError::site(
                format!("page {id} ({:?})", sanitize(&page.title)),
                format!(
                    "is captured from {captured}, but {name} also lists it; nothing was fetched"
                ),
                format!(
                    "if the whole documentation moved, replace `site = {captured:?}` by `site = {name:?}` in spec/docs/docs.lock; \
                     if only this page moved, add it once with `cargo xtask docs add FILE --address https://{name}/{id}`"
                ),
            ));
        }
    }
    Ok(())
}

/// Plans the changes.
///
/// # Errors
/// Fails if the lock cannot be written as TOML.
pub(super) fn plan(
    input: &PullInput,
    listing: &PageListing,
    pages: &[FetchedPage],
    resumed: usize,
) -> Result<PullPlan, PullError> {
    let site = input.site.name();
    let mut lock = input.captures.lock.clone();
    let mut outputs = OutputFiles::default();
    let mut lines = Vec::new();
    let mut new_titles = BTreeSet::new();
    let mut differences = Vec::new();
    for page in pages {
        let place = lock
            .pages
            .iter()
            .position(|entry| entry.key() == page.listed.id);
        let old = place.map(|place| lock.pages[place].clone());
        let entry = entry(page, old.as_ref(), &site, input.form);
        let Some(change) = change(input, page, old.as_ref(), &entry) else {
            continue;
        };
        if let (PageChange::Changed, CaptureFormat::Json, Some(old)) = (&change, input.form, &old)
            && entry.kind != CaptureKind::Schemas
        {
            let path = input.root.join(FOLDER).join(&old.file);
            let before = fs::read(path).unwrap_or_default();
            differences.push(published::different_fields(&before, &page.content));
        }
        if !matches!(change, PageChange::Changed) && page.kind == CaptureKind::Operation {
            new_titles.insert(full_title(&page.folder, &page.title));
        }
        lines.push(ReportLine {
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
    let unlisted = remove_unlisted(input, &mut lock, pages, &mut outputs, &mut lines);
    if !lines.is_empty() {
        outputs.add(Path::new(FOLDER).join(lock::FILE_NAME), lock.to_text()?);
    }
    Ok(PullPlan {
        outputs,
        report: PullReport {
            form: input.form,
            pages: listing.pages.len(),
            resumed,
            lines,
            unlisted,
            stale: stale(input, &new_titles),
            left_out: pages
                .iter()
                .flat_map(|page| page.left_out.iter().copied())
                .collect(),
            same_difference,
            others: listing.others.clone(),
            has_api_page: listing.has_api_page(),
            missing_schemas: missing_schemas(input.form, pages),
            site,
        },
    })
}

/// Returns the field in which all changed pages differ, if it is the only one. Shared schemas are
/// excluded: one change may affect many pages.
fn same_difference(differences: &[BTreeSet<String>]) -> Option<String> {
    /// Fewer pages prove nothing.
    const MIN_PAGES: usize = 3;
    let first = differences.first()?;
    let is_same = differences.iter().all(|other| other == first);
    (differences.len() >= MIN_PAGES && is_same && first.len() == 1)
        .then(|| first.first().cloned())
        .flatten()
        .filter(|member| member != published::DEFINITIONS)
}

fn entry(
    page: &FetchedPage,
    old: Option<&CaptureEntry>,
    site: &str,
    form: CaptureFormat,
) -> CaptureEntry {
    let id = &page.listed.id;
    let receiver = old.is_some_and(|old| old.kind == CaptureKind::Receiver);
    let extension = form.extension();
    let has_id = names::is_page_id(id);
    CaptureEntry {
        file: if has_id {
            format!("{id}-{}.{extension}", names::slug(&page.title))
        } else {
            format!("{id}.{extension}")
        },
        id: has_id.then(|| id.clone()),
        title: page.title.clone(),
        site: site.to_owned(),
        address: Some(page.listed.address.clone()),
        kind: if receiver {
            CaptureKind::Receiver
        } else {
            page.kind
        },
        evidence: PageEvidence::Documented,
        origin: CaptureOrigin::Pulled,
        folder: page.folder.clone(),
        modified: page.modified.clone(),
        sha256: sha256(&page.content),
    }
}

fn change(
    input: &PullInput,
    page: &FetchedPage,
    old: Option<&CaptureEntry>,
    new: &CaptureEntry,
) -> Option<PageChange> {
    let Some(old) = old else {
        return Some(PageChange::Added);
    };
    if old == new {
        return None;
    }
    if old.origin != CaptureOrigin::Pulled {
        return Some(PageChange::Replaced {
            file: old.file.clone(),
            origin: old.origin,
        });
    }
    let mut from = vec![full_title(&old.folder, &old.title)];
    let mut to = vec![full_title(&new.folder, &new.title)];
    // Method and path are compared only if the old capture states them.
    if let (Some(before), Some(after)) = (old_call(input, old), &page.call) {
        from.push(format!("{} {}", before.0, before.1));
        to.push(format!("{} {}", after.0, after.1));
    }
    Some(if from == to {
        PageChange::Changed
    } else {
        PageChange::Renamed(from.join(", "), to.join(", "))
    })
}

/// Returns method and path of a pulled capture.
fn old_call(input: &PullInput, entry: &CaptureEntry) -> Option<(String, String)> {
    let content = fs::read(input.root.join(FOLDER).join(&entry.file)).ok()?;
    match names::extension(&entry.file)? {
        "json" => published::call(&serde_json::from_slice(&content).ok()?),
        "md" => markdown::facts(&String::from_utf8(content).ok()?).call,
        _ => None,
    }
}

/// Removes pulled captures that the site no longer lists, and returns the other unlisted captures.
fn remove_unlisted(
    input: &PullInput,
    lock: &mut CaptureLock,
    pages: &[FetchedPage],
    outputs: &mut OutputFiles,
    lines: &mut Vec<ReportLine>,
) -> Vec<(String, CaptureOrigin)> {
    let site = input.site.name();
    let listed: BTreeSet<&str> = pages
        .iter()
        .map(|page| page.listed.id.as_str())
        .chain(input.without.iter().map(String::as_str))
        .collect();
    let mut unlisted = Vec::new();
    lock.pages.retain(|entry| {
        // An export has only operations. Webhooks that are kept may use the shared schemas.
        let may_be_listed =
            input.form != CaptureFormat::Export || entry.kind == CaptureKind::Operation;
        let gone = entry.site == site && may_be_listed && !listed.contains(entry.key());
        if gone && entry.origin == CaptureOrigin::Pulled {
            outputs.remove(Path::new(FOLDER).join(&entry.file));
            lines.push(ReportLine {
                file: entry.file.clone(),
                change: PageChange::Removed,
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

fn stale(input: &PullInput, new_titles: &BTreeSet<String>) -> Vec<StaleStandIn> {
    let before = input.captures.page_titles();
    let mut stale = Vec::new();
    for overlay in input.overlays {
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

fn missing_schemas(form: CaptureFormat, pages: &[FetchedPage]) -> (usize, Vec<String>) {
    if form != CaptureFormat::Json {
        return (0, Vec::new());
    }
    let (lists, pages): (Vec<_>, Vec<_>) =
        (pages.iter()).partition(|page| page.kind == CaptureKind::Schemas);
    let captured: BTreeSet<String> = lists
        .iter()
        .flat_map(|list| published::listed_schemas(&list.content))
        .collect();
    let missing_of = |page: &&FetchedPage| -> BTreeSet<String> {
        let missing = published::missing_schemas(&page.content).into_iter();
        missing.filter(|id| !captured.contains(id)).collect()
    };
    let of_pages: Vec<BTreeSet<String>> = pages
        .iter()
        .map(missing_of)
        .filter(|missing| !missing.is_empty())
        .collect();
    let of_lists = lists.iter().map(missing_of);
    let all: BTreeSet<String> = of_pages.iter().cloned().chain(of_lists).flatten().collect();
    (of_pages.len(), all.into_iter().collect())
}
