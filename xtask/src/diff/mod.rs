//! Compares two OpenAPI documents.
//!
//! [`oasdiff`] compares what is sent over the network. `extensions` compares the extensions of this project,
//! and `keywords` compares other keywords that oasdiff does not. [`render`] prints the report, and
//! [`changelog`] keeps `spec/CHANGELOG.md`.
//!
//! A change is breaking if a program that was built with the old document no longer works (`wire`), or if
//! its source code does not compile with the crate that is generated from the new one (`code`). A document
//! alone cannot prove that code still compiles: at a release, cargo-semver-checks compares the generated
//! crate itself, but it does not compare the types of fields.

mod change;
pub mod changelog;
pub mod command;
mod extensions;
mod keywords;
pub mod oasdiff;
pub(crate) mod pairs;
pub mod render;
pub mod source;

use serde_json::{Value, json};

pub use change::{AffectedOperation, Change, ChangeReport, Verdict};

use crate::openapi::{Document, components_of, operations, text};
use oasdiff::{Oasdiff, OasdiffError};

/// A document, and its variant that also has the inferred operations.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The document that is compared.
    pub document: &'a Value,
    /// The variant with the inferred operations. An operation that only one of the two documents has may be
    /// inferred in the other.
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
    let before = with_inferred_operations(old, new.document);
    let after = with_inferred_operations(new, old.document);
    let mut changes = oasdiff.compare(&before, &after)?;
    changes.extend(own_changes(&before, &after));
    let (before, after) = (Document::new(&before), Document::new(&after));
    changes.extend(keywords::unreported(&before, &after, &changes));
    Ok(ChangeReport::new(changes))
}

/// Returns the changes that are found without oasdiff. Any JSON is accepted: a value that is not a document
/// has no operations.
pub fn own_changes(old: &Value, new: &Value) -> Vec<Change> {
    let (before, after) = (Document::new(old), Document::new(new));
    let mut changes = extensions::changes(&before, &after);
    changes.extend(keywords::changes(&before, &after));
    changes
}

/// Returns the document with those inferred operations that `other` publishes. An operation whose page was
/// captured is thereby compared with the guess, instead of reported as new.
fn with_inferred_operations(side: Side, other: &Value) -> Value {
    let mut document = side.document.clone();
    let Some(provisional) = side.provisional else {
        return document;
    };
    let is_inferred = |value: &Value| extensions::level(value) == Some("inferred");
    let published = operations(other);
    for operation in operations(provisional) {
        let id = text(operation.value, "operationId");
        let is_published = published.iter().any(|other| {
            let is_same = (other.path, other.method) == (operation.path, operation.method)
                || id.is_some() && id == text(other.value, "operationId");
            is_same && !is_inferred(other.value)
        });
        if !is_inferred(operation.value)
            || !is_published
            || document.pointer(&operation.pointer).is_some()
        {
            continue;
        }
        let components = components_of(provisional, operation.value);
        for pointer in components.iter().chain([&operation.pointer]) {
            if document.pointer(pointer).is_none() {
                insert(&mut document, pointer, provisional.pointer(pointer));
            }
        }
    }
    document
}

/// Inserts a value at a pointer, with the objects that lead to it.
fn insert(document: &mut Value, pointer: &str, value: Option<&Value>) {
    let mut slot = document;
    for name in pointer.split('/').skip(1) {
        let Value::Object(fields) = slot else {
            return;
        };
        let name = name.replace("~1", "/").replace("~0", "~");
        slot = fields.entry(name).or_insert_with(|| json!({}));
    }
    *slot = value.cloned().unwrap_or_default();
}
