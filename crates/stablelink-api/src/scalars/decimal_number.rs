//! An exact decimal that goes out as a JSON number.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::DecimalError;
use super::decimal_text;

/// An exact decimal that goes out as a JSON number.
///
/// Reads a JSON number or a JSON string without a float in between, and refuses what it can't hold
/// exactly (see [`DecimalError`]). Zeros behind the point are kept: `0.00` goes out as `0.00`.
/// Equal are equal amounts: `1.0` and `1.00` are.
///
/// Only `serde_json` reads and writes it from text; a `serde_json::Value` has already turned
/// numbers into floats, unless its feature `arbitrary_precision` is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DecimalNumber(Decimal);

impl DecimalNumber {
    /// The amount.
    #[must_use]
    pub const fn get(self) -> Decimal {
        self.0
    }
}

impl From<Decimal> for DecimalNumber {
    fn from(value: Decimal) -> Self {
        Self(value)
    }
}

impl From<DecimalNumber> for Decimal {
    fn from(value: DecimalNumber) -> Self {
        value.0
    }
}

impl FromStr for DecimalNumber {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        decimal_text::parse(text).map(Self)
    }
}

impl fmt::Display for DecimalNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for DecimalNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_string())
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for DecimalNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        decimal_text::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Order {
        amount: DecimalNumber,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fee: Option<DecimalNumber>,
        parts: Vec<DecimalNumber>,
        #[serde(flatten)]
        more: Map<String, Value>,
    }

    #[test]
    fn digits_stay_in_any_place() {
        let text =
            r#"{"amount":12345678901234567890.12,"fee":0.00,"parts":[0.1,1.10],"remark":"x"}"#;
        let order: Order = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&order).unwrap(), text);
    }

    #[test]
    fn a_string_is_read_and_goes_out_as_a_number() {
        let read: DecimalNumber = serde_json::from_str(r#""0.9900""#).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), "0.9900");
        let read: DecimalNumber = serde_json::from_str("\"\\u0031\"").unwrap();
        assert_eq!(read.get(), Decimal::ONE);
    }

    #[test]
    fn null_is_nothing() {
        let order: Order = serde_json::from_str(r#"{"amount":1,"fee":null,"parts":[]}"#).unwrap();
        assert_eq!(order.fee, None);
    }

    #[test]
    fn refusals() {
        for text in [
            "null",
            "true",
            "{}",
            "[1]",
            "\"\"",
            "\"1,000\"",
            "\"abc\"",
            "1e99",
            "\"NaN\"",
        ] {
            let read = serde_json::from_str::<DecimalNumber>(text);
            assert!(read.is_err(), "{text} gave {read:?}");
        }
        let error =
            serde_json::from_str::<DecimalNumber>("0.12345678901234567890123456789").unwrap_err();
        assert!(error.to_string().contains("held exactly"), "{error}");
        let error = serde_json::from_str::<DecimalNumber>("\"a name\"").unwrap_err();
        assert!(!error.to_string().contains("name"), "{error}");
    }

    #[test]
    fn a_value_is_read_too() {
        let read: BTreeMap<String, DecimalNumber> =
            serde_json::from_value(serde_json::json!({"a": 358.79, "b": "1.0", "c": 7})).unwrap();
        let texts: Vec<_> = read.values().map(ToString::to_string).collect();
        assert_eq!(texts, ["358.79", "1.0", "7"]);
    }

    proptest! {
        #[test]
        fn any_decimal_comes_back(mantissa in -(1_i128 << 96) + 1..1_i128 << 96, scale in 0_u32..=28) {
            let number = DecimalNumber(Decimal::from_i128_with_scale(mantissa, scale));
            let text = serde_json::to_string(&number).unwrap();
            let back: DecimalNumber = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(back.to_string(), text);
            prop_assert_eq!(back, number);
        }
    }
}
