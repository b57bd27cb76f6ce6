//! What a pull found, for people.

use std::{collections::BTreeSet, fmt};

use super::{super::lock::Origin, Form, address::shown};

/// Most numbers or files that a note names.
const MOST_NAMED: usize = 8;

/// How a page differs from its capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// No capture has its id.
    Added,
    /// A pulled capture has other bytes, or stands elsewhere.
    Changed,
    /// A pulled capture has another title, folder, method or path: from, to.
    Renamed(String, String),
    /// The page takes the place of a capture that was typed or saved.
    Replaced {
        /// File name of that capture.
        file: String,
        /// How it came to be.
        origin: Origin,
    },
    /// The site does not list it any more.
    Removed,
}

/// A page that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// File name of the capture: the new one, unless it goes.
    pub file: String,
    /// How it differs.
    pub change: Change,
}

/// An overlay action that stood in for a page that is there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleStandIn {
    /// The overlay.
    pub file: String,
    /// Line of the action.
    pub line: u32,
    /// `<folder> / <page title>`.
    pub page: String,
}

/// What a pull found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The site, as the lock names it.
    pub site: String,
    /// In which form the pages came.
    pub form: Form,
    /// How many pages the site lists.
    pub pages: usize,
    /// How many of them an interrupted run had fetched.
    pub resumed: usize,
    /// Pages that differ, in the order of the list; removed ones last.
    pub lines: Vec<Line>,
    /// Typed or saved captures of pages that the site does not list: they stay.
    pub unlisted: Vec<(String, Origin)>,
    /// Overlay actions that became stale.
    pub stale: Vec<StaleStandIn>,
    /// What the list has besides pages.
    pub others: Vec<(String, usize)>,
    /// Members that are neither stored nor compared, for they change without the page.
    pub left_out: BTreeSet<&'static str>,
    /// The member in which all pages that changed differ, and nothing else.
    pub same_difference: Option<String>,
    /// How many pages refer to shared schemas that no answer holds, and the numbers of these.
    pub missing_schemas: (usize, Vec<String>),
}

impl Report {
    /// Whether the captures are not what the site has.
    pub fn differs(&self) -> bool {
        !self.lines.is_empty()
    }

    fn sum(&self) -> String {
        let count =
            |is: fn(&Change) -> bool| self.lines.iter().filter(|line| is(&line.change)).count();
        let counts = [
            (count(|change| matches!(change, Change::Added)), "added"),
            (count(|change| matches!(change, Change::Changed)), "changed"),
            (
                count(|change| matches!(change, Change::Renamed(..))),
                "renamed",
            ),
            (
                count(|change| matches!(change, Change::Replaced { .. })),
                "replaced",
            ),
            (count(|change| matches!(change, Change::Removed)), "removed"),
        ];
        let counts: Vec<String> = counts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        counts.join(", ")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            let file = &line.file;
            match &line.change {
                Change::Added => writeln!(f, "added      {file}")?,
                Change::Changed => writeln!(f, "changed    {file}")?,
                Change::Renamed(from, to) => {
                    writeln!(f, "renamed    {file}: {} -> {}", shown(from), shown(to))?;
                }
                Change::Replaced { file: old, origin } => {
                    writeln!(
                        f,
                        "replaced   {file}: takes the place of {old} ({})",
                        origin.as_str()
                    )?;
                }
                Change::Removed => {
                    writeln!(f, "removed    {file}: the site does not list it any more")?
                }
            }
        }
        for (file, origin) in &self.unlisted {
            writeln!(
                f,
                "unlisted   {file}: stays ({}), but the site does not list it",
                origin.as_str()
            )?;
        }
        for stale in &self.stale {
            writeln!(
                f,
                "stale      {}:{}: stands in for the page `{}`, which is captured now: delete the action",
                stale.file,
                stale.line,
                shown(&stale.page)
            )?;
        }
        let (pages, schemas) = &self.missing_schemas;
        if *pages > 0 {
            let named: Vec<String> = schemas
                .iter()
                .take(MOST_NAMED)
                .map(|number| format!("#/definitions/{number}"))
                .collect();
            let more = schemas.len().saturating_sub(MOST_NAMED);
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            writeln!(
                f,
                "note       {} shared schemas that the published JSON does not hold: {}{more}",
                if *pages == 1 {
                    "1 page refers to".to_owned()
                } else {
                    format!("{pages} pages refer to")
                },
                named.join(", ")
            )?;
        }
        if let Some(member) = &self.same_difference {
            writeln!(
                f,
                "note       the changed pages differ in `{}` alone; if it changes by itself, add it to `VOLATILE` in xtask/src/docs/pull/normal.rs",
                shown(member)
            )?;
        }
        if !self.left_out.is_empty() {
            let names: Vec<&str> = self.left_out.iter().copied().collect();
            writeln!(
                f,
                "note       neither stored nor compared, for they change without the page: {}",
                names.join(", ")
            )?;
        }
        for (what, count) in &self.others {
            writeln!(
                f,
                "note       besides pages the list has {what}, {count} of them: not captured"
            )?;
        }
        if self.resumed > 0 {
            writeln!(
                f,
                "note       an interrupted run had fetched {} of the pages",
                self.resumed
            )?;
        }
        let (site, form) = (&self.site, self.form.name());
        let pages = match self.pages {
            1 => "1 page".to_owned(),
            pages => format!("{pages} pages"),
        };
        if self.differs() {
            writeln!(f, "{pages} of {site} as {form}: {}", self.sum())
        } else {
            writeln!(f, "nothing changed: {pages} of {site} as {form}")
        }
    }
}
