//! `cargo xtask docs status`: counts the captures, the stand-ins for missing pages, and the items
//! to review.

use std::{collections::BTreeMap, fmt};

use super::{
    captures::Captures,
    lock::{CaptureEntry, CaptureOrigin, PageEvidence},
};
use crate::overlay::Overlay;

/// The state of the captures, and the overlay actions that stand in for pages.
#[derive(Debug)]
pub struct CaptureStatus {
    /// The number of captures by origin.
    origins: BTreeMap<CaptureOrigin, usize>,
    /// The number of captures by evidence.
    evidence: BTreeMap<PageEvidence, usize>,
    /// The number of captures by site.
    sites: BTreeMap<String, usize>,
    /// The oldest and the newest modification time that a page states.
    modified: Option<(String, String)>,
    /// The number of captures without a modification time.
    undated: usize,
    /// The page of each stand-in, with the file and the line of its first action.
    stand_ins: Vec<(String, String)>,
}

/// Returns the state of the captures and overlays of the repository.
pub fn status(captures: &Captures, overlays: &[Overlay]) -> CaptureStatus {
    fn count<K: Ord>(keys: impl Iterator<Item = K>) -> BTreeMap<K, usize> {
        let mut counts = BTreeMap::new();
        for key in keys {
            *counts.entry(key).or_default() += 1;
        }
        counts
    }
    let pages: &[CaptureEntry] = &captures.lock.pages;
    let mut dates: Vec<&str> = pages
        .iter()
        .filter_map(|it| it.modified.as_deref())
        .collect();
    dates.sort_unstable();
    let mut stand_ins: Vec<(String, String)> = Vec::new();
    for overlay in overlays {
        for action in &overlay.actions {
            if let Some(page) = &action.stands_in_for
                && !stand_ins.iter().any(|(known, _)| known == page)
            {
                stand_ins.push((page.clone(), format!("{}:{}", overlay.file, action.line)));
            }
        }
    }
    CaptureStatus {
        origins: count(pages.iter().map(|entry| entry.origin)),
        evidence: count(pages.iter().map(|entry| entry.evidence)),
        sites: count(pages.iter().map(|entry| entry.site.clone())),
        modified: dates
            .first()
            .zip(dates.last())
            .map(|(first, last)| ((*first).to_owned(), (*last).to_owned())),
        undated: pages.len() - dates.len(),
        stand_ins,
    }
}

impl fmt::Display for CaptureStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn list<K>(counts: &BTreeMap<K, usize>, name: impl Fn(&K) -> &str) -> String {
            let counts = counts
                .iter()
                .map(|(key, count)| format!("{count} {}", name(key)));
            counts.collect::<Vec<_>>().join(", ")
        }
        let pages: usize = self.origins.values().sum();
        writeln!(
            f,
            "captures   {pages}: {}",
            list(&self.origins, |it| it.as_str())
        )?;
        writeln!(f, "evidence   {}", list(&self.evidence, |it| it.as_str()))?;
        writeln!(f, "sites      {}", list(&self.sites, |it| it))?;
        if let Some((oldest, newest)) = &self.modified {
            writeln!(
                f,
                "modified   from {oldest} to {newest}; {} pages without a date",
                self.undated
            )?;
        }
        writeln!(
            f,
            "stand-ins  {}: operations of pages that are not captured",
            self.stand_ins.len()
        )?;
        for (page, place) in &self.stand_ins {
            writeln!(f, "  {page} ({place})")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docs::lock::CaptureLock;

    #[test]
    fn status_counts_captures_and_lists_stand_ins_once() {
        let page = |file: &str, origin: &str, modified: &str| {
            format!(
                "[[page]]\nfile = \"{file}.txt\"\ntitle = \"P\"\nsite = \"docs.example\"\nkind = \"guide\"\n\
                 evidence = \"documented\"\norigin = \"{origin}\"\nsha256 = \"\"\n{modified}"
            )
        };
        let lock: CaptureLock = toml::from_str(
            &[
                page("a", "transcribed", ""),
                page("b", "transcribed", "modified = \"2026-01-02 03:04:05\"\n"),
                page("c", "pulled", "modified = \"2025-01-02 03:04:05\"\n"),
            ]
            .concat(),
        )
        .unwrap();
        let captures = Captures {
            lock,
            pages: Vec::new(),
            messages: Vec::new(),
        };
        let action =
            "- {target: $, description: d, update: {a: 1}, x-stands-in-for: User / Info}\n";
        let overlay = format!(
            "overlay: 1.0.0\ninfo: {{title: t, version: \"1\"}}\nactions:\n{action}{action}"
        );
        let overlay = crate::overlay::read("o.yaml", overlay.as_bytes()).unwrap();
        assert_eq!(
            status(&captures, &[overlay]).to_string(),
            "captures   3: 2 transcribed, 1 pulled\n\
             evidence   3 documented\n\
             sites      3 docs.example\n\
             modified   from 2025-01-02 03:04:05 to 2026-01-02 03:04:05; 1 pages without a date\n\
             stand-ins  1: operations of pages that are not captured\n  User / Info (o.yaml:4)\n"
        );
    }
}
