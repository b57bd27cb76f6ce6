use serde_json::{Map, Value, json};

use super::values::{limit, of_type};
use crate::json::{JsonNode, JsonValue};

/// Limits that are counts, with the type that they apply to.
const COUNTS: &[(&str, &str)] = &[
    ("minLength", "string"),
    ("maxLength", "string"),
    ("minItems", "array"),
    ("maxItems", "array"),
    ("minProperties", "object"),
    ("maxProperties", "object"),
];

/// Copies the limits that apply to the type, and converts those of OpenAPI 3.1.
pub(super) fn take(node: &JsonNode, kind: Option<&str>, schema: &mut Map<String, Value>) {
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            schema.insert(name.to_owned(), value);
        }
    };
    for (word, of) in COUNTS {
        if kind == Some(of) {
            let count = node
                .get(word)
                .and_then(|value| of_type(value, Some("integer")));
            put(word, count.filter(|count| count.as_u64().is_some()));
        }
    }
    match kind {
        Some("string") => put("pattern", node.text_of("pattern").map(|text| json!(text))),
        Some("array") if node.says("uniqueItems") => put("uniqueItems", Some(json!(true))),
        Some("number" | "integer") => {
            for (word, exclusive) in [
                ("minimum", "exclusiveMinimum"),
                ("maximum", "exclusiveMaximum"),
            ] {
                let bound = node.get(word).and_then(limit);
                match node.get(exclusive) {
                    // In OpenAPI 3.1 the exclusive limit is a number.
                    Some(own) if matches!(own.value, JsonValue::Number(_)) => {
                        put(word, limit(own));
                        put(exclusive, Some(json!(true)));
                    }
                    Some(own) if bound.is_some() && own.truth() == Some(true) => {
                        put(word, bound);
                        put(exclusive, Some(json!(true)));
                    }
                    _ => put(word, bound),
                }
            }
            put("multipleOf", node.get("multipleOf").and_then(limit));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Budget, parse};

    #[test]
    fn limits_of_each_type_are_copied() {
        for (kind, text, wanted) in [
            (
                "string",
                r#"{"minLength":"1","maxLength":64,"maxItems":2,"pattern":"^a"}"#,
                r#"{"minLength":1,"maxLength":64,"pattern":"^a"}"#,
            ),
            (
                "integer",
                r#"{"exclusiveMinimum":0,"maximum":"9.50"}"#,
                r#"{"minimum":0,"exclusiveMinimum":true,"maximum":9.50}"#,
            ),
            (
                "number",
                r#"{"minimum":1,"exclusiveMinimum":true}"#,
                r#"{"minimum":1,"exclusiveMinimum":true}"#,
            ),
            ("number", r#"{"exclusiveMinimum":true,"maxLength":3}"#, "{}"),
            (
                "array",
                r#"{"minItems":-1,"maxItems":3,"uniqueItems":"true"}"#,
                r#"{"maxItems":3,"uniqueItems":true}"#,
            ),
        ] {
            let node = parse(text, 1, 1, &mut Budget::default()).unwrap().node;
            let mut schema = Map::new();
            take(&node, Some(kind), &mut schema);
            assert_eq!(Value::Object(schema).to_string(), wanted, "{text}");
        }
    }
}
