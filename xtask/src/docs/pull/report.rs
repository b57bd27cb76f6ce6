//! The report of a pull.

use std::{collections::BTreeSet, fmt};

use super::{super::lock::CaptureOrigin, CaptureFormat, address::sanitize};

/// The maximum number of items in a note.
const MAX_ITEMS: usize = 8;

/// The difference between a page and its capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageChange {
    /// The page has no capture.
    Added,
    /// The content or the URL of a pulled capture changed.
    Changed,
    /// Title, folder, method or path of a pulled capture differ: old, new.
    Renamed(String, String),
    /// The page replaces a transcribed or saved capture.
    Replaced {
        /// The file name of the old capture.
        file: String,
        /// The origin of the old capture.
        origin: CaptureOrigin,
    },
    /// The site no longer lists the page.
    Removed,
}

impl PageChange {
    fn verb(&self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Renamed(..) => "renamed",
            Self::Replaced { .. } => "replaced",
            Self::Removed => "removed",
        }
    }
}

/// A difference of one page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportLine {
    /// The file name of the new capture, or of the removed one.
    pub file: String,
    /// The difference.
    pub change: PageChange,
}

/// An overlay action for a page that is now captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleStandIn {
    /// The overlay.
    pub file: String,
    /// The line of the action.
    pub line: u32,
    /// `<folder> / <page title>`.
    pub page: String,
}

/// The result of a pull or check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullReport {
    /// The name of the site in the lock.
    pub site: String,
    /// The format of the pages.
    pub form: CaptureFormat,
    /// The number of listed pages.
    pub pages: usize,
    /// The number of pages from an interrupted run.
    pub resumed: usize,
    /// The differences, in the order of the list; removed pages last.
    pub lines: Vec<ReportLine>,
    /// Transcribed or saved captures that the site does not list. They are kept.
    pub unlisted: Vec<(String, CaptureOrigin)>,
    /// Overlay actions that become stale.
    pub stale: Vec<StaleStandIn>,
    /// The other entries of the list, with their number.
    pub others: Vec<(String, usize)>,
    /// Whether the list has an API page. Some lists have only guides.
    pub has_api_page: bool,
    /// Fields that are neither stored nor compared, because they change without the page.
    pub left_out: BTreeSet<&'static str>,
    /// The field in which all changed pages differ, if it is the only one.
    pub same_difference: Option<String>,
    /// The number of pages that refer to missing shared schemas, and the IDs of these schemas.
    pub missing_schemas: (usize, Vec<String>),
}

impl PullReport {
    /// Returns whether the captures differ from the site.
    pub fn differs(&self) -> bool {
        !self.lines.is_empty()
    }

    fn summary(&self) -> String {
        let counts = ["added", "changed", "renamed", "replaced", "removed"].map(|verb| {
            let lines = self.lines.iter().filter(|line| line.change.verb() == verb);
            (lines.count(), verb)
        });
        let counts = counts.iter().filter(|(count, _)| *count > 0);
        let counts: Vec<String> = counts
            .map(|(count, verb)| format!("{count} {verb}"))
            .collect();
        counts.join(", ")
    }
}

impl fmt::Display for PullReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            let detail = match &line.change {
                PageChange::Added | PageChange::Changed => String::new(),
                PageChange::Renamed(from, to) => {
                    format!(": {} -> {}", sanitize(from), sanitize(to))
                }
                PageChange::Replaced { file, origin } => {
                    format!(": replaces {file} ({})", origin.as_str())
                }
                PageChange::Removed => ": the site no longer lists it".to_owned(),
            };
            writeln!(f, "{:<11}{}{detail}", line.change.verb(), line.file)?;
        }
        for (file, origin) in &self.unlisted {
            writeln!(
                f,
                "unlisted   {file}: is kept ({}), but the site does not list it",
                origin.as_str()
            )?;
        }
        for stale in &self.stale {
            writeln!(
                f,
                "stale      {}:{}: stands in for the page `{}`, which is now captured: `cargo xtask docs prune` deletes the action",
                stale.file,
                stale.line,
                sanitize(&stale.page)
            )?;
        }
        let (pages, schemas) = &self.missing_schemas;
        if *pages > 0 {
            let named: Vec<String> = schemas
                .iter()
                .take(MAX_ITEMS)
                .map(|number| format!("#/definitions/{number}"))
                .collect();
            let more = schemas.len().saturating_sub(MAX_ITEMS);
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            writeln!(
                f,
                "note       {} shared schemas that the published JSON does not have: {}{more}",
                if *pages == 1 {
                    "1 page refers to".to_owned()
                } else {
                    format!("{pages} pages refer to")
                },
                named.join(", ")
            )?;
        }
        if !self.has_api_page {
            writeln!(
                f,
                "note       the list has only guides: no operation is captured; use `--form export` with `--site-id`"
            )?;
        }
        if let Some(member) = &self.same_difference {
            writeln!(
                f,
                "note       the changed pages differ only in `{}`; if this field changes without the page, add it to `VOLATILE` in xtask/src/docs/pull/normalize.rs",
                sanitize(member)
            )?;
        }
        if !self.left_out.is_empty() {
            let names: Vec<&str> = self.left_out.iter().copied().collect();
            writeln!(
                f,
                "note       neither stored nor compared, because they change without the page: {}",
                names.join(", ")
            )?;
        }
        for (what, count) in &self.others {
            writeln!(
                f,
                "note       the list also has {count} {what}, which are not captured"
            )?;
        }
        if self.resumed > 0 {
            writeln!(
                f,
                "note       {} of the pages are from an interrupted run",
                self.resumed
            )?;
        }
        let (site, form) = (&self.site, self.form.name());
        let pages = match self.pages {
            1 => "1 page".to_owned(),
            pages => format!("{pages} pages"),
        };
        if self.differs() {
            writeln!(f, "{pages} of {site} as {form}: {}", self.summary())
        } else {
            writeln!(f, "nothing changed: {pages} of {site} as {form}")
        }
    }
}
