//! The operations below `paths` and `x-webhooks`.

use serde_json::{Map, Value};

/// The members of a path that are operations.
pub(crate) const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

const SECTIONS: [&str; 2] = ["paths", "x-webhooks"];

/// An operation and where it stands.
pub(crate) struct Operation<'a> {
    /// `paths` or `x-webhooks`.
    pub(crate) section: &'static str,
    /// The path, or the name of the webhook.
    pub(crate) path: &'a str,
    pub(crate) method: &'a str,
    pub(crate) value: &'a Value,
}

/// The operations, those of `paths` first.
pub(crate) fn operations(document: &Value) -> Vec<Operation<'_>> {
    let mut found = Vec::new();
    for section in SECTIONS {
        let items = document.get(section).and_then(Value::as_object);
        for (path, item) in items.into_iter().flatten() {
            for (method, value) in item.as_object().into_iter().flatten() {
                if METHODS.contains(&method.as_str()) {
                    found.push(Operation {
                        section,
                        path,
                        method,
                        value,
                    });
                }
            }
        }
    }
    found
}

/// The same for those who change them.
pub(crate) fn operations_mut(document: &mut Value) -> Vec<&mut Map<String, Value>> {
    let Value::Object(members) = document else {
        return Vec::new();
    };
    members
        .iter_mut()
        .filter(|(section, _)| SECTIONS.contains(&section.as_str()))
        .filter_map(|(_, items)| items.as_object_mut())
        .flat_map(|items| items.values_mut())
        .filter_map(Value::as_object_mut)
        .flat_map(|item| item.iter_mut())
        .filter(|(method, _)| METHODS.contains(&method.as_str()))
        .filter_map(|(_, operation)| operation.as_object_mut())
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_ways_find_the_same_operations_and_nothing_else() {
        let mut document = json!({
            "x-webhooks": {"told": {"post": {"n": 3}}},
            "paths": {
                "/a": {"get": {"n": 1}, "parameters": [], "summary": "no operation", "x-more": {}},
                "/b": {"post": {"n": 2}}, "/c": "no item"
            },
            "components": {"get": {}}
        });
        let found: Vec<String> = operations(&document)
            .iter()
            .map(|of| format!("{} {} {} {}", of.section, of.method, of.path, of.value["n"]))
            .collect();
        assert_eq!(
            found,
            [
                "paths get /a 1",
                "paths post /b 2",
                "x-webhooks post told 3"
            ]
        );
        assert_eq!(operations_mut(&mut document).len(), 3);
        assert!(operations(&json!(null)).is_empty() && operations_mut(&mut json!([])).is_empty());
    }
}
