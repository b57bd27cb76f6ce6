//! Changes of what oasdiff cannot know: evidence, retry policy, money, secrets, idempotency keys, open enums
//! and the signing rule. They are extensions of this project.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::change::{AffectedOperation, Change, users};
use crate::openapi::{
    Document, Operation, SchemaSite, is_true, members, operations, strings, text,
};

/// Compares the extensions of two documents.
pub(super) fn changes(old: &Document, new: &Document) -> Vec<Change> {
    let mut changes = Vec::new();
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
    changes.extend(security_schemes(old.root, new.root));
    changes
}

/// Returns the operations that both documents have, whatever the names of their path parameters are.
pub(super) fn common_operations<'d, 'a>(
    old: &'d Document<'a>,
    new: &'d Document<'a>,
) -> Vec<(&'d Operation<'a>, &'d Operation<'a>)> {
    let key = |operation: &Operation| {
        let mut parts = operation.path.split(['{', '}']);
        let mut path = String::new();
        while let Some(fixed) = parts.next() {
            path.push_str(fixed);
            path.push_str(if parts.next().is_some() { "{}" } else { "" });
        }
        (operation.section, operation.method.to_owned(), path)
    };
    let before: HashMap<_, _> = old.operations.iter().map(|it| (key(it), it)).collect();
    new.operations
        .iter()
        .filter_map(|after| Some((*before.get(&key(after))?, after)))
        .collect()
}

/// Returns the schemas that are at the same place in both documents.
pub(super) fn common_schemas<'d, 'a>(
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

/// Adds the place of a schema and the operations that use it to a change.
pub(super) fn at(document: &Document, site: &SchemaSite, mut change: Change) -> Change {
    let place = place(site);
    change.what = super::change::line(&format!("{place}: {}", change.what));
    match site.component {
        Some(component) => change.on(users(document, component)),
        None => {
            let owner = |operation: &&Operation| {
                site.pointer
                    .strip_prefix(operation.pointer.as_str())
                    .is_some_and(|rest| rest.starts_with('/'))
            };
            change.on(document
                .operations
                .iter()
                .filter(owner)
                .map(AffectedOperation::new))
        }
    }
}

/// Returns a readable place, such as `` `Rate.steps[]` ``.
fn place(site: &SchemaSite) -> String {
    let Some(pointer) = site.pointer.strip_prefix("/components/schemas/") else {
        return format!("`{}`", site.pointer);
    };
    let mut place = String::new();
    let mut segments = pointer.split('/');
    place.push_str(segments.next().unwrap_or_default());
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

const NEEDS_FEATURE: &str = "the method needs the feature `provisional`";

/// Finds operations that are only in one document because their evidence changed: the provisional document
/// beside the other document has them as inferred operations.
pub(super) fn moved_operations(
    old: &Document,
    new: &Document,
    old_provisional: Option<&Value>,
    new_provisional: Option<&Value>,
) -> Vec<Change> {
    let removed = moved(old, new, new_provisional)
        .into_iter()
        .map(|operation| {
            Change::compatible("operation-became-inferred", "the operation is now inferred")
                .breaks_code(NEEDS_FEATURE)
                .on([operation])
        });
    let added = moved(new, old, old_provisional).into_iter().map(|operation| {
        let what = "the operation is no longer inferred: its types were guesses before, so review their use";
        Change::compatible("operation-became-documented", what).on([operation])
    });
    removed.chain(added).collect()
}

/// Returns the operations of `document` that `other` lacks, but that are inferred in `provisional`.
fn moved(
    document: &Document,
    other: &Document,
    provisional: Option<&Value>,
) -> Vec<AffectedOperation> {
    let common: BTreeSet<&str> = common_operations(other, document)
        .iter()
        .map(|(_, operation)| operation.pointer.as_str())
        .collect();
    let is_inferred = |operation: &Operation| level(operation.value) == Some("inferred");
    let inferred = provisional.map(operations).unwrap_or_default();
    let is_moved = |operation: &&Operation| {
        let id = text(operation.value, "operationId");
        let is_same = |other: &Operation| {
            (other.path, other.method) == (operation.path, operation.method)
                || id.is_some() && id == text(other.value, "operationId")
        };
        !common.contains(operation.pointer.as_str())
            && !is_inferred(operation)
            && inferred.iter().any(|it| is_inferred(it) && is_same(it))
    };
    let moved = document.operations.iter().filter(is_moved);
    moved.map(AffectedOperation::new).collect()
}

fn level(operation: &Value) -> Option<&str> {
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
        (_, Some("inferred")) => Change::compatible(KIND, &what).breaks_code(NEEDS_FEATURE),
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
    let shown = |value: Option<&Value>| value.map_or("none".to_owned(), Value::to_string);
    let what = format!(
        "`x-money` changed from {} to {}",
        shown(before),
        shown(after)
    );
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
        Change::compatible(
            "open-enum-value-removed",
            &format!("the value `{value}` was removed"),
        )
        .breaks_code("the variant is removed; the value is read and sent as `Other`")
    }));
    changes.extend(after.difference(&before).map(|value| {
        Change::compatible(
            "open-enum-value-added",
            &format!("the value `{value}` was added"),
        )
    }));
}

/// Compares the security schemes, the signing rule among them, without their descriptions. An operation that
/// requires another scheme is reported by oasdiff.
fn security_schemes(old: &Value, new: &Value) -> Vec<Change> {
    fn schemes(document: &Value) -> BTreeMap<&str, Value> {
        let schemes = members(document.pointer("/components/securitySchemes"));
        schemes
            .map(|(name, scheme)| (name, without_descriptions(scheme)))
            .collect()
    }
    let (before, after) = (schemes(old), schemes(new));
    before
        .iter()
        .filter(|(name, scheme)| after.get(*name).is_some_and(|other| other != *scheme))
        .map(|(name, scheme)| {
            let fields: BTreeSet<&str> = members(Some(scheme))
                .chain(members(after.get(name)))
                .map(|(field, _)| field)
                .filter(|field| scheme.get(field) != after.get(name).and_then(|it| it.get(field)))
                .collect();
            let fields: Vec<&str> = fields.into_iter().collect();
            let what = format!("security scheme `{name}`: {} changed", fields.join(", "));
            Change::compatible("security-scheme-changed", &what)
                .breaks_wire("the gateway rejects how an older build authenticates or signs")
        })
        .collect()
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
