//! A JSON object as its raw fields, in document order.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::DecodeError;

/// A JSON object whose fields are ranges of its text: no value is parsed before it is needed, so that numbers keep every
/// digit. If a name occurs twice, both fields are kept. Public for the CLI, which prints responses unchanged.
#[derive(Clone)]
pub struct RawObject {
    text: Arc<str>,
    fields: Vec<(Box<str>, Range<usize>)>,
}

impl RawObject {
    /// Parses an object.
    ///
    /// # Errors
    ///
    /// Fails if the bytes are not UTF-8, not JSON or not an object.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        // Some servers send a byte order mark before JSON.
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text =
            std::str::from_utf8(bytes).map_err(|_| DecodeError::new(".", "it is not UTF-8"))?;
        let fields = borrowed_fields(text).map_err(|error| DecodeError::of_json(".", &error))?;
        let fields = fields
            .into_iter()
            .map(|(name, value)| (name.into(), range_of(bytes, value.get().as_bytes())))
            .collect();
        Ok(Self {
            text: text.into(),
            fields,
        })
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the JSON text of a field; of the last one if the name occurs twice, as most parsers do.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .filter_map(|(other, value)| (other == name).then_some(value))
            .last()
    }

    /// Returns a field that is a non-empty string.
    pub(crate) fn non_empty_string(&self, name: &str) -> Option<Box<str>> {
        let string: String = serde_json::from_str(self.get(name)?).ok()?;
        (!string.is_empty()).then(|| string.into())
    }

    /// Iterates over the fields in document order, as name and JSON text.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields
            .iter()
            .filter_map(|(name, range)| Some((&**name, self.text.get(range.clone())?)))
    }
}

/// Returns the range of `part` within `text`.
pub(crate) fn range_of(text: &[u8], part: &[u8]) -> Range<usize> {
    // serde_json borrows the part from the text, so the difference is not negative. If that changed, the range would be
    // out of bounds and the field would be missing, not wrong.
    let start = part.as_ptr().addr().wrapping_sub(text.as_ptr().addr());
    start..start.saturating_add(part.len())
}

/// Parses an object into its fields, in document order.
pub(crate) fn borrowed_fields(
    text: &str,
) -> Result<Vec<(Cow<'_, str>, &RawValue)>, serde_json::Error> {
    serde_json::from_str(text).map(|BorrowedFields(fields)| fields)
}

struct BorrowedFields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// The name of a field, borrowed unless it contains an escape.
#[derive(Deserialize)]
struct FieldName<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for BorrowedFields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor;

        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = BorrowedFields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                // Records have about 15 fields: one allocation.
                let mut fields = Vec::with_capacity(16);
                while let Some((FieldName(name), value)) = map.next_entry()? {
                    fields.push((name, value));
                }
                Ok(BorrowedFields(fields))
            }
        }

        deserializer.deserialize_map(ObjectVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_keeps_text_and_order_of_fields() {
        let text = r#" {"a": 12345678901234567890.120 ,"\u0062":{"x":[1, 2]},"é":"ü","n":null,"a":1e400} "#;
        let object = RawObject::parse(text.as_bytes()).unwrap();
        let fields: Vec<_> = object.iter().collect();
        assert_eq!(
            fields,
            [
                ("a", "12345678901234567890.120"),
                ("b", r#"{"x":[1, 2]}"#),
                ("é", r#""ü""#),
                ("n", "null"),
                ("a", "1e400")
            ]
        );
        assert_eq!(object.get("a"), Some("1e400"));
        assert_eq!(object.get("c"), None);
        assert_eq!(object.text(), text);
        assert_eq!(object.non_empty_string("é").as_deref(), Some("ü"));
        assert_eq!(object.non_empty_string("a"), None);
    }

    #[test]
    fn parse_of_other_than_object_fails() {
        for (body, problem) in [
            (&b""[..], "it ends too early"),
            (b"{", "it ends too early"),
            (b"<html>", "it is not JSON"),
            (b"{} {}", "it is not JSON"),
            (b"\xef\xbb\xbf\xef\xbb\xbf{}", "it is not JSON"),
            (b"\x00\xff\xfe", "it is not UTF-8"),
            (b"[]", "expected an object"),
            (b"\"{}\"", "expected an object"),
            (b"7", "expected an object"),
            (b"null", "expected an object"),
        ] {
            let error = RawObject::parse(body).err().unwrap();
            assert_eq!((error.path(), error.problem()), (".", problem));
        }
    }

    #[test]
    fn byte_order_mark_is_skipped() {
        let object = RawObject::parse(b"\xef\xbb\xbf{\"a\":1}").unwrap();
        assert_eq!((object.text(), object.get("a")), (r#"{"a":1}"#, Some("1")));
    }

    #[test]
    fn parse_of_deep_nesting_succeeds() {
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(RawObject::parse(deep.as_bytes()).is_ok());
    }
}
