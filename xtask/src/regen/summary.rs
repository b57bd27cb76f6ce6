//! The table that `regen` prints.

use std::{collections::BTreeMap, fmt, time::Duration};

use serde_json::Value;

use super::OverlaidDocuments;
use crate::{
    docs::lock::{CaptureLock, CaptureOrigin},
    output_files::{FileState, OutputFile},
};

/// The counts of one run.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Summary {
    origins: BTreeMap<CaptureOrigin, usize>,
    levels: BTreeMap<String, usize>,
    actions: usize,
    review: usize,
}

impl Summary {
    pub(super) fn count(
        lock: &CaptureLock,
        published: &Value,
        superset: &Value,
        overlaid: &OverlaidDocuments,
        review: usize,
    ) -> Self {
        let mut summary = Self {
            actions: overlaid.traces.iter().map(|it| it.actions.len()).sum(),
            review,
            ..Self::default()
        };
        for entry in &lock.pages {
            *summary.origins.entry(entry.origin).or_default() += 1;
        }
        for level in levels(published) {
            *summary.levels.entry(level).or_default() += 1;
        }
        let inferred = levels(superset).filter(|level| level == "inferred").count();
        summary.levels.insert("inferred".to_owned(), inferred);
        summary
    }

    /// Returns the table with the output files. `done` is the verb for the files that differ.
    pub fn table(&self, files: &[(&OutputFile, FileState)], done: &str, time: Duration) -> String {
        let origin = |origin| self.origins.get(&origin).copied().unwrap_or_default();
        let level = |level| self.levels.get(level).copied().unwrap_or_default();
        let changed: Vec<String> = files
            .iter()
            .filter(|(_, state)| *state != FileState::Unchanged)
            .map(|(output, _)| output.path.display().to_string())
            .collect();
        let pages: usize = self.origins.values().sum();
        let known = level("documented") + level("partial");
        let rows = [
            (
                "pages",
                pages,
                format!(
                    "{} transcribed, {} saved, {} pulled",
                    origin(CaptureOrigin::Transcribed),
                    origin(CaptureOrigin::Saved),
                    origin(CaptureOrigin::Pulled)
                ),
            ),
            (
                "operations",
                known,
                format!(
                    "{} documented, {} partial   (+{} inferred in the provisional document)",
                    level("documented"),
                    level("partial"),
                    level("inferred")
                ),
            ),
            ("curation", self.actions, "overlay actions".to_owned()),
            ("lint", 0, "errors".to_owned()),
            (
                "review",
                self.review,
                "items, listed in spec/REVIEW.md".to_owned(),
            ),
            (
                done,
                changed.len(),
                format!(
                    "{}   ({} unchanged)",
                    if changed.is_empty() {
                        "files".to_owned()
                    } else {
                        changed.join(", ")
                    },
                    files.len() - changed.len()
                ),
            ),
        ];
        let mut table: String = rows
            .iter()
            .map(|(name, count, text)| format!("  {name:<12}{count:>4}   {text}\n"))
            .collect();
        table.push_str(&format!("  {:.2} s\n", time.as_secs_f64()));
        table
    }
}

fn levels(document: &Value) -> impl Iterator<Item = String> + '_ {
    document["paths"]
        .as_object()
        .into_iter()
        .flat_map(|paths| paths.values())
        .filter_map(Value::as_object)
        .flat_map(|item| item.values())
        .filter_map(|operation| Some(operation.get("x-evidence")?["level"].as_str()?.to_owned()))
}

impl fmt::Display for CaptureOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
