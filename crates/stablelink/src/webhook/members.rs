//! The members of a JSON object, as places in its text.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::Error;
use crate::error::{DecodeError, ErrorKind};

/// A JSON object whose members are places in its text: no number is read before someone asks for it.
#[derive(Clone)]
pub(super) struct Members {
    text: Arc<str>,
    places: Vec<(Box<str>, Range<usize>)>,
}

impl Members {
    /// Reads an object.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] for what is no UTF-8, no JSON or no object.
    pub(super) fn read(body: &[u8]) -> Result<Self, Error> {
        let undecodable = |decode: DecodeError| Error::new(ErrorKind::Decode(decode.of_delivery()));
        let text = std::str::from_utf8(body)
            .map_err(|_| undecodable(DecodeError::new(".", "it is not UTF-8")))?;
        let raw: RawMembers<'_> = serde_json::from_str(text)
            .map_err(|error| undecodable(DecodeError::of_json(".", &error)))?;
        let places = raw
            .0
            .into_iter()
            .map(|(name, value)| (name.into(), place(text, value.get())))
            .collect();
        Ok(Self {
            text: text.into(),
            places,
        })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The JSON text of a member; of the last one where a name stands twice, as most parsers have it.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .filter_map(|(other, value)| (other == name).then_some(value))
            .last()
    }

    /// The text of a member that is a text with something in it.
    pub(super) fn word(&self, name: &str) -> Option<Box<str>> {
        let word: String = serde_json::from_str(self.get(name)?).ok()?;
        (!word.is_empty()).then(|| word.into())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.places
            .iter()
            .filter_map(|(name, place)| Some((&**name, self.text.get(place.clone())?)))
    }
}

/// Where in `text` a part of it stands.
fn place(text: &str, part: &str) -> Range<usize> {
    // serde_json lends the part out of the text, so this does not go below zero; were that to change, no member would
    // be found rather than a wrong one.
    let start = part.as_ptr().addr().wrapping_sub(text.as_ptr().addr());
    start..start.saturating_add(part.len())
}

struct RawMembers<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for RawMembers<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = RawMembers<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(RawMembers(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_the_bytes_that_came() {
        let text = r#" {"a": 12345678901234567890.120 ,"\u0062":{"x":[1, 2]},"é":"ü","n":null,"a":1e400} "#;
        let members = Members::read(text.as_bytes()).unwrap();
        let all: Vec<_> = members.iter().collect();
        assert_eq!(
            all,
            [
                ("a", "12345678901234567890.120"),
                ("b", r#"{"x":[1, 2]}"#),
                ("é", r#""ü""#),
                ("n", "null"),
                ("a", "1e400")
            ]
        );
        assert_eq!(members.get("a"), Some("1e400"));
        assert_eq!(members.get("c"), None);
        assert_eq!(members.text(), text);
    }

    #[test]
    fn what_is_no_object_is_told() {
        for (body, problem) in [
            (&b""[..], "it ends too early"),
            (b"{", "it ends too early"),
            (b"<html>", "it is not JSON"),
            (b"{} {}", "it is not JSON"),
            (b"\xef\xbb\xbf{}", "it is not JSON"),
            (b"\x00\xff\xfe", "it is not UTF-8"),
            (b"[]", "expected an object"),
            (b"\"{}\"", "expected an object"),
            (b"7", "expected an object"),
            (b"null", "expected an object"),
        ] {
            let error = Members::read(body).err().unwrap();
            let ErrorKind::Decode(decode) = error.kind() else {
                panic!("{error}");
            };
            assert_eq!((decode.path(), decode.problem()), (".", problem));
            let told = format!("the delivery can't be read at `.`: {problem}");
            assert_eq!(error.to_string(), told);
        }
    }

    #[test]
    fn depth_does_no_harm() {
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Members::read(deep.as_bytes()).is_ok());
    }
}
