//! Compares two OpenAPI documents.
//!
//! [`oasdiff`] compares what is sent over the network, `extensions` compares what oasdiff cannot know, and
//! `gaps` checks the few other changes that oasdiff does not report. [`render`] prints the report, and
//! [`changelog`] keeps `spec/CHANGELOG.md`.
//!
//! A change is breaking if a program that was built with the old document no longer works (`wire`), or if
//! its source code does not compile with the crate that is generated from the new one (`code`). A document
//! alone cannot prove that code still compiles: at a release, cargo-semver-checks compares the generated
//! crate itself.

mod change;
pub mod changelog;
pub mod command;
mod extensions;
mod gaps;
pub mod oasdiff;
pub mod render;
pub mod source;

use serde_json::Value;

pub use change::{AffectedOperation, Change, ChangeReport, Verdict};

use crate::openapi::Document;
use oasdiff::{Oasdiff, OasdiffError};

/// A document, and its variant that also has the inferred operations.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The document that is compared.
    pub document: &'a Value,
    /// Where an operation that only one of the documents has may come from, or may have gone.
    pub provisional: Option<&'a Value>,
}

impl<'a> From<&'a Value> for Side<'a> {
    fn from(document: &'a Value) -> Self {
        Self {
            document,
            provisional: None,
        }
    }
}

/// Compares two documents.
///
/// # Errors
/// Fails if oasdiff cannot run or rejects a document.
pub fn compare<'a>(
    oasdiff: &Oasdiff,
    old: impl Into<Side<'a>>,
    new: impl Into<Side<'a>>,
) -> Result<ChangeReport, OasdiffError> {
    let (old, new) = (old.into(), new.into());
    let mut changes = oasdiff.compare(old.document, new.document)?;
    let own = own_changes(old, new);
    // An operation that became inferred, or was inferred before, is not reported as removed or added too.
    let moved: Vec<String> = own
        .iter()
        .filter(|change| change.kind.starts_with("operation-became-"))
        .flat_map(|change| &change.operations)
        .map(|operation| operation.request.clone())
        .collect();
    changes.retain(|change| {
        let is_move = change.kind.starts_with("api-") && change.kind.contains("removed")
            || change.kind == "endpoint-added";
        let moves = |operation: &AffectedOperation| moved.contains(&operation.request);
        !is_move || !change.operations.iter().any(moves)
    });
    changes.extend(own);
    Ok(ChangeReport::new(changes))
}

/// Returns the changes that are found without oasdiff. Any JSON is accepted: a value that is not a document
/// has no operations.
pub fn own_changes<'a>(old: impl Into<Side<'a>>, new: impl Into<Side<'a>>) -> Vec<Change> {
    let (old, new) = (old.into(), new.into());
    let (before, after) = (Document::new(old.document), Document::new(new.document));
    let mut changes =
        extensions::moved_operations(&before, &after, old.provisional, new.provisional);
    changes.extend(extensions::changes(&before, &after));
    changes.extend(gaps::changes(&before, &after));
    changes
}
