//! Exact decimals: JSON number or JSON string to `Decimal`, digit by digit.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

macro_rules! decimal_type {
    ($name:ident, $written_as:literal, |$value:ident, $serializer:ident| $serialize:expr) => {
        #[doc = concat!("An exact decimal that is written as a JSON ", $written_as, ".")]
        ///
        /// Reads a JSON number or a JSON string without an intermediate float, and rejects a value that it
        /// cannot hold exactly (see [`DecimalError`]). Trailing zeros are kept, as far as 28 digits allow:
        /// `0.00` is written as `0.00`. Two values are equal if their amounts are equal: `1.0 == 1.00`.
        ///
        /// Digits are preserved only when `serde_json` reads or writes text. A
        /// `serde_json::Value` has already converted numbers to floats, unless its feature
        /// `arbitrary_precision` is on.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Decimal);

        impl $name {
            /// Returns the amount.
            #[must_use]
            pub const fn get(self) -> Decimal {
                self.0
            }
        }

        impl From<Decimal> for $name {
            fn from(value: Decimal) -> Self {
                Self(value)
            }
        }

        impl From<$name> for Decimal {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl FromStr for $name {
            type Err = DecimalError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                parse(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, $serializer: S) -> Result<S::Ok, S::Error> {
                let $value = self.0;
                $serialize
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserialize(deserializer).map(Self)
            }
        }
    };
}

decimal_type!(DecimalNumber, "number", |value, serializer| {
    RawValue::from_string(value.to_string())
        .map_err(serde::ser::Error::custom)?
        .serialize(serializer)
});

decimal_type!(DecimalString, "string", |value, serializer| {
    serializer.collect_str(&value)
});

/// The reason why a string is not an exact decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecimalError {
    /// The string is not a number in JSON syntax: `-`, digits without a leading zero, `.digits`, an exponent.
    NotANumber,
    /// More digits than a `Decimal` holds: at most 28 after the decimal point, and all digits, read as one
    /// integer, below 2^96. Every number of 28 digits is below that limit. Zeros at the end of the fraction do
    /// not count. Nothing is ever rounded.
    TooManyDigits,
}

impl fmt::Display for DecimalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotANumber => "not a decimal number",
            Self::TooManyDigits => {
                "a decimal number with more digits than can be held exactly (28, in total or after the decimal point)"
            }
        })
    }
}

impl std::error::Error for DecimalError {}

/// Parses a number in JSON syntax, exponent included, and keeps its trailing zeros.
///
/// The parsers of rust_decimal also accept `+1` and `1_000`, which are not JSON.
fn parse(text: &str) -> Result<Decimal, DecimalError> {
    let number = DecimalParts::split(text).ok_or(DecimalError::NotANumber)?;
    number.value().ok_or(DecimalError::TooManyDigits)
}

/// Deserialises from the raw JSON text: a number that serde passes on may have been a float.
fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let text = raw.get();
    let text: Cow<'_, str> = if text.starts_with('"') {
        serde_json::from_str::<String>(text)
            .map_err(D::Error::custom)?
            .into()
    } else {
        text.into()
    };
    // The error does not repeat the string: it may be personal data.
    parse(&text).map_err(D::Error::custom)
}

/// The most digits that a `Decimal` holds.
const DIGITS: usize = 29;

struct DecimalParts<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: Option<i64>,
}

impl<'a> DecimalParts<'a> {
    fn split(text: &'a str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (text, exponent) = match text.find(['e', 'E']) {
            Some(at) => {
                let written = &text[at + 1..];
                let digits = written.strip_prefix(['+', '-']).unwrap_or(written);
                is_digits(digits).then_some(())?;
                // An exponent outside i64 leaves no digit that `value` could hold.
                let bound = if written.starts_with('-') {
                    i64::MIN
                } else {
                    i64::MAX
                };
                (&text[..at], Some(written.parse().unwrap_or(bound)))
            }
            None => (text, None),
        };
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) => {
                is_digits(fraction).then_some(())?;
                (whole, fraction)
            }
            None => (text, ""),
        };
        let plain = is_digits(whole) && (whole == "0" || !whole.starts_with('0'));
        plain.then_some(Self {
            negative,
            whole,
            fraction,
            exponent,
        })
    }

    /// Returns the value, or `None` if a [`Decimal`] cannot hold it. As many trailing zeros of the fraction are kept as fit.
    fn value(&self) -> Option<Decimal> {
        let digits = (DIGITS + 28).checked_sub(self.whole.len())?;
        let needed = self.fraction.trim_end_matches('0').len();
        let kept = self.fraction.len().min(digits);
        (needed..=kept)
            .rev()
            .find_map(|kept| self.value_of(&self.fraction[..kept]))
    }

    fn value_of(&self, fraction: &str) -> Option<Decimal> {
        let mut mantissa: i128 = 0;
        for digit in self.whole.bytes().chain(fraction.bytes()) {
            mantissa = mantissa
                .checked_mul(10)?
                .checked_add(i128::from(digit - b'0'))?;
        }
        let exponent = self.exponent.unwrap_or(0);
        let mut scale = i64::try_from(fraction.len())
            .ok()?
            .checked_sub(exponent)
            .or((mantissa == 0).then_some(0))?;
        if mantissa == 0 {
            // Zero with any positive exponent is zero.
            scale = scale.max(0);
        }
        while scale < 0 {
            mantissa = mantissa.checked_mul(10)?;
            scale += 1;
        }
        let mut value =
            Decimal::try_from_i128_with_scale(mantissa, u32::try_from(scale).ok()?).ok()?;
        value.set_sign_negative(self.negative);
        Some(value)
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::*;

    #[test]
    fn parse_keeps_every_digit() {
        let cases = [
            ("0", "0"),
            ("0.00", "0.00"),
            ("-0.00", "-0.00"),
            ("358.79", "358.79"),
            ("-1.50", "-1.50"),
            ("12345678901234567890.12", "12345678901234567890.12"),
            (
                "79228162514264337593543950335",
                "79228162514264337593543950335",
            ),
            (
                "0.0000000000000000000000000001",
                "0.0000000000000000000000000001",
            ),
            ("1e2", "100"),
            ("1.50E1", "15.0"),
            ("1.5e-3", "0.0015"),
            ("1E+0", "1"),
            ("0e999999999999999999999", "0"),
            ("1e28", "10000000000000000000000000000"),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).unwrap().to_string(), expected, "of {text}");
        }
    }

    #[test]
    fn invalid_number_is_rejected_with_reason() {
        let words = [
            "", " ", "1 ", " 1", "+1", ".5", "5.", "01", "-", "--1", "1.2.3", "1e", "1e+", "1e1.0",
            "0x1", "1_000", "1,000", "NaN", "Infinity", "１", "null", "true",
        ];
        for text in words {
            assert_eq!(parse(text), Err(DecimalError::NotANumber), "of {text:?}");
        }
        let long = [
            "79228162514264337593543950336",
            "0.00000000000000000000000000001",
            "1.00000000000000000000000000001",
            "1e29",
            "1e-29",
            "1e99999999999999999999",
            "1e-99999999999999999999",
            "0e-29",
        ];
        for text in long {
            assert_eq!(parse(text), Err(DecimalError::TooManyDigits), "of {text:?}");
        }
        assert_eq!(
            parse(&"9".repeat(1_000_000)),
            Err(DecimalError::TooManyDigits)
        );
    }

    #[test]
    fn surplus_zeros_do_not_change_the_amount() {
        for (text, kept) in [
            (
                format!("1.{}", "0".repeat(29)),
                format!("1.{}", "0".repeat(28)),
            ),
            (
                format!("0.{}", "0".repeat(40)),
                format!("0.{}", "0".repeat(28)),
            ),
            (
                format!("12345678901234567890.12{}", "0".repeat(30)),
                "12345678901234567890.120000000".to_owned(),
            ),
            (
                format!("-79228162514264337593543950335.{}", "0".repeat(28)),
                "-79228162514264337593543950335".to_owned(),
            ),
            (
                format!("0.5{}", "0".repeat(1_000_000)),
                format!("0.5{}", "0".repeat(27)),
            ),
            (
                format!("0.5{}e2", "0".repeat(40)),
                format!("50.{}", "0".repeat(27)),
            ),
        ] {
            let value = parse(&text);
            assert_eq!(value.map(|value| value.to_string()), Ok(kept));
        }
    }

    proptest! {
        #[test]
        fn zeros_at_the_end_keep_the_amount(
            text in "-?(0|[1-9][0-9]{0,14})(\\.[0-9]{1,13})", zeros in 0_usize..60,
        ) {
            let longer = format!("{text}{}", "0".repeat(zeros));
            prop_assert_eq!(parse(&longer), parse(&text));
        }

        #[test]
        fn parsed_decimal_round_trips(text in "-?(0|[1-9][0-9]{0,14})(\\.[0-9]{1,13})?") {
            prop_assert_eq!(parse(&text).unwrap().to_string(), text);
        }

        #[test]
        fn exponent_moves_the_point(digits in 1_i64..1_000_000, exponent in -20_i32..=20) {
            let value = parse(&format!("{digits}e{exponent}")).unwrap();
            let ten = Decimal::from_i128_with_scale(10_i128.pow(exponent.unsigned_abs()), 0);
            let back = if exponent < 0 { value * ten } else { value / ten };
            prop_assert_eq!(back, Decimal::from(digits));
        }

        #[test]
        fn any_string_parses_or_fails(text in "[-+0-9.eE ]{0,80}") {
            if let Ok(value) = parse(&text) {
                prop_assert_eq!(parse(&value.to_string()), Ok(value));
            }
        }
    }

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
    fn number_in_object_list_and_option_keeps_digits() {
        let text =
            r#"{"amount":12345678901234567890.12,"fee":0.00,"parts":[0.1,1.10],"remark":"x"}"#;
        let order: Order = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&order).unwrap(), text);
    }

    #[test]
    fn string_is_written_as_number() {
        let read: DecimalNumber = serde_json::from_str(r#""0.9900""#).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), "0.9900");
        let read: DecimalNumber = serde_json::from_str("\"\\u0031\"").unwrap();
        assert_eq!(read.get(), Decimal::ONE);
    }

    #[test]
    fn null_is_none() {
        let order: Order = serde_json::from_str(r#"{"amount":1,"fee":null,"parts":[]}"#).unwrap();
        assert_eq!(order.fee, None);
    }

    #[test]
    fn json_that_is_not_exact_number_is_rejected() {
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
    fn number_is_read_from_json_value() {
        let read: BTreeMap<String, DecimalNumber> =
            serde_json::from_value(serde_json::json!({"a": 358.79, "b": "1.0", "c": 7})).unwrap();
        let texts: Vec<_> = read.values().map(ToString::to_string).collect();
        assert_eq!(texts, ["358.79", "1.0", "7"]);
    }

    proptest! {
        #[test]
        fn any_decimal_round_trips_as_number(mantissa in -(1_i128 << 96) + 1..1_i128 << 96, scale in 0_u32..=28) {
            let number = DecimalNumber(Decimal::from_i128_with_scale(mantissa, scale));
            let text = serde_json::to_string(&number).unwrap();
            let back: DecimalNumber = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(back.to_string(), text);
            prop_assert_eq!(back, number);
        }
    }

    #[test]
    fn number_is_written_as_string() {
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
    fn json_that_is_not_exact_string_is_rejected() {
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
        fn any_decimal_round_trips_as_string(text in "-?(0|[1-9][0-9]{0,14})(\\.[0-9]{1,13})?") {
            let json = format!("\"{text}\"");
            let read: DecimalString = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(serde_json::to_string(&read).unwrap(), json);
            prop_assert_eq!(text.parse::<DecimalString>().unwrap(), read);
            prop_assert_eq!(read.to_string(), text);
        }
    }
}
