//! `cargo xtask docs pull` and `docs check`: a live site against the captures.
//!
//! Published JSON where the site has it, else `llms.txt` and the Markdown twins. Nothing that a site says
//! is trusted: addresses stay on its origin and the base of the published JSON, redirects are refused,
//! file names are made here, and sizes and counts have limits ([`settings`]).

pub mod address;
pub mod error;
mod fetch;
mod markdown;
mod navigation;
mod normalize;
mod page;
mod page_cache;
mod published;
pub mod report;
mod schemas;
pub mod settings;
mod store;
mod web;

use std::{path::Path, sync::Arc};

use self::{
    address::{ApiBase, Site},
    error::{Class, Failure, PullError},
    fetch::Fetched,
    page::{Listed, Listing, Page},
    page_cache::PageCache,
    report::Report,
    settings::Settings,
    store::{Basis, Plan},
    web::{Request, Web},
};
use super::{
    captures::{self, Captures},
    lock::Origin,
};
use crate::overlay::{self, Overlay};

/// In which form pages are captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// Published JSON
    Json,
    /// Markdown twins
    Markdown,
}

impl Form {
    /// For people.
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

    fn page_request(self, listed: &Listed, settings: &Settings) -> Request {
        match self {
            Self::Json => published::page_request(listed, settings),
            Self::Markdown => markdown::page_request(listed, settings),
        }
    }

    fn read_page(self, listed: &Listed, body: &[u8]) -> Result<Page, Failure> {
        match self {
            Self::Json => published::read_page(listed, body),
            Self::Markdown => markdown::read_page(listed, body),
        }
    }

    fn read_stored(self, listed: &Listed, content: &[u8]) -> Result<Page, Failure> {
        match self {
            Self::Json => published::read_stored(listed, content),
            Self::Markdown => markdown::read_page(listed, content),
        }
    }
}

/// What to capture, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// The site.
    pub site: Site,
    /// Base of the published JSON.
    pub api: ApiBase,
    /// The form; if left out, published JSON where the site has it.
    pub form: Option<Form>,
    /// Ids of pages that are neither fetched nor touched, such as one that the site lists and cannot serve.
    pub without: Vec<String>,
    /// Limits and times.
    pub settings: Settings,
}

/// Captures the site: writes all captures and the lock, or nothing.
///
/// # Errors
/// A page cannot be had, or the tree cannot be written; the tree is as it was, and fetched pages are kept
/// below `target/docs-pull` for the next run.
pub fn pull(root: &Path, options: &Options) -> Result<Report, PullError> {
    let (plan, kept) = look(root, options)?;
    plan.outputs.write(root)?;
    kept.clear()?;
    Ok(plan.report)
}

/// Tells what [`pull`] would change, by the same requests. Writes nothing but pages of an interrupted run
/// below `target/docs-pull`.
///
/// # Errors
/// As [`pull`].
pub fn check(root: &Path, options: &Options) -> Result<Report, PullError> {
    let (plan, kept) = look(root, options)?;
    kept.clear()?;
    Ok(plan.report)
}

fn look(root: &Path, options: &Options) -> Result<(Plan, PageCache), PullError> {
    // What can be wrong in the tree is wrong before a request goes out.
    let captures = captures::load(root)?;
    let overlays = overlays(root)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| PullError::Client(error.to_string()))?;
    let (form, listing, fetched, kept) = runtime.block_on(capture(root, options, &captures))?;
    let basis = Basis {
        root,
        captures: &captures,
        overlays: &overlays,
        site: &options.site,
        form,
        without: &options.without,
    };
    let plan = store::plan(&basis, &listing, &fetched.pages, fetched.resumed)?;
    Ok((plan, kept))
}

async fn capture(
    root: &Path,
    options: &Options,
    captures: &Captures,
) -> Result<(Form, Listing, Fetched, PageCache), PullError> {
    let Options {
        site,
        api,
        settings,
        ..
    } = options;
    let web = Arc::new(Web::new(site, api, settings)?);
    let project = match options.form {
        Some(Form::Markdown) => None,
        _ => navigation::find(&web, site, api, settings).await?,
    };
    let (form, mut listing) = match &project {
        Some(project) => (Form::Json, project.list(&web, site, api, settings).await?),
        None if options.form == Some(Form::Json)
            || (options.form.is_none() && has_json(captures, site)) =>
        {
            return Err(not_published(site, api));
        }
        None => (Form::Markdown, markdown::list(&web, site, settings).await?),
    };
    listing
        .pages
        .retain(|page| !options.without.contains(&page.id));
    store::refuse_strangers(&captures.lock, site, &listing.pages)?;
    let kept = PageCache::new(root, &site.name(), form.extension(), settings.keep_for);
    let mut fetched = fetch::fetch(&web, form, &listing.pages, &kept, settings).await?;
    if let Some(project) = project {
        let address = project.schemas(api);
        schemas::complete(&web, &address, &mut fetched.pages, settings).await?;
    }
    Ok((form, listing, fetched, kept))
}

/// Whether the site had published JSON at the last pull: then it does not change its form in silence.
fn has_json(captures: &Captures, site: &Site) -> bool {
    let name = site.name();
    captures.lock.pages.iter().any(|entry| {
        entry.site == name && entry.origin == Origin::Pulled && entry.file.ends_with(".json")
    })
}

fn not_published(site: &Site, api: &ApiBase) -> PullError {
    PullError::Listing {
        address: api.below(&format!("published-projects/domains/{}", site.host())),
        failure: Failure::new(Class::Lasting, "the published JSON does not know the site"),
        help: "nothing was changed; `--form markdown` takes the Markdown twins instead",
    }
}

fn overlays(root: &Path) -> Result<Vec<Overlay>, PullError> {
    let (mut overlays, provisional) = overlay::load_all(root)?;
    overlays.extend(provisional);
    Ok(overlays)
}
