//! Checks for changes that oasdiff 1.38 does not report, or that it reports without their effect on the generated
//! crate: servers, parameter styles, additional properties, success responses that an older build does not know,
//! fields that become an `Option`, new fields that struct literals must set, and descriptions.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::change::{AffectedOperation, Change, users};
use super::extensions::{at, common_operations, common_schemas};
use crate::openapi::schema::{properties, required};
use crate::openapi::{
    Document, ObjectKind, Operation, Resolved, SchemaRole, SchemaSite, content, is_true, list,
    text, walk_objects,
};

/// Runs the checks.
pub(super) fn changes(old: &Document, new: &Document) -> Vec<Change> {
    let mut changes = servers(old.root, new.root);
    for (before, after) in common_operations(old, new) {
        let mut found = parameter_styles(&parameters(old, before), &parameters(new, after));
        if !after.is_webhook() {
            found.extend(responses(&old.responses(before), &new.responses(after)));
        }
        changes.extend(
            found
                .into_iter()
                .map(|it| it.on([AffectedOperation::new(after)])),
        );
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

fn servers(old: &Value, new: &Value) -> Vec<Change> {
    fn urls(document: &Value) -> BTreeSet<&str> {
        list(document.get("servers"))
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

type Parameters<'a> = BTreeMap<(&'a str, &'a str), &'a Value>;

fn parameters<'a>(document: &Document<'a>, operation: &Operation<'a>) -> Parameters<'a> {
    let parameters = document.parameters(operation).into_iter();
    parameters
        .filter_map(|it| Some(((text(it.value, "in")?, text(it.value, "name")?), it.value)))
        .collect()
}

fn parameter_styles(old: &Parameters, new: &Parameters) -> Vec<Change> {
    let mut changes = Vec::new();
    for (key @ (_, name), before) in old {
        for keyword in ["style", "explode", "allowReserved", "content"] {
            if new
                .get(key)
                .is_some_and(|after| before.get(keyword) != after.get(keyword))
            {
                changes.push(
                    Change::compatible(
                        "parameter-style-changed",
                        &format!("`{keyword}` of the parameter `{name}` changed"),
                    )
                    .breaks_wire("an older build writes the value in another format"),
                );
            }
        }
    }
    changes
}

/// The generated method accepts exactly the statuses that the document lists.
fn responses(old: &[(&str, Resolved)], new: &[(&str, Resolved)]) -> Vec<Change> {
    let mut changes = Vec::new();
    for (status, after) in new {
        let before = old.iter().find(|(known, _)| known == status);
        let is_covered = old.iter().any(|(known, _)| {
            *known == "default" || known.ends_with("XX") && known.get(..1) == status.get(..1)
        });
        if before.is_none() && status.starts_with('2') && !is_covered {
            changes.push(
                Change::compatible(
                    "success-status-added",
                    &format!("the success status {status} was added"),
                )
                .breaks_wire("an older build treats the response as an error"),
            );
        }
        if before.is_some_and(|(_, before)| content(before).is_empty() != content(after).is_empty())
        {
            changes.push(
                Change::compatible(
                    "response-content-changed",
                    &format!("the response {status} has a body now, or no longer has one"),
                )
                .breaks_code("the return type of the method changes"),
            );
        }
    }
    changes
}

/// A field or an element that is optional or nullable is an `Option` in the generated crate.
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

fn allows_more(schema: &Value) -> bool {
    schema
        .get("additionalProperties")
        .is_some_and(|value| *value != Value::Bool(false))
}

/// A request type has a `Default` only if no field is required, so other literals must name every field.
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
    let had_default = required(old, before.schema).is_empty() && !allows_more(before.schema);
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

fn additional_properties(before: &SchemaSite, after: &SchemaSite) -> Option<Change> {
    const KIND: &str = "additional-properties-changed";
    let (old, new) = (before.schema, after.schema);
    // Without properties the type is a map, which oasdiff compares.
    if old.get("properties").is_none() || new.get("properties").is_none() {
        return None;
    }
    let rejects = |schema: &Value| schema.get("additionalProperties") == Some(&Value::Bool(false));
    match (allows_more(old), allows_more(new)) {
        (false, true) => {
            let change = Change::compatible(KIND, "additional properties are now allowed");
            Some(if after.is_sent {
                change.breaks_code("literals of the type must name the new field `extra`")
            } else {
                change
            })
        }
        (true, false) => {
            let change = Change::compatible(KIND, "additional properties are no longer allowed")
                .breaks_code("the field `extra` of the type is removed");
            Some(if after.is_sent && rejects(new) {
                change.breaks_wire("a request with additional properties is rejected")
            } else {
                change
            })
        }
        _ if rejects(old) && !rejects(new) => {
            let change = Change::compatible(KIND, "additional properties are no longer forbidden");
            Some(if after.is_received {
                change.breaks_wire("an older build rejects a response with an unknown field")
            } else {
                change
            })
        }
        _ if rejects(new) && !rejects(old) => Some(Change::compatible(
            KIND,
            "additional properties are now forbidden",
        )),
        _ => None,
    }
}

/// Compares what only people read, and returns at most one change for each component and operation.
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
    fn texts(document: &Value) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        walk_objects(
            document,
            ObjectKind::Other,
            "",
            &mut |pointer, _, object| {
                let fields = FIELDS.iter().filter_map(|field| object.get(*field));
                let text: Vec<String> = fields.map(Value::to_string).collect();
                texts.insert(pointer.to_owned(), text.join("\n"));
            },
        );
        texts
    }
    let (before, after) = (texts(old.root), texts(new.root));
    let mut changes = Vec::new();
    let mut seen = BTreeSet::new();
    for (pointer, text) in &after {
        if before.get(pointer).is_none_or(|before| before == text) {
            continue;
        }
        let component = pointer.strip_prefix("/components/schemas/");
        let component = component.and_then(|rest| rest.split('/').next());
        let operation = new.operations.iter().find(|it| {
            let rest = pointer.strip_prefix(it.pointer.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        let (owner, operations) = match (component, operation) {
            (Some(name), _) => (format!("`{name}`"), users(new, name)),
            (None, Some(operation)) => (
                "the operation".to_owned(),
                vec![AffectedOperation::new(operation)],
            ),
            (None, None) => ("the document".to_owned(), Vec::new()),
        };
        if seen.insert((owner.clone(), operations.clone())) {
            let what = format!("descriptions or examples of {owner} changed");
            changes.push(Change::docs("descriptions-changed", &what).on(operations));
        }
    }
    changes
}
