//! `cargo xtask diff`.

use std::{collections::BTreeMap, error::Error, path::Path};

use clap::ValueEnum;

use super::{
    Side, Verdict, compare,
    render::{self, Heading},
    source::{self, Source},
};
use crate::docs::lock::CaptureLock;

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Lines for a terminal
    Text,
    /// For programs: of each change verdict, breaks, kind, place, direction, what, means, operations
    Json,
    /// For a pull request
    Markdown,
}

/// What makes the command fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// A breaking change
    Breaking,
}

/// The exit code of a run that found what it was to fail on.
pub const FOUND: u8 = 2;

/// A report, ready to print.
#[derive(Debug)]
pub struct Told {
    /// The report in the asked form.
    pub text: String,
    /// There is a breaking change.
    pub breaking: bool,
}

/// Compares two files or revisions.
///
/// # Errors
/// A document cannot be had; the text says which and why.
pub fn run(root: &Path, old: &str, new: &str, format: Format) -> Result<Told, Box<dyn Error>> {
    let (old, new) = (source::read(root, old)?, source::read(root, new)?);
    let report = compare(side(&old), side(&new));
    let heading = Heading {
        old: old.name,
        new: new.name,
        captures: captures(root),
    };
    let form = match format {
        Format::Text => render::text,
        Format::Json => render::json,
        Format::Markdown => render::markdown,
    };
    Ok(Told {
        text: form(&report, &heading),
        breaking: report.count(Verdict::Breaking) > 0,
    })
}

fn side(source: &Source) -> Side<'_> {
    Side {
        document: &source.document,
        provisional: source.provisional.as_ref(),
    }
}

/// The captures of this tree. A report on documents of another one does without.
fn captures(root: &Path) -> BTreeMap<String, String> {
    CaptureLock::read(&root.join("spec/docs"))
        .map_or_else(|_| BTreeMap::new(), |lock| by_page(&lock))
}

/// Files of captures by the ids of their pages.
pub(crate) fn by_page(lock: &CaptureLock) -> BTreeMap<String, String> {
    lock.pages
        .iter()
        .map(|entry| {
            let file = format!("spec/docs/{}", entry.file);
            (entry.key().to_owned(), file)
        })
        .collect()
}
