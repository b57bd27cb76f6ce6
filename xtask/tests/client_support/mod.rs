//! The example documents of the client tests.

use serde_json::{Value, json};

/// Returns the published document.
pub(crate) fn published() -> Value {
    serde_json::from_str(include_str!("../client/gateway.json")).expect("a document")
}

/// Returns the published document with the inferred operations.
pub(crate) fn superset() -> Value {
    let inferred = serde_json::from_str(include_str!("../client/gateway.provisional.json"))
        .expect("a document");
    let mut all = published();
    merge(&mut all, inferred);
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
