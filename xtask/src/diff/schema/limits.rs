//! Limits of values. The crate checks none: the gateway does.

use std::cmp::Ordering;

use serde_json::Value;

use super::Place;
use crate::diff::{
    change::{Change, Direction},
    document::shown,
    view::View,
};

/// Words of limits, and which way is tighter.
pub(super) const LIMITS: [(&str, Tighter); 13] = [
    ("minLength", Tighter::More),
    ("maxLength", Tighter::Less),
    ("pattern", Tighter::Other),
    ("minimum", Tighter::More),
    ("maximum", Tighter::Less),
    ("exclusiveMinimum", Tighter::More),
    ("exclusiveMaximum", Tighter::True),
    ("multipleOf", Tighter::Other),
    ("minItems", Tighter::More),
    ("maxItems", Tighter::Less),
    ("uniqueItems", Tighter::True),
    ("minProperties", Tighter::More),
    ("maxProperties", Tighter::Less),
];

/// When a limit leaves fewer values.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Tighter {
    More,
    Less,
    /// When it is `true`.
    True,
    /// Whenever it is there and other than before.
    Other,
}

pub(super) fn compare(old: &View, new: &View, place: &Place, found: &mut Vec<Change>) {
    for (word, tighter) in LIMITS {
        let (before, after) = (old.word(word), new.word(word));
        if before == after {
            continue;
        }
        let what = format!("{word}: {} → {}", shown(before), shown(after));
        let change = place.change("limit-changed", what);
        found.push(match place.direction {
            Direction::Received => change.means("nothing to do: the crate does not check limits"),
            Direction::Sent if is_tighter(before, after, tighter) => change
                .breaks(true, false)
                .means("a value that was taken may now be refused"),
            Direction::Sent => change.means("nothing to do: what was taken still is"),
        });
    }
}

fn is_tighter(before: Option<&Value>, after: Option<&Value>, tighter: Tighter) -> bool {
    let Some(after) = after else { return false };
    if let Value::Bool(says) = after {
        // In 3.0 an exclusive limit and `uniqueItems` are switches.
        return *says;
    }
    let order = match (before.and_then(Value::as_f64), after.as_f64()) {
        (Some(before), Some(after)) => after.partial_cmp(&before),
        _ => None,
    };
    match tighter {
        Tighter::More => order != Some(Ordering::Less) && after.as_f64() != Some(0.0),
        Tighter::Less | Tighter::True => order != Some(Ordering::Greater),
        Tighter::Other => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tighter_is_what_leaves_fewer_values() {
        let cases = [
            ("maxLength", json!(null), json!(5), true),
            ("maxLength", json!(5), json!(4), true),
            ("maxLength", json!(5), json!(6), false),
            ("maxLength", json!(5), json!(null), false),
            ("minLength", json!(null), json!(1), true),
            ("minLength", json!(null), json!(0), false),
            ("minLength", json!(2), json!(1), false),
            ("minimum", json!(null), json!(-3), true),
            ("pattern", json!("a"), json!("b"), true),
            ("pattern", json!("a"), json!(null), false),
            ("uniqueItems", json!(false), json!(true), true),
            ("exclusiveMinimum", json!(true), json!(false), false),
        ];
        for (word, before, after, expected) in cases {
            let there = |value: &Value| (!value.is_null()).then(|| value.clone());
            let (before, after) = (there(&before), there(&after));
            let (_, tighter) = LIMITS.into_iter().find(|(name, _)| *name == word).unwrap();
            let found = is_tighter(before.as_ref(), after.as_ref(), tighter);
            assert_eq!(found, expected, "{word} {before:?} {after:?}");
        }
    }
}
