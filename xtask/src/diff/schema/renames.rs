//! Fields that may have been renamed. That is a hint for a reader and no verdict: code and wire break
//! either way.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::Value;

use crate::diff::{change::line, rust};

/// More pairs than this are not looked at: the object is another one altogether.
const MOST_PAIRS: usize = 10_000;

/// The fields of an object in one document.
pub(super) struct Side<'s, 'a> {
    pub(super) fields: &'s [(&'a str, &'a Value)],
    pub(super) required: &'s BTreeSet<&'a str>,
}

/// A field that only one document has.
struct Alone<'a> {
    name: &'a str,
    schema: &'a Value,
    required: bool,
    /// The nearest fields before and behind it that both documents have.
    between: (Option<&'a str>, Option<&'a str>),
}

impl<'a> Side<'_, 'a> {
    fn alone(&self, other: &Self) -> Vec<Alone<'a>> {
        let known: HashSet<&str> = other.fields.iter().map(|(name, _)| *name).collect();
        let mut alone: Vec<Alone> = Vec::new();
        let mut last = None;
        let mut open = 0;
        for (name, schema) in self.fields {
            if known.contains(name) {
                for field in &mut alone[open..] {
                    field.between.1 = Some(name);
                }
                open = alone.len();
                last = Some(*name);
            } else {
                alone.push(Alone {
                    name,
                    schema,
                    required: self.required.contains(name),
                    between: (last, None),
                });
            }
        }
        alone
    }
}

/// Whether one may be the other under a new name.
fn may_be(gone: &Alone, come: &Alone) -> bool {
    let told = ["description", "example"]
        .iter()
        .any(|word| gone.schema.get(word).is_some());
    gone.required == come.required
        && (told || gone.between == come.between)
        && gone.schema == come.schema
}

/// Pairs of a field that went and one that came, which say the same, stand in the same place or have the
/// same words, and of which neither has a second match.
pub(super) fn find<'a>(old: &Side<'_, 'a>, new: &Side<'_, 'a>) -> Vec<(&'a str, &'a str)> {
    let (gone, come) = (old.alone(new), new.alone(old));
    if gone.len() * come.len() > MOST_PAIRS {
        return Vec::new();
    }
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    let mut of_gone: HashMap<&str, usize> = HashMap::new();
    let mut of_come: HashMap<&str, usize> = HashMap::new();
    for one in &gone {
        for other in come.iter().filter(|other| may_be(one, other)) {
            pairs.push((one.name, other.name));
            *of_gone.entry(one.name).or_default() += 1;
            *of_come.entry(other.name).or_default() += 1;
        }
    }
    pairs.retain(|(was, is)| of_gone[was] == 1 && of_come[is] == 1);
    pairs
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
