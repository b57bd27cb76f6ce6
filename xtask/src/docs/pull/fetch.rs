//! Fetches the pages of a list: first several pages concurrently, then the failed pages again, one
//! at a time.

use std::{collections::VecDeque, sync::Arc};

use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinSet;

use super::{
    FetchedPage, ListedPage,
    error::{FailedPage, FailureKind, FetchError, PullError},
    http_client::{HttpClient, PageRequest},
    page_cache::PageCache,
    settings::PullSettings,
};

/// The functions that request and read a page of one format.
#[derive(Clone, Copy)]
pub(super) struct PageFormat {
    pub page_request: fn(&ListedPage, &PullSettings) -> PageRequest,
    /// Reads a response body.
    pub read_page: fn(&ListedPage, &[u8]) -> Result<FetchedPage, FetchError>,
    /// Reads the content of a fetched page from the cache.
    pub read_stored: fn(&ListedPage, &[u8]) -> Result<FetchedPage, FetchError>,
}

/// The fetched pages of a list.
#[derive(Debug)]
pub(super) struct FetchResult {
    /// The pages in the order of the list.
    pub pages: Vec<FetchedPage>,
    /// The number of pages from the cache.
    pub resumed: usize,
}

/// Fetches the pages that are not in the cache.
///
/// # Errors
/// Fails if a page cannot be fetched. All fetched pages are cached.
pub(super) async fn fetch(
    http: &Arc<HttpClient>,
    format: PageFormat,
    listed: &[ListedPage],
    cache: &PageCache,
    settings: &PullSettings,
) -> Result<FetchResult, PullError> {
    let names = cache.names();
    let pages: Vec<Option<FetchedPage>> = listed
        .iter()
        .map(|page| {
            let content = cache.load(&names, &page.id)?;
            (format.read_stored)(page, &content).ok()
        })
        .collect();
    let resumed = pages.iter().flatten().count();
    let mut run = FetchRun {
        http: Arc::clone(http),
        format,
        listed,
        cache,
        settings,
        bytes: pages.iter().flatten().map(|page| page.content.len()).sum(),
        pages,
        failed: Vec::new(),
        aborted: None,
        progress: progress(listed.len(), resumed),
    };
    let missing = run.missing();
    run.round(
        missing,
        settings.concurrency,
        settings.max_failures * settings.concurrency,
    )
    .await?;
    if run
        .aborted
        .as_ref()
        .is_none_or(|reason| !reason.is_permanent)
    {
        run.aborted = None;
        let permanent: Vec<usize> = run.failed.iter().map(|(index, _)| *index).collect();
        let missing = run
            .missing()
            .into_iter()
            .filter(|index| !permanent.contains(index));
        run.round(missing.collect(), 1, settings.max_failures)
            .await?;
    }
    run.progress.finish_and_clear();
    run.finish(resumed)
}

/// The reason why a run is aborted.
struct AbortReason {
    text: String,
    /// Whether the next round would fail too.
    is_permanent: bool,
}

struct FetchRun<'a> {
    http: Arc<HttpClient>,
    format: PageFormat,
    listed: &'a [ListedPage],
    cache: &'a PageCache,
    settings: &'a PullSettings,
    pages: Vec<Option<FetchedPage>>,
    bytes: usize,
    /// Permanently failed pages. Other failed pages are tried in the next round.
    failed: Vec<(usize, FetchError)>,
    aborted: Option<AbortReason>,
    progress: ProgressBar,
}

impl FetchRun<'_> {
    fn missing(&self) -> Vec<usize> {
        (0..self.pages.len())
            .filter(|index| self.pages[*index].is_none())
            .collect()
    }

    async fn round(
        &mut self,
        missing: Vec<usize>,
        width: usize,
        max_failures: usize,
    ) -> Result<(), PullError> {
        let last = width == 1;
        let mut queue = VecDeque::from(missing);
        let mut tasks = JoinSet::new();
        let mut consecutive = 0;
        loop {
            while tasks.len() < width
                && self.aborted.is_none()
                && let Some(index) = queue.pop_front()
            {
                let (http, format) = (Arc::clone(&self.http), self.format);
                let listed = self.listed[index].clone();
                let request = (format.page_request)(&listed, self.settings);
                tasks.spawn(async move {
                    let page = http
                        .get(&request, |body| (format.read_page)(&listed, body))
                        .await;
                    (index, page)
                });
            }
            let Some(joined) = tasks.join_next().await else {
                return Ok(());
            };
            let (index, page) = joined.map_err(|error| PullError::Client(error.to_string()))?;
            match page {
                Ok(page) => {
                    consecutive = 0;
                    self.store(index, page)?;
                }
                Err(failure) => {
                    let transient = failure.class == FailureKind::Transient;
                    consecutive = if transient { consecutive + 1 } else { 0 };
                    if failure.class == FailureKind::Fatal {
                        self.abort(failure.text.clone(), true);
                    } else if consecutive >= max_failures {
                        self.abort(format!("{consecutive} pages failed in a row"), false);
                    }
                    if !transient || last {
                        self.failed.push((index, failure));
                    }
                }
            }
        }
    }

    fn store(&mut self, index: usize, page: FetchedPage) -> Result<(), PullError> {
        self.bytes += page.content.len();
        if self.bytes > self.settings.total_bytes {
            let most = self.settings.total_bytes;
            self.abort(
                format!("the pages exceed the limit of {most} bytes in total"),
                true,
            );
            return Ok(());
        }
        self.cache.save(&page.listed.id, &page.content)?;
        self.pages[index] = Some(page);
        self.progress.inc(1);
        Ok(())
    }

    fn abort(&mut self, text: String, is_permanent: bool) {
        self.aborted
            .get_or_insert(AbortReason { text, is_permanent });
    }

    fn finish(mut self, resumed: usize) -> Result<FetchResult, PullError> {
        let cached = self.pages.iter().flatten().count();
        if cached == self.listed.len() {
            return Ok(FetchResult {
                pages: self.pages.into_iter().flatten().collect(),
                resumed,
            });
        }
        self.failed.sort_by_key(|(index, _)| *index);
        let failed = self.failed.into_iter().map(|(index, failure)| FailedPage {
            id: self.listed[index].id.clone(),
            title: self.listed[index].title.clone(),
            failure,
        });
        Err(PullError::Incomplete {
            failed: failed.collect(),
            cached,
            listed: self.listed.len(),
            folder: self.cache.display_path.clone(),
            aborted: self.aborted.map(|reason| reason.text),
        })
    }
}

/// Returns a progress bar, which is hidden if the output is not a terminal.
fn progress(pages: usize, done: usize) -> ProgressBar {
    let bar = ProgressBar::new(pages as u64).with_position(done as u64);
    match ProgressStyle::with_template("{bar:30} {pos} of {len} pages, {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
