//! The document as JSON.

use serde_json::Value;

/// Two blanks a level, a line break at the end, numbers with the digits that they came with.
pub fn to_json(document: &Value) -> String {
    format!("{document:#}\n")
}
