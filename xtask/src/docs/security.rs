//! What pages say of security is heard, and the curation answers.
//!
//! A page may name a bearer token alone where the prose of the docs asks for a signature beside it. On the
//! operation its word would take the place of what the document asks for, and the call would go out
//! unsigned for other languages. So it goes to a mark, against which the lint holds what is asked for.

use serde_json::{Map, Value};

use crate::openapi::{PAGE_SECURITY, operations_mut};

/// Moves what pages ask for, and the schemes that they name, to marks of the operations.
pub fn set_aside(document: &mut Value) {
    let schemes = document
        .get_mut("components")
        .and_then(Value::as_object_mut)
        .and_then(|components| components.shift_remove("securitySchemes"))
        .unwrap_or_default();
    for operation in operations_mut(document) {
        let Some(Value::Array(sets)) = operation.shift_remove("security") else {
            continue;
        };
        let sets: Value = sets.iter().map(|set| named(set, &schemes)).collect();
        operation.insert(PAGE_SECURITY.to_owned(), sets);
    }
}

fn named(set: &Value, schemes: &Value) -> Value {
    let names = set.as_object().into_iter().flatten().map(|(name, _)| name);
    names
        .map(|name| (name.clone(), schemes[name.as_str()].clone()))
        .collect::<Map<_, _>>()
        .into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_word_of_a_page_becomes_a_mark() {
        let mut document = json!({
            "paths": {"/a": {"get": {"security": [{"key": []}]}, "post": {}}},
            "components": {"schemas": {}, "securitySchemes": {"key": {"type": "apiKey"}}}
        });
        set_aside(&mut document);
        let marked = json!({
            "paths": {"/a": {"get": {"x-apifox-security": [{"key": {"type": "apiKey"}}]}, "post": {}}},
            "components": {"schemas": {}}
        });
        assert_eq!(document, marked);
    }
}
