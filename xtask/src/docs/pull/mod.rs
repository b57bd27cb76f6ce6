//! `cargo xtask docs pull` and `docs check`: update the captures from a live site, or compare them.
//!
//! Pages are fetched as published JSON if the site has it, or else as Markdown listed in `llms.txt`. The OpenAPI export
//! of a site is used only on request. The content of a site is untrusted: URLs stay on its origin and on the bases of
//! the published JSON, redirects are rejected, file names are generated, and sizes, counts and the time are limited
//! ([`settings`]).
//!
//! The stages: `navigation` and `published` (JSON), `markdown` or `export` list and read pages, `fetch` fetches
//! them with `http_client` and `page_cache`, `schemas` adds shared schemas, `normalize` makes the content
//! stable, `plan` compares it with the captures, and `report` shows the result.

pub mod address;
pub mod error;
mod export;
mod fetch;
mod http_client;
mod markdown;
mod navigation;
mod normalize;
mod page_cache;
pub mod password;
mod plan;
mod published;
pub mod report;
mod schemas;
pub mod settings;

use std::{collections::BTreeSet, path::Path, sync::Arc};

use secrecy::SecretString;

use self::{
    address::{ApiBase, Site},
    error::PullError,
    fetch::FetchResult,
    http_client::HttpClient,
    page_cache::PageCache,
    plan::{PullInput, PullPlan},
    report::PullReport,
    settings::PullSettings,
};
use super::{
    captures::{self, Captures},
    lock::{CaptureKind, CaptureOrigin},
};
use crate::overlay::{self, Overlay};

/// The format of the captured pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum CaptureFormat {
    /// Published JSON
    Json,
    /// Markdown twins
    Markdown,
    /// The OpenAPI export of the site, which has no guides; needs `--site-id`
    Export,
}

impl CaptureFormat {
    /// Returns the name for messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "published JSON",
            Self::Markdown => "Markdown",
            Self::Export => "an OpenAPI export",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Json | Self::Export => "json",
            Self::Markdown => "md",
        }
    }
}

/// A page in the list of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ListedPage {
    /// The key of the page: its ID (digits and `e0`, `m0` or `f0`), or else a generated file name.
    pub id: String,
    /// The title.
    pub title: String,
    /// The titles of its folders, outermost first.
    pub folder: Vec<String>,
    /// The URL for readers.
    pub address: String,
    /// The URL from which it is fetched.
    pub source: String,
}

/// The pages that a site lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PageListing {
    /// The URL of the list.
    pub address: String,
    /// The pages in the order of the list, without repetition.
    pub pages: Vec<ListedPage>,
    /// Other entries of the list with their number: kinds of nodes, or links that are not pages.
    pub others: Vec<(String, usize)>,
}

impl PageListing {
    fn has_api_page(&self) -> bool {
        self.pages.iter().any(|page| !page.id.ends_with("m0"))
    }

    /// Fails if the list has no page, or more pages than `most`.
    fn check_size(&self, most: usize) -> Result<(), PullError> {
        let (text, help) = match self.pages.len() {
            0 => (
                "lists no page".to_owned(),
                "nothing was changed; check that this is the right site",
            ),
            listed if listed > most => (
                format!(
                    "lists {listed} pages, but at most {most} are allowed; nothing was fetched"
                ),
                "check that this is the right site; the limit is `pages` in xtask/src/docs/pull/settings.rs",
            ),
            _ => return Ok(()),
        };
        Err(PullError::site(&self.address, text, help))
    }
}

/// A fetched page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FetchedPage {
    /// The entry in the list.
    pub listed: ListedPage,
    /// The title of the page, or else that of the list.
    pub title: String,
    /// The kind of the page: an API page or a guide.
    pub kind: CaptureKind,
    /// Method (upper case) and path of an API page, if it states them.
    pub call: Option<(String, String)>,
    /// The titles of its folders, if the page states them.
    pub folder: Vec<String>,
    /// The modification time, `yyyy-MM-dd HH:mm:ss`, if the page states it.
    pub modified: Option<String>,
    /// The content of the capture.
    pub content: Vec<u8>,
    /// The fields that are not stored because they change without the page.
    pub left_out: BTreeSet<&'static str>,
}

/// The options of a pull.
#[derive(Debug, Clone)]
pub struct PullOptions {
    /// The site.
    pub site: Site,
    /// The base URLs that may have the published JSON, in the order in which they are tried.
    pub api: Vec<ApiBase>,
    /// The format. By default, published JSON if the site has it.
    pub form: Option<CaptureFormat>,
    /// The ID of the site for its export.
    pub site_id: Option<u64>,
    /// The password of a protected documentation.
    pub password: Option<SecretString>,
    /// IDs of pages to skip, such as one that the site lists but cannot serve.
    pub without: Vec<String>,
    /// Limits and timeouts.
    pub settings: PullSettings,
}

/// Captures the site: writes all captures and the lock, or nothing.
///
/// # Errors
/// Fails if a page cannot be fetched or a file cannot be written. No capture is changed then, and
/// fetched pages are cached below `target/docs-pull` for the next run.
pub fn pull(root: &Path, options: &PullOptions) -> Result<PullReport, PullError> {
    let (plan, cache) = prepare(root, options)?;
    plan.outputs.write(root)?;
    cache.clear()?;
    Ok(plan.report)
}

/// Returns the changes that [`pull`] would make. Sends the same requests, and writes only to the cache below
/// `target/docs-pull`.
///
/// # Errors
/// Fails like [`pull`].
pub fn check(root: &Path, options: &PullOptions) -> Result<PullReport, PullError> {
    let (plan, cache) = prepare(root, options)?;
    cache.clear()?;
    Ok(plan.report)
}

fn prepare(root: &Path, options: &PullOptions) -> Result<(PullPlan, PageCache), PullError> {
    // Errors in the repository are reported before any request is sent.
    let captures = captures::load(root)?;
    let overlays = overlays(root)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| PullError::Client(error.to_string()))?;
    let deadline = options.settings.deadline;
    let captured = runtime.block_on(async {
        tokio::time::timeout(deadline, capture(root, options, &captures)).await
    });
    let (form, listing, fetched, cache) = captured.unwrap_or_else(|_| {
        Err(PullError::site(
            options.site.name(),
            format!("the pull took longer than {} s", deadline.as_secs_f64()),
            "no capture was changed; fetched pages are cached, and the same command continues from there",
        ))
    })?;
    let input = PullInput {
        root,
        captures: &captures,
        overlays: &overlays,
        site: &options.site,
        form,
        without: &options.without,
    };
    let plan = plan::plan(&input, &listing, &fetched.pages, fetched.resumed)?;
    Ok((plan, cache))
}

async fn capture(
    root: &Path,
    options: &PullOptions,
    captures: &Captures,
) -> Result<(CaptureFormat, PageListing, FetchResult, PageCache), PullError> {
    let PullOptions { site, settings, .. } = options;
    let http = Arc::new(HttpClient::new(site, &options.api, settings)?);
    let cache = |form: CaptureFormat| {
        PageCache::new(
            root,
            &site.name(),
            form.extension(),
            settings.cache_lifetime,
        )
    };
    if options.form == Some(CaptureFormat::Export) {
        let (mut listing, mut pages) = export::fetch(&http, options, captures).await?;
        check_listing(options, captures, &mut listing)?;
        pages.retain(|page| !options.without.contains(&page.listed.id));
        let fetched = FetchResult { pages, resumed: 0 };
        return Ok((
            CaptureFormat::Export,
            listing,
            fetched,
            cache(CaptureFormat::Export),
        ));
    }
    let published = match options.form {
        Some(CaptureFormat::Markdown) => None,
        _ => navigation::find(&http, options).await?,
    };
    let (form, project, mut listing) = match published {
        Some((project, listing)) => (CaptureFormat::Json, Some(project), listing),
        None if options.form == Some(CaptureFormat::Json)
            || (options.form.is_none() && has_json(captures, site)) =>
        {
            return Err(not_published(site));
        }
        None => {
            let listing = markdown::list(&http, site, settings).await?;
            (CaptureFormat::Markdown, None, listing)
        }
    };
    check_listing(options, captures, &mut listing)?;
    let cache = cache(form);
    let format = match project {
        Some(_) => published::FORMAT,
        None => markdown::FORMAT,
    };
    let mut fetched = fetch::fetch(&http, format, &listing.pages, &cache, settings).await?;
    if let Some(project) = project {
        let name = site.name();
        let mut captured = captures.lock.pages.iter();
        let has_capture =
            captured.any(|entry| entry.site == name && entry.kind == CaptureKind::Schemas);
        let schemas =
            schemas::fetch(&http, &project, &fetched.pages, has_capture, settings).await?;
        fetched.pages.extend(schemas);
    }
    Ok((form, listing, fetched, cache))
}

/// Rejects a list that is too long, that has no page, that has pages of another site, or that would remove every
/// captured API page. Removes the pages to skip.
fn check_listing(
    options: &PullOptions,
    captures: &Captures,
    listing: &mut PageListing,
) -> Result<(), PullError> {
    listing.check_size(options.settings.pages)?;
    listing
        .pages
        .retain(|page| !options.without.contains(&page.id));
    let name = options.site.name();
    let captured = captures.lock.pages.iter().filter(|entry| {
        entry.site == name
            && entry.origin == CaptureOrigin::Pulled
            && entry.kind == CaptureKind::Operation
            && !options.without.iter().any(|id| id == entry.key())
    });
    let captured = captured.count();
    if captured > 0 && !listing.has_api_page() {
        return Err(PullError::site(
            &listing.address,
            format!("lists only guides, but {captured} API pages of the site are captured"),
            "nothing was changed; use `--form export` with `--site-id`, or remove the pages with `docs remove` if they are gone",
        ));
    }
    plan::reject_pages_of_other_sites(&captures.lock, &options.site, &listing.pages)
}

/// Returns whether the last pull used published JSON. The format must not change silently.
fn has_json(captures: &Captures, site: &Site) -> bool {
    let name = site.name();
    captures.lock.pages.iter().any(|entry| {
        entry.site == name && entry.origin == CaptureOrigin::Pulled && entry.file.ends_with(".json")
    })
}

fn not_published(site: &Site) -> PullError {
    PullError::site(
        site.name(),
        "the site has no published JSON",
        "nothing was changed; use `--form markdown` for the Markdown pages",
    )
}

fn overlays(root: &Path) -> Result<Vec<Overlay>, PullError> {
    let (mut overlays, provisional) = overlay::load_all(root)?;
    overlays.extend(provisional);
    Ok(overlays)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_or_oversized_list_is_rejected() {
        let page = ListedPage {
            id: "1e0".into(),
            title: "A".into(),
            folder: Vec::new(),
            address: String::new(),
            source: String::new(),
        };
        for (count, expected) in [
            (0, Some("lists no page")),
            (2, None),
            (3, Some("lists 3 pages")),
        ] {
            let listing = PageListing {
                pages: vec![page.clone(); count],
                ..PageListing::default()
            };
            let error = listing.check_size(2).err().map(|error| error.to_string());
            assert_eq!(error.is_some(), expected.is_some(), "{error:?}");
            if let Some((error, expected)) = error.zip(expected) {
                assert!(error.contains(expected), "{error}");
            }
        }
    }
}
