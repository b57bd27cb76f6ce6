//! Changes of keywords that oasdiff 1.38 does not compare, or whose effect on the generated crate it does not
//! know: servers, parameter styles, header names, success responses, additional properties, encodings, fields
//! that become an `Option`, new fields of requests, and descriptions.
//!
//! [`unreported`] runs last: it reports keywords that changed in operations for which no check reported a change.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::change::{AffectedOperation, Change};
use super::pairs::{at, common_operations, common_schemas, place, users};
use crate::openapi::schema::{properties, required};
use crate::openapi::{
    Document, ObjectKind, Operation, Resolved, SchemaRole, SchemaSite, component_at, content,
    is_true, list, members, text, walk_objects,
};

/// Runs the checks.
pub(super) fn changes(old: &Document, new: &Document) -> Vec<Change> {
    let mut changes = servers(old.root, new.root);
    for (before, after) in common_operations(old, new) {
        let mut found = servers(before.value, after.value);
        found.extend(parameters(&old.parameters(before), &new.parameters(after)));
        found.extend(responses(
            after,
            &old.responses(before),
            &new.responses(after),
        ));
        let bodies = old.request_body(before).zip(new.request_body(after));
        found.extend(bodies.iter().flat_map(|(old, new)| encodings(old, new)));
        let owner = AffectedOperation::new(after);
        changes.extend(found.into_iter().map(|it| it.on([owner.clone()])));
    }
    for (before, after) in common_schemas(old, new) {
        let found = [
            optional_field(old, before, new, after),
            added_field(old, before, new, after),
            additional_properties(before, after),
        ];
        changes.extend(found.into_iter().flatten().map(|it| at(new, after, it)));
    }
    changes.extend(descriptions(old, new));
    changes
}

/// Compares the servers of the document or of an operation.
fn servers(old: &Value, new: &Value) -> Vec<Change> {
    fn urls(owner: &Value) -> BTreeSet<&str> {
        list(owner.get("servers"))
            .filter_map(|server| text(server, "url"))
            .collect()
    }
    let (before, after) = (urls(old), urls(new));
    let removed = before.difference(&after).map(|url| {
        Change::compatible("server-removed", &format!("the server {url} was removed"))
            .breaks_wire("a client with this URL may not reach the gateway")
    });
    let added = after
        .difference(&before)
        .map(|url| Change::compatible("server-added", &format!("the server {url} was added")));
    removed.chain(added).collect()
}

/// Compares how parameters are serialised: `style`, `explode`, `allowReserved` and `content`. Header names are
/// matched without regard to case, and the first of several equal parameters counts.
fn parameters(old: &[Resolved], new: &[Resolved]) -> Vec<Change> {
    type ByKey<'a> = BTreeMap<(&'a str, String), &'a Value>;

    fn by_key<'a>(parameters: &[Resolved<'a>]) -> ByKey<'a> {
        let mut found = BTreeMap::new();
        for parameter in parameters {
            let parameter = parameter.value;
            let (Some(place), Some(name)) = (text(parameter, "in"), text(parameter, "name")) else {
                continue;
            };
            let name = match place {
                "header" => name.to_ascii_lowercase(),
                _ => name.to_owned(),
            };
            found.entry((place, name)).or_insert(parameter);
        }
        found
    }
    let (old, new) = (by_key(old), by_key(new));
    let mut changes = Vec::new();
    for (key, before) in old {
        let Some(after) = new.get(&key) else {
            continue;
        };
        let name = text(after, "name").unwrap_or_default();
        for keyword in ["style", "explode", "allowReserved", "content"] {
            if before.get(keyword) != after.get(keyword) {
                let what = format!("`{keyword}` of the parameter `{name}` changed");
                changes.push(
                    Change::compatible("parameter-style-changed", &what)
                        .breaks_wire("an older build writes the value in another format"),
                );
            }
        }
        changes.extend(header_case(text(before, "name"), Some(name)));
    }
    changes
}

fn header_case(old: Option<&str>, new: Option<&str>) -> Option<Change> {
    let (old, new) = (old?, new?);
    let what = format!("the header `{old}` is now written `{new}`");
    (old != new).then(|| Change::compatible("header-case-changed", &what))
}

/// Compares the responses. The generated method accepts exactly the statuses that the document lists.
fn responses(
    operation: &Operation,
    old: &[(&str, Resolved)],
    new: &[(&str, Resolved)],
) -> Vec<Change> {
    fn names(object: Option<&Value>) -> impl Iterator<Item = &str> {
        members(object).map(|(name, _)| name)
    }

    let mut changes = Vec::new();
    for (status, after) in new {
        let before = old.iter().find(|(known, _)| known == status);
        let is_covered = old.iter().any(|(known, _)| {
            *known == "default" || known.ends_with("XX") && known.get(..1) == status.get(..1)
        });
        if let Some((_, before)) = before {
            if !operation.is_webhook() && content(before).is_empty() != content(after).is_empty() {
                let what = format!("the response {status} has a body now, or no longer has one");
                changes.push(
                    Change::compatible("response-content-changed", &what)
                        .breaks_code("the return type of the method changes"),
                );
            }
            let known: Vec<&str> = names(before.value.get("headers")).collect();
            for name in names(after.value.get("headers")) {
                let same = known.iter().find(|known| **known == name);
                let alike = known.iter().find(|known| known.eq_ignore_ascii_case(name));
                changes.extend(header_case(same.or(alike).copied(), Some(name)));
            }
        } else if status.starts_with('2') && !is_covered && !operation.is_webhook() {
            let what = format!("the success status {status} was added");
            changes.push(
                Change::compatible("success-status-added", &what)
                    .breaks_wire("an older build treats the response as an error"),
            );
        }
    }
    changes
}

/// Compares how the parts of a form are encoded.
fn encodings(old: &Resolved, new: &Resolved) -> Vec<Change> {
    let known = content(old);
    let mut changes = Vec::new();
    for (name, after) in content(new) {
        let before = known.iter().find(|(known, _)| *known == name);
        if before.is_some_and(|(_, it)| it.value.get("encoding") != after.value.get("encoding")) {
            let what = format!("the encoding of the parts of `{name}` changed");
            changes.push(
                Change::compatible("encoding-changed", &what)
                    .breaks_wire("an older build sends a part with another encoding"),
            );
        }
    }
    changes
}

/// Compares whether a field or an element is optional or nullable: in the generated crate, its type is then an
/// `Option`.
fn optional_field<'a>(
    old: &Document<'a>,
    before: &SchemaSite<'a>,
    new: &Document<'a>,
    after: &SchemaSite<'a>,
) -> Option<Change> {
    fn is_option<'a>(document: &Document<'a>, site: &SchemaSite<'a>) -> Option<bool> {
        let is_nullable =
            is_true(site.schema, "nullable") || is_true(document.resolve(site.schema), "nullable");
        match site.role {
            // The profile of the generator makes every array nullable.
            SchemaRole::Property { required, .. } => {
                Some(!required || is_nullable || text(site.schema, "type") == Some("array"))
            }
            SchemaRole::Items => Some(is_nullable),
            _ => None,
        }
    }
    let (was, is) = (is_option(old, before)?, is_option(new, after)?);
    let (what, reason) = match (was, is) {
        (false, true) => ("may now be missing or null", "the type becomes an `Option`"),
        (true, false) => (
            "can no longer be missing or null",
            "the type is no longer an `Option`",
        ),
        _ => return None,
    };
    Some(Change::compatible("optional-changed", what).breaks_code(reason))
}

/// Finds new fields of a request type that has no `Default`. A type has a `Default` only if no field is
/// required; literals of all other types must name every field.
fn added_field<'a>(
    old: &Document<'a>,
    before: &SchemaSite<'a>,
    new: &Document<'a>,
    after: &SchemaSite<'a>,
) -> Option<Change> {
    if after.role != SchemaRole::Component || !after.is_sent {
        return None;
    }
    let known: BTreeSet<&str> = properties(old, before.schema)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let had_default = required(old, before.schema).is_empty()
        && !matches!(
            AdditionalProperties::of(before.schema),
            AdditionalProperties::Values(_)
        );
    let added: Vec<&str> = properties(new, after.schema)
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| !known.contains(name))
        .collect();
    (!known.is_empty() && !added.is_empty() && !had_default).then(|| {
        Change::compatible("field-added", &format!("added {}", added.join(", ")))
            .breaks_code("literals of the type must name the new field")
    })
}

/// The fields that an object may have in addition to its properties.
#[derive(Clone, Copy, PartialEq)]
enum AdditionalProperties<'a> {
    Unstated,
    Forbidden,
    /// The schema of the values; `None` if it accepts any value.
    Values(Option<&'a Value>),
}

impl<'a> AdditionalProperties<'a> {
    fn of(schema: &'a Value) -> Self {
        match schema.get("additionalProperties") {
            None => Self::Unstated,
            Some(Value::Bool(false)) => Self::Forbidden,
            Some(Value::Bool(true)) => Self::Values(None),
            Some(values) => {
                let accepts_any = values.as_object().is_some_and(|values| {
                    let constraints = values.keys().filter(|key| !is_description(key));
                    constraints.count() == 0
                });
                Self::Values((!accepts_any).then_some(values))
            }
        }
    }
}

/// Compares the additional properties of an object. oasdiff reports a change inside the schema of their values.
fn additional_properties(before: &SchemaSite, after: &SchemaSite) -> Option<Change> {
    use AdditionalProperties::{Forbidden, Unstated, Values};
    const KIND: &str = "additional-properties-changed";
    let has_properties = |site: &SchemaSite| site.schema.get("properties").is_some();
    let is_map = !has_properties(before) && !has_properties(after);
    let normalize = |stated, site: &SchemaSite| match stated {
        // An object without properties is a map.
        Unstated if is_map && text(site.schema, "type") == Some("object") => Values(None),
        stated => stated,
    };
    let old = normalize(AdditionalProperties::of(before.schema), before);
    let new = normalize(AdditionalProperties::of(after.schema), after);
    if old == new || has_properties(before) != has_properties(after) {
        return None;
    }
    let (what, sent, received) = match (old, new) {
        (Values(Some(_)), Values(Some(_))) => return None,
        (Values(None), Values(_)) => (
            "the values of additional properties now have a type",
            Some("a request with values of another type is rejected"),
            None,
        ),
        (Values(Some(_)), Values(None)) => (
            "the values of additional properties may now have any type",
            None,
            Some("an older build cannot read a value of another type"),
        ),
        (Forbidden, _) => (
            if matches!(new, Values(_)) {
                "additional properties are now allowed"
            } else {
                "additional properties are no longer forbidden"
            },
            None,
            Some("an older build rejects a response with an unknown field"),
        ),
        (Unstated, Values(_)) => ("additional properties are now allowed", None, None),
        (Values(_), Forbidden) => (
            "additional properties are no longer allowed",
            Some("a request with additional properties is rejected"),
            None,
        ),
        (Values(_), Unstated) => ("additional properties are no longer allowed", None, None),
        (Unstated, _) => ("additional properties are now forbidden", None, None),
    };
    let mut change = Change::compatible(KIND, what);
    match (old, new) {
        (Values(_), _) | (_, Values(_)) if is_map => {
            change = change.breaks_code("the Rust type changes");
        }
        (Values(_), Values(_)) => {
            change = change.breaks_code("the type of the field `extra` changes");
        }
        (Values(_), _) => change = change.breaks_code("the field `extra` of the type is removed"),
        (_, Values(_)) if after.is_sent => {
            change = change.breaks_code("literals of the type must name the new field `extra`");
        }
        _ => {}
    }
    let sent = sent.filter(|_| after.is_sent);
    let received = received.filter(|_| after.is_received);
    Some(match sent.or(received) {
        Some(reason) => change.breaks_wire(reason),
        None => change,
    })
}

/// Returns whether only people read the value of a keyword.
fn is_description(keyword: &str) -> bool {
    matches!(
        keyword,
        "title" | "summary" | "description" | "example" | "examples" | "externalDocs" | "tags"
    ) || keyword.starts_with("x-")
}

type Objects<'a> = BTreeMap<String, &'a Map<String, Value>>;

fn objects(root: &Value) -> Objects<'_> {
    let mut objects = BTreeMap::new();
    walk_objects(root, ObjectKind::Other, "", &mut |pointer, _, object| {
        objects.insert(pointer.to_owned(), object);
    });
    objects
}

/// Compares descriptions and examples, which only people read. Returns at most one change for each component
/// and operation.
fn descriptions(old: &Document, new: &Document) -> Vec<Change> {
    const FIELDS: [&str; 10] = [
        "title",
        "summary",
        "description",
        "example",
        "examples",
        "externalDocs",
        "source",
        "note",
        "reason",
        "pages",
    ];
    let before = objects(old.root);
    let mut changes = BTreeMap::new();
    for (pointer, after) in objects(new.root) {
        let is_same = |before: &&Map<String, Value>| {
            let mut fields = FIELDS.iter();
            fields.all(|field| before.get(*field) == after.get(*field))
        };
        if before.get(&pointer).is_none_or(is_same) {
            continue;
        }
        let operations = users(new, &pointer);
        let owner = match component_at(&pointer) {
            Some(component) => place(component),
            None if operations.is_empty() => "the document".to_owned(),
            None => "the operation".to_owned(),
        };
        let what = format!("descriptions or examples of {owner} changed");
        changes
            .entry((what.clone(), operations.clone()))
            .or_insert_with(|| Change::docs("descriptions-changed", &what).on(operations));
    }
    changes.into_values().collect()
}

/// Returns the keywords that changed in operations for which `reported` has no other change than descriptions.
pub(super) fn unreported(old: &Document, new: &Document, reported: &[Change]) -> Vec<Change> {
    let known: BTreeSet<&AffectedOperation> = reported
        .iter()
        .filter(|change| change.kind != "descriptions-changed")
        .flat_map(|change| &change.operations)
        .collect();
    let before = objects(old.root);
    let mut changes = Vec::new();
    for (pointer, after) in objects(new.root) {
        let Some(before) = before.get(&pointer) else {
            continue;
        };
        let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let keywords = keys
            .into_iter()
            .filter(|key| is_changed(key, before.get(*key), after.get(*key)));
        let keywords: Vec<&str> = keywords.map(String::as_str).collect();
        if keywords.is_empty() {
            continue;
        }
        let operations = users(new, &pointer);
        if !operations.is_empty() && operations.iter().all(|it| !known.contains(it)) {
            let what = format!("{}: `{}` changed", place(&pointer), keywords.join("`, `"));
            changes.push(Change::compatible("keyword-changed", &what).on(operations));
        }
    }
    changes
}

/// Returns whether a keyword was added, removed or changed. Objects inside are compared by themselves, and a
/// reference or a path parameter may have another name.
fn is_changed(keyword: &str, old: Option<&Value>, new: Option<&Value>) -> bool {
    let is_inner = |value: Option<&Value>| match value {
        Some(Value::Array(items)) => items.iter().any(Value::is_object),
        value => value.is_some_and(Value::is_object),
    };
    let is_skipped = is_description(keyword) || ["$ref", "allOf", "name"].contains(&keyword);
    !is_skipped && old != new && !(is_inner(old) && is_inner(new))
}
