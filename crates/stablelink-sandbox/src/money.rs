//! Amounts in JSON without loss of digits, and exact sums of amounts.

use bigdecimal::BigDecimal;
use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// An amount that is read from a JSON number or string, and written as a JSON number.
///
/// The amount is parsed from the JSON text: serde's data model would pass a JSON number as a binary
/// float.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Amount(pub(crate) Decimal);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        let string = text.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        parse(string.unwrap_or(text)).map(Self).ok_or_else(|| {
            D::Error::custom("must be a decimal number of at most 28 significant digits")
        })
    }
}

fn parse(digits: &str) -> Option<Decimal> {
    // rust_decimal accepts underscores and a plus sign; JSON has neither.
    if digits.contains(['_', ' ']) || digits.starts_with('+') {
        return None;
    }
    if digits.contains(['e', 'E']) {
        Decimal::from_scientific(digits).ok()
    } else {
        Decimal::from_str_exact(digits).ok()
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        as_number(&self.0, serializer)
    }
}

/// Writes an amount as a JSON number.
pub(crate) fn as_number<S: Serializer>(amount: &Decimal, to: S) -> Result<S::Ok, S::Error> {
    RawValue::from_string(amount.to_string())
        .map_err(serde::ser::Error::custom)?
        .serialize(to)
}

/// Writes an amount as a JSON string.
pub(crate) fn as_string<S: Serializer>(amount: &Decimal, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(amount)
}

/// Converts an amount to a type that adds without rounding. `rust_decimal` rounds a sum of more
/// than 28 digits silently, and `fastnum` one of more digits than its fixed width.
pub(crate) fn exact(amount: Decimal) -> BigDecimal {
    BigDecimal::new(amount.mantissa().into(), i64::from(amount.scale()))
}

/// Converts an exact sum back. Returns `None` if it has more digits than a [`Decimal`] can hold.
pub(crate) fn to_decimal(sum: &BigDecimal) -> Option<Decimal> {
    let mut sum = sum.normalized();
    if sum.fractional_digit_count() < 0 {
        sum = sum.with_scale(0);
    }
    let (digits, scale) = sum.into_bigint_and_scale();
    let (digits, scale) = (i128::try_from(digits).ok()?, u32::try_from(scale).ok()?);
    Decimal::try_from_i128_with_scale(digits, scale).ok()
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert_eq, proptest};

    use super::*;

    fn string(amount: Amount) -> String {
        as_string(&amount.0, serde_json::value::Serializer)
            .unwrap()
            .to_string()
    }

    #[test]
    fn amount_keeps_every_digit() {
        for (read, number) in [
            ("0.1", "0.1"),
            ("0.50", "0.50"),
            ("1000.233567", "1000.233567"),
            ("\"1000.233567\"", "1000.233567"),
            ("9007199254740993", "9007199254740993"),
            (
                "1234567890.123456789012345678",
                "1234567890.123456789012345678",
            ),
            ("12e2", "1200"),
            ("5E-3", "0.005"),
            ("-1", "-1"),
        ] {
            let amount: Amount = serde_json::from_str(read).unwrap();
            assert_eq!(serde_json::to_string(&amount).unwrap(), number);
            assert_eq!(string(amount), format!("\"{number}\""));
        }
    }

    #[test]
    fn amount_with_too_many_digits_or_other_type_is_rejected() {
        for text in [
            "0.12345678901234567890123456789",
            "123456789012345678901234567890",
            "\"\"",
            "\"1_000\"",
            "\"+1\"",
            "\" 1\"",
            "\"one\"",
            "true",
            "null",
            "[1]",
            "{}",
        ] {
            let amount: Result<Amount, _> = serde_json::from_str(text);
            assert!(amount.is_err(), "{text}: {amount:?}");
        }
    }

    #[test]
    fn exact_sum_keeps_digits_that_a_decimal_rounds() {
        let (large, small) = (Decimal::MAX, Decimal::new(1, 28));
        assert_eq!(large + small, large, "the reason for exact sums");
        let sum = exact(large) + exact(small);
        assert_eq!(to_decimal(&sum), None);
        assert_eq!(to_decimal(&(&sum - exact(large))), Some(small));
        assert_eq!(&sum - &sum, BigDecimal::default());
        assert_eq!(to_decimal(&-exact(small)), Some(-small));
    }

    proptest! {
        #[test]
        fn written_amount_reads_back_the_same(mantissa: i64, scale in 0_u32..=28) {
            let amount = Amount(Decimal::new(mantissa, scale));
            for json in [serde_json::to_string(&amount).unwrap(), string(amount)] {
                let read: Amount = serde_json::from_str(&json).unwrap();
                prop_assert_eq!(read, amount);
                prop_assert_eq!(read.0.scale(), scale);
            }
        }

        #[test]
        fn amount_from_any_text_does_not_panic(text: String) {
            let json = serde_json::to_string(&text).unwrap();
            let _ = serde_json::from_str::<Amount>(&json);
            let _ = serde_json::from_str::<Amount>(&text);
        }

        #[test]
        fn exact_sum_agrees_with_integers(amounts: Vec<(i64, bool)>, scale in 0_u32..=28) {
            let sum: BigDecimal = amounts.iter().map(|(digits, negate)| {
                let amount = exact(Decimal::new(*digits, scale));
                if *negate { -amount } else { amount }
            }).sum();
            let expected: i128 = amounts.iter().map(|(digits, negate)| {
                let digits = i128::from(*digits);
                if *negate { -digits } else { digits }
            }).sum();
            prop_assert_eq!(to_decimal(&sum), Decimal::try_from_i128_with_scale(expected, scale).ok());
            prop_assert_eq!(sum < BigDecimal::default(), expected < 0);
        }
    }
}
