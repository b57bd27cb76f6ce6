//! Values of enums.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Place;
use crate::{
    diff::{
        change::{Change, Direction},
        view::View,
    },
    openapi::json::list,
};

pub(super) fn compare(old: &View, new: &View, place: &Place, found: &mut Vec<Change>) {
    let open = |view: &View| view.word("x-extensible-enum").is_some();
    for (word, is_open) in [("x-extensible-enum", true), ("enum", false)] {
        // An open enum that also has an `enum` is open.
        if !is_open && (open(old) || open(new)) {
            continue;
        }
        let values = |view: &View| -> Option<BTreeSet<String>> {
            let part = view.parts.iter().find(|part| part.get(word).is_some())?;
            Some(list(part.get(word)).map(told).collect())
        };
        // Where one side has no enum, its type changes.
        let (Some(before), Some(after)) = (values(old), values(new)) else {
            continue;
        };
        for value in before.difference(&after) {
            found.push(removed(value, is_open, place));
        }
        for value in after.difference(&before) {
            found.push(added(value, is_open, place));
        }
    }
}

fn told(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn removed(value: &str, is_open: bool, place: &Place) -> Change {
    let change = place.change("enum-value-removed", format!("value {value} removed"));
    let gone = format!("its variant of `{}` is gone", place.rust);
    match (is_open, place.direction) {
        (true, _) => change
            .breaks(false, true)
            .means(format!("{gone}: the value is read and sent as `Other`")),
        (false, Direction::Sent) => change
            .breaks(true, true)
            .means(format!("{gone}, and the value is refused")),
        (false, Direction::Received) => change.breaks(false, true).means(gone),
    }
}

fn added(value: &str, is_open: bool, place: &Place) -> Change {
    let change = place.change("enum-value-added", format!("value {value} added"));
    let new = format!("new variant of `{}`", place.rust);
    match (is_open, place.direction) {
        (true, _) => change.means(format!("{new}; it came as `Other` before")),
        (false, Direction::Sent) => change.means(format!("{new} to send")),
        (false, Direction::Received) => change.breaks(true, false).means(format!(
            "{new}; an older build cannot read an answer with it"
        )),
    }
}
