//! Schemas, compared by direction and through their references.
//!
//! A pair of components is compared once for each direction, however many operations reach it, and
//! knows the pairs that it leads to: that ends circles, and tells a change of a shared component once.

mod fields;
mod limits;
mod renames;
mod types;
mod unions;
mod values;

mod words;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

pub(super) use fields::presence;

pub(super) use words::{deprecated, docs};

use super::{
    change::{Change, Direction, Reached},
    document::Document,
    rust,
    view::View,
};
use crate::openapi::{component_name, json::members};

/// Two components, by their references, and the way in which their values go.
type Pair<'a> = (&'a str, &'a str, Direction);

/// What was found at a pair of components, or at a part of an operation.
#[derive(Default)]
pub(super) struct Found<'a> {
    pub(super) changes: Vec<Change>,
    next: Vec<Pair<'a>>,
}

/// Where a schema stands.
#[derive(Clone)]
pub(super) struct Place {
    /// As reports tell it.
    pub(super) shown: String,
    /// What code calls it.
    pub(super) rust: String,
    pub(super) direction: Direction,
    /// It is written as text whatever its type is: in an address or in a header.
    pub(super) as_text: bool,
}

impl Place {
    pub(super) fn change(&self, kind: &'static str, what: impl Into<String>) -> Change {
        Change::new(kind, &self.shown, what).toward(self.direction)
    }

    fn below(&self, shown: &str, rust: &str) -> Self {
        Self {
            shown: format!("{}{shown}", self.shown),
            rust: format!("{}{rust}", self.rust),
            ..self.clone()
        }
    }
}

/// Whether a value has to be there, before and after; and whether its Rust type is an `Option`.
pub(super) struct Presence {
    pub(super) required: (bool, bool),
    pub(super) optional: (bool, bool),
}

/// Compares schemas of two documents.
pub(super) struct Schemas<'a> {
    pub(super) old: Document<'a>,
    pub(super) new: Document<'a>,
    found: BTreeMap<Pair<'a>, (Found<'a>, BTreeSet<usize>)>,
    /// What the numbers in `found` stand for.
    operations: Vec<Reached>,
}

impl<'a> Schemas<'a> {
    pub(super) fn new(old: Document<'a>, new: Document<'a>) -> Self {
        Self {
            old,
            new,
            found: BTreeMap::new(),
            operations: Vec::new(),
        }
    }

    /// Compares what an operation refers to, and everything below.
    pub(super) fn reach(&mut self, found: &Found<'a>, reached: &Reached) {
        let number = self.operations.len();
        self.operations.push(reached.clone());
        let mut open = found.next.clone();
        while let Some(pair) = open.pop() {
            self.compare(pair);
            if let Some((found, operations)) = self.found.get_mut(&pair)
                && operations.insert(number)
            {
                open.extend(found.next.iter().copied());
            }
        }
    }

    /// Compares components that no operation reaches. The crate has types for them all the same, which
    /// are only read.
    pub(super) fn rest(&mut self) -> Vec<Change> {
        let reached: BTreeSet<&str> = self
            .found
            .keys()
            .flat_map(|(old, new, _)| [component_name(old), component_name(new)])
            .flatten()
            .collect();
        let mut changes = Vec::new();
        let mut open = Vec::new();
        let (old, new) = (self.old, self.new);
        let used = used(old);
        for (name, schema) in members(old.0.pointer("/components/schemas")) {
            if reached.contains(name) {
                continue;
            }
            match new.schema(name) {
                Some(other) => {
                    let mut found = Found::default();
                    self.named((name, name), schema, other, Direction::Received, &mut found);
                    changes.extend(found.changes);
                    open.extend(found.next);
                }
                // Where something referred to it, the loss is told there.
                None if used.contains(name) => {}
                None => changes.push(
                    Change::new("type-removed", name, "schema removed")
                        .breaks(false, true)
                        .means(format!("type `{}` is gone", rust::type_name(name))),
                ),
            }
        }
        while let Some(pair) = open.pop() {
            if !self.found.contains_key(&pair) {
                self.compare(pair);
                open.extend(self.found[&pair].0.next.iter().copied());
            }
        }
        changes
    }

    fn compare(&mut self, pair: Pair<'a>) {
        if self.found.contains_key(&pair) {
            return;
        }
        let (old, new, direction) = pair;
        let mut found = Found::default();
        if let (Some(before), Some(after)) = (self.old.target(old), self.new.target(new)) {
            self.named((old, new), before, after, direction, &mut found);
        }
        self.found.insert(pair, (found, BTreeSet::new()));
    }

    /// All changes, those of a pair with the operations that reach it.
    pub(super) fn finish(self) -> Vec<Change> {
        let mut changes = Vec::new();
        for (found, operations) in self.found.into_values() {
            for mut change in found.changes {
                let reached = operations
                    .iter()
                    .filter_map(|number| self.operations.get(*number));
                change.operations.extend(reached.cloned());
                changes.push(change);
            }
        }
        changes
    }

    /// Two schemas that have a name.
    fn named(
        &self,
        (old, new): (&str, &str),
        before: &'a Value,
        after: &'a Value,
        direction: Direction,
        found: &mut Found<'a>,
    ) {
        let name = |reference: &str| {
            let name = component_name(reference).unwrap_or(reference);
            name.to_owned()
        };
        let place = Place {
            shown: name(new),
            rust: rust::type_name(new),
            direction,
            as_text: false,
        };
        if self.is_renamed(old, new) {
            let mut change = Change::new(
                "type-renamed",
                &place.shown,
                format!("schema {} is now {}", name(old), name(new)),
            );
            change = if rust::type_name(old) == place.rust {
                change.means("the type keeps its name")
            } else {
                change.breaks(false, true).means(format!(
                    "type `{}` is now `{}`",
                    rust::type_name(old),
                    place.rust
                ))
            };
            found.changes.push(change);
        }
        let (old, new) = (View::of(self.old, before), View::of(self.new, after));
        match (old.component, new.component) {
            // A name for another name.
            (Some(_), Some(_)) => self.schema(before, after, &place, found),
            _ => {
                let same = types::shallow(&rust::content(self.old, &old))
                    == types::shallow(&rust::content(self.new, &new));
                self.inside(&old, &new, same, &place, found);
                found.changes.extend(docs(before, after, &place));
            }
        }
    }

    /// Two schemas where they are used.
    pub(super) fn schema(
        &self,
        before: &'a Value,
        after: &'a Value,
        place: &Place,
        found: &mut Found<'a>,
    ) {
        let (old, new) = (View::of(self.old, before), View::of(self.new, after));
        let same = self.same_type(&old, &new);
        if let (Some(one), Some(other)) = (old.component, new.component) {
            if !same {
                found
                    .changes
                    .push(types::changed(self, &old, &new, false, place));
            }
            found.next.push((one, other, place.direction));
        } else {
            self.inside(&old, &new, same, place, found);
        }
        found.changes.extend(docs(before, after, place));
    }

    /// What two schemas allow.
    fn inside(
        &self,
        old: &View<'a>,
        new: &View<'a>,
        same: bool,
        place: &Place,
        found: &mut Found<'a>,
    ) {
        found
            .changes
            .extend(types::compare(self, old, new, same, place));
        if types::are_strangers(old, new) {
            return;
        }
        values::compare(old, new, place, &mut found.changes);
        limits::compare(old, new, place, &mut found.changes);
        self.fields(old, new, place, found);
        self.items(old, new, place, found);
        self.branches(old, new, place, found);
    }

    fn items(&self, old: &View<'a>, new: &View<'a>, place: &Place, found: &mut Found<'a>) {
        if let (Some(before), Some(after)) = (old.word("items"), new.word("items")) {
            let place = place.below("[]", "[]");
            let nulls = (
                View::of(self.old, before).nullable,
                View::of(self.new, after).nullable,
            );
            let presence = Presence {
                required: (true, true),
                optional: nulls,
            };
            found
                .changes
                .extend(fields::presence(&presence, nulls, &place));
            self.schema(before, after, &place, found);
        }
    }

    fn same_type(&self, old: &View, new: &View) -> bool {
        if let (Some(one), Some(other)) = (old.component, new.component)
            && self.is_renamed(one, other)
        {
            return true;
        }
        let (one, other) = (rust::base(self.old, old), rust::base(self.new, new));
        types::shallow(&one) == types::shallow(&other)
    }

    /// Each document knows one of the names alone.
    fn is_renamed(&self, old: &str, new: &str) -> bool {
        match (component_name(old), component_name(new)) {
            (Some(one), Some(other)) => {
                one != other && !self.new.has_schema(one) && !self.old.has_schema(other)
            }
            _ => false,
        }
    }
}

/// The components that something refers to.
fn used(document: Document<'_>) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    let mut open = vec![document.0];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(members) => {
                let reference = members.get("$ref").and_then(Value::as_str);
                found.extend(reference.and_then(component_name));
                open.extend(members.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    found
}
