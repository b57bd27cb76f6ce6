//! The invented documents of the client tests.

use serde_json::{Value, json};

/// The published document.
pub(crate) fn published() -> Value {
    serde_json::from_str(include_str!("../client/gateway.json")).expect("a document")
}

/// The published document and what is only named.
pub(crate) fn superset() -> Value {
    let more = serde_json::from_str(include_str!("../client/gateway.provisional.json"))
        .expect("a document");
    let mut all = published();
    merge(&mut all, more);
    all
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(json!({})), value);
            }
        }
        (into, from) => *into = from,
    }
}
