//! Errors of a pull.

use std::{fmt, io, path::PathBuf, time::Duration};

use super::super::lock::LockError;
use crate::{output_files::OutputError, overlay::OverlayError};

/// The maximum number of failed pages in a message.
const MAX_LINES: usize = 20;

/// The environment variable with the password of a protected documentation.
pub const PASSWORD_VARIABLE: &str = "APIFOX_DOCS_PASSWORD";

/// The consequence of a failed request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The request may succeed later.
    Transient,
    /// The request will fail again.
    Permanent,
    /// All other requests will fail too.
    Fatal,
}

/// A failed request.
#[derive(Debug, Clone)]
pub struct FetchError {
    /// The message.
    pub text: String,
    /// The consequence.
    pub class: FailureKind,
    /// The HTTP status, or that of the error code in the response.
    pub status: Option<u16>,
    /// Whether the response has HTML or no data, although its status is 200.
    pub has_no_data: bool,
    /// The delay in the `Retry-After` header.
    pub retry_after: Option<Duration>,
}

impl FetchError {
    /// Creates the failure of a server that does not have what was requested, although its status is 200.
    pub fn absent(text: impl Into<String>) -> Self {
        Self {
            has_no_data: true,
            ..Self::new(FailureKind::Permanent, text)
        }
    }

    /// Returns whether the server does not have what was requested.
    pub fn is_absent(&self) -> bool {
        let is_absent = |status| status == 404 || (300..400).contains(&status);
        self.has_no_data || self.status.is_some_and(is_absent)
    }

    /// Creates a failure without an HTTP status.
    pub fn new(class: FailureKind, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            class,
            status: None,
            has_no_data: false,
            retry_after: None,
        }
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A page that could not be fetched.
#[derive(Debug, Clone)]
pub struct FailedPage {
    /// The page ID.
    pub id: String,
    /// The title in the list.
    pub title: String,
    /// The reason.
    pub failure: FetchError,
}

/// The reason why a site cannot be captured. No capture was changed.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// An option is not an allowed URL.
    #[error("{option} {text:?}: {why}")]
    Address {
        /// The option.
        option: &'static str,
        /// The value.
        text: String,
        /// The reason.
        why: &'static str,
    },
    /// The site cannot be captured, or its list of pages is rejected.
    #[error("{place}: {text}\n  help: {help}")]
    Site {
        /// The URL, the list and line, the node or the page.
        place: String,
        /// The problem.
        text: String,
        /// How to fix it.
        help: String,
    },
    /// The documentation is protected or denies access, and no password was given.
    #[error(
        "{place}: {text}\n  \
         help: nothing was changed; if the documentation requires a password, set {PASSWORD_VARIABLE}, or run the command in a terminal"
    )]
    PasswordRequired {
        /// The URL.
        place: String,
        /// The response.
        text: String,
    },
    /// Some pages could not be fetched.
    #[error("{}", incomplete(.failed, *.cached, *.listed, .folder, .aborted.as_deref()))]
    Incomplete {
        /// The failed pages, in the order of the list.
        failed: Vec<FailedPage>,
        /// The number of cached pages.
        cached: usize,
        /// The number of listed pages.
        listed: usize,
        /// The folder of the cache.
        folder: PathBuf,
        /// The reason why the run was aborted.
        aborted: Option<String>,
    },
    /// The lock cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// An overlay cannot be read, so stale actions cannot be detected.
    #[error(transparent)]
    Overlay(#[from] OverlayError),
    /// The files cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The cache cannot be written.
    #[error("{}: cannot be {action}: {source}. No capture was changed", path.display())]
    PageCache {
        /// Folder or file.
        path: PathBuf,
        /// The action that failed.
        action: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// The HTTP client or the async runtime cannot be created.
    #[error("the HTTP client cannot be created: {0}")]
    Client(String),
}

impl PullError {
    /// Creates an error of the site.
    pub(super) fn site(
        place: impl Into<String>,
        text: impl fmt::Display,
        help: impl Into<String>,
    ) -> Self {
        Self::Site {
            place: place.into(),
            text: text.to_string(),
            help: help.into(),
        }
    }
}

fn incomplete(
    failed: &[FailedPage],
    cached: usize,
    listed: usize,
    folder: &std::path::Path,
    aborted: Option<&str>,
) -> String {
    let mut text = format!(
        "{} of {listed} pages could not be fetched:",
        listed - cached
    );
    for page in failed.iter().take(MAX_LINES) {
        text.push_str(&format!(
            "\n  {} {:?}: {}",
            page.id, page.title, page.failure
        ));
    }
    if failed.len() > MAX_LINES {
        text.push_str(&format!("\n  and {} more", failed.len() - MAX_LINES));
    }
    if let Some(why) = aborted {
        text.push_str(&format!("\n  aborted: {why}"));
    }
    text.push_str(&format!(
        "\n  help: no capture was changed; {} in {}, and the same command continues from there",
        match cached {
            1 => "1 fetched page is cached".to_owned(),
            cached => format!("{cached} fetched pages are cached"),
        },
        folder.display()
    ));
    let lasting = failed
        .iter()
        .find(|page| page.failure.class == FailureKind::Permanent);
    // If the run was not aborted, a page that failed in both rounds may fail forever.
    let page = lasting.or(failed.first().filter(|_| aborted.is_none()));
    if let Some(page) = page {
        let what = match page.failure.class {
            FailureKind::Permanent => "that the site cannot serve",
            _ => "that fails every time",
        };
        text.push_str(&format!(
            "\n  help: to skip a page {what} and keep its capture, use `--without {}`",
            page.id
        ));
    }
    text
}
