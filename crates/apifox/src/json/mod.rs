//! JSON as an example on a page holds it: with the line of every member, every digit of a number,
//! and an end that may be missing.

mod budget;
mod reader;
mod scalars;
mod view;

use serde_json::{Map, Number, Value};

pub(crate) use budget::Budget;
pub(crate) use reader::parse;

/// A value of an example and the line where it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Line of the page, counted from 1.
    pub line: u32,
    /// The value.
    pub value: Json,
}

/// What a [`Node`] holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, digit for digit as printed.
    Number(String),
    /// A string, its escapes resolved.
    Text(String),
    /// An array.
    Array(Vec<Node>),
    /// An object; its members in the order of the page.
    Object(Vec<Member>),
}

/// One member of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// The line of the name.
    pub line: u32,
    /// Its value.
    pub value: Node,
}

impl Node {
    /// The same value without places. Numbers keep their digits; of two members of one name the last counts.
    pub fn to_value(&self) -> Value {
        match &self.value {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(digits) => number(digits),
            Json::Text(text) => Value::String(text.clone()),
            Json::Array(items) => items.iter().map(Node::to_value).collect(),
            Json::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|member| (member.name.clone(), member.value.to_value()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }
}

/// A number with its digits kept. Text that is no number stays text.
pub(crate) fn number(digits: &str) -> Value {
    digits
        .parse::<Number>()
        .map_or_else(|_| Value::String(digits.to_owned()), Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_survive() {
        for (digits, kept) in [
            ("12345678901234567890.12", "12345678901234567890.12"),
            ("0.00", "0.00"),
            ("-0", "-0"),
            ("214.650", "214.650"),
            ("12345678901234567890123", "12345678901234567890123"),
            // The JSON library writes exponents its own way.
            ("1e400", "1e+400"),
            ("1E2", "1e+2"),
        ] {
            let parsed = parse(digits, 1, 1, &mut Budget::default()).unwrap();
            assert_eq!(parsed.node.value, Json::Number(digits.to_owned()));
            assert_eq!(parsed.node.to_value().to_string(), kept);
        }
    }
}
