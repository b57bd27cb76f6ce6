//! An exact decimal that goes out as a JSON string.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::DecimalError;
use super::decimal_text;

/// An exact decimal that goes out as a JSON string.
///
/// Reads a JSON number or a JSON string without a float in between, and refuses what it can't hold
/// exactly (see [`DecimalError`]). Zeros behind the point are kept: `0.00` goes out as `0.00`.
/// Equal are equal amounts: `1.0` and `1.00` are.
///
/// Only `serde_json` reads and writes it from text; a `serde_json::Value` has already turned
/// numbers into floats, unless its feature `arbitrary_precision` is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DecimalString(Decimal);

impl DecimalString {
    /// The amount.
    #[must_use]
    pub const fn get(self) -> Decimal {
        self.0
    }
}

impl From<Decimal> for DecimalString {
    fn from(value: Decimal) -> Self {
        Self(value)
    }
}

impl From<DecimalString> for Decimal {
    fn from(value: DecimalString) -> Self {
        value.0
    }
}

impl FromStr for DecimalString {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        decimal_text::parse(text).map(Self)
    }
}

impl fmt::Display for DecimalString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for DecimalString {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for DecimalString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        decimal_text::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn goes_out_as_a_string() {
        for (text, expected) in [
            ("\"0.9900\"", "\"0.9900\""),
            ("0.9900", "\"0.9900\""),
            ("1e2", "\"100\""),
            ("\"-0.00\"", "\"-0.00\""),
        ] {
            let read: DecimalString = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), expected, "of {text}");
        }
    }

    #[test]
    fn refusals() {
        for text in [
            "null",
            "\"\"",
            "\" 1\"",
            "\"1 \"",
            "\"0x1\"",
            "{}",
            "\"79228162514264337593543950336\"",
        ] {
            let read = serde_json::from_str::<DecimalString>(text);
            assert!(read.is_err(), "{text} gave {read:?}");
        }
    }

    proptest! {
        #[test]
        fn any_decimal_text_comes_back(text in "-?(0|[1-9][0-9]{0,14})(\\.[0-9]{1,13})?") {
            let json = format!("\"{text}\"");
            let read: DecimalString = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(serde_json::to_string(&read).unwrap(), json);
            prop_assert_eq!(text.parse::<DecimalString>().unwrap(), read);
            prop_assert_eq!(read.to_string(), text);
        }
    }
}
