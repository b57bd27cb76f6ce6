//! The document as YAML.

use serde::{Serialize, Serializer, ser::Error as _};
use serde_json::{Number, Value};

/// The document cannot be told in YAML without changing it.
#[derive(Debug, thiserror::Error)]
#[error("the document cannot be written as YAML: {0}")]
pub struct YamlError(#[from] serde_saphyr::SerializeError);

/// The same document as [`super::json::to_json`] gives, as YAML.
///
/// # Errors
/// A number has more digits than a YAML reader keeps (64-bit integers and doubles): in a document
/// that others read it must be a string.
pub fn to_yaml(document: &Value) -> Result<String, YamlError> {
    Ok(serde_saphyr::to_string(&Exact(document))?)
}

/// `serde_json` hands numbers of arbitrary precision to other formats in a private form.
struct Exact<'a>(&'a Value);

impl Serialize for Exact<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Number(number) => exact_number(number, serializer),
            Value::Array(items) => serializer.collect_seq(items.iter().map(Exact)),
            Value::Object(members) => {
                serializer.collect_map(members.iter().map(|(key, member)| (key, Exact(member))))
            }
            other => other.serialize(serializer),
        }
    }
}

fn exact_number<S: Serializer>(number: &Number, serializer: S) -> Result<S::Ok, S::Error> {
    if let Some(integer) = number.as_i64() {
        return serializer.serialize_i64(integer);
    }
    match number.as_f64() {
        Some(float) if same_decimal(&number.to_string(), &float.to_string()) => {
            serializer.serialize_f64(float)
        }
        _ => Err(S::Error::custom(format!(
            "the number {number} would lose digits; write it as a string"
        ))),
    }
}

/// Whether two decimal texts tell the same value; an exponent tells them apart.
fn same_decimal(a: &str, b: &str) -> bool {
    fn normal(text: &str) -> &str {
        match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.'),
            false => text,
        }
    }
    normal(a) == normal(b)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_back_as_the_same_document() {
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
    fn zeros_at_the_end_are_the_same_value_and_digits_are_never_lost() {
        let zero: Value = serde_json::from_str("[0.00, 1.50]").unwrap();
        assert!(to_yaml(&zero).is_ok());
        for text in ["12345678901234567890.12", "0.1234567890123456789", "1e400"] {
            let document: Value = serde_json::from_str(text).unwrap();
            let error = to_yaml(&document).unwrap_err().to_string();
            assert!(error.contains("would lose digits"), "{text}: {error}");
        }
    }
}
