//! A value that is an integer on some pages and a text on others.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;

/// An integer or a text, in the form that came: `200` or `"200"`.
///
/// Equal are equal texts: `200` and `"200"` are, `"00006"` and `6` are not. Match on the variants
/// where the form itself matters.
#[derive(Clone, Debug)]
pub enum IntegerOrText {
    /// A JSON integer. Ids of the gateway pass 32 bits; beyond 128 reading fails.
    Integer(i128),
    /// A JSON string.
    Text(String),
}

impl IntegerOrText {
    /// The value as text: codes with leading zeros are texts, so this is what to compare.
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
            // Not every serializer has 128 bits: that of query parameters has not.
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
            .map_err(|_| Error::custom("neither an integer of 128 bits nor a text"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn forms_stay() {
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
    fn equality_is_that_of_the_text() {
        let read = |text: &str| serde_json::from_str::<IntegerOrText>(text).unwrap();
        assert_eq!(read("200"), read("\"200\""));
        assert_ne!(read("6"), read("\"00006\""));
        assert_eq!(read("200"), *"200");
        assert_eq!(read("200").as_text(), "200");
    }

    #[test]
    fn refusals() {
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
        fn any_integer_comes_back(value: i128) {
            let read: IntegerOrText = serde_json::from_str(&value.to_string()).unwrap();
            prop_assert_eq!(serde_json::to_string(&read).unwrap(), value.to_string());
        }

        #[test]
        fn any_text_comes_back(text: String) {
            let json = serde_json::to_string(&text).unwrap();
            let read: IntegerOrText = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(read.as_text(), text.as_str());
            prop_assert_eq!(serde_json::to_string(&read).unwrap(), json);
        }
    }
}
