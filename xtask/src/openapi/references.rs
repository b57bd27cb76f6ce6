//! Who refers to which component.

use std::collections::BTreeSet;

use serde_json::Value;

/// The component that a reference names.
pub(crate) fn component_name(reference: &str) -> Option<&str> {
    reference.strip_prefix("#/components/schemas/")
}

/// The components that a part of the document uses, directly or through others.
pub(crate) fn components_of(document: &Value, part: &Value) -> BTreeSet<String> {
    let mut open = Vec::new();
    collect(part, &mut open);
    let mut reached = BTreeSet::new();
    while let Some(name) = open.pop() {
        if let Some(schema) = document["components"]["schemas"].get(&name)
            && reached.insert(name)
        {
            collect(schema, &mut open);
        }
    }
    reached
}

fn collect(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let reference = members.get("$ref").and_then(Value::as_str);
            names.extend(reference.and_then(component_name).map(str::to_owned));
            members.values().for_each(|member| collect(member, names));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn circles_end_and_what_is_missing_is_left_out() {
        let to = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
        let document = json!({"components": {"schemas": {
            "A": {"properties": {"b": to("B"), "gone": to("Gone")}},
            "B": {"items": [to("A")]},
            "C": {}
        }}});
        let reached = components_of(&document, &json!({"schema": to("A")}));
        assert_eq!(reached.into_iter().collect::<Vec<_>>(), ["A", "B"]);
    }
}
