//! Fetches the pages of a list: several at once first, then what failed once more, one at a time.

use std::{collections::VecDeque, sync::Arc};

use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinSet;

use super::{
    Form,
    error::{Class, FailedPage, Failure, PullError},
    page::{Listed, Page},
    page_cache::PageCache,
    settings::Settings,
    web::Web,
};

/// All pages of a list.
#[derive(Debug)]
pub(super) struct Fetched {
    /// In the order of the list.
    pub pages: Vec<Page>,
    /// How many of them an earlier run had kept.
    pub resumed: usize,
}

/// Fetches the pages that no earlier run kept.
///
/// # Errors
/// A page cannot be had: all that could be are kept.
pub(super) async fn fetch(
    web: &Arc<Web>,
    form: Form,
    listed: &[Listed],
    kept: &PageCache,
    settings: &Settings,
) -> Result<Fetched, PullError> {
    let names = kept.names();
    let pages: Vec<Option<Page>> = listed
        .iter()
        .map(|page| {
            let content = kept.load(&names, &page.id)?;
            form.read_stored(page, &content).ok()
        })
        .collect();
    let resumed = pages.iter().flatten().count();
    let mut run = Run {
        web: Arc::clone(web),
        form,
        listed,
        kept,
        settings,
        bytes: pages.iter().flatten().map(|page| page.content.len()).sum(),
        pages,
        failed: Vec::new(),
        gave_up: None,
        progress: progress(listed.len(), resumed),
    };
    let open = run.open();
    run.round(
        open,
        settings.concurrency,
        settings.patience * settings.concurrency,
    )
    .await?;
    if run
        .gave_up
        .as_ref()
        .is_none_or(|given_up| !given_up.lasting)
    {
        run.gave_up = None;
        let lasting: Vec<usize> = run.failed.iter().map(|(index, _)| *index).collect();
        let open = run
            .open()
            .into_iter()
            .filter(|index| !lasting.contains(index));
        run.round(open.collect(), 1, settings.patience).await?;
    }
    run.progress.finish_and_clear();
    run.finish(resumed)
}

/// Why the rest of a list is not tried.
struct GivenUp {
    text: String,
    /// Whether a later round would find the same.
    lasting: bool,
}

struct Run<'a> {
    web: Arc<Web>,
    form: Form,
    listed: &'a [Listed],
    kept: &'a PageCache,
    settings: &'a Settings,
    pages: Vec<Option<Page>>,
    bytes: usize,
    /// Pages that failed for good; others stay open for the next round.
    failed: Vec<(usize, Failure)>,
    gave_up: Option<GivenUp>,
    progress: ProgressBar,
}

impl Run<'_> {
    fn open(&self) -> Vec<usize> {
        (0..self.pages.len())
            .filter(|index| self.pages[*index].is_none())
            .collect()
    }

    async fn round(
        &mut self,
        open: Vec<usize>,
        width: usize,
        patience: usize,
    ) -> Result<(), PullError> {
        let last = width == 1;
        let mut queue = VecDeque::from(open);
        let mut tasks = JoinSet::new();
        let mut in_a_row = 0;
        loop {
            while tasks.len() < width
                && self.gave_up.is_none()
                && let Some(index) = queue.pop_front()
            {
                let (web, form) = (Arc::clone(&self.web), self.form);
                let listed = self.listed[index].clone();
                let request = form.page_request(&listed, self.settings);
                tasks.spawn(async move {
                    let page = web
                        .get(&request, |body| form.read_page(&listed, body))
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
                    in_a_row = 0;
                    self.keep(index, page)?;
                }
                Err(failure) => {
                    let passing = failure.class == Class::Passing;
                    in_a_row = if passing { in_a_row + 1 } else { 0 };
                    if failure.class == Class::Fatal {
                        self.give_up(failure.text.clone(), true);
                    } else if in_a_row >= patience {
                        self.give_up(
                            format!("{in_a_row} pages failed one after the other"),
                            false,
                        );
                    }
                    if !passing || last {
                        self.failed.push((index, failure));
                    }
                }
            }
        }
    }

    fn keep(&mut self, index: usize, page: Page) -> Result<(), PullError> {
        self.bytes += page.content.len();
        if self.bytes > self.settings.total_bytes {
            let most = self.settings.total_bytes;
            self.give_up(
                format!("the pages have more than {most} bytes together, which is the limit"),
                true,
            );
            return Ok(());
        }
        self.kept.save(&page.listed.id, &page.content)?;
        self.pages[index] = Some(page);
        self.progress.inc(1);
        Ok(())
    }

    fn give_up(&mut self, text: String, lasting: bool) {
        self.gave_up.get_or_insert(GivenUp { text, lasting });
    }

    fn finish(mut self, resumed: usize) -> Result<Fetched, PullError> {
        let kept = self.pages.iter().flatten().count();
        if kept == self.listed.len() {
            return Ok(Fetched {
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
            kept,
            listed: self.listed.len(),
            folder: self.kept.shown.clone(),
            gave_up: self.gave_up.map(|given_up| given_up.text),
        })
    }
}

/// Hidden where the output is no terminal.
fn progress(pages: usize, done: usize) -> ProgressBar {
    let bar = ProgressBar::new(pages as u64).with_position(done as u64);
    match ProgressStyle::with_template("{bar:30} {pos} of {len} pages, {eta} to go") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
