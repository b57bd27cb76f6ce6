//! What changed between two documents, for a person who depends on the generated crate.
//!
//! A change is breaking where source code does not compile with the crate of the new document
//! (`code`), or where a program that was built with the crate of the old one is refused or cannot read
//! an answer (`wire`). Without either it is compatible, or of the docs only. What compiles is judged by
//! a model of the generator: types of requests are built by literals, all others are
//! `#[non_exhaustive]`; parameters are positional arguments; limits are not checked.

mod bodies;
mod change;
pub mod changelog;
pub mod command;
mod document;
mod operation;
mod pairs;
mod parameters;
pub mod render;
mod rust;
mod schema;
pub mod source;
mod view;

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

pub use change::{Change, Direction, Reached, Report, Verdict};
use document::Document;
use schema::Schemas;

use crate::openapi::{
    Operation,
    json::{list, text},
};

/// A document, and the one beside it that also has what pages only name.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// What is compared.
    pub document: &'a Value,
    /// Where an operation that only one document has may come from or have gone to.
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

/// Compares two documents. Takes any JSON: what is no document has no operations.
pub fn compare<'a>(old: impl Into<Side<'a>>, new: impl Into<Side<'a>>) -> Report {
    let (old, new) = (old.into(), new.into());
    let (before, after) = (Document(old.document), Document(new.document));
    let mut changes = words(before.0, after.0);
    changes.extend(operation::schemes(before.0, after.0));
    let pairs = pairs::pair(before, after);
    let mut schemas = Schemas::new(before, after);
    for (one, other) in &pairs.both {
        changes.extend(operation::compare(&mut schemas, one, other));
    }
    let inferred = Inferred::of(new.provisional);
    for gone in &pairs.removed {
        changes.push(removed(gone, &inferred));
    }
    let inferred = Inferred::of(old.provisional);
    for come in &pairs.added {
        changes.push(added(come, &inferred));
    }
    changes.extend(schemas.rest());
    changes.extend(schemas.finish());
    Report::new(changes)
}

fn removed(operation: &Operation, inferred: &Inferred) -> Change {
    let reached = operation::reached(operation);
    let named = named(&reached);
    let mut change = if !is_inferred(operation.value) && inferred.has(&reached) {
        Change::new("operation-moved-out", &reached.call, "is now only inferred")
            .breaks(false, true)
            .means(format!("{named} now needs the feature `provisional`"))
    } else {
        Change::new("operation-removed", &reached.call, "operation removed")
            .breaks(true, reached.method.is_some())
            .means(format!("{named} is gone"))
    };
    change.operations.push(reached);
    change
}

fn added(operation: &Operation, inferred: &Inferred) -> Change {
    let reached = operation::reached(operation);
    let named = named(&reached);
    let mut change = if !is_inferred(operation.value) && inferred.has(&reached) {
        Change::new("operation-moved-in", &reached.call, "was only inferred").means(format!(
            "{named} no longer needs the feature `provisional`; look at its types, they were guesses"
        ))
    } else {
        Change::new("operation-added", &reached.call, "operation added").means(
            if is_inferred(operation.value) {
                format!("new {named}, with the feature `provisional`")
            } else {
                format!("new {named}")
            },
        )
    };
    change.operations.push(reached);
    change
}

fn named(reached: &Reached) -> String {
    match &reached.method {
        Some(method) => format!("method `{method}`"),
        None if reached.call.starts_with("webhook ") => "webhook".to_owned(),
        None => "method".to_owned(),
    }
}

/// No page describes it: its method stands behind a cargo feature.
fn is_inferred(operation: &Value) -> bool {
    let evidence = operation.get("x-evidence");
    evidence.and_then(|it| text(it, "level")) == Some("inferred")
}

/// The operations of a document that no page describes, by call and by method.
struct Inferred(HashSet<String>);

impl Inferred {
    fn of(provisional: Option<&Value>) -> Self {
        let mut names = HashSet::new();
        let operations = provisional.map(|it| document::operations(Document(it)));
        for operation in operations.into_iter().flatten() {
            if is_inferred(operation.value) {
                let reached = operation::reached(&operation);
                names.extend(reached.method);
                names.insert(reached.call);
            }
        }
        Self(names)
    }

    fn has(&self, reached: &Reached) -> bool {
        let method = reached.method.as_ref();
        self.0.contains(&reached.call) || method.is_some_and(|method| self.0.contains(method))
    }
}

/// What stands at the head of a document.
fn words(old: &Value, new: &Value) -> Vec<Change> {
    const HEAD: [&str; 4] = ["openapi", "info", "externalDocs", "tags"];
    let mut found = Vec::new();
    let read: Vec<&str> = HEAD
        .into_iter()
        .filter(|word| old.get(word) != new.get(word))
        .collect();
    if !read.is_empty() {
        let what = format!("{} changed", read.join(", "));
        found.push(Change::docs("document", what));
    }
    let hosts = |document: &Value| -> BTreeSet<String> {
        let urls = list(document.get("servers")).filter_map(|server| text(server, "url"));
        urls.map(str::to_owned).collect()
    };
    let (before, after) = (hosts(old), hosts(new));
    for host in before.difference(&after) {
        found.push(
            Change::new("server-removed", "servers", format!("{host} removed"))
                .breaks(true, false)
                .means("a client that was built with this address may reach nobody"),
        );
    }
    for host in after.difference(&before) {
        found.push(
            Change::new("server-added", "servers", format!("{host} added"))
                .means("nothing to do: a client has the address that it was given"),
        );
    }
    found
}
