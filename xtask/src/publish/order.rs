//! One order of members, so that a curation which adds a member late does not put it last.

use serde_json::{Map, Value};

const DOCUMENT: &[&str] = &[
    "openapi",
    "info",
    "externalDocs",
    "servers",
    "tags",
    "security",
    "paths",
    "x-webhooks",
    "components",
];
const OPERATION: &[&str] = &[
    "operationId",
    "summary",
    "description",
    "tags",
    "externalDocs",
    "x-evidence",
    "x-retry",
    "security",
    "parameters",
    "requestBody",
    "responses",
];
const COMPONENTS: &[&str] = &["securitySchemes", "parameters", "responses", "schemas"];

/// Brings the members of the document, of its operations and of `components` into their order;
/// members that no order names follow in the order in which they came. Schemas are sorted by name.
pub fn arrange(document: &mut Value) {
    reorder(document, DOCUMENT);
    for section in ["paths", "x-webhooks"] {
        let items = document.get_mut(section).and_then(Value::as_object_mut);
        for item in items.into_iter().flat_map(Map::values_mut) {
            let operations = item.as_object_mut().into_iter().flat_map(Map::values_mut);
            operations.for_each(|operation| reorder(operation, OPERATION));
        }
    }
    if let Some(components) = document.get_mut("components") {
        reorder(components, COMPONENTS);
        if let Some(Value::Object(schemas)) = components.get_mut("schemas") {
            schemas.sort_keys();
        }
    }
}

fn reorder(value: &mut Value, first: &[&str]) {
    let Value::Object(members) = value else {
        return;
    };
    let mut rest = std::mem::take(members);
    for key in first {
        if let Some(member) = rest.shift_remove(*key) {
            members.insert((*key).to_owned(), member);
        }
    }
    members.append(&mut rest);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_stand_in_one_order_and_none_is_lost() {
        let mut document = json!({
            "components": {"schemas": {"B": {"z": 1, "a": 2}, "A": {}}, "securitySchemes": {}},
            "x-other": true,
            "paths": {"/b": {"post": {"responses": {}, "x-more": 1, "summary": "s", "operationId": "o"}}, "/a": {}},
            "openapi": "3.0.3"
        });
        arrange(&mut document);
        assert_eq!(
            document.to_string(),
            concat!(
                r#"{"openapi":"3.0.3","paths":{"/b":{"post":{"operationId":"o","summary":"s","responses":{},"x-more":1}},"/a":{}},"#,
                r#""components":{"securitySchemes":{},"schemas":{"A":{},"B":{"z":1,"a":2}}},"x-other":true}"#
            )
        );
    }
}
