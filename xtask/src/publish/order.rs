//! Sorts the document, so that its order does not depend on when an overlay added a field.

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

/// Sorts the paths by tag, the fields of the document, of its operations and of `components` by the lists
/// above, and the schemas by name. Fields that are in no list follow in their former order.
pub fn arrange(document: &mut Value) {
    reorder(document, DOCUMENT);
    sort_paths(document);
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

/// Sorts the paths by the tag of their first operation, in the order of the document's `tags`. Paths with the
/// same tag keep their order.
fn sort_paths(document: &mut Value) {
    let tags: Vec<Value> = document["tags"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|tag| tag["name"].clone())
        .collect();
    let rank = |item: &Value| {
        let operation = item.as_object().and_then(|item| item.values().next());
        let tag = operation.and_then(|operation| operation.pointer("/tags/0"));
        tags.iter()
            .position(|name| Some(name) == tag)
            .unwrap_or(tags.len())
    };
    if let Some(Value::Object(paths)) = document.get_mut("paths") {
        let mut items: Vec<(String, Value)> = std::mem::take(paths).into_iter().collect();
        items.sort_by_key(|(_, item)| rank(item));
        paths.extend(items);
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
    fn paths_are_sorted_by_tag() {
        let mut document = json!({
            "tags": [{"name": "First"}, {"name": "Second"}],
            "paths": {
                "/none": {"get": {}},
                "/d": {"get": {"tags": ["Second"]}},
                "/c": {"get": {"tags": ["First"]}},
                "/a": {"post": {"tags": ["Second"]}}
            }
        });
        arrange(&mut document);
        let order: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
        assert_eq!(order, ["/c", "/d", "/a", "/none"]);
    }

    #[test]
    fn fields_are_sorted_and_none_is_lost() {
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
