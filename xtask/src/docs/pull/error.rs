//! Why a pull cannot go on: what, where, what was kept, what to do.

use std::{fmt, io, path::PathBuf, time::Duration};

use super::super::lock::LockError;
use crate::{output_files::OutputError, overlay::OverlayError};

/// Most failed pages that a message names.
const MOST_LINES: usize = 20;

/// What a failure of one request means for the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The same request may work later.
    Passing,
    /// It will not.
    Lasting,
    /// Nor will any other.
    Fatal,
}

/// A request that did not give what it was for.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What happened, for people.
    pub text: String,
    /// What it means for the next step.
    pub class: Class,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// How long the site asks to wait.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// A failure without an HTTP status.
    pub fn new(class: Class, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            class,
            status: None,
            retry_after: None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A page that could not be fetched.
#[derive(Debug, Clone)]
pub struct FailedPage {
    /// Its id.
    pub id: String,
    /// Its title, as the list has it.
    pub title: String,
    /// Why.
    pub failure: Failure,
}

/// The site cannot be captured. The tree is as it was.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// An option is no address that a pull goes to.
    #[error("{option} {text:?}: {why}")]
    Address {
        /// The option.
        option: &'static str,
        /// Its value.
        text: String,
        /// Why not.
        why: &'static str,
    },
    /// The list of pages, or what leads to it, cannot be had.
    #[error("{address}: {failure}\n  help: {help}")]
    Listing {
        /// What was asked for.
        address: String,
        /// What came of it.
        failure: Failure,
        /// What to do.
        help: &'static str,
    },
    /// The list names something that is not followed.
    #[error("{place}: {text}\n  help: {help}")]
    Listed {
        /// List and line, or node.
        place: String,
        /// What it names and why not.
        text: String,
        /// What to do.
        help: &'static str,
    },
    /// The site has more pages than are taken.
    #[error(
        "{address}: lists {listed} pages, at most {most} are taken; nothing was fetched\n  \
         help: see whether this is the right site; the limit is `pages` in xtask/src/docs/pull/settings.rs"
    )]
    TooManyPages {
        /// The list.
        address: String,
        /// How many it has.
        listed: usize,
        /// How many are taken.
        most: usize,
    },
    /// Some pages could not be fetched.
    #[error("{}", incomplete(.failed, *.kept, *.listed, .folder, .gave_up.as_deref()))]
    Incomplete {
        /// Those that failed, in the order of the list.
        failed: Vec<FailedPage>,
        /// How many pages are kept for the next run.
        kept: usize,
        /// How many pages the site lists.
        listed: usize,
        /// Where they are kept.
        folder: PathBuf,
        /// Why the rest was not tried.
        gave_up: Option<String>,
    },
    /// A page of this id belongs to another site.
    #[error(
        "page {id} ({title:?}): is captured from {captured}, and {listed} lists it too; nothing was fetched\n  \
         help: if all the docs moved, write `site = {listed:?}` for `site = {captured:?}` in spec/docs/docs.lock; \
         if this page did, file it once with `cargo xtask docs add FILE --address https://{listed}/{id}`"
    )]
    OtherSite {
        /// The page id.
        id: String,
        /// The title.
        title: String,
        /// The site of the lock.
        captured: String,
        /// The site of this run.
        listed: String,
    },
    /// The lock cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The lock cannot be written as TOML.
    #[error("docs.lock: {0}")]
    Text(#[from] toml::ser::Error),
    /// An overlay cannot be read, so that it cannot be told which actions became stale.
    #[error(transparent)]
    Overlay(#[from] OverlayError),
    /// The tree cannot be written.
    #[error(transparent)]
    Tree(#[from] OutputError),
    /// Pages cannot be kept for the next run.
    #[error("{}: cannot be {action}: {source}. No capture was changed", path.display())]
    PageCache {
        /// Folder or file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// No client for HTTP, or no runtime to drive it.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(String),
}

fn incomplete(
    failed: &[FailedPage],
    kept: usize,
    listed: usize,
    folder: &std::path::Path,
    gave_up: Option<&str>,
) -> String {
    let mut text = format!("{} of {listed} pages could not be fetched:", listed - kept);
    for page in failed.iter().take(MOST_LINES) {
        text.push_str(&format!(
            "\n  {} {:?}: {}",
            page.id, page.title, page.failure
        ));
    }
    if failed.len() > MOST_LINES {
        text.push_str(&format!("\n  and {} more", failed.len() - MOST_LINES));
    }
    if let Some(why) = gave_up {
        text.push_str(&format!("\n  gave up: {why}"));
    }
    text.push_str(&format!(
        "\n  help: no capture was changed; {} in {}, and the same command goes on from there",
        match kept {
            1 => "1 fetched page is kept".to_owned(),
            kept => format!("{kept} fetched pages are kept"),
        },
        folder.display()
    ));
    let lasting = failed
        .iter()
        .find(|page| page.failure.class == Class::Lasting);
    // Where the rest could be had, a page that failed in each round may do so for ever.
    let page = lasting.or(failed.first().filter(|_| gave_up.is_none()));
    if let Some(page) = page {
        let what = match page.failure.class {
            Class::Lasting => "that the site cannot serve",
            _ => "that fails every time",
        };
        text.push_str(&format!(
            "\n  help: a page {what} is left as it is captured by `--without {}`",
            page.id
        ));
    }
    text
}
