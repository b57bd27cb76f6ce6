//! Bodies of requests and answers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    change::{Change, Direction},
    document::Document,
    rust,
    schema::{Found, Place, Schemas},
    view::View,
};
use crate::openapi::{
    Operation,
    json::{members, text, truth},
};

/// Compares the request bodies of an operation that stands in both documents.
pub(super) fn request<'a>(
    schemas: &Schemas<'a>,
    (old, new): (&Operation<'a>, &Operation<'a>),
    call: &str,
    direction: Direction,
    found: &mut Found<'a>,
) {
    let body = |document: Document<'a>, operation: &Operation<'a>| {
        let body = operation.value.get("requestBody")?;
        Some(document.follow(body))
    };
    let place = Place {
        shown: format!("{call} body"),
        rust: "argument `body`".to_owned(),
        direction,
        as_text: false,
    };
    match (body(schemas.old, old), body(schemas.new, new)) {
        (None, None) => {}
        (None, Some(body)) => {
            let required = truth(body, "required");
            let what = if required {
                "required body added"
            } else {
                "optional body added"
            };
            found.changes.push(
                place
                    .change("body-added", what)
                    .breaks(required, true)
                    .means("the method takes a new argument `body`"),
            );
        }
        (Some(_), None) => found.changes.push(
            place
                .change("body-removed", "body removed")
                .breaks(false, true)
                .means("the argument `body` of the method is gone"),
        ),
        (Some(one), Some(other)) => {
            match (truth(one, "required"), truth(other, "required")) {
                (false, true) => found.changes.push(
                    place
                        .change("body-required", "body optional, now required")
                        .means("nothing to do: the crate always sends it"),
                ),
                (true, false) => found.changes.push(
                    place
                        .change("body-required", "body required, now optional")
                        .means("nothing to do: the crate always sends it"),
                ),
                _ => {}
            }
            words(one, other, &place.shown, found);
            contents(schemas, one, other, &place, found);
        }
    }
}

/// Compares the answers of an operation that stands in both documents.
pub(super) fn answers<'a>(
    schemas: &Schemas<'a>,
    (old, new): (&Operation<'a>, &Operation<'a>),
    call: &str,
    direction: Direction,
    found: &mut Found<'a>,
) {
    let answers = |document: Document<'a>, operation: &Operation<'a>| -> BTreeMap<&str, &Value> {
        members(operation.value.get("responses"))
            .map(|(status, answer)| (status, document.follow(answer)))
            .collect()
    };
    let (before, after) = (answers(schemas.old, old), answers(schemas.new, new));
    for (status, one) in &before {
        let place = answer(call, status, direction);
        match after.get(status) {
            Some(other) => {
                words(one, other, &place.shown, found);
                headers(schemas, one, other, &place, found);
                contents(schemas, one, other, &place, found);
            }
            None => {
                let code =
                    types(schemas.old, &before, status) != types(schemas.new, &after, status);
                let last = is_success(status) && !after.keys().any(|status| is_success(status));
                let means = match (code, last) {
                    (true, _) => "the type that the method gives is another",
                    (false, true) => "the method can only give errors",
                    (false, false) => {
                        "nothing to do: such an answer would be `Error::UnexpectedResponse`"
                    }
                };
                found.changes.push(
                    place
                        .change("answer-removed", "answer removed")
                        .breaks(last, code)
                        .means(means),
                );
            }
        }
    }
    for status in after.keys().filter(|status| !before.contains_key(*status)) {
        let code = types(schemas.old, &before, status) != types(schemas.new, &after, status);
        // The generated method knows the listed statuses alone.
        let unread = is_success(status) && !is_covered(status, &before);
        let mut means = match (unread, code) {
            (true, _) => "an older build takes this success for `Error::UnexpectedResponse`",
            (false, true) => "",
            (false, false) => "the method gives it as the type that it has",
        }
        .to_owned();
        if code {
            let join = if means.is_empty() { "" } else { "; " };
            means.push_str(join);
            means.push_str("the type that the method gives is another");
        }
        found.changes.push(
            answer(call, status, direction)
                .change("answer-added", "answer added")
                .breaks(unread, code)
                .means(means),
        );
    }
}

fn answer(call: &str, status: &str, direction: Direction) -> Place {
    let rust = if is_success(status) {
        "the answer"
    } else {
        "the error"
    };
    Place {
        shown: format!("{call} answer {status}"),
        rust: rust.to_owned(),
        direction,
        as_text: false,
    }
}

fn is_success(status: &str) -> bool {
    status.starts_with('2') || status == "default"
}

fn is_covered(status: &str, answers: &BTreeMap<&str, &Value>) -> bool {
    answers.contains_key("default")
        || answers
            .keys()
            .any(|known| known.get(1..) == Some("XX") && known.get(..1) == status.get(..1))
}

/// The types that the method gives for statuses of this class.
fn types(document: Document, answers: &BTreeMap<&str, &Value>, of: &str) -> BTreeSet<String> {
    let class = |status: &str| is_success(status);
    let mut found: BTreeSet<String> = answers
        .iter()
        .filter(|(status, _)| class(status) == class(of))
        .flat_map(|(_, answer)| {
            let schemas: Vec<&Value> = members(answer.get("content"))
                .filter_map(|(_, media)| media.get("schema"))
                .collect();
            if schemas.is_empty() {
                vec!["()".to_owned()]
            } else {
                let name = |schema| rust::base(document, &View::of(document, schema));
                schemas.into_iter().map(name).collect()
            }
        })
        .collect();
    if found.is_empty() {
        found.insert("()".to_owned());
    }
    found
}

fn words(one: &Value, other: &Value, shown: &str, found: &mut Found) {
    let read = |value: &Value| text(value, "description").map(str::to_owned);
    if read(one) != read(other) {
        found
            .changes
            .push(Change::docs(shown, "description changed"));
    }
}

fn contents<'a>(
    schemas: &Schemas<'a>,
    one: &'a Value,
    other: &'a Value,
    place: &Place,
    found: &mut Found<'a>,
) {
    let by_class = |value: &'a Value| -> BTreeMap<String, (&'a str, &'a Value)> {
        members(value.get("content"))
            .map(|(media, value)| (media_class(media), (media, value)))
            .collect()
    };
    let (before, after) = (by_class(one), by_class(other));
    let none_left = !before.keys().any(|class| after.contains_key(class));
    let sent = place.direction == Direction::Sent;
    for (class, (media, one)) in &before {
        if let Some((_, other)) = after.get(class) {
            if let (Some(before), Some(after)) = (one.get("schema"), other.get("schema")) {
                schemas.schema(before, after, place, found);
            } else if one.get("schema").is_some() != other.get("schema").is_some() {
                found.changes.push(
                    place
                        .change("type-changed", "a schema came or went")
                        .breaks(false, true)
                        .means(format!("the type of {} is another", place.rust)),
                );
            }
            if one.get("example") != other.get("example")
                || one.get("examples") != other.get("examples")
            {
                found
                    .changes
                    .push(Change::docs(&place.shown, "example changed"));
            }
            continue;
        }
        let means = if sent {
            "an older build sends a form that is no longer taken"
        } else {
            "an older build asks for a form that no longer comes"
        };
        found.changes.push(
            place
                .change("media-type-removed", format!("{media} removed"))
                .breaks(true, none_left)
                .means(means),
        );
    }
    for (class, (media, _)) in &after {
        if before.contains_key(class) {
            continue;
        }
        // A body where none was is another type; one that replaces another is told by that one.
        let code = before.is_empty();
        let means = if code {
            format!("{} has a body now, was `()`", place.rust)
        } else {
            "nothing to do: the crate keeps to the form that it knows".to_owned()
        };
        found.changes.push(
            place
                .change("media-type-added", format!("{media} added"))
                .breaks(false, code)
                .means(means),
        );
    }
}

/// `application/json; charset=utf-8` is `application/json`.
fn media_class(media: &str) -> String {
    let name = media.split(';').next().unwrap_or(media).trim();
    name.to_ascii_lowercase()
}

/// No type holds headers: code that reads one does so by its name.
fn headers<'a>(
    schemas: &Schemas<'a>,
    one: &'a Value,
    other: &'a Value,
    place: &Place,
    found: &mut Found<'a>,
) {
    let by_name = |document: Document<'a>, answer: &'a Value| -> BTreeMap<String, &'a Value> {
        members(answer.get("headers"))
            .map(|(name, header)| (name.to_ascii_lowercase(), document.follow(header)))
            .collect()
    };
    let before = by_name(schemas.old, one);
    let after = by_name(schemas.new, other);
    for (name, header) in &before {
        let place = Place {
            shown: format!("{} header {name}", place.shown),
            rust: format!("header `{name}`"),
            direction: place.direction,
            as_text: true,
        };
        match after.get(name) {
            None => found.changes.push(
                place
                    .change("header-removed", "header removed")
                    .breaks(truth(header, "required"), false)
                    .means("code that reads it by its name finds none"),
            ),
            Some(other) => {
                if let (Some(before), Some(after)) = (header.get("schema"), other.get("schema"))
                    && before != after
                {
                    found.changes.push(
                        place
                            .change("header-changed", "schema of the header changed")
                            .means("the crate gives it as text: look at code that reads it"),
                    );
                }
                if truth(header, "required") && !truth(other, "required") {
                    found.changes.push(
                        place
                            .change("header-changed", "required, now optional")
                            .breaks(true, false)
                            .means("code that reads it must do without"),
                    );
                }
            }
        }
    }
    for name in after.keys().filter(|name| !before.contains_key(*name)) {
        found.changes.push(
            Change::new(
                "header-added",
                format!("{} header {name}", place.shown),
                "header added",
            )
            .means("can be read by its name"),
        );
    }
}
