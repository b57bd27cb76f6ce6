//! Normalises published JSON, so that an unchanged page always has the same bytes.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Fields of a record that contain its authors or its position in the navigation.
///
/// The API pages of a live site have all of them; its guides have `creatorId` and `editorId`. Seven API
/// pages were fetched twice without an edit in between (`updatedAt` was equal), and no field had changed
/// except `status`, which the service changed from a number to a string. The importer reads `status`, so
/// it is stored. If a field is missing here, pages change at every pull and the report names the field.
const VOLATILE: [&str; 6] = [
    "creatorId",
    "creatorUserId",
    "editorId",
    "editorUserId",
    "ordering",
    "responsibleId",
];

/// Fields whose values are example data. Their order and fields are kept.
const VERBATIM: [&str; 7] = [
    "const",
    "data",
    "default",
    "enum",
    "example",
    "examples",
    "sampleValue",
];

/// Fields that map names to schemas. Their order is the one that the page shows.
const BY_NAME: [&str; 6] = [
    "$defs",
    "definitions",
    "patternProperties",
    "properties",
    "x-apifox-overrides",
    "x-apifox-refs",
];

/// Fields of a record that are schemas.
const SCHEMAS: [&str; 3] = ["itemSchema", "jsonSchema", "schema"];

/// A normalised page.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NormalizedPage {
    /// The content to store.
    pub(super) page: Value,
    /// The removed fields.
    pub(super) left_out: BTreeSet<&'static str>,
}

/// Sorts the fields of the page and removes volatile fields of its records: the page itself, and the
/// elements of its lists. The order of properties in a schema is kept (`x-apifox-orders` first), and
/// examples are unchanged.
///
/// The recursion is as deep as the value; the JSON parser limits that depth.
pub(super) fn normalize(page: Value) -> NormalizedPage {
    let mut left_out = BTreeSet::new();
    let page = walk(page, ValueKind::Record, &mut left_out);
    NormalizedPage { page, left_out }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ValueKind {
    /// The page, or an element of one of its lists.
    Record,
    /// A field of a record. Its own field names may be those of headers or scopes.
    Part,
    Schema,
}

impl ValueKind {
    fn of_item(self) -> Self {
        match self {
            Self::Schema => Self::Schema,
            Self::Record | Self::Part => Self::Record,
        }
    }

    fn of_member(self) -> Self {
        match self {
            Self::Schema => Self::Schema,
            Self::Record | Self::Part => Self::Part,
        }
    }
}

fn walk(value: Value, place: ValueKind, left_out: &mut BTreeSet<&'static str>) -> Value {
    match value {
        Value::Array(items) => items
            .into_iter()
            .map(|item| walk(item, place.of_item(), left_out))
            .collect(),
        Value::Object(members) => {
            let orders = orders(&members);
            let mut fields: Vec<(String, Value)> = Vec::new();
            for (name, value) in members {
                let volatile = VOLATILE.iter().find(|volatile| **volatile == name);
                if let (ValueKind::Record, Some(volatile)) = (place, volatile) {
                    left_out.insert(volatile);
                    continue;
                }
                let value = member(&name, value, place, &orders, left_out);
                fields.push((name, value));
            }
            fields.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(fields.into_iter().collect())
        }
        value => value,
    }
}

fn member(
    name: &str,
    value: Value,
    place: ValueKind,
    orders: &[String],
    left_out: &mut BTreeSet<&'static str>,
) -> Value {
    let in_record = place != ValueKind::Schema;
    match value {
        // The examples of a page are objects with a name and an ID. Their values are kept verbatim.
        Value::Array(_) if in_record && name == "examples" => {
            walk(value, ValueKind::Record, left_out)
        }
        value if VERBATIM.contains(&name) || in_record && name == "value" => value,
        Value::Object(members) if BY_NAME.contains(&name) => {
            Value::Object(by_name(members, orders, left_out))
        }
        value if in_record && SCHEMAS.contains(&name) => walk(value, ValueKind::Schema, left_out),
        value => walk(value, place.of_member(), left_out),
    }
}

fn by_name(
    mut members: Map<String, Value>,
    orders: &[String],
    left_out: &mut BTreeSet<&'static str>,
) -> Map<String, Value> {
    let mut sorted = Map::new();
    for name in orders {
        if let Some(value) = members.shift_remove(name) {
            sorted.insert(name.clone(), walk(value, ValueKind::Schema, left_out));
        }
    }
    for (name, value) in members {
        sorted.insert(name, walk(value, ValueKind::Schema, left_out));
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
        normalize(serde_json::from_str(text).unwrap())
            .page
            .to_string()
    }

    #[test]
    fn records_are_sorted_without_volatile_fields() {
        let first = r#"{"name": "A", "id": 1, "editorUserId": 7, "responses": [{"name": "ok", "id": 2, "creatorId": 5}]}"#;
        let second = r#"{"editorUserId": 8, "responses": [{"creatorId": 6, "id": 2, "name": "ok"}], "id": 1, "name": "A"}"#;
        assert_eq!(stored(first), stored(second));
        assert_eq!(
            stored(first),
            r#"{"id":1,"name":"A","responses":[{"id":2,"name":"ok"}]}"#
        );
    }

    #[test]
    fn schema_keeps_order_and_names_of_properties() {
        let text = r#"{"jsonSchema": {"type": "object", "properties":
            {"ordering": {"type": "integer", "title": "T"}, "b": {"examples": [{"z": 1, "a": 2}]}, "a": {}}}}"#;
        assert_eq!(
            stored(text),
            r#"{"jsonSchema":{"properties":{"ordering":{"title":"T","type":"integer"},"b":{"examples":[{"z":1,"a":2}]},"a":{}},"type":"object"}}"#
        );
        let ordered = r#"{"jsonSchema": {"x-apifox-orders": ["a", "none"], "properties": {"b": {}, "a": {}}}}"#;
        assert_eq!(
            stored(ordered),
            r#"{"jsonSchema":{"properties":{"a":{},"b":{}},"x-apifox-orders":["a","none"]}}"#
        );
        // Overrides of a property set have property names of the API, such as `data`.
        let changed = r##"{"jsonSchema": {"x-apifox-refs": {"01A": {"x-apifox-overrides":
            {"data": {"type": "object", "properties": {"z": {}, "a": {}}}, "ordering": {}, "a": {}}, "$ref": "#/definitions/1"}}}}"##;
        assert_eq!(
            stored(changed),
            r##"{"jsonSchema":{"x-apifox-refs":{"01A":{"$ref":"#/definitions/1","x-apifox-overrides":{"data":{"properties":{"z":{},"a":{}},"type":"object"},"ordering":{},"a":{}}}}}}"##
        );
    }

    #[test]
    fn examples_and_numbers_are_unchanged() {
        let text = r#"{"requestBody": {"examples": [{"value": {"z": 1.10, "ordering": 2}, "name": "n"}]},
            "responseExamples": [{"data": {"editorId": 1, "b": 2}}], "ratio": 1.50, "parameters": {"query": [{"sampleValue": {"z": 1, "a": 2}}]}}"#;
        let stored = stored(text);
        for part in [
            r#"{"name":"n","value":{"z":1.10,"ordering":2}}"#,
            r#"{"data":{"editorId":1,"b":2}}"#,
            r#"{"sampleValue":{"z":1,"a":2}}"#,
            r#""ratio":1.50"#,
        ] {
            assert!(stored.contains(part), "{part}: {stored}");
        }
    }

    #[test]
    fn volatile_names_of_the_api_are_kept() {
        // The API defines these names: properties of schemas, names of headers, and scopes.
        for text in [
            r#"{"definitions":{"7":{"properties":{"editorId":{"type":"string"},"ordering":{}}}}}"#,
            r#"{"responses":[{"headers":{"creatorId":{"type":"string"}}}]}"#,
            r#"{"parameters":{"query":[{"name":"a","schema":{"properties":{"ordering":{}}}}]}}"#,
            r#"{"auth":{"flows":{"scopes":{"creatorId":"all","ordering":"some"}}}}"#,
        ] {
            assert_eq!(stored(text), text);
        }
        let text = r#"{"ordering": 3, "responses": [{"creatorId": 1}], "parameters": {"query": [{"ordering": 1}]}}"#;
        let normal = normalize(serde_json::from_str(text).unwrap());
        assert_eq!(
            normal.page.to_string(),
            r#"{"parameters":{"query":[{}]},"responses":[{}]}"#
        );
        assert_eq!(normal.left_out, BTreeSet::from(["creatorId", "ordering"]));
    }

    #[test]
    fn normal_form_is_a_fixed_point() {
        let once =
            stored(r#"{"b": {"jsonSchema": {"properties": {"y": {}, "x": {}}}}, "a": [3, 1]}"#);
        assert_eq!(stored(&once), once);
    }
}
