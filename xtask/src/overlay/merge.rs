//! What an action does to the places that its target found: merge, or remove.

use super::target::{Place, Step, find, pointer};
use crate::openapi::child;
use serde_json::Value;
use std::collections::HashSet;

/// Merges a value into each place and gives the pointers of the deepest members that were added or
/// changed. Objects merge member by member, arrays take the elements that they lack, and what is
/// neither is replaced.
///
/// # Errors
/// Where an object or an array would be replaced by another kind of value: the overlay means another
/// place then. Nothing is changed in that case.
pub(super) fn update(
    document: &mut Value,
    places: &[Place],
    value: &Value,
) -> Result<Vec<String>, String> {
    for place in places {
        let pointer = pointer(place);
        if let Some(node) = find(document, place) {
            let append = node.is_array();
            if !append && let Some(conflict) = conflict(node, value, &pointer) {
                return Err(conflict);
            }
        }
    }
    let mut touched = Vec::new();
    for place in places {
        if let Some(node) = find(document, place) {
            match (node, value) {
                (Value::Array(list), Value::Array(values)) => {
                    append(list, values, &pointer(place), &mut touched)
                }
                (Value::Array(list), value) => append(
                    list,
                    std::slice::from_ref(value),
                    &pointer(place),
                    &mut touched,
                ),
                (node, value) => merge(node, value, &pointer(place), &mut touched),
            }
        }
    }
    Ok(touched)
}

/// Removes each place, from the back, so that the indexes of an array stay right.
///
/// # Errors
/// When the whole document would be removed.
pub(super) fn remove(document: &mut Value, places: &[Place]) -> Result<Vec<String>, String> {
    if places.iter().any(Vec::is_empty) {
        return Err("it would remove the whole document".to_owned());
    }
    let mut order: Vec<&Place> = places.iter().collect();
    order.sort_unstable_by(|a, b| b.cmp(a));
    for place in order {
        let Some((last, parent)) = place.split_last() else {
            continue;
        };
        match (find(document, parent), last) {
            (Some(Value::Object(members)), Step::Name(name)) => {
                members.shift_remove(name);
            }
            (Some(Value::Array(list)), Step::Index(index)) if *index < list.len() => {
                list.remove(*index);
            }
            _ => {}
        }
    }
    Ok(places.iter().map(|place| pointer(place)).collect())
}

fn conflict(node: &Value, value: &Value, at: &str) -> Option<String> {
    match (node, value) {
        (Value::Object(members), Value::Object(updates)) => {
            updates.iter().find_map(|(name, update)| {
                members
                    .get(name)
                    .and_then(|member| conflict(member, update, &child(at, name)))
            })
        }
        (Value::Array(_), Value::Array(_)) => None,
        (Value::Object(_) | Value::Array(_), _) => Some(format!(
            "it would replace {} at `{at}` by {}",
            kind(node),
            kind(value)
        )),
        _ => None,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "the object",
        Value::Array(_) => "the array",
        Value::String(_) => "a text",
        Value::Number(_) => "a number",
        Value::Bool(_) => "a boolean",
        Value::Null => "null",
    }
}

fn merge(node: &mut Value, value: &Value, at: &str, touched: &mut Vec<String>) {
    match (node, value) {
        (Value::Object(members), Value::Object(updates)) => {
            for (name, update) in updates {
                let at = child(at, name);
                match members.get_mut(name) {
                    Some(member) => merge(member, update, &at, touched),
                    None => {
                        members.insert(name.clone(), update.clone());
                        touched.push(at);
                    }
                }
            }
        }
        (Value::Array(list), Value::Array(values)) => append(list, values, at, touched),
        (node, value) => {
            if node != value {
                *node = value.clone();
                touched.push(at.to_owned());
            }
        }
    }
}

fn append(list: &mut Vec<Value>, values: &[Value], at: &str, touched: &mut Vec<String>) {
    let mut seen: HashSet<&Value> = list.iter().collect();
    let missing: Vec<Value> = values
        .iter()
        .filter(|value| seen.insert(value))
        .cloned()
        .collect();
    for value in missing {
        touched.push(format!("{at}/{}", list.len()));
        list.push(value);
    }
}

#[cfg(test)]
mod tests {
    use super::super::target::Target;
    use super::*;
    use serde_json::json;

    #[test]
    fn update_merges_appends_and_replaces() {
        let start = json!({"a": {"x": 1, "list": ["p"]}, "b": {"x": 2}, "tags": [{"name": "t"}], "s": "old"});
        let table = [
            ("$.a", json!({"x": 1}), json!([])),
            (
                "$.a",
                json!({"x": 5, "y": {"z": 1}}),
                json!(["/a/x", "/a/y"]),
            ),
            (
                "$.a",
                json!({"list": ["p", "q", "q"]}),
                json!(["/a/list/1"]),
            ),
            ("$.a.list", json!(["q"]), json!(["/a/list/1"])),
            ("$.a.list", json!("p"), json!([])),
            ("$.tags", json!({"name": "u"}), json!(["/tags/1"])),
            ("$['a','b']", json!({"x": 1}), json!(["/b/x"])),
            ("$.s", json!({"now": "an object"}), json!(["/s"])),
            ("$", json!({"m/n": 1}), json!(["/m~1n"])),
        ];
        for (path, value, expected) in table {
            let mut document = start.clone();
            let places = Target::parse(path).unwrap().places(&document);
            let touched = update(&mut document, &places, &value).unwrap();
            assert_eq!(json!(touched), expected, "{path} {value}");
            assert_eq!(document == start, touched.is_empty(), "{path} {value}");
            for pointer in touched {
                assert!(document.pointer(&pointer).is_some(), "{pointer}");
            }
        }
    }

    #[test]
    fn an_object_or_array_is_not_replaced_by_another_kind() {
        let start = json!({"a": {"x": {"y": 1}}, "b": {"x": 1}, "l": {"list": []}});
        for (path, value) in [
            ("$.a", json!({"x": 1})),
            ("$.a", json!(null)),
            ("$.l", json!({"list": "p"})),
            ("$['b','a']", json!({"x": 2})),
        ] {
            let mut document = start.clone();
            let places = Target::parse(path).unwrap().places(&document);
            assert!(update(&mut document, &places, &value).is_err(), "{path}");
            assert_eq!(document, start, "{path}");
        }
    }

    #[test]
    fn remove_takes_several_places_and_keeps_the_order() {
        let mut document = json!({"a": 1, "b": [0, 1, 2, 3], "c": {"d": {"e": 1}}, "z": 9});
        for path in ["$.a", "$.b[0,2]", "$.c..*"] {
            let places = Target::parse(path).unwrap().places(&document);
            remove(&mut document, &places).unwrap();
        }
        assert_eq!(document.to_string(), r#"{"b":[1,3],"c":{},"z":9}"#);
        assert!(remove(&mut document, &[Vec::new()]).is_err());
    }
}
