//! Fields that may have been renamed. That is a hint for a reader and no verdict: code and wire break
//! either way.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::diff::{change::line, rust};

/// The fields of an object in one document.
pub(super) struct Side<'s, 'a> {
    pub(super) fields: &'s [(&'a str, &'a Value)],
    pub(super) required: &'s BTreeSet<&'a str>,
}

impl Side<'_, '_> {
    fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(known, _)| *known == name)
    }

    /// The fields around one, as far as the other side has them too.
    fn around(&self, at: usize, other: &Self) -> (Option<&str>, Option<&str>) {
        let names = || self.fields.iter().map(|(name, _)| *name);
        let kept = |name: &&str| other.has(name);
        (
            names().take(at).filter(kept).last(),
            names().skip(at + 1).find(kept),
        )
    }
}

/// Pairs of a field that went and one that came, which say the same, stand in the same place or have the
/// same words, and of which neither has a second match.
pub(super) fn find<'a>(old: &Side<'_, 'a>, new: &Side<'_, 'a>) -> Vec<(&'a str, &'a str)> {
    let mut pairs = Vec::new();
    for (here, (was, before)) in old.fields.iter().enumerate() {
        if new.has(was) {
            continue;
        }
        for (there, (is, after)) in new.fields.iter().enumerate() {
            let same = before == after && old.required.contains(was) == new.required.contains(is);
            let told = ["description", "example"]
                .iter()
                .any(|word| before.get(word).is_some());
            if same && !old.has(is) && (told || old.around(here, new) == new.around(there, old)) {
                pairs.push((*was, *is));
            }
        }
    }
    let once = |pair: &(&str, &str)| {
        let shares = |other: &&(&str, &str)| other.0 == pair.0 || other.1 == pair.1;
        pairs.iter().filter(shares).count() == 1
    };
    pairs.iter().copied().filter(|pair| once(pair)).collect()
}

/// What a report adds.
pub(super) fn told(how: &str, name: &str) -> String {
    format!("; perhaps {how} `{}`", line(&rust::field(name)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(of: &Value) -> Vec<(&str, &Value)> {
        let members = of.as_object().unwrap().iter();
        members
            .map(|(name, value)| (name.as_str(), value))
            .collect()
    }

    #[test]
    fn a_rename_has_one_candidate_that_says_the_same() {
        let cases = [
            // In the same place.
            (
                json!({"a": {}, "b": {"type": "string"}, "c": {}}),
                json!({"a": {}, "d": {"type": "string"}, "c": {}}),
                vec![("b", "d")],
            ),
            // Elsewhere, with the same words.
            (
                json!({"b": {"description": "The rate"}, "a": {}}),
                json!({"a": {}, "d": {"description": "The rate"}}),
                vec![("b", "d")],
            ),
            // Elsewhere, with none.
            (
                json!({"b": {"type": "string"}, "a": {}}),
                json!({"a": {}, "d": {"type": "string"}}),
                vec![],
            ),
            // Of another type.
            (
                json!({"b": {"type": "string"}}),
                json!({"d": {"type": "integer"}}),
                vec![],
            ),
            // Two that could be it, on either side.
            (
                json!({"b": {"type": "string"}}),
                json!({"d": {"type": "string"}, "e": {"type": "string"}}),
                vec![],
            ),
            (
                json!({"b": {"type": "string"}, "c": {"type": "string"}}),
                json!({"d": {"type": "string"}}),
                vec![],
            ),
        ];
        for (old, new, expected) in cases {
            let required = BTreeSet::new();
            let (before, after) = (fields(&old), fields(&new));
            let side = |fields| Side {
                fields,
                required: &required,
            };
            assert_eq!(find(&side(&before), &side(&after)), expected, "{old} {new}");
        }
    }

    #[test]
    fn what_is_required_is_no_rename_of_what_is_not() {
        let schema = json!({"type": "string"});
        let (before, after) = ([("b", &schema)], [("d", &schema)]);
        let (none, required) = (BTreeSet::new(), BTreeSet::from(["d"]));
        let old = Side {
            fields: &before,
            required: &none,
        };
        let new = Side {
            fields: &after,
            required: &required,
        };
        assert_eq!(find(&old, &new), []);
    }
}
