//! Amounts, exact to the digit in both directions.

use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// An amount that goes out as a JSON number, and comes in as a number or a string.
///
/// It is read from the text of the document: a JSON number through serde's own data model would
/// be a binary float on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Amount(pub(crate) Decimal);

/// An amount that goes out as a JSON string.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AmountText(pub(crate) Decimal);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        let digits = text
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'))
            .unwrap_or(text);
        parse(digits).map(Self).ok_or_else(|| {
            D::Error::custom("must be a decimal number of at most 28 significant digits")
        })
    }
}

fn parse(digits: &str) -> Option<Decimal> {
    // rust_decimal takes underscores and a plus sign; JSON has neither.
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
        RawValue::from_string(self.0.to_string())
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

impl Serialize for AmountText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn keeps_every_digit() {
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
            let text = serde_json::to_string(&AmountText(amount.0)).unwrap();
            assert_eq!(text, format!("\"{number}\""));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_the_same(mantissa: i64, scale in 0_u32..=28) {
            let amount = Amount(Decimal::new(mantissa, scale));
            let number = serde_json::to_string(&amount).unwrap();
            let text = serde_json::to_string(&AmountText(amount.0)).unwrap();
            for json in [number, text] {
                let read: Amount = serde_json::from_str(&json).unwrap();
                prop_assert_eq!(read, amount);
                prop_assert_eq!(read.0.scale(), scale);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            let json = serde_json::to_string(&text).unwrap();
            let _ = serde_json::from_str::<Amount>(&json);
            let _ = serde_json::from_str::<Amount>(&text);
        }
    }

    #[test]
    fn refuses_what_it_cannot_keep() {
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
}
