//! Branches of `oneOf` and `anyOf`.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::Value;

use super::{Found, Place, Schemas};
use crate::{
    diff::{
        change::{Change, Direction},
        document::{Document, shown},
        rust,
        view::View,
    },
    openapi::json::text,
};

impl<'a> Schemas<'a> {
    pub(super) fn branches(
        &self,
        old: &View<'a>,
        new: &View<'a>,
        place: &Place,
        found: &mut Found<'a>,
    ) {
        if old.is_integer_or_text() || new.is_integer_or_text() {
            return;
        }
        let (Some((_, before)), Some((_, branches))) = (old.branches(), new.branches()) else {
            return;
        };
        let mut known: HashMap<String, VecDeque<&'a Value>> = HashMap::new();
        for branch in &branches {
            let name = known_by(self.new, branch);
            known.entry(name).or_default().push_back(branch);
        }
        let below = place.below("|", "");
        let mut lost = Vec::new();
        let mut taken: HashSet<*const Value> = HashSet::new();
        for branch in before {
            let same = known.get_mut(&known_by(self.old, branch));
            match same.and_then(VecDeque::pop_front) {
                Some(other) => {
                    taken.insert(std::ptr::from_ref(other));
                    self.schema(branch, other, &below, found);
                }
                None => lost.push(branch),
            }
        }
        let mut come: VecDeque<&Value> = branches.into_iter().collect();
        come.retain(|branch| !taken.contains(&std::ptr::from_ref(*branch)));
        for branch in lost {
            // A component whose name only one document knows was given another name.
            if let (Some(one), Some(other)) = (text(branch, "$ref"), come.front())
                && text(other, "$ref").is_some_and(|other| self.is_renamed(one, other))
                && let Some(other) = come.pop_front()
            {
                self.schema(branch, other, &below, found);
            } else {
                found.changes.push(removed(branch, place));
            }
        }
        found
            .changes
            .extend(come.into_iter().map(|branch| added(branch, place)));
        let (before, after) = (old.word("discriminator"), new.word("discriminator"));
        if before != after {
            let what = format!("discriminator: {} → {}", shown(before), shown(after));
            // The crate tries the forms in their order.
            found.changes.push(
                place
                    .change("discriminator-changed", what)
                    .means("nothing to do: the crate tells the forms apart by their fields"),
            );
        }
    }
}

/// By what a branch is known: its component, else its type.
fn known_by<'a>(document: Document<'a>, branch: &'a Value) -> String {
    match text(branch, "$ref") {
        Some(reference) => reference.to_owned(),
        None => rust::base(document, &View::of(document, branch)),
    }
}

fn removed(branch: &Value, place: &Place) -> Change {
    let sent = place.direction == Direction::Sent;
    let mut means = format!("a variant of `{}` is gone", place.rust);
    if sent {
        means.push_str(", and its form is refused");
    }
    place
        .change("form-removed", format!("form {} removed", name(branch)))
        .breaks(sent, true)
        .means(means)
}

fn added(branch: &Value, place: &Place) -> Change {
    let received = place.direction == Direction::Received;
    let mut means = format!("new variant of `{}`", place.rust);
    if received {
        means.push_str("; an older build may not be able to read it");
    }
    place
        .change("form-added", format!("form {} added", name(branch)))
        .breaks(received, false)
        .means(means)
}

fn name(branch: &Value) -> String {
    match text(branch, "$ref") {
        Some(reference) => rust::type_name(reference),
        None => text(branch, "type").unwrap_or("without a type").to_owned(),
    }
}
