//! Takes out the marks that the importer leaves for messages.

use serde_json::Value;

const PREFIX: &str = "x-apifox-";

/// Removes every `x-apifox-…` member, except inside examples, which are data.
pub fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|key, _| !key.starts_with(PREFIX));
            for (key, member) in members {
                if key != "value" && key != "example" {
                    strip(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn marks_go_and_examples_stay() {
        let mut document = json!({
            "x-apifox-pages": ["1e0"],
            "paths": {"/a": {"get": {"x-apifox-at": "a.txt:1", "x-retry": {"policy": "safe"}}}},
            "list": [{"x-apifox-at": "a.txt:2"}],
            "examples": {"1e0": {"value": {"x-apifox-at": "sent by the gateway"}}}
        });
        strip(&mut document);
        assert_eq!(
            document,
            json!({
                "paths": {"/a": {"get": {"x-retry": {"policy": "safe"}}}},
                "list": [{}],
                "examples": {"1e0": {"value": {"x-apifox-at": "sent by the gateway"}}}
            })
        );
    }
}
