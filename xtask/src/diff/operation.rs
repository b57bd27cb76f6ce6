//! One operation in both documents.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    bodies,
    change::{Change, Direction, Reached},
    document::{call, pages, shown},
    pairs::template,
    parameters, rust,
    schema::{Found, Place, Schemas, docs},
};
use crate::openapi::{Operation, json::text};

/// Members that a rule of their own judges, or that say only where the operation comes from.
const JUDGED: [&str; 11] = [
    "operationId",
    "parameters",
    "requestBody",
    "responses",
    "security",
    "deprecated",
    "x-retry",
    "x-evidence",
    "summary",
    "tags",
    "externalDocs",
];

/// How reports name an operation.
pub(super) fn reached(operation: &Operation) -> Reached {
    Reached {
        call: call(operation),
        method: (operation.section == "paths")
            .then(|| rust::method(operation.value))
            .flatten(),
        pages: pages(operation.value),
    }
}

/// Compares an operation that stands in both documents.
pub(super) fn compare<'a>(
    schemas: &mut Schemas<'a>,
    old: &Operation<'a>,
    new: &Operation<'a>,
) -> Vec<Change> {
    let mut found = Found::default();
    let call = call(new);
    name(old, new, &call, &mut found.changes);
    words(old.value, new.value, &call, &mut found.changes);
    retry(old.value, new.value, &call, &mut found.changes);
    evidence(old.value, new.value, &call, &mut found.changes);
    security(schemas, old, new, &call, &mut found.changes);

    // A webhook goes the other way round.
    let (asked, answered) = if new.section == "paths" {
        (Direction::Sent, Direction::Received)
    } else {
        (Direction::Received, Direction::Sent)
    };
    parameters::compare(schemas, (old, new), &call, asked, &mut found);
    bodies::request(schemas, (old, new), &call, asked, &mut found);
    bodies::answers(schemas, (old, new), &call, answered, &mut found);

    let reached = reached(new);
    schemas.reach(&found, &reached);
    for change in &mut found.changes {
        change.operations.push(reached.clone());
    }
    found.changes
}

fn name(old: &Operation, new: &Operation, call: &str, found: &mut Vec<Change>) {
    let method = |operation: &Operation| rust::method(operation.value);
    let (was, is) = (method(old), method(new));
    if was != is && new.section == "paths" {
        let shown =
            |name: &Option<String>| name.clone().unwrap_or_else(|| "a made name".to_owned());
        let what = format!("operationId renamed: {} → {}", id(old), id(new));
        let means = format!("method `{}` is now `{}`", shown(&was), shown(&is));
        let change = Change::new("operation-renamed", call, what);
        found.push(change.breaks(false, true).means(means));
    }
    let moved = (old.method, template(old.path)) != (new.method, template(new.path));
    if moved {
        let what = format!("was {}", super::document::call(old));
        let means = if new.section == "paths" {
            "the method calls the new place; an older build calls the old one"
        } else {
            "the receiver's code knows it by its body, not by this name"
        };
        let change = Change::new("operation-moved", call, what);
        found.push(change.breaks(new.section == "paths", false).means(means));
    }
}

fn id<'a>(operation: &Operation<'a>) -> &'a str {
    text(operation.value, "operationId").unwrap_or("none")
}

fn words(old: &Value, new: &Value, call: &str, found: &mut Vec<Change>) {
    let place = Place {
        shown: call.to_owned(),
        rust: call.to_owned(),
        direction: Direction::Sent,
        as_text: false,
    };
    let only = |value: &Value| {
        let mut value = value.clone();
        if let Some(members) = value.as_object_mut() {
            members.retain(|name, _| !JUDGED.contains(&name.as_str()));
        }
        value
    };
    found.extend(docs(&only(old), &only(new), &place));
    let read: Vec<&str> = ["summary", "tags", "externalDocs"]
        .into_iter()
        .filter(|word| old.get(word) != new.get(word))
        .collect();
    if !read.is_empty() {
        found.push(Change::docs(call, format!("{} changed", read.join(", "))));
    }
    if let Some(change) = super::schema::deprecated(old, new, call) {
        found.push(change);
    }
}

/// How often a call may go out.
fn retry(old: &Value, new: &Value, call: &str, found: &mut Vec<Change>) {
    let part = |value: &Value, name: &str| {
        let retry = value.get("x-retry")?;
        text(retry, name).map(str::to_owned)
    };
    let policy = |value: &Value| part(value, "policy").unwrap_or_else(|| "not stated".to_owned());
    // What is not stated is not repeated.
    let rank = |policy: &str| match policy {
        "safe" => 2,
        "keyed" => 1,
        _ => 0,
    };
    let (was, is) = (policy(old), policy(new));
    if was != is {
        let change = Change::new("retry-changed", call, format!("retry: {was} → {is}"));
        found.push(if rank(&is) < rank(&was) {
            change
                .breaks(true, false)
                .means("an older build repeats a call that must not be repeated so")
        } else {
            change.means("nothing to do: it is repeated more readily")
        });
    } else if part(old, "key") != part(new, "key") {
        let key = |value| part(value, "key").unwrap_or_else(|| "none".to_owned());
        let what = format!("retry key: {} → {}", key(old), key(new));
        found.push(
            Change::new("retry-changed", call, what)
                .breaks(true, false)
                .means("an older build holds another field while it repeats the call"),
        );
    } else if old.get("x-retry") != new.get("x-retry") {
        found.push(Change::docs(call, "reason of the retry rule changed"));
    }
}

/// What an operation rests on. Inferred ones stand behind the cargo feature `provisional`.
fn evidence(old: &Value, new: &Value, call: &str, found: &mut Vec<Change>) {
    let level = |value: &Value| {
        let level = value.get("x-evidence").and_then(|it| text(it, "level"));
        level.unwrap_or("not stated").to_owned()
    };
    let (was, is) = (level(old), level(new));
    if was != is {
        let change = Change::new("evidence-changed", call, format!("evidence: {was} → {is}"));
        found.push(match (was.as_str(), is.as_str()) {
            ("inferred", _) => change.means("the method no longer needs the feature `provisional`"),
            (_, "inferred") => change
                .breaks(false, true)
                .means("the method now needs the feature `provisional`"),
            _ => Change {
                kind: "evidence-changed",
                ..Change::docs(call, change.what)
            },
        });
    } else if old.get("x-evidence") != new.get("x-evidence") {
        found.push(Change::docs(call, "pages or note of its evidence changed"));
    }
}

fn security(
    schemas: &Schemas,
    old: &Operation,
    new: &Operation,
    call: &str,
    found: &mut Vec<Change>,
) {
    let was: BTreeSet<String> = schemas.old.security(old.value).into_iter().collect();
    let is: BTreeSet<String> = schemas.new.security(new.value).into_iter().collect();
    if was == is {
        return;
    }
    let lost = was.difference(&is).next().is_some();
    let list = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(" or ");
    let what = format!("security: {} → {}", list(&was), list(&is));
    // What asks for nothing takes any call.
    let breaks = lost && !is.contains("nothing");
    let means = if breaks {
        "a call that proves itself in the former way is refused"
    } else {
        "nothing to do: the former way still holds"
    };
    found.push(
        Change::new("security-changed", call, what)
            .breaks(breaks, false)
            .means(means),
    );
}

/// The schemes of the document: what a transport has to do.
pub(super) fn schemes(old: &Value, new: &Value) -> Vec<Change> {
    let scheme = |document: &Value| document["components"]["securitySchemes"].clone();
    let (before, after) = (scheme(old), scheme(new));
    let names: BTreeSet<&str> = [&before, &after]
        .into_iter()
        .filter_map(Value::as_object)
        .flat_map(|members| members.keys())
        .map(String::as_str)
        .collect();
    let mut found = Vec::new();
    for name in names {
        let place = format!("security scheme {name}");
        match (before.get(name), after.get(name)) {
            (Some(one), Some(other)) if one == other => {}
            (Some(one), Some(other)) if rules(one) == rules(other) => {
                found.push(Change::docs(place, "words changed"));
            }
            (Some(one), Some(other)) => {
                let (one, other) = (rules(one), rules(other));
                let parts: Vec<String> = differing(&one, &other);
                found.push(
                    Change::new("security-scheme-changed", place, parts.join("; "))
                        .breaks(true, false)
                        .means("an older build proves itself in a way that is refused"),
                );
            }
            // That an operation no longer asks for it, or now does, is told there.
            (Some(_), None) => found.push(Change::docs(place, "scheme removed")),
            (None, _) => found.push(Change::docs(place, "scheme added")),
        }
    }
    found
}

fn differing(one: &Value, other: &Value) -> Vec<String> {
    let names: BTreeSet<&String> = [one, other]
        .into_iter()
        .filter_map(Value::as_object)
        .flat_map(|members| members.keys())
        .collect();
    names
        .into_iter()
        .filter(|name| one.get(*name) != other.get(*name))
        .map(|name| {
            format!(
                "{name}: {} → {}",
                shown(one.get(name)),
                shown(other.get(name))
            )
        })
        .collect()
}

/// A scheme without what it says to people.
fn rules(scheme: &Value) -> Value {
    const WORDS: [&str; 4] = ["description", "note", "evidence", "x-evidence"];
    let mut scheme = scheme.clone();
    let mut open = vec![&mut scheme];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(members) => {
                members.retain(|name, _| !WORDS.contains(&name.as_str()));
                open.extend(members.values_mut());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    scheme
}
