//! Which operation of the one document is which of the other.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Document, operations, pages};
use crate::openapi::{Operation, json::text};

/// Operations that are the same in both documents, and those that only one has.
pub(super) struct Pairs<'a> {
    pub(super) both: Vec<(Operation<'a>, Operation<'a>)>,
    pub(super) removed: Vec<Operation<'a>>,
    pub(super) added: Vec<Operation<'a>>,
}

/// Pairs by call, then by operationId, then by page: what moved is no removal and addition.
pub(super) fn pair<'a>(old: Document<'a>, new: Document<'a>) -> Pairs<'a> {
    let mut pairs = Pairs {
        both: Vec::new(),
        removed: operations(old),
        added: operations(new),
    };
    let call = |operation: &Operation| {
        let path = template(operation.path);
        vec![format!("{} {} {path}", operation.section, operation.method)]
    };
    pairs.by(&call);
    pairs.by(&|operation| {
        let id = text(operation.value, "operationId");
        id.map(|id| format!("{} {id}", operation.section))
            .into_iter()
            .collect()
    });
    pairs.by(&|operation| {
        pages(operation.value)
            .into_iter()
            .map(|page| format!("{} {page}", operation.section))
            .collect()
    });
    pairs
}

impl<'a> Pairs<'a> {
    /// Pairs what shares a key. A key that one document has twice tells nothing.
    fn by(&mut self, keys: &dyn Fn(&Operation<'a>) -> Vec<String>) {
        let (old, new) = (index(&self.removed, keys), index(&self.added, keys));
        let mut matched: BTreeMap<usize, usize> = BTreeMap::new();
        let mut taken = BTreeSet::new();
        for (key, one) in &old {
            if let (Some(one), Some(Some(other))) = (one, new.get(key))
                && !matched.contains_key(one)
                && taken.insert(*other)
            {
                matched.insert(*one, *other);
            }
        }
        let mut added: Vec<Option<Operation>> = std::mem::take(&mut self.added)
            .into_iter()
            .map(Some)
            .collect();
        for (index, operation) in std::mem::take(&mut self.removed).into_iter().enumerate() {
            let other = matched
                .get(&index)
                .and_then(|other| added.get_mut(*other)?.take());
            match other {
                Some(other) => self.both.push((operation, other)),
                None => self.removed.push(operation),
            }
        }
        self.added = added.into_iter().flatten().collect();
    }
}

/// The operation of each key; none for a key that stands twice.
fn index<'a>(
    operations: &[Operation<'a>],
    keys: &dyn Fn(&Operation<'a>) -> Vec<String>,
) -> BTreeMap<String, Option<usize>> {
    let mut found = BTreeMap::new();
    for (index, operation) in operations.iter().enumerate() {
        for key in keys(operation) {
            found
                .entry(key)
                .and_modify(|place| *place = None)
                .or_insert(Some(index));
        }
    }
    found
}

/// A path without the names in it: they are no part of a call.
pub(super) fn template(path: &str) -> String {
    let mut found = String::new();
    let mut inside = false;
    for letter in path.chars() {
        match letter {
            '{' => {
                inside = true;
                found.push_str("{}");
            }
            '}' => inside = false,
            letter if !inside => found.push(letter),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(
        old: serde_json::Value,
        new: serde_json::Value,
    ) -> (Vec<String>, Vec<String>, Vec<String>) {
        let (old, new) = (json!({"paths": old}), json!({"paths": new}));
        let pairs = pair(Document(&old), Document(&new));
        let path = |operation: &Operation| operation.path.to_owned();
        (
            pairs
                .both
                .iter()
                .map(|(one, other)| format!("{} {}", one.path, other.path))
                .collect(),
            pairs.removed.iter().map(path).collect(),
            pairs.added.iter().map(path).collect(),
        )
    }

    #[test]
    fn what_moved_is_found_by_id_and_by_page() {
        let page = |id: &str| json!({"post": {"x-evidence": {"pages": [id]}}});
        let named = |id: &str| json!({"post": {"operationId": id}});
        let one = |path: &str| vec![path.to_owned()];
        let cases = [
            (
                json!({"/a/{x}": {"post": {}}}),
                json!({"/a/{y}": {"post": {}}}),
                (one("/a/{x} /a/{y}"), vec![], vec![]),
            ),
            (
                json!({"/a": named("x")}),
                json!({"/b": named("x")}),
                (one("/a /b"), vec![], vec![]),
            ),
            (
                json!({"/a": page("1e0")}),
                json!({"/b": page("1e0")}),
                (one("/a /b"), vec![], vec![]),
            ),
            (
                json!({"/a": page("1e0")}),
                json!({"/b": page("2e0")}),
                (vec![], one("/a"), one("/b")),
            ),
            // One page for two operations does not say which moved.
            (
                json!({"/a": page("1e0")}),
                json!({"/b": page("1e0"), "/c": page("1e0")}),
                (vec![], one("/a"), vec!["/b".into(), "/c".into()]),
            ),
        ];
        for (old, new, expected) in cases {
            assert_eq!(told(old, new), expected);
        }
    }
}
