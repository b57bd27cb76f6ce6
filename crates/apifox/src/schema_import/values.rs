//! Values in schemas: enumerated values, defaults and examples.

use crate::json::{JsonNode, JsonValue, number};
use serde_json::Value;

/// Returns whether a text contains a placeholder: `{{token}}`, `Bearer {{token}}`, `{{$date.now}}`.
pub(crate) fn is_placeholder(text: &str) -> bool {
    text.find("{{").is_some_and(|at| text[at..].contains("}}"))
}

/// Returns whether any part of a value contains a placeholder.
pub(super) fn has_placeholder(node: &JsonNode) -> bool {
    match &node.value {
        JsonValue::String(text) => is_placeholder(text),
        JsonValue::Array(items) => items.iter().any(has_placeholder),
        JsonValue::Object(members) => members.iter().any(|member| has_placeholder(&member.value)),
        JsonValue::Null | JsonValue::Bool(_) | JsonValue::Number(_) => false,
    }
}

/// Converts a value to a type; strings are parsed as numbers and booleans. Returns `None` if the
/// value is not of the type.
pub(super) fn of_type(node: &JsonNode, kind: Option<&str>) -> Option<Value> {
    let text = match &node.value {
        JsonValue::String(text) => Some(text.trim()),
        JsonValue::Number(digits) => Some(digits.as_str()),
        _ => None,
    };
    match kind {
        None => Some(node.to_value()),
        Some("string") => node.scalar().map(Value::String),
        Some("boolean") => match &node.value {
            JsonValue::Bool(_) | JsonValue::String(_) => node.truth().map(Value::Bool),
            _ => None,
        },
        Some("integer") => {
            let text = text?;
            let digits = text.strip_prefix('-').unwrap_or(text);
            let whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            Some(number(text)).filter(|value| whole && value.is_number())
        }
        Some("number") => Some(number(text?)).filter(Value::is_number),
        Some("array") => matches!(node.value, JsonValue::Array(_)).then(|| node.to_value()),
        Some("object") => node.is_object().then(|| node.to_value()),
        Some(_) => None,
    }
}

/// The content of a list of enumerated values.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Enumeration {
    pub(super) values: Vec<Value>,
    pub(super) null: bool,
    /// Values and their descriptions: `1 (paid)` is stored as `1` and `paid`.
    pub(super) descriptions: Vec<(String, String)>,
    /// Values that are sentences. A list with a sentence is not exhaustive.
    pub(super) prose: Vec<String>,
    /// Values of another type.
    pub(super) odd: Vec<String>,
}

/// Parses the items of an enum: trims each value, splits off a description that follows it, and
/// separates sentences and values of another type.
pub(super) fn enumeration(items: &[JsonNode], kind: Option<&str>) -> Enumeration {
    let mut found = Enumeration::default();
    for item in items {
        if item.is_null() {
            found.null = true;
            continue;
        }
        let mut cleaned = item.clone();
        if let JsonValue::String(text) = &item.value {
            let text = text.trim();
            if text.is_empty() {
                continue;
            }
            let numeric = matches!(kind, Some("integer" | "number"));
            let split = numeric.then(|| split_number(text)).flatten();
            let value = match split.or_else(|| split_value(text)) {
                Some((value, described)) => {
                    found
                        .descriptions
                        .push((value.to_owned(), described.to_owned()));
                    value
                }
                None if text.split_whitespace().nth(3).is_some() => {
                    found.prose.push(text.to_owned());
                    continue;
                }
                None => text,
            };
            cleaned.value = JsonValue::String(value.to_owned());
        }
        match of_type(&cleaned, kind) {
            Some(value) if found.values.contains(&value) => {}
            Some(value) => found.values.push(value),
            None => found.odd.push(item.scalar().unwrap_or_default()),
        }
    }
    found
}

/// Splits a value from its description: `PAID: the order is paid` → `PAID` and `the order is paid`.
/// Returns `None` for a plain value.
fn split_value(text: &str) -> Option<(&str, &str)> {
    const MARKS: &[&str] = &[":", "：", "(", "（", "=", " - ", " – ", " — ", "—"];
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | '-')))
        .filter(|&end| end > 0)?;
    let (value, rest) = text.split_at(end);
    // `1-已付`: a value does not continue in another script.
    if let Some(value) = value.strip_suffix('-').filter(|value| !value.is_empty())
        && rest.starts_with(|c: char| !c.is_ascii() && c.is_alphabetic())
    {
        return Some((value, rest));
    }
    let mark = MARKS
        .iter()
        .find(|mark| rest.starts_with(**mark) || rest.trim_start().starts_with(mark.trim()))?;
    let described = rest.trim_start().strip_prefix(mark.trim())?;
    let described = described.trim().trim_end_matches([')', '）']).trim();
    // `10:30` is a value.
    let words = described.chars().any(char::is_alphabetic) && !mark.is_empty();
    (words && !described.is_empty()).then_some((value, described))
}

/// Splits a numeric value from its description: `3-gone` → `3` and `gone`.
fn split_number(text: &str) -> Option<(&str, &str)> {
    let sign = usize::from(text.starts_with('-'));
    let end = text[sign..]
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .filter(|&digits| digits > 0)?;
    let (value, rest) = text.split_at(sign + end);
    let marks = |c: char| c.is_whitespace() || "-–—:：=()（）".contains(c);
    let described = rest.trim_matches(marks);
    let apart = rest.starts_with(|c: char| marks(c) || !c.is_ascii());
    (apart && described.chars().any(char::is_alphabetic)).then_some((value, described))
}

/// Reads value descriptions from `x-apifox-enum` and `enumDescriptions`.
pub(super) fn value_descriptions(node: &JsonNode) -> Vec<(String, String)> {
    let mut described: Vec<(String, String)> = Vec::new();
    let mut add = |value: String, text: String| {
        let value = value.trim().to_owned();
        if !described.iter().any(|(known, _)| *known == value) {
            described.push((value, text));
        }
    };
    for word in ["x-apifox-enum", "x-apidog-enum"] {
        for item in node.get(word).map(JsonNode::items).unwrap_or_default() {
            let Some(value) = item.get("value").and_then(JsonNode::scalar) else {
                continue;
            };
            let words = [item.text_of("name"), item.text_of("description")];
            let words: Vec<&str> = words.into_iter().flatten().collect();
            add(value, words.join(", "));
        }
    }
    for word in ["x-apifox", "x-apidog"] {
        let texts = node
            .get(word)
            .and_then(|inner| inner.get("enumDescriptions"));
        for member in texts.map(JsonNode::fields).unwrap_or_default() {
            if let Some(text) = member.value.text() {
                add(member.name.clone(), text.to_owned());
            }
        }
    }
    described
}

/// Reads a numeric limit, which may be written as a string.
pub(super) fn limit(node: &JsonNode) -> Option<Value> {
    of_type(node, Some("number"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Budget, parse};

    fn node(text: &str) -> JsonNode {
        parse(text, 1, 1, &mut Budget::default()).unwrap().node
    }

    #[test]
    fn placeholders_are_recognised() {
        for (text, is) in [
            ("{{token}}", true),
            ("Bearer {{token}}", true),
            ("{{$date.millisecondsTimestamp}}", true),
            ("{id}", false),
            ("}}{{", false),
        ] {
            assert_eq!(is_placeholder(text), is, "{text}");
        }
    }

    #[test]
    fn values_are_converted_to_the_type() {
        for (text, kind, wanted) in [
            ("\"7\"", "integer", Some("7")),
            ("7.5", "integer", None),
            ("\"7.50\"", "number", Some("7.50")),
            ("\"true\"", "boolean", Some("true")),
            ("1", "boolean", None),
            ("20", "string", Some("\"20\"")),
            ("{}", "string", None),
            ("[1]", "array", Some("[1]")),
            ("\"x\"", "array", None),
        ] {
            let value = of_type(&node(text), Some(kind)).map(|value| value.to_string());
            assert_eq!(value.as_deref(), wanted, "{text} {kind}");
        }
    }

    #[test]
    fn enumerated_values_are_cleaned() {
        for (text, kind, values, described, prose) in [
            (
                r#"["a ", " b", "a", "", null]"#,
                "string",
                r#"["a","b"]"#,
                0,
                0,
            ),
            (
                r#"["1: paid", "2：open (since today)"]"#,
                "integer",
                "[1,2]",
                2,
                0,
            ),
            (
                r#"["USDT - a token", "eth(chain)"]"#,
                "string",
                r#"["USDT","eth"]"#,
                2,
                0,
            ),
            (
                r#"["0-空", "1-在架", "2 -借出", "-1 丢失", "3-gone"]"#,
                "integer",
                "[0,1,2,-1,3]",
                5,
                0,
            ),
            (
                r#"["100-有货", "9 -缺货", "A-1", "T-shirt", "2-in-1"]"#,
                "string",
                r#"["100","9","A-1","T-shirt","2-in-1"]"#,
                2,
                0,
            ),
            (
                r#"["In Progress", "10:30", "a-b", "x=1"]"#,
                "string",
                r#"["In Progress","10:30","a-b","x=1"]"#,
                0,
                0,
            ),
            (
                r#"["see the list on the page Currencies"]"#,
                "string",
                "[]",
                0,
                1,
            ),
        ] {
            let JsonValue::Array(items) = node(text).value else {
                panic!("a list");
            };
            let found = enumeration(&items, Some(kind));
            assert_eq!(Value::Array(found.values).to_string(), values, "{text}");
            assert_eq!(
                (found.descriptions.len(), found.prose.len()),
                (described, prose),
                "{text}"
            );
        }
    }

    #[test]
    fn value_descriptions_are_collected() {
        let described = value_descriptions(&node(
            r#"{"x-apifox-enum":[{"value":1,"name":"Open","description":"since today"},{"value":"2 ","name":""}],
               "x-apifox":{"enumDescriptions":{"1":"no","3":"Closed","4":""}}}"#,
        ));
        let described: Vec<(&str, &str)> = described
            .iter()
            .map(|(value, text)| (&**value, &**text))
            .collect();
        assert_eq!(
            described,
            [("1", "Open, since today"), ("2", ""), ("3", "Closed")]
        );
    }
}
