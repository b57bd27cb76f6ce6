use serde_json::{Map, Value, json};

use super::Reader;
use crate::json::{JsonNode, JsonValue};

impl Reader<'_> {
    pub(super) fn choices(&mut self, node: &JsonNode, schema: &mut Map<String, Value>) {
        for word in ["allOf", "oneOf", "anyOf"] {
            let Some(list) = node.get(word) else {
                continue;
            };
            let mut branches = Vec::new();
            for item in list.items() {
                // In OpenAPI 3.1 null is one of the branches.
                if word != "allOf" && is_null(item) {
                    schema.insert("nullable".to_owned(), json!(true));
                    continue;
                }
                let branch = self.schema(item);
                if !branches.contains(&branch) {
                    branches.push(branch);
                }
            }
            self.put_branches(word, branches, schema);
        }
        if let Some(not) = node.get("not").filter(|not| !not.fields().is_empty()) {
            let not = self.schema(not);
            schema.insert("not".to_owned(), not);
        }
    }

    fn put_branches(
        &mut self,
        word: &str,
        mut branches: Vec<Value>,
        schema: &mut Map<String, Value>,
    ) {
        let alone = schema
            .keys()
            .all(|name| name == "nullable" || name == "description");
        match branches.len() {
            0 => {}
            1 if alone && !schema.contains_key("allOf") => {
                let Some(Value::Object(branch)) = branches.pop() else {
                    return;
                };
                // A single branch needs no keyword. `$ref` allows no sibling keywords.
                if schema.is_empty() || !branch.contains_key("$ref") {
                    for (name, value) in branch {
                        schema.entry(name).or_insert(value);
                    }
                } else {
                    schema.insert("allOf".to_owned(), json!([branch]));
                }
            }
            _ => {
                schema.insert(word.to_owned(), Value::Array(branches));
            }
        }
    }
}

/// Returns whether a schema only accepts null.
fn is_null(node: &JsonNode) -> bool {
    node.get("type").is_some_and(|kind| match &kind.value {
        JsonValue::String(text) => text == "null",
        JsonValue::Null => true,
        JsonValue::Array(items) => {
            !items.is_empty() && items.iter().all(|item| item.text() == Some("null"))
        }
        _ => false,
    })
}
