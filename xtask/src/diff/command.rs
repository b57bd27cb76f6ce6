//! `cargo xtask diff` and `cargo xtask changelog`.

use std::{collections::BTreeMap, error::Error, path::Path};

use clap::ValueEnum;

use super::{
    Side, Verdict, changelog, compare,
    oasdiff::Oasdiff,
    render::{self, ReportHeading},
    source::{self, DocumentSource},
};
use crate::docs::lock::{CaptureLock, FOLDER};

/// The format of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for a terminal
    Text,
    /// JSON for programs: verdict, breaks, kind, what, reason and operations of each change
    Json,
    /// Markdown for a pull request
    Markdown,
}

/// The changes that make the command fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// A breaking change
    Breaking,
}

/// The exit code if `--fail-on` found a change.
pub const FOUND: u8 = 2;

/// A printable report.
#[derive(Debug)]
pub struct RenderedReport {
    /// The report in the requested format.
    pub text: String,
    /// Whether there is a breaking change.
    pub is_breaking: bool,
}

/// Compares two files or revisions.
///
/// # Errors
/// Fails if a document cannot be read, or if oasdiff fails.
pub fn run(
    root: &Path,
    oasdiff: &Oasdiff,
    old: &str,
    new: &str,
    format: Format,
) -> Result<RenderedReport, Box<dyn Error>> {
    let (old, new) = (source::read(root, old)?, source::read(root, new)?);
    let report = compare(oasdiff, side(&old), side(&new))?;
    let heading = ReportHeading {
        old: old.name,
        new: new.name,
        captures: captures(root),
    };
    let render = match format {
        Format::Text => render::text,
        Format::Json => render::json,
        Format::Markdown => render::markdown,
    };
    Ok(RenderedReport {
        text: render(&report, &heading),
        is_breaking: report.with(Verdict::Breaking).next().is_some(),
    })
}

/// Updates `spec/CHANGELOG.md`. Returns whether the file changed.
///
/// # Errors
/// Fails if a document cannot be read, if oasdiff fails, or if the file cannot be updated.
pub fn update_changelog(root: &Path, oasdiff: &Oasdiff) -> Result<bool, Box<dyn Error>> {
    changelog::update(root, &captures(root), |old, new| {
        Ok(compare(oasdiff, old, new)?)
    })
}

fn side(source: &DocumentSource) -> Side<'_> {
    Side {
        document: &source.document,
        provisional: source.provisional.as_ref(),
    }
}

/// Returns the captures of this tree by page id. Returns an empty map without a lock file.
fn captures(root: &Path) -> BTreeMap<String, String> {
    let lock = CaptureLock::read(&root.join(FOLDER));
    lock.map(|lock| lock.pages)
        .unwrap_or_default()
        .iter()
        .map(|entry| {
            let file = format!("{FOLDER}/{}", entry.file);
            (entry.key().to_owned(), file)
        })
        .collect()
}
