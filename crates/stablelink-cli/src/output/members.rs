//! JSON as it came: members in their order, values to the digit.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of a JSON object, in their order, each as it came.
pub(crate) struct Members<'a>(pub(crate) Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    /// `None` of what is no object.
    pub(crate) fn read(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }

        deserializer.deserialize_map(Reader).map(Self)
    }
}

/// The text of a member.
pub(crate) fn member<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let found = Members::read(json)?
        .0
        .into_iter()
        .find(|(key, _)| key == name);
    found.map(|(_, value)| value.get())
}

/// A JSON value as people read it: a string without quotes, all else as it came.
pub(crate) fn shown(json: &str) -> String {
    match serde_json::from_str::<String>(json) {
        Ok(text) => plain(&text),
        Err(_) => plain(json),
    }
}

/// Without what would move the cursor or change the title of the terminal: answers are data of others.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            // Marks that turn the direction of writing change what a reader sees as well.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            letter if letter.is_control() => '\u{fffd}',
            letter => letter,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_digits_are_kept() {
        let read = Members::read(r#"{"b":1.00,"a":{"x": 1},"b":2}"#).unwrap();
        let pairs: Vec<_> = read
            .0
            .iter()
            .map(|(name, value)| (name.as_str(), value.get()))
            .collect();
        assert_eq!(pairs, [("b", "1.00"), ("a", r#"{"x": 1}"#), ("b", "2")]);
        assert!(Members::read("[1]").is_none());
        assert_eq!(member(r#"{"r\u0065t":7}"#, "ret"), Some("7"));
    }

    #[test]
    fn nothing_of_it_steers_the_terminal() {
        assert_eq!(shown(r#""a\u001b[2Jb\nc""#), "a\u{fffd}[2Jb\u{fffd}c");
        assert_eq!(shown(r#""\u202egnp""#), "\u{fffd}gnp");
        assert_eq!(shown("1.50"), "1.50");
        assert_eq!(shown(r#"{"a":1}"#), r#"{"a":1}"#);
    }
}
