//! Takes out the marks that the importer leaves for messages.

use serde_json::Value;

use crate::openapi::FREELY_NAMED;

const PREFIX: &str = "x-apifox-";

/// Removes every `x-apifox-…` member, except inside examples, which are data. What pages give names to (a
/// property called `example`) is no example.
pub fn strip(value: &mut Value) {
    strip_of(value, false);
}

fn strip_of(value: &mut Value, freely_named: bool) {
    match value {
        Value::Object(members) => {
            if !freely_named {
                members.retain(|key, _| !key.starts_with(PREFIX));
            }
            for (key, member) in members {
                if freely_named || (key != "value" && key != "example") {
                    let inside = !freely_named && FREELY_NAMED.contains(&key.as_str());
                    strip_of(member, inside);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| strip_of(item, false)),
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
    #[test]
    fn a_property_may_be_called_as_an_example_is() {
        let property = |mark: bool| {
            let mut property = json!({"type": "string", "example": {"x-apifox-at": "sent"}});
            if mark {
                property["x-apifox-at"] = json!("a.txt:2");
            }
            property
        };
        let schema = |mark| {
            json!({"properties": {
                "value": property(mark), "example": property(mark), "x-apifox-own": property(mark)
            }})
        };
        let mut document = json!({"components": {"schemas": {"example": schema(true)}}});
        strip(&mut document);
        assert_eq!(
            document,
            json!({"components": {"schemas": {"example": schema(false)}}})
        );
    }
}
