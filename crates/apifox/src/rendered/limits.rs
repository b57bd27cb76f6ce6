//! The limits of a field in the site's own list: `>= 1`, `<= 64 characters`.

use crate::json::number;
use serde_json::Value;

/// Parses a line that only contains limits. Returns the keywords of the schema.
pub(crate) fn limits(line: &str) -> Option<Vec<(&'static str, Value)>> {
    if line.len() > 120 {
        return None;
    }
    let mut found = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let (operator, behind) = [">=", "<=", "≥", "≤", ">", "<"]
            .iter()
            .find_map(|operator| Some((*operator, rest.strip_prefix(operator)?)))?;
        let behind = behind.trim_start();
        let digits = behind
            .find(|c: char| !c.is_ascii_digit() && !matches!(c, '-' | '.' | 'e' | '+'))
            .unwrap_or(behind.len());
        let value = number(&behind[..digits]);
        if !value.is_number() {
            return None;
        }
        let behind = &behind[digits..];
        let end = behind.find(['>', '<', '≥', '≤']).unwrap_or(behind.len());
        let least = matches!(operator, ">=" | "≥" | ">");
        let is_exclusive = matches!(operator, ">" | "<");
        let words = match behind[..end].trim().to_lowercase().as_str() {
            "" => ["minimum", "maximum"],
            "character" | "characters" | "字符" | "字元" | "文字" => {
                ["minLength", "maxLength"]
            }
            "item" | "items" | "项" | "項" | "个" | "個" | "元素" => ["minItems", "maxItems"],
            "property" | "properties" | "个属性" => ["minProperties", "maxProperties"],
            _ => return None,
        };
        // A length has no exclusive limit.
        if is_exclusive && words[0] != "minimum" {
            return None;
        }
        found.push((if least { words[0] } else { words[1] }, value));
        if is_exclusive {
            let word = if least {
                "exclusiveMinimum"
            } else {
                "exclusiveMaximum"
            };
            found.push((word, Value::Bool(true)));
        }
        rest = behind[end..].trim_start();
    }
    (!found.is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn limits_are_parsed() {
        for (line, read) in [
            (">= 1", json!([["minimum", 1]])),
            ("<= 64 characters", json!([["maxLength", 64]])),
            (
                ">= 1 characters<= 500 characters",
                json!([["minLength", 1], ["maxLength", 500]]),
            ),
            (">= 1 字符", json!([["minLength", 1]])),
            (">= 1 items", json!([["minItems", 1]])),
            (
                "> 0.5 <= 10",
                json!([
                    ["minimum", 0.5],
                    ["exclusiveMinimum", true],
                    ["maximum", 10]
                ]),
            ),
        ] {
            assert_eq!(json!(limits(line).expect(line)), read, "{line}");
        }
        for line in ["> a quotation", "1-100", "<= 64 kilobytes", "", ">"] {
            assert_eq!(limits(line), None, "{line}");
        }
    }
}
