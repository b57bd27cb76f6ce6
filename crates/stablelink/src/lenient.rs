//! Reads a record although some of its fields do not have their documented form.
//!
//! The gateway may change the type of a field that is not needed. If that made the whole record unreadable, the caller would
//! not see the record of a payment that was made.

use std::collections::HashMap;
use std::ops::Range;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_path_to_error::{Path, Segment};

use crate::error::DecodeError;
use crate::raw_object::range_of;

/// A record with more unreadable fields does not have the documented type.
const MAX_UNREADABLE: usize = 16;

/// Returns whether a field of a response is the requested amount. A record with an unreadable one is an error: as a missing
/// amount it could be taken for another one. An empty string means that there is no amount.
pub(crate) fn is_requested_amount(name: &str) -> bool {
    matches!(name, "amount" | "orderAmount")
}

/// Returns whether a field of a webhook is an amount or a status. A handler cannot ask for unreadable fields, and would
/// acknowledge a payment whose status it takes for missing.
pub(crate) fn is_amount_or_status(name: &str) -> bool {
    name.ends_with("mount") || name.ends_with("tatus")
}

/// A record, and the paths of its unreadable fields, which are read as missing.
pub(crate) struct LenientRecord<T> {
    pub(crate) value: T,
    pub(crate) unreadable: Vec<String>,
}

impl<T> From<T> for LenientRecord<T> {
    fn from(value: T) -> Self {
        Self {
            value,
            unreadable: Vec::new(),
        }
    }
}

impl<T> LenientRecord<T> {
    pub(crate) fn map<U>(self, convert: impl FnOnce(T) -> U) -> LenientRecord<U> {
        LenientRecord {
            value: convert(self.value),
            unreadable: self.unreadable,
        }
    }
}

/// Parses a record that is the value of this field.
///
/// Fails if a required field is unreadable, or one for which `decides` returns true, or if the text is not JSON.
pub(crate) fn parse<T: DeserializeOwned>(
    field: &str,
    json: &str,
    decides: fn(&str) -> bool,
) -> Result<LenientRecord<T>, DecodeError> {
    // The path is tracked only for a record that cannot be parsed, because tracking costs time.
    if let Ok(record) = serde_json::from_str::<T>(json) {
        return Ok(record.into());
    }
    let mut text = json.to_owned();
    let mut unreadable = Vec::new();
    loop {
        let mut deserializer = serde_json::Deserializer::from_str(&text);
        let error = match serde_path_to_error::deserialize(&mut deserializer) {
            Ok(value) => return Ok(LenientRecord { value, unreadable }),
            Err(error) => error,
        };
        let path = match error.path().to_string().as_str() {
            "." => field.to_owned(),
            within => format!("{field}.{within}"),
        };
        let may_skip = error.inner().is_data() && unreadable.len() < MAX_UNREADABLE;
        let value = locate(&text, error.path()).filter(|_| may_skip);
        // A field that must not be null is required.
        let decides = decides(path.rsplit('.').next().unwrap_or_default());
        let value = value.filter(|range| match text.get(range.clone()) {
            Some("null") => false,
            Some(r#""""#) => true,
            _ => !decides,
        });
        let Some(value) = value else {
            return Err(DecodeError::of_json(path, error.inner()));
        };
        text.replace_range(value, "null");
        unreadable.push(path);
    }
}

/// Returns the range of the value at this path; `None` for the root, and for a value that does not exist.
fn locate(text: &str, path: &Path) -> Option<Range<usize>> {
    let mut value = text;
    for segment in path {
        value = match segment {
            Segment::Map { key } => {
                let fields: HashMap<String, &RawValue> = serde_json::from_str(value).ok()?;
                fields.get(key)?.get()
            }
            Segment::Seq { index } => {
                let items: Vec<&RawValue> = serde_json::from_str(value).ok()?;
                items.get(*index)?.get()
            }
            Segment::Enum { .. } | Segment::Unknown => return None,
        };
    }
    (value.len() < text.len()).then(|| range_of(text.as_bytes(), value.as_bytes()))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use stablelink_api::types::CheckoutOrder;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Payout {
        number: String,
        fee: Option<u64>,
        parts: Option<Vec<CheckoutOrder>>,
    }

    #[test]
    fn unreadable_optional_fields_are_missing() {
        for (name, value) in [
            ("createdTime", r#""""#),
            (
                "createdTime",
                r#""2026-11-30T10:00:00+08:00[Asia/Singapore]""#,
            ),
            ("createdTime", "[2026]"),
            ("orderAmount", r#""""#),
            ("payingAmount", r#""a lot""#),
            ("orderStatus", "3"),
            ("txHash", "12345678901234567890.120"),
            ("txHash", "true"),
        ] {
            let json =
                format!(r#" {{"orderNo":"A1", "{name}" : {value} ,"depositAddress":"0x1"}} "#);
            let LenientRecord {
                value: order,
                unreadable,
            } = parse::<CheckoutOrder>("data", &json, is_requested_amount).unwrap();
            assert_eq!(unreadable, [format!("data.{name}")], "{json}");
            assert_eq!(order.order_no.as_deref(), Some("A1"));
            assert_eq!(order.deposit_address.as_deref(), Some("0x1"));
        }
        let json =
            r#"{"number":"7","fee":-1,"parts":[{"orderNo":"A1"},{"orderNo":[],"txHash":7}]}"#;
        let LenientRecord {
            value: payout,
            unreadable,
        } = parse::<Payout>("data", json, is_requested_amount).unwrap();
        let expected = ["data.fee", "data.parts[1].orderNo", "data.parts[1].txHash"];
        assert_eq!(unreadable, expected);
        assert_eq!((payout.number.as_str(), payout.fee), ("7", None));
        assert_eq!(payout.parts.unwrap().len(), 2);
    }

    #[test]
    fn unreadable_required_or_deciding_field_is_an_error() {
        for (json, path) in [
            (r#"{"number":7,"fee":-1}"#, "data.number"),
            (r#"{"number":null}"#, "data.number"),
            (r#"{"fee":-1}"#, "data"),
            (
                r#"{"number":"7","parts":[{"orderAmount":"1,000"}]}"#,
                "data.parts[0].orderAmount",
            ),
            ("7", "data"),
            // The text is not JSON.
            (
                r#"{"number":"7","parts":[{"txHash":"\ud800"}]}"#,
                "data.parts[0].txHash",
            ),
            ("", "data"),
        ] {
            let error = parse::<Payout>("data", json, is_requested_amount)
                .err()
                .unwrap();
            assert_eq!(error.path(), path, "{json}: {error}");
        }
    }

    #[test]
    fn record_of_another_kind_is_an_error() {
        let fields: Vec<String> = (0..40).map(|n| format!(r#""{n}":"x""#)).collect();
        let json = format!("{{{}}}", fields.join(","));
        let error = parse::<HashMap<String, Option<u8>>>("data", &json, is_requested_amount)
            .err()
            .unwrap();
        assert!(error.problem().starts_with("expected u8"), "{error}");
    }
}
