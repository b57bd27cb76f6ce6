//! Fields of objects.

use std::collections::HashMap;

use serde_json::Value;

use super::renames::{self, Side};
use super::{Found, Place, Presence, Schemas, types};
use crate::{
    diff::{
        change::{Change, Direction},
        rust,
        view::View,
    },
    openapi::json::truth,
};

impl<'a> Schemas<'a> {
    pub(super) fn fields(
        &self,
        old: &View<'a>,
        new: &View<'a>,
        place: &Place,
        found: &mut Found<'a>,
    ) {
        let (before, after) = (old.properties(), new.properties());
        let (was_required, is_required) = (old.required(), new.required());
        let after_by_name: HashMap<&str, &Value> = after.iter().copied().collect();
        let before_by_name: HashMap<&str, &Value> = before.iter().copied().collect();
        // Only such a type can be built with `..Default::default()`.
        let had_default =
            before.iter().all(|(name, _)| !was_required.contains(name)) && !has_extra(old);

        let renamed = renames::find(
            &Side {
                fields: &before,
                required: &was_required,
            },
            &Side {
                fields: &after,
                required: &is_required,
            },
        );
        for (name, schema) in before {
            let place = field(place, name);
            let required = (was_required.contains(name), is_required.contains(name));
            match after_by_name.get(name) {
                Some(other) => self.field(schema, other, required, &place, found),
                None => {
                    let mut change = removed(required.0, &place);
                    if let Some((_, new)) = renamed.iter().find(|(old, _)| *old == name) {
                        change.means.push_str(&renames::told("renamed to", new));
                    }
                    found.changes.push(change);
                }
            }
        }
        for (name, schema) in after {
            if !before_by_name.contains_key(name) {
                let place = field(place, name);
                let view = View::of(self.new, schema);
                let required = is_required.contains(name);
                let mut kind = rust::base(self.new, &view);
                if rust::is_optional(&view, required) {
                    kind = format!("Option<{kind}>");
                }
                let mut change = added(required, &kind, had_default, &place);
                if let Some((old, _)) = renamed.iter().find(|(_, new)| *new == name) {
                    change
                        .means
                        .push_str(&renames::told("the new name of", old));
                }
                found.changes.push(change);
            }
        }
        extra(old, new, had_default, place, &mut found.changes);
        let values = |view: &View<'a>| {
            view.word("additionalProperties")
                .filter(|it| it.is_object())
        };
        if let (Some(before), Some(after)) = (values(old), values(new)) {
            self.schema(before, after, &place.below("{}", "{}"), found);
        }
    }

    fn field(
        &self,
        before: &'a Value,
        after: &'a Value,
        required: (bool, bool),
        place: &Place,
        found: &mut Found<'a>,
    ) {
        let (old, new) = (View::of(self.old, before), View::of(self.new, after));
        let presence_of = Presence {
            required,
            optional: (
                rust::is_optional(&old, required.0),
                rust::is_optional(&new, required.1),
            ),
        };
        // Between a list and something else the type is told, not that lists are always optional.
        if !types::are_strangers(&old, &new) || required.0 != required.1 {
            let nulls = (old.nullable, new.nullable);
            found.changes.extend(presence(&presence_of, nulls, place));
        }
        found.changes.extend(key(before, after, place));
        self.schema(before, after, place, found);
    }
}

fn field(place: &Place, name: &str) -> Place {
    let mut below = place.below(&format!(".{name}"), "");
    below.rust = if place.rust.contains('`') {
        format!("{} `{}`", place.rust, rust::field(name))
    } else {
        format!("{}::{}", place.rust, rust::field(name))
    };
    below
}

fn removed(required: bool, place: &Place) -> Change {
    let wire = required && place.direction == Direction::Received;
    let mut means = format!("`{}` is gone", place.rust);
    means.push_str(match (place.direction, wire) {
        (Direction::Received, true) => ": stop reading it; an older build cannot read the answer",
        (Direction::Received, false) => ": stop reading it; an older build reads `None`",
        (Direction::Sent, _) => ": stop setting it",
    });
    place
        .change("field-removed", "field removed")
        .breaks(wire, true)
        .means(means)
}

fn added(required: bool, kind: &str, had_default: bool, place: &Place) -> Change {
    let what = if required {
        "required field added"
    } else {
        "optional field added"
    };
    let change = place.change("field-added", what);
    let new = format!("new `{}: {kind}`", place.rust);
    match (place.direction, required) {
        (Direction::Received, _) => change.means(format!("{new} to read")),
        (Direction::Sent, true) => change.breaks(true, true).means(format!(
            "{new} must be given; an older build cannot send it"
        )),
        (Direction::Sent, false) if had_default => {
            change.means(format!("{new}; `..Default::default()` leaves it out"))
        }
        (Direction::Sent, false) => change.breaks(false, true).means(format!(
            "{new}: literals of the type must name it, `None` leaves it out"
        )),
    }
}

/// Whether a value has to be there, and whether it may be null.
pub(in crate::diff) fn presence(
    presence: &Presence,
    nulls: (bool, bool),
    place: &Place,
) -> Vec<Change> {
    let mut found = Vec::new();
    let Presence { required, optional } = presence;
    let code = optional.0 != optional.1;
    let mut tell = |kind, what: &str, wire: bool, wire_means: &str| {
        let mut means = match optional {
            (true, false) => format!("`{}` is no longer an `Option`", place.rust),
            (false, true) => format!("`{}` becomes an `Option`", place.rust),
            _ => format!("the type of `{}` stays", place.rust),
        };
        if wire {
            means = format!("{means}; {wire_means}");
        }
        found.push(place.change(kind, what).breaks(wire, code).means(means));
    };
    match (place.direction, required) {
        (_, (true, true) | (false, false)) => {}
        (Direction::Sent, (_, true)) => {
            let leaves = "a call that leaves it out is refused";
            tell("required-changed", "optional, now required", true, leaves);
        }
        (Direction::Received, (_, true)) => {
            tell("required-changed", "optional, now required", false, "");
        }
        (Direction::Sent, _) => tell("required-changed", "required, now optional", false, ""),
        (Direction::Received, _) => {
            let fails = "an older build cannot read an answer without it";
            tell(
                "required-changed",
                "required, now optional",
                !optional.0,
                fails,
            );
        }
    }
    match (place.direction, nulls) {
        (_, (true, true) | (false, false)) => {}
        (Direction::Sent, (true, false)) => {
            // What is optional is left out rather than sent as null.
            let refused = "a call that sends null is refused";
            tell(
                "nullable-changed",
                "may no longer be null",
                required.0,
                refused,
            );
        }
        (Direction::Received, (false, true)) => {
            let fails = "an older build cannot read null";
            tell("nullable-changed", "may now be null", !optional.0, fails);
        }
        (_, (_, true)) => tell("nullable-changed", "may now be null", false, ""),
        _ => tell("nullable-changed", "may no longer be null", false, ""),
    }
    found
}

/// The mark of a value that the gateway refuses when it is repeated.
fn key(before: &Value, after: &Value, place: &Place) -> Option<Change> {
    let marked = |schema| truth(schema, "x-idempotency-key");
    match (marked(before), marked(after)) {
        (false, true) => Some(
            place
                .change("idempotency-key-changed", "is now the idempotency key")
                .breaks(true, false)
                .means("a call that repeats a value is refused: give each call its own"),
        ),
        (true, false) => Some(
            place
                .change(
                    "idempotency-key-changed",
                    "is no longer the idempotency key",
                )
                .breaks(true, false)
                .means("a repeat is no longer refused and may run twice"),
        ),
        _ => None,
    }
}

fn has_extra(view: &View) -> bool {
    view.word("additionalProperties")
        .is_some_and(|word| *word != Value::Bool(false))
}

/// Room for fields that nobody knows.
fn extra(old: &View, new: &View, had_default: bool, place: &Place, found: &mut Vec<Change>) {
    // Without a field of its own the type is a map, and that is told as its type.
    if old.properties().is_empty() || new.properties().is_empty() {
        return;
    }
    let refuses = |view: &View| view.word("additionalProperties") == Some(&Value::Bool(false));
    match (has_extra(old), has_extra(new)) {
        (false, true) => {
            let code = place.direction == Direction::Sent && !had_default;
            let means = if code {
                format!(
                    "literals of `{}` must name the new field `extra`",
                    place.rust
                )
            } else {
                format!("new field `extra` of `{}`", place.rust)
            };
            let change = place.change("extra-fields-changed", "now takes further fields");
            found.push(change.breaks(false, code).means(means));
        }
        (true, false) => found.push(
            place
                .change("extra-fields-changed", "no longer takes further fields")
                .breaks(place.direction == Direction::Sent && refuses(new), true)
                .means(format!("field `extra` of `{}` is gone", place.rust)),
        ),
        _ if refuses(old) != refuses(new) => {
            let wire = refuses(old) && place.direction == Direction::Received;
            let means = if wire {
                "an older build refuses an answer with a field that it does not know"
            } else {
                "nothing to do: the type has the listed fields alone"
            };
            let what = if refuses(new) {
                "further fields are now excluded"
            } else {
                "further fields are no longer excluded"
            };
            found.push(
                place
                    .change("extra-fields-changed", what)
                    .breaks(wire, false)
                    .means(means),
            );
        }
        _ => {}
    }
}
