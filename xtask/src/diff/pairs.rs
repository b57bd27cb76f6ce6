//! The operations and schemas that two documents have in common, and the operations that a change affects.

use std::collections::HashMap;

use super::change::{AffectedOperation, Change, line};
use crate::openapi::{self, Document, Operation, SchemaSite};

/// Returns the identity of an operation, which does not depend on the names of its path parameters.
fn key<'a>(operation: &Operation<'a>) -> (&'static str, &'a str, String) {
    let mut parts = operation.path.split(['{', '}']);
    let mut path = String::new();
    while let Some(fixed) = parts.next() {
        path.push_str(fixed);
        path.push_str(if parts.next().is_some() { "{}" } else { "" });
    }
    (operation.section, operation.method, path)
}

/// Returns the operations that both documents have.
pub(crate) fn common_operations<'d, 'a>(
    old: &'d Document<'a>,
    new: &'d Document<'a>,
) -> Vec<(&'d Operation<'a>, &'d Operation<'a>)> {
    let before: HashMap<_, _> = old.operations.iter().map(|it| (key(it), it)).collect();
    new.operations
        .iter()
        .filter_map(|after| Some((*before.get(&key(after))?, after)))
        .collect()
}

/// Returns the operations that `other` lacks.
pub(crate) fn own_operations<'d, 'a>(
    document: &'d Document<'a>,
    other: &Document<'a>,
) -> Vec<&'d Operation<'a>> {
    let operations = document.operations.iter();
    operations
        .filter(|it| other.operations.iter().all(|there| key(there) != key(it)))
        .collect()
}

/// Returns the schemas that are at the same place in both documents.
pub(crate) fn common_schemas<'d, 'a>(
    old: &'d Document<'a>,
    new: &'d Document<'a>,
) -> Vec<(&'d SchemaSite<'a>, &'d SchemaSite<'a>)> {
    let before: HashMap<&str, &SchemaSite> = old
        .schemas
        .iter()
        .map(|site| (site.pointer.as_str(), site))
        .collect();
    new.schemas
        .iter()
        .filter_map(|after| Some((*before.get(after.pointer.as_str())?, after)))
        .collect()
}

/// Returns the operations that a change of a place affects.
pub(super) fn users(document: &Document, pointer: &str) -> Vec<AffectedOperation> {
    let users = openapi::users(document, pointer).into_iter();
    users.map(AffectedOperation::new).collect()
}

/// Adds the place of a schema and the operations that use it to a change.
pub(super) fn at(document: &Document, site: &SchemaSite, mut change: Change) -> Change {
    change.what = line(&format!("{}: {}", place(&site.pointer), change.what));
    change.on(users(document, &site.pointer))
}

/// Returns a readable place, such as `` `Rate.steps[]` ``.
pub(crate) fn place(pointer: &str) -> String {
    let Some(below) = pointer.strip_prefix("/components/schemas/") else {
        return format!("`{pointer}`");
    };
    let mut segments = below.split('/');
    let mut place = segments.next().unwrap_or_default().to_owned();
    while let Some(segment) = segments.next() {
        match segment {
            "properties" => {
                place.push('.');
                place.push_str(segments.next().unwrap_or_default());
            }
            "items" => place.push_str("[]"),
            "additionalProperties" => place.push_str("{}"),
            other => {
                place.push('/');
                place.push_str(other);
            }
        }
    }
    format!("`{place}`")
}
