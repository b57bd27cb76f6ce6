//! OpenAPI 3.0 ignores what stands beside a `$ref`. An overlay that puts a reference in the place of an
//! inferred schema leaves its members there; here they go, and a nullable reference gets its legal form.

use serde_json::{Value, json};

/// The importer's place mark may stay: it is taken out at the end.
const MARK: &str = "x-apifox-at";

/// Brings every reference of the document into its legal form; examples are data and stay.
pub fn settle(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if members.get("$ref").is_some_and(Value::is_string) {
                let nullable = members.get("nullable") == Some(&Value::Bool(true));
                if nullable && let Some(reference) = members.shift_remove("$ref") {
                    // Validators want a type where `nullable` stands.
                    members.retain(|key, _| key == MARK || key == "type");
                    members.insert("allOf".to_owned(), json!([{"$ref": reference}]));
                    members.insert("nullable".to_owned(), true.into());
                } else {
                    members.retain(|key, _| key == "$ref" || key == MARK);
                }
                return;
            }
            for (key, member) in members {
                if key != "value" && key != "example" {
                    settle(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(settle),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_stands_alone_or_is_wrapped() {
        for (before, after) in [
            (
                json!({"$ref": "#/a", "type": "string", "description": "d"}),
                json!({"$ref": "#/a"}),
            ),
            (
                json!({"$ref": "#/a", "x-apifox-at": "f:1"}),
                json!({"$ref": "#/a", "x-apifox-at": "f:1"}),
            ),
            (
                json!({"deep": [{"$ref": "#/a", "nullable": true, "type": "object", "x-apifox-at": "f:1"}]}),
                json!({"deep": [{"type": "object", "x-apifox-at": "f:1", "allOf": [{"$ref": "#/a"}], "nullable": true}]}),
            ),
            (
                json!({"examples": {"1e0": {"value": {"$ref": "sent", "more": 1}}}}),
                json!({"examples": {"1e0": {"value": {"$ref": "sent", "more": 1}}}}),
            ),
        ] {
            let mut settled = before;
            settle(&mut settled);
            assert_eq!(settled, after);
        }
    }
}
