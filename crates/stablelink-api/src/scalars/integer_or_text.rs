//! A value that some pages show as an integer and others as a string.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;

/// A JSON integer or a JSON string: `200` or `"200"`.
///
/// The value is written in the form in which it was read. Two values are equal if their texts are:
/// `200 == "200"`, but `"00006" != 6`. Match on the variants if the form matters.
#[derive(Clone, Debug)]
pub enum IntegerOrText {
    /// A JSON integer. Parsing fails if the integer has more than 128 bits. The gateway's IDs
    /// exceed 32 bits.
    Integer(i128),
    /// A JSON string.
    Text(String),
}

impl IntegerOrText {
    /// Returns the value as text. Compare codes by this text: they may have leading zeros.
    #[must_use]
    pub fn as_text(&self) -> Cow<'_, str> {
        match self {
            Self::Integer(value) => value.to_string().into(),
            Self::Text(text) => text.as_str().into(),
        }
    }
}

impl PartialEq for IntegerOrText {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Integer(one), Self::Integer(other)) => one == other,
            _ => self.as_text() == other.as_text(),
        }
    }
}

impl Eq for IntegerOrText {}

impl Hash for IntegerOrText {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_text().hash(state);
    }
}

impl PartialEq<str> for IntegerOrText {
    fn eq(&self, other: &str) -> bool {
        self.as_text() == other
    }
}

impl PartialEq<&str> for IntegerOrText {
    fn eq(&self, other: &&str) -> bool {
        self.as_text() == *other
    }
}

impl From<i64> for IntegerOrText {
    fn from(value: i64) -> Self {
        Self::Integer(value.into())
    }
}

impl From<String> for IntegerOrText {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for IntegerOrText {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl fmt::Display for IntegerOrText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.as_text())
    }
}

impl Serialize for IntegerOrText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            // The serializer of query parameters does not support 128-bit integers.
            Self::Integer(value) => match i64::try_from(*value) {
                Ok(value) => serializer.serialize_i64(value),
                Err(_) => serializer.serialize_i128(*value),
            },
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for IntegerOrText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        if text.starts_with('"') {
            return serde_json::from_str(text)
                .map(Self::Text)
                .map_err(Error::custom);
        }
        text.parse()
            .map(Self::Integer)
            .map_err(|_| Error::custom("neither a 128-bit integer nor a string"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn integer_and_string_round_trip() {
        for text in [
            "200",
            "\"200\"",
            "\"00006\"",
            "\"\"",
            "-1",
            "\"Payment sub client\"",
            "6825060174",
            "18446744073709551616",
            "\"a\\nb\"",
        ] {
            let read: IntegerOrText = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), text);
        }
    }

    #[test]
    fn values_compare_by_text() {
        let read = |text: &str| serde_json::from_str::<IntegerOrText>(text).unwrap();
        assert_eq!(read("200"), read("\"200\""));
        assert_ne!(read("6"), read("\"00006\""));
        assert_eq!(read("200"), *"200");
        assert_eq!(read("200").as_text(), "200");
    }

    #[test]
    fn other_json_is_rejected() {
        for text in [
            "null",
            "true",
            "1.0",
            "1e2",
            "{}",
            "[]",
            "340282366920938463463374607431768211456",
        ] {
            let read = serde_json::from_str::<IntegerOrText>(text);
            assert!(read.is_err(), "{text} gave {read:?}");
        }
    }

    proptest! {
        #[test]
        fn any_integer_round_trips(value: i128) {
            let read: IntegerOrText = serde_json::from_str(&value.to_string()).unwrap();
            prop_assert_eq!(serde_json::to_string(&read).unwrap(), value.to_string());
        }

        #[test]
        fn any_string_round_trips(text: String) {
            let json = serde_json::to_string(&text).unwrap();
            let read: IntegerOrText = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(read.as_text(), text.as_str());
            prop_assert_eq!(serde_json::to_string(&read).unwrap(), json);
        }
    }
}
