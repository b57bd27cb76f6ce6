//! Text of a number → `Decimal`, digit by digit.

use std::borrow::Cow;

use rust_decimal::Decimal;
use serde::de::{Deserialize, Deserializer, Error};
use serde_json::value::RawValue;

/// Why a text is not a decimal here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecimalError {
    /// Not a number as JSON writes it: `-`, digits without leading zero, `.digits`, an exponent.
    NotANumber,
    /// More digits than can be held: at most 28 behind the point, and all digits together, read
    /// as one integer, below 2^96 (any 28 digits are). Nothing is ever rounded.
    TooManyDigits,
}

impl std::fmt::Display for DecimalError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NotANumber => "not a decimal number",
            Self::TooManyDigits => {
                "a decimal number of more digits than can be held exactly (28, all or behind the point)"
            }
        })
    }
}

impl std::error::Error for DecimalError {}

/// Reads a number as JSON writes it, exponent included, and keeps the zeros behind the point.
pub(super) fn parse(text: &str) -> Result<Decimal, DecimalError> {
    let number = Number::split(text).ok_or(DecimalError::NotANumber)?;
    number.value().ok_or(DecimalError::TooManyDigits)
}

/// Digits of a `Decimal` at most; more can only be zeros in front, which JSON has none of.
const DIGITS: usize = 29;

struct Number<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: Option<i64>,
}

impl<'a> Number<'a> {
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
                // Beyond i64 no digits are left to argue about: see `value`.
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

    fn value(&self) -> Option<Decimal> {
        if self.whole.len() + self.fraction.len() > DIGITS + 28 {
            return None;
        }
        let mut mantissa: i128 = 0;
        for digit in self.whole.bytes().chain(self.fraction.bytes()) {
            mantissa = mantissa
                .checked_mul(10)?
                .checked_add(i128::from(digit - b'0'))?;
        }
        let exponent = self.exponent.unwrap_or(0);
        let fraction = i64::try_from(self.fraction.len()).ok()?;
        let mut scale = fraction
            .checked_sub(exponent)
            .or((mantissa == 0).then_some(0))?;
        if mantissa == 0 {
            // Zero with an exponent is zero.
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

/// Reads a JSON number or a JSON string that holds one, from the text of the document: a number
/// that serde hands over may have been through a float.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let text = raw.get();
    let text: Cow<'_, str> = if text.starts_with('"') {
        serde_json::from_str::<String>(text)
            .map_err(Error::custom)?
            .into()
    } else {
        text.into()
    };
    // The text itself may be personal: it is not repeated.
    parse(&text).map_err(Error::custom)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers() {
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
    fn refusals() {
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
            "1.00000000000000000000000000000",
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

    proptest! {
        #[test]
        fn a_decimal_text_comes_back(text in "-?(0|[1-9][0-9]{0,14})(\\.[0-9]{1,13})?") {
            prop_assert_eq!(parse(&text).unwrap().to_string(), text);
        }

        #[test]
        fn an_exponent_moves_the_point(digits in 1_i64..1_000_000, exponent in -20_i32..=20) {
            let value = parse(&format!("{digits}e{exponent}")).unwrap();
            let ten = Decimal::from_i128_with_scale(10_i128.pow(exponent.unsigned_abs()), 0);
            let back = if exponent < 0 { value * ten } else { value / ten };
            prop_assert_eq!(back, Decimal::from(digits));
        }

        #[test]
        fn no_text_panics(text in "[-+0-9.eE ]{0,80}") {
            if let Ok(value) = parse(&text) {
                prop_assert_eq!(parse(&value.to_string()), Ok(value));
            }
        }
    }
}
