//! The document as JSON and as YAML.

use serde::{Serialize, Serializer, ser::Error as _};
use serde_json::{Number, Value};

/// Returns the document as JSON: two spaces per level, a line break at the end, and every number with the
/// digits that it has in the document.
pub fn to_json(document: &Value) -> String {
    format!("{document:#}\n")
}

/// The document has a value that YAML cannot represent exactly.
#[derive(Debug, thiserror::Error)]
#[error("the document cannot be written as YAML: {0}")]
pub struct YamlError(#[from] serde_saphyr::SerializeError);

/// Returns the document of [`to_json`] as YAML.
///
/// # Errors
/// Fails if a number has more digits than a YAML reader keeps, which is a 64-bit integer or a double. In a
/// published document, such a value must be a string.
pub fn to_yaml(document: &Value) -> Result<String, YamlError> {
    Ok(serde_saphyr::to_string(&ExactNumbers(document))?)
}

/// Serialises a value with its numbers as integers and floats. `serde_json` would give numbers of arbitrary
/// precision to another format in a private representation.
struct ExactNumbers<'a>(&'a Value);

impl Serialize for ExactNumbers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Number(number) => serialize_number(number, serializer),
            Value::Array(items) => serializer.collect_seq(items.iter().map(ExactNumbers)),
            Value::Object(object) => {
                serializer.collect_map(object.iter().map(|(key, value)| (key, ExactNumbers(value))))
            }
            other => other.serialize(serializer),
        }
    }
}

fn serialize_number<S: Serializer>(number: &Number, serializer: S) -> Result<S::Ok, S::Error> {
    if let Some(integer) = number.as_i64() {
        return serializer.serialize_i64(integer);
    }
    match number.as_f64() {
        Some(float) if is_same_decimal(&number.to_string(), &float.to_string()) => {
            serializer.serialize_f64(float)
        }
        _ => Err(S::Error::custom(format!(
            "the number {number} would lose digits; write it as a string"
        ))),
    }
}

/// Returns whether two decimal texts have the same value. Texts with different exponents count as different.
fn is_same_decimal(a: &str, b: &str) -> bool {
    fn without_trailing_zeros(text: &str) -> &str {
        match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.'),
            false => text,
        }
    }
    without_trailing_zeros(a) == without_trailing_zeros(b)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn yaml_reads_back_as_the_same_document() {
        let document = json!({
            "text": "line one\nline two: # not a comment",
            "looks like": {"yes": "yes", "no": "no", "null": "null", "number": "0.50", "date": "2026-01-02", "empty": "", "tilde": "~"},
            "numbers": [0, -7, 6825060174_i64, 0.5, 358.79, 1000.233567],
            "none": null,
            "flags": [true, false],
            "empty": {"list": [], "map": {}},
            "long": "word ".repeat(60),
            "'quoted' \"key\"": "€ 電"
        });
        let yaml = to_yaml(&document).unwrap();
        let back: Value = serde_saphyr::from_str(&yaml).unwrap();
        assert_eq!(back, document, "{yaml}");
    }

    #[test]
    fn yaml_accepts_trailing_zeros_and_rejects_numbers_that_lose_digits() {
        let zero: Value = serde_json::from_str("[0.00, 1.50]").unwrap();
        assert!(to_yaml(&zero).is_ok());
        for text in ["12345678901234567890.12", "0.1234567890123456789", "1e400"] {
            let document: Value = serde_json::from_str(text).unwrap();
            let error = to_yaml(&document).unwrap_err().to_string();
            assert!(error.contains("would lose digits"), "{text}: {error}");
        }
    }
}
