//! JSON that is printed unchanged: the order of fields and all digits of numbers are preserved.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The fields of a JSON object in their original order, with unchanged values. Duplicate names are kept.
///
/// Not `RawObject` of the crate `stablelink`, which is private to that crate.
pub(crate) struct RawFields<'a>(pub(crate) Vec<(String, &'a RawValue)>);

impl<'a> RawFields<'a> {
    /// Returns `None` if `json` is not an object.
    pub(crate) fn parse(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        let field = self.0.iter().find(|(key, _)| key == name);
        field.map(|(_, value)| value.get())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for RawFields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldVisitor;

        impl<'de> Visitor<'de> for FieldVisitor {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                std::iter::from_fn(|| map.next_entry().transpose()).collect()
            }
        }

        deserializer.deserialize_map(FieldVisitor).map(Self)
    }
}

/// Returns the `retdata` of a response body unchanged. Returns `None` if it is absent or null.
pub(crate) fn retdata(body: &[u8]) -> Option<&str> {
    let body = std::str::from_utf8(body).ok()?;
    RawFields::parse(body)?
        .get("retdata")
        .filter(|data| *data != "null")
}

/// Returns a JSON value for people: a string without quotes, any other value unchanged.
pub(crate) fn display_value(json: &str) -> String {
    match serde_json::from_str::<String>(json) {
        Ok(text) => sanitize(&text),
        Err(_) => sanitize(json),
    }
}

/// Replaces characters that could control the terminal: responses are untrusted input.
pub(crate) fn sanitize(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            // Bidirectional formatting characters change the order in which text is shown.
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
    fn raw_fields_keep_order_and_digits() {
        let fields = RawFields::parse(r#"{"b":1.00,"a":{"x": 1},"b":2}"#).unwrap();
        let pairs: Vec<_> = fields
            .0
            .iter()
            .map(|(name, value)| (name.as_str(), value.get()))
            .collect();
        assert_eq!(pairs, [("b", "1.00"), ("a", r#"{"x": 1}"#), ("b", "2")]);
        assert!(RawFields::parse("[1]").is_none());
        let escaped = RawFields::parse(r#"{"r\u0065t":7}"#).unwrap();
        assert_eq!(escaped.get("ret"), Some("7"));
    }

    #[test]
    fn retdata_is_unchanged() {
        for (body, data) in [
            (
                r#"{"retcode":200,"retdata":{"a": 1.00 ,"b":12345678901234567890.10}}"#,
                Some(r#"{"a": 1.00 ,"b":12345678901234567890.10}"#),
            ),
            (r#"{"retdata":[]}"#, Some("[]")),
            (r#"{"retdata":null}"#, None),
            (r#"{"retcode":200}"#, None),
            ("[1]", None),
            ("", None),
        ] {
            assert_eq!(retdata(body.as_bytes()), data, "{body}");
        }
    }

    #[test]
    fn displayed_value_cannot_control_the_terminal() {
        assert_eq!(
            display_value(r#""a\u001b[2Jb\nc""#),
            "a\u{fffd}[2Jb\u{fffd}c"
        );
        assert_eq!(display_value(r#""\u202egnp""#), "\u{fffd}gnp");
        assert_eq!(display_value("1.50"), "1.50");
        assert_eq!(display_value(r#"{"a":1}"#), r#"{"a":1}"#);
    }
}
