//! Parameters of an operation: arguments of its method.

use serde_json::Value;

use super::{
    change::{Change, Direction},
    document::{Parameters, shown},
    rust,
    schema::{Found, Place, Presence, Schemas, docs, presence},
    view::View,
};
use crate::openapi::{Operation, json::truth};

/// Compares the parameters of an operation that stands in both documents.
pub(super) fn compare<'a>(
    schemas: &Schemas<'a>,
    (old, new): (&Operation<'a>, &Operation<'a>),
    call: &str,
    direction: Direction,
    found: &mut Found<'a>,
) {
    let mut before = schemas.old.parameters(old);
    let mut after = schemas.new.parameters(new);
    // Names in a path are only for people: those of one place are one parameter.
    for (was, is) in names_in_path(old.path).zip(names_in_path(new.path)) {
        if was != is
            && let (Some(one), Some(other)) =
                (before.remove(&("path", was)), after.remove(&("path", is)))
        {
            let place = place(call, "path", is, direction);
            let what = format!("path parameter {was} is now {is}");
            found.changes.push(Change::docs(&place.shown, what));
            parameter(schemas, one, other, &place, found);
        }
    }
    for (&(kind, name), one) in &before {
        let here = place(call, kind, name, direction);
        if let Some(other) = after.get(&(kind, name)) {
            parameter(schemas, one, other, &here, found);
        } else if let Some((other_kind, other)) = elsewhere(&after, &before, name) {
            let what = format!("moved from {kind} to {other_kind}");
            found.changes.push(
                here.change("parameter-moved", what)
                    .breaks(true, true)
                    .means("the argument may stand elsewhere in the list; an older build sends it where it is no longer read"),
            );
            parameter(
                schemas,
                one,
                other,
                &place(call, other_kind, name, direction),
                found,
            );
        } else {
            found.changes.push(
                here.change("parameter-removed", "parameter removed")
                    .breaks(false, true)
                    .means(format!("{} is gone", here.rust)),
            );
        }
    }
    for (&(kind, name), one) in &after {
        if before.contains_key(&(kind, name)) || elsewhere(&before, &after, name).is_some() {
            continue;
        }
        let here = place(call, kind, name, direction);
        let (what, means) = if truth(one, "required") {
            ("required parameter added", "must be given")
        } else {
            ("optional parameter added", "takes `None`")
        };
        found.changes.push(
            here.change("parameter-added", what)
                .breaks(truth(one, "required"), true)
                .means(format!("new {} {means}", here.rust)),
        );
    }
}

fn place(call: &str, kind: &str, name: &str, direction: Direction) -> Place {
    Place {
        shown: format!("{call} {kind} {name}"),
        rust: format!("argument `{}`", rust::field(name)),
        direction,
        as_text: true,
    }
}

/// A parameter of this name that only this document has, and where.
fn elsewhere<'a>(
    parameters: &Parameters<'a>,
    others: &Parameters<'a>,
    name: &str,
) -> Option<(&'a str, &'a Value)> {
    let mut found = parameters
        .iter()
        .filter(|(key, _)| key.1 == name && !others.contains_key(*key));
    let (key, value) = found.next()?;
    found.next().is_none().then_some((key.0, *value))
}

fn parameter<'a>(
    schemas: &Schemas<'a>,
    one: &'a Value,
    other: &'a Value,
    place: &Place,
    found: &mut Found<'a>,
) {
    let required = |value| truth(value, "required");
    if let (Some(before), Some(after)) = (one.get("schema"), other.get("schema")) {
        let nulls = (
            View::of(schemas.old, before).nullable,
            View::of(schemas.new, after).nullable,
        );
        let of = Presence {
            required: (required(one), required(other)),
            optional: (!required(one), !required(other)),
        };
        found.changes.extend(presence(&of, nulls, place));
        schemas.schema(before, after, place, found);
    }
    for word in ["style", "explode", "allowReserved", "content"] {
        let (was, is) = (one.get(word), other.get(word));
        if was != is {
            let what = format!("{word}: {} → {}", shown(was), shown(is));
            found.changes.push(
                place
                    .change("parameter-style-changed", what)
                    .breaks(true, false)
                    .means("an older build writes it in another form"),
            );
        }
    }
    found
        .changes
        .extend(docs(&words(one), &words(other), place));
}

/// What of a parameter is for readers.
fn words(parameter: &Value) -> Value {
    let mut words = parameter.clone();
    if let Some(members) = words.as_object_mut() {
        members.retain(|name, _| {
            ["description", "example", "examples", "deprecated"].contains(&name.as_str())
                || name.starts_with("x-")
        });
    }
    words
}

fn names_in_path(path: &str) -> impl Iterator<Item = &str> {
    path.split('{')
        .skip(1)
        .filter_map(|rest| rest.split('}').next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_a_path_stand_in_order() {
        let names: Vec<&str> = names_in_path("/a/{one}/b/{two}").collect();
        assert_eq!(names, ["one", "two"]);
        assert_eq!(names_in_path("/a").count(), 0);
    }
}
