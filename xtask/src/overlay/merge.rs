//! Merges values into a document or removes them, as the OpenAPI Overlay specification defines.
//!
//! The crate roas-overlay (0.3) was considered. It applies overlays, but it reports only how many values an
//! action matches, not which ones it changes, and it has no line numbers for messages. Unlike in the
//! specification, a merge never replaces an object or array by another kind of value, and an array element is
//! not added twice.

use super::target::{Location, PathStep, find, pointer};
use crate::openapi::child;
use serde_json::Value;
use std::collections::HashSet;

/// Merges a value at each location and returns the pointers of the values that were added or changed.
/// Objects are merged field by field, arrays gain the elements that they lack, and other values are
/// replaced.
///
/// # Errors
/// Fails if an object or array would be replaced by another kind of value; nothing is changed then.
pub(super) fn update(
    document: &mut Value,
    locations: &[Location],
    value: &Value,
) -> Result<Vec<String>, String> {
    for location in locations {
        let pointer = pointer(location);
        if let Some(node) = find(document, location) {
            let append = node.is_array();
            if !append && let Some(conflict) = conflict(node, value, &pointer) {
                return Err(conflict);
            }
        }
    }
    let mut touched = Vec::new();
    for location in locations {
        if let Some(node) = find(document, location) {
            match (node, value) {
                (Value::Array(list), Value::Array(values)) => {
                    append(list, values, &pointer(location), &mut touched)
                }
                (Value::Array(list), value) => append(
                    list,
                    std::slice::from_ref(value),
                    &pointer(location),
                    &mut touched,
                ),
                (node, value) => merge(node, value, &pointer(location), &mut touched),
            }
        }
    }
    Ok(touched)
}

/// Removes the value at each location, last first, so that array indexes remain valid.
///
/// # Errors
/// Fails if the whole document would be removed.
pub(super) fn remove(document: &mut Value, locations: &[Location]) -> Result<Vec<String>, String> {
    if locations.iter().any(Vec::is_empty) {
        return Err("it would remove the whole document".to_owned());
    }
    let mut order: Vec<&Location> = locations.iter().collect();
    order.sort_unstable_by(|a, b| b.cmp(a));
    for location in order {
        let Some((last, parent)) = location.split_last() else {
            continue;
        };
        match (find(document, parent), last) {
            (Some(Value::Object(members)), PathStep::Name(name)) => {
                members.shift_remove(name);
            }
            (Some(Value::Array(list)), PathStep::Index(index)) if *index < list.len() => {
                list.remove(*index);
            }
            _ => {}
        }
    }
    Ok(locations.iter().map(|location| pointer(location)).collect())
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
            value_kind(node),
            value_kind(value)
        )),
        _ => None,
    }
}

fn value_kind(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "the object",
        Value::Array(_) => "the array",
        Value::String(_) => "a string",
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
            let locations = Target::parse(path).unwrap().locations(&document, &[]);
            let touched = update(&mut document, &locations, &value).unwrap();
            assert_eq!(json!(touched), expected, "{path} {value}");
            assert_eq!(document == start, touched.is_empty(), "{path} {value}");
            for pointer in touched {
                assert!(document.pointer(&pointer).is_some(), "{pointer}");
            }
        }
    }

    #[test]
    fn replacing_object_or_array_by_other_kind_is_rejected() {
        let start = json!({"a": {"x": {"y": 1}}, "b": {"x": 1}, "l": {"list": []}});
        for (path, value) in [
            ("$.a", json!({"x": 1})),
            ("$.a", json!(null)),
            ("$.l", json!({"list": "p"})),
            ("$['b','a']", json!({"x": 2})),
        ] {
            let mut document = start.clone();
            let locations = Target::parse(path).unwrap().locations(&document, &[]);
            assert!(update(&mut document, &locations, &value).is_err(), "{path}");
            assert_eq!(document, start, "{path}");
        }
    }

    #[test]
    fn remove_takes_several_locations_and_keeps_order() {
        let mut document = json!({"a": 1, "b": [0, 1, 2, 3], "c": {"d": {"e": 1}}, "z": 9});
        for path in ["$.a", "$.b[0,2]", "$.c..*"] {
            let locations = Target::parse(path).unwrap().locations(&document, &[]);
            remove(&mut document, &locations).unwrap();
        }
        assert_eq!(document.to_string(), r#"{"b":[1,3],"c":{},"z":9}"#);
        assert!(remove(&mut document, &[Vec::new()]).is_err());
    }
}
