//! Words of a schema that no type depends on.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Place, limits::LIMITS};
use crate::{
    diff::{
        change::{Change, Direction},
        document::shown,
    },
    openapi::json::{text, truth},
};

/// Words that another rule judges.
const JUDGED: [&str; 17] = [
    "$ref",
    "type",
    "format",
    "enum",
    "properties",
    "required",
    "items",
    "allOf",
    "oneOf",
    "anyOf",
    "nullable",
    "additionalProperties",
    "discriminator",
    "x-money",
    "x-extensible-enum",
    "x-secret",
    "x-idempotency-key",
];

/// Words for readers.
const READ: [&str; 8] = [
    "title",
    "description",
    "example",
    "examples",
    "externalDocs",
    "readOnly",
    "writeOnly",
    "xml",
];

/// Changes of words for readers, of evidence, of what is assumed where nothing is said, and of words
/// that no rule knows.
pub(in crate::diff) fn docs(before: &Value, after: &Value, place: &Place) -> Vec<Change> {
    let mut found = Vec::new();
    if before.get("$ref").is_some() && after.get("$ref").is_some() {
        return found;
    }
    let nothing = Map::new();
    let old = before.as_object().unwrap_or(&nothing);
    let new = after.as_object().unwrap_or(&nothing);
    let names: BTreeSet<&str> = old.keys().chain(new.keys()).map(String::as_str).collect();
    let mut read = Vec::new();
    for name in names {
        let (was, is) = (old.get(name), new.get(name));
        if was == is || JUDGED.contains(&name) || LIMITS.iter().any(|(word, _)| *word == name) {
            continue;
        }
        match name {
            "x-evidence" => found.extend(evidence(was, is, place)),
            "default" => found.push(assumed(was, is, place)),
            "deprecated" => found.extend(deprecated(before, after, &place.shown)),
            // What came with a reference or went with it is told by the component.
            _ if before.get("$ref").is_some() || after.get("$ref").is_some() => {}
            _ if READ.contains(&name) || name.starts_with("x-") => read.push(name),
            _ => found.push(
                Change::new(
                    "unjudged",
                    &place.shown,
                    format!("{name}: {} → {}", shown(was), shown(is)),
                )
                .means("no rule knows this word: look at it"),
            ),
        }
    }
    if !read.is_empty() {
        found.push(Change::docs(
            &place.shown,
            format!("{} changed", read.join(", ")),
        ));
    }
    found
}

/// The notice that something will go.
pub(in crate::diff) fn deprecated(before: &Value, after: &Value, place: &str) -> Option<Change> {
    match (truth(before, "deprecated"), truth(after, "deprecated")) {
        (false, true) => {
            Some(Change::new("deprecated", place, "deprecated").means("plan to do without it"))
        }
        (true, false) => {
            Some(Change::new("deprecated", place, "no longer deprecated").means("nothing to do"))
        }
        _ => None,
    }
}

fn evidence(was: Option<&Value>, is: Option<&Value>, place: &Place) -> Option<Change> {
    let level = |value: Option<&Value>| {
        let level = value.and_then(|it| text(it, "level"));
        level.unwrap_or("as its operation").to_owned()
    };
    let (was, is) = (level(was), level(is));
    let what = if was == is {
        "words on its evidence changed".to_owned()
    } else {
        format!("evidence: {was} → {is}")
    };
    Some(Change::docs(&place.shown, what))
}

/// What the gateway takes where nothing is sent.
fn assumed(was: Option<&Value>, is: Option<&Value>, place: &Place) -> Change {
    let what = format!("default: {} → {}", shown(was), shown(is));
    let change = place.change("default-changed", what);
    if place.direction == Direction::Sent && was.is_some() {
        change
            .breaks(true, false)
            .means("a call that leaves it out means something else")
    } else {
        change.means("nothing to do: the crate does not fill it in")
    }
}
