//! Changes that oasdiff cannot detect: evidence, retry policy, money, secrets, idempotency keys, open enums and
//! the signing rule, which are extensions of this project, and the page from which an operation comes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::change::{AffectedOperation, Change};
use super::pairs::{at, common_operations, common_schemas, own_operations};
use crate::openapi::{Document, is_true, members, strings, text};

/// Compares the extensions of two documents.
pub(super) fn changes(old: &Document, new: &Document) -> Vec<Change> {
    let mut changes = moved_operations(old, new);
    for (before, after) in common_operations(old, new) {
        let found = evidence(before.value, after.value)
            .into_iter()
            .chain(retry(before.value, after.value));
        changes.extend(found.map(|change| change.on([AffectedOperation::new(after)])));
    }
    for (before, after) in common_schemas(old, new) {
        let mut found = Vec::new();
        money(before.schema, after.schema, &mut found);
        marks(before.schema, after.schema, &mut found);
        open_enum(before.schema, after.schema, &mut found);
        changes.extend(found.into_iter().map(|change| at(new, after, change)));
    }
    changes.extend(signing_rules(old.root, new.root));
    changes
}

/// Finds operations with another path or method that come from the same page.
fn moved_operations(old: &Document, new: &Document) -> Vec<Change> {
    let removed: Vec<AffectedOperation> = own_operations(old, new)
        .into_iter()
        .map(AffectedOperation::new)
        .collect();
    let mut changes = Vec::new();
    for operation in own_operations(new, old) {
        let after = AffectedOperation::new(operation);
        let page = |before: &AffectedOperation| {
            let mut pages = before.pages.iter();
            pages.find(|page| after.pages.contains(page)).cloned()
        };
        if let Some((before, page)) = removed.iter().find_map(|it| Some((it, page(it)?))) {
            let what = format!(
                "the operation moved from {} to {} (page {page})",
                before.request, after.request
            );
            changes.push(Change::compatible("operation-moved", &what).on([after]));
        }
    }
    changes
}

/// Returns the evidence level of an operation.
pub(super) fn level(operation: &Value) -> Option<&str> {
    text(operation.get("x-evidence")?, "level")
}

/// Compares the evidence of an operation. The methods of inferred operations need a cargo feature.
fn evidence(old: &Value, new: &Value) -> Option<Change> {
    const KIND: &str = "evidence-changed";
    let (before, after) = (level(old), level(new));
    if before == after {
        return None;
    }
    let what = format!(
        "the evidence changed from {} to {}",
        before.unwrap_or("none"),
        after.unwrap_or("none")
    );
    Some(match (before, after) {
        (_, Some("inferred")) => Change::compatible(KIND, &what)
            .breaks_code("the method needs the feature `provisional`"),
        (Some("inferred"), _) => Change::compatible(KIND, &what),
        _ => Change::docs(KIND, &what),
    })
}

/// Compares the retry policy of an operation. Without a policy a request is not retried.
fn retry(old: &Value, new: &Value) -> Option<Change> {
    const KIND: &str = "retry-changed";
    fn part<'a>(operation: &'a Value, name: &str) -> &'a str {
        let retry = operation.get("x-retry");
        retry.and_then(|retry| text(retry, name)).unwrap_or("none")
    }
    let rank = |policy: &str| match policy {
        "safe" => 2,
        "keyed" => 1,
        _ => 0,
    };
    let (before, after) = (part(old, "policy"), part(new, "policy"));
    if before != after {
        let what = format!("the retry policy changed from {before} to {after}");
        let change = Change::compatible(KIND, &what);
        return Some(if rank(after) < rank(before) {
            change
                .breaks_wire("an older build retries a request that must not be retried like this")
        } else {
            change
        });
    }
    let (before, after) = (part(old, "key"), part(new, "key"));
    (before != after).then(|| {
        let what = format!("the key of the retry policy changed from {before} to {after}");
        Change::compatible(KIND, &what)
            .breaks_wire("an older build keeps the value of another field when it retries")
    })
}

/// Compares the exact decimals.
fn money(old: &Value, new: &Value, changes: &mut Vec<Change>) {
    let (before, after) = (old.get("x-money"), new.get("x-money"));
    if before == after {
        return;
    }
    let name = |value: Option<&Value>| value.map_or("none".to_owned(), Value::to_string);
    let what = format!("`x-money` changed from {} to {}", name(before), name(after));
    let is_decimal = |schema: &Value| text(schema, "format") == Some("decimal");
    let change = Change::compatible("money-changed", &what);
    let is_same_type = text(old, "type") == text(new, "type");
    changes.push(if is_same_type && is_decimal(old) && is_decimal(new) {
        change
    } else {
        change.breaks_code("the Rust type changes")
    });
}

/// Compares the extensions that are only present or absent.
fn marks(old: &Value, new: &Value, changes: &mut Vec<Change>) {
    const KEY: &str = "idempotency-key-changed";
    match (
        is_true(old, "x-idempotency-key"),
        is_true(new, "x-idempotency-key"),
    ) {
        (false, true) => changes.push(
            Change::compatible(KEY, "the field is now the idempotency key")
                .breaks_wire("a request that repeats a value is rejected"),
        ),
        (true, false) => changes.push(
            Change::compatible(KEY, "the field is no longer the idempotency key")
                .breaks_wire("a retried request is no longer rejected and may take effect twice"),
        ),
        _ => {}
    }
    if is_true(old, "x-secret") != is_true(new, "x-secret") {
        changes.push(
            Change::compatible("secret-changed", "`x-secret` was added or removed")
                .breaks_code("the Rust type changes"),
        );
    }
}

/// Compares the known values of an open enum.
fn open_enum(old: &Value, new: &Value, changes: &mut Vec<Change>) {
    const NAME: &str = "x-extensible-enum";
    if old.get(NAME).is_some() != new.get(NAME).is_some() {
        changes.push(
            Change::compatible("open-enum-changed", "became, or is no longer, an open enum")
                .breaks_code("the Rust type changes"),
        );
        return;
    }
    let values = |schema| -> BTreeSet<String> { strings(schema).map(str::to_owned).collect() };
    let (before, after) = (values(old.get(NAME)), values(new.get(NAME)));
    changes.extend(before.difference(&after).map(|value| {
        let what = format!("the value `{value}` was removed");
        Change::compatible("open-enum-value-removed", &what)
            .breaks_code("the variant is removed; the value is read and sent as `Other`")
    }));
    changes.extend(after.difference(&before).map(|value| {
        let what = format!("the value `{value}` was added");
        Change::compatible("open-enum-value-added", &what)
    }));
}

/// Compares the extensions of the security schemes, which include the signing rule, without their descriptions.
/// oasdiff compares the other fields.
fn signing_rules(old: &Value, new: &Value) -> Vec<Change> {
    fn schemes(document: &Value) -> BTreeMap<&str, Value> {
        let schemes = members(document.pointer("/components/securitySchemes"));
        schemes
            .map(|(name, scheme)| (name, without_descriptions(scheme)))
            .collect()
    }
    let (before, after) = (schemes(old), schemes(new));
    let mut changes = Vec::new();
    for (name, old) in &before {
        let Some(new) = after.get(name) else {
            continue;
        };
        let fields: BTreeSet<&str> = members(Some(old))
            .chain(members(Some(new)))
            .map(|(field, _)| field)
            .filter(|field| field.starts_with("x-") && old.get(field) != new.get(field))
            .collect();
        if !fields.is_empty() {
            let fields: Vec<&str> = fields.into_iter().collect();
            let what = format!("security scheme `{name}`: {} changed", fields.join(", "));
            changes.push(
                Change::compatible("security-scheme-changed", &what)
                    .breaks_wire("the gateway rejects how an older build authenticates or signs"),
            );
        }
    }
    changes
}

fn without_descriptions(scheme: &Value) -> Value {
    const DESCRIPTIONS: [&str; 4] = ["description", "note", "evidence", "x-evidence"];
    let mut scheme = scheme.clone();
    let mut open = vec![&mut scheme];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(fields) => {
                fields.retain(|name, _| !DESCRIPTIONS.contains(&name.as_str()));
                open.extend(fields.values_mut());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    scheme
}
