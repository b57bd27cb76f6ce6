//! The `data` of an event, in either of its forms.

use serde_json::value::RawValue;

use super::members::Members;

/// Where the `data` of an event stands.
#[derive(Clone)]
pub(super) enum Data {
    /// In the body.
    Member,
    /// In a string of the body, whose escapes are undone here.
    InString(Box<str>),
}

/// The name of the member.
const DATA: &str = "data";

impl Data {
    pub(super) fn read(members: &Members) -> Option<Self> {
        let text = members.get(DATA)?;
        if text == "null" {
            return None;
        }
        Some(in_string(text).map_or(Self::Member, Self::InString))
    }

    pub(super) fn text<'a>(&'a self, members: &'a Members) -> Option<&'a str> {
        match self {
            Self::Member => members.get(DATA),
            Self::InString(text) => Some(text),
        }
    }
}

/// The object or array that stands as JSON text in a string. A string that holds anything else is a string.
pub(super) fn in_string(text: &str) -> Option<Box<str>> {
    let inner: String = serde_json::from_str(text).ok()?;
    let inner = inner.trim_matches([' ', '\t', '\r', '\n']);
    let holds = inner.starts_with(['{', '[']) && serde_json::from_str::<&RawValue>(inner).is_ok();
    holds.then(|| inner.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_in_a_string_is_taken_out_to_the_digit() {
        for (member, data) in [
            (r#"{"a":0.10}"#, Some(r#"{"a":0.10}"#)),
            (r#""{\"a\":0.10}""#, Some(r#"{"a":0.10}"#)),
            (
                r#""{\"a\":12345678901234567890.12}""#,
                Some(r#"{"a":12345678901234567890.12}"#),
            ),
            (r#"" [1e400]\n""#, Some("[1e400]")),
            (r#""\u007b\u007d""#, Some("{}")),
            // One string is undone, and no more.
            (r#""\"{}\"""#, Some(r#""\"{}\"""#)),
            (r#""SUCCESS""#, Some(r#""SUCCESS""#)),
            (r#""7""#, Some(r#""7""#)),
            (r#""{\"cut\"""#, Some(r#""{\"cut\"""#)),
            (r#""{} {}""#, Some(r#""{} {}""#)),
            (r#""\ud800""#, Some(r#""\ud800""#)),
            (r#""""#, Some(r#""""#)),
            ("7", Some("7")),
            ("null", None),
        ] {
            let body = format!(r#"{{"data":{member}}}"#);
            let members = Members::read(body.as_bytes()).unwrap();
            let read = Data::read(&members);
            let text = read.as_ref().and_then(|data| data.text(&members));
            assert_eq!(text, data, "{member}");
        }
    }
}
