//! `cargo xtask docs pull` and `docs check`: update the captures from a live site, or compare them.
//!
//! Pages are fetched as published JSON if the site has it, or else as Markdown listed in `llms.txt`. The
//! content of a site is untrusted: URLs stay on its origin and on the base of the published JSON,
//! redirects are rejected, file names are generated, and sizes and counts are limited ([`settings`]).
//!
//! The stages: `navigation` and `published` (JSON) or `markdown` list and read pages, `fetch` fetches
//! them with `http_client` and `page_cache`, `schemas` adds shared schemas, `normalize` makes the content
//! stable, `plan` compares it with the captures, and `report` shows the result.

pub mod address;
pub mod error;
mod fetch;
mod http_client;
mod markdown;
mod navigation;
mod normalize;
mod page_cache;
mod plan;
mod published;
pub mod report;
mod schemas;
pub mod settings;

use std::{collections::BTreeSet, path::Path, sync::Arc};

use self::{
    address::{ApiBase, Site},
    error::{FetchError, PullError},
    fetch::FetchResult,
    http_client::{HttpClient, PageRequest},
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
}

impl CaptureFormat {
    /// Returns the name for messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "published JSON",
            Self::Markdown => "Markdown",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Markdown => "md",
        }
    }

    fn page_request(self, listed: &ListedPage, settings: &PullSettings) -> PageRequest {
        match self {
            Self::Json => published::page_request(listed, settings),
            Self::Markdown => markdown::page_request(listed, settings),
        }
    }

    fn read_page(self, listed: &ListedPage, body: &[u8]) -> Result<FetchedPage, FetchError> {
        match self {
            Self::Json => published::read_page(listed, body),
            Self::Markdown => markdown::read_page(listed, body),
        }
    }

    fn read_stored(self, listed: &ListedPage, content: &[u8]) -> Result<FetchedPage, FetchError> {
        match self {
            Self::Json => published::read_stored(listed, content),
            Self::Markdown => markdown::read_page(listed, content),
        }
    }
}

/// A page in the list of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ListedPage {
    /// The page ID: digits and `e0`, `m0` or `f0`.
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
    /// The base URL of the published JSON.
    pub api: ApiBase,
    /// The format. By default, published JSON if the site has it.
    pub form: Option<CaptureFormat>,
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
    let (form, listing, fetched, cache) = runtime.block_on(capture(root, options, &captures))?;
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
    let PullOptions {
        site,
        api,
        settings,
        ..
    } = options;
    let http = Arc::new(HttpClient::new(site, api, settings)?);
    let project = match options.form {
        Some(CaptureFormat::Markdown) => None,
        _ => navigation::find(&http, site, api, settings).await?,
    };
    let (form, mut listing) = match &project {
        Some(project) => (
            CaptureFormat::Json,
            project.list(&http, site, api, settings).await?,
        ),
        None if options.form == Some(CaptureFormat::Json)
            || (options.form.is_none() && has_json(captures, site)) =>
        {
            return Err(not_published(site, api));
        }
        None => (
            CaptureFormat::Markdown,
            markdown::list(&http, site, settings).await?,
        ),
    };
    listing.check_size(settings.pages)?;
    listing
        .pages
        .retain(|page| !options.without.contains(&page.id));
    plan::reject_pages_of_other_sites(&captures.lock, site, &listing.pages)?;
    let cache = PageCache::new(
        root,
        &site.name(),
        form.extension(),
        settings.cache_lifetime,
    );
    let mut fetched = fetch::fetch(&http, form, &listing.pages, &cache, settings).await?;
    if let Some(project) = project {
        let address = project.schemas(api);
        schemas::complete(&http, &address, &mut fetched.pages, settings).await?;
    }
    Ok((form, listing, fetched, cache))
}

/// Returns whether the last pull used published JSON. The format must not change silently.
fn has_json(captures: &Captures, site: &Site) -> bool {
    let name = site.name();
    captures.lock.pages.iter().any(|entry| {
        entry.site == name && entry.origin == CaptureOrigin::Pulled && entry.file.ends_with(".json")
    })
}

fn not_published(site: &Site, api: &ApiBase) -> PullError {
    PullError::site(
        api.below(&format!("published-projects/domains/{}", site.host())),
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
