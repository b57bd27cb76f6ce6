//! Published JSON in a stable form: the same page gives the same bytes, whoever read it in between.

use serde_json::{Map, Value};

/// Members that change without a change of the page, or tell about people: counters and who wrote.
const VOLATILE: [&str; 24] = [
    "accessCount",
    "createdBy",
    "creator",
    "creatorId",
    "dislikeCount",
    "editor",
    "editorId",
    "lastViewedAt",
    "likeCount",
    "likes",
    "ordering",
    "owner",
    "ownerId",
    "pageViews",
    "pv",
    "requestId",
    "responsible",
    "responsibleId",
    "traceId",
    "updatedBy",
    "uv",
    "viewCount",
    "views",
    "visitCount",
];

/// Members whose value is what a caller sends or gets: their order and members are the page's own.
const VERBATIM: [&str; 7] = [
    "const",
    "data",
    "default",
    "enum",
    "example",
    "examples",
    "sampleValue",
];

/// Members that hold a schema by each name: the order is what the page shows.
const BY_NAME: [&str; 3] = ["properties", "patternProperties", "x-apifox-refs"];

/// Sorts the members of the page and leaves volatile ones of its own records out. The order of properties
/// in a schema stays (`x-apifox-orders` first, where it is given), and examples stay as they are.
///
/// The recursion is as deep as the value, which the reader of JSON bounds.
pub(super) fn normalise(page: Value) -> Value {
    walk(page, Place::Record)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Record,
    Schema,
}

fn walk(value: Value, place: Place) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(|item| walk(item, place)).collect(),
        Value::Object(members) => {
            let orders = orders(&members);
            let mut members: Vec<(String, Value)> = members
                .into_iter()
                .filter(|(name, _)| place == Place::Schema || !VOLATILE.contains(&name.as_str()))
                .map(|(name, value)| {
                    let value = member(&name, value, place, &orders);
                    (name, value)
                })
                .collect();
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(members.into_iter().collect())
        }
        value => value,
    }
}

fn member(name: &str, value: Value, place: Place, orders: &[String]) -> Value {
    match (place, value) {
        // Examples of a page are records with names and ids; their values are verbatim in turn.
        (Place::Record, Value::Array(items)) if name == "examples" => {
            walk(Value::Array(items), Place::Record)
        }
        (Place::Record, value) if name == "value" || VERBATIM.contains(&name) => value,
        (Place::Record, value) if name == "jsonSchema" => walk(value, Place::Schema),
        (Place::Schema, value) if VERBATIM.contains(&name) => value,
        (Place::Schema, Value::Object(members)) if BY_NAME.contains(&name) => {
            Value::Object(by_name(members, orders))
        }
        (place, value) => walk(value, place),
    }
}

fn by_name(mut members: Map<String, Value>, orders: &[String]) -> Map<String, Value> {
    let mut sorted = Map::new();
    for name in orders {
        if let Some(value) = members.shift_remove(name) {
            sorted.insert(name.clone(), walk(value, Place::Schema));
        }
    }
    for (name, value) in members {
        sorted.insert(name, walk(value, Place::Schema));
    }
    sorted
}

fn orders(members: &Map<String, Value>) -> Vec<String> {
    let orders = members.get("x-apifox-orders").and_then(Value::as_array);
    let names = orders.into_iter().flatten().filter_map(Value::as_str);
    names.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(text: &str) -> String {
        normalise(serde_json::from_str(text).unwrap()).to_string()
    }

    #[test]
    fn records_are_sorted_and_lose_what_is_volatile() {
        let first = r#"{"name": "A", "id": 1, "viewCount": 7, "responses": [{"name": "ok", "id": 2, "creatorId": 5}]}"#;
        let second = r#"{"viewCount": 8, "responses": [{"creatorId": 6, "id": 2, "name": "ok"}], "id": 1, "name": "A"}"#;
        assert_eq!(stored(first), stored(second));
        assert_eq!(
            stored(first),
            r#"{"id":1,"name":"A","responses":[{"id":2,"name":"ok"}]}"#
        );
    }

    #[test]
    fn a_schema_keeps_the_order_of_its_properties_and_a_property_of_any_name() {
        let text = r#"{"jsonSchema": {"type": "object", "properties":
            {"views": {"type": "integer", "title": "T"}, "b": {"examples": [{"z": 1, "a": 2}]}, "a": {}}}}"#;
        assert_eq!(
            stored(text),
            r#"{"jsonSchema":{"properties":{"views":{"title":"T","type":"integer"},"b":{"examples":[{"z":1,"a":2}]},"a":{}},"type":"object"}}"#
        );
        let ordered = r#"{"jsonSchema": {"x-apifox-orders": ["a", "none"], "properties": {"b": {}, "a": {}}}}"#;
        assert_eq!(
            stored(ordered),
            r#"{"jsonSchema":{"properties":{"a":{},"b":{}},"x-apifox-orders":["a","none"]}}"#
        );
    }

    #[test]
    fn examples_and_numbers_keep_what_they_say() {
        let text = r#"{"requestBody": {"examples": [{"value": {"z": 1.10, "views": 2}, "name": "n"}]},
            "responseExamples": [{"data": {"pv": 1, "b": 2}}], "ratio": 1.50, "parameters": {"query": [{"sampleValue": {"z": 1, "a": 2}}]}}"#;
        let stored = stored(text);
        for part in [
            r#"{"name":"n","value":{"z":1.10,"views":2}}"#,
            r#"{"data":{"pv":1,"b":2}}"#,
            r#"{"sampleValue":{"z":1,"a":2}}"#,
            r#""ratio":1.50"#,
        ] {
            assert!(stored.contains(part), "{part}: {stored}");
        }
    }

    #[test]
    fn normal_form_is_a_fixed_point() {
        let once =
            stored(r#"{"b": {"jsonSchema": {"properties": {"y": {}, "x": {}}}}, "a": [3, 1]}"#);
        assert_eq!(stored(&once), once);
    }
}
