//! The values of YAML scalars.

use super::YamlError;
use crate::json::JsonValue;
use serde_json::Number;

/// Reads a plain scalar by the JSON schema of YAML 1.2. Anything that JSON lacks is a string.
pub(super) fn lenient_scalar(text: &str) -> JsonValue {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let second = digits.as_bytes().get(1);
    let leading_zero = digits.starts_with('0') && second.is_some_and(u8::is_ascii_digit);
    keyword(text).unwrap_or_else(|| {
        let number = digits.starts_with(|c: char| c.is_ascii_digit())
            && !leading_zero
            && text.parse::<Number>().is_ok();
        if number {
            JsonValue::Number(text.to_owned())
        } else {
            JsonValue::String(text.to_owned())
        }
    })
}

fn keyword(text: &str) -> Option<JsonValue> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Some(JsonValue::Null),
        "true" | "True" | "TRUE" => Some(JsonValue::Bool(true)),
        "false" | "False" | "FALSE" => Some(JsonValue::Bool(false)),
        _ => None,
    }
}

/// Reads a plain scalar that all YAML readers agree on.
pub(super) fn strict_scalar(text: &str, line: u32) -> Result<JsonValue, YamlError> {
    if let Some(value) = keyword(text) {
        return Ok(value);
    }
    if ["yes", "no", "on", "off"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word))
    {
        return Err(YamlError::new(
            line,
            format!("`{text}` is a string for some YAML readers and a boolean for others"),
            "put the string in quotes, or write true or false",
        ));
    }
    if !is_number_for_some_reader(text) {
        return Ok(JsonValue::String(text.to_owned()));
    }
    // `Number` normalises some exponents, so only a number that it prints unchanged is accepted.
    match text.parse::<Number>() {
        Ok(number) if number.to_string() == text => Ok(JsonValue::Number(text.to_owned())),
        _ => Err(YamlError::new(
            line,
            format!("`{text}` is a number that JSON cannot hold digit for digit"),
            "write the number in decimal digits as in JSON, or in quotes if it is a string",
        )),
    }
}

fn is_number_for_some_reader(text: &str) -> bool {
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    if body.eq_ignore_ascii_case(".inf") || body.eq_ignore_ascii_case(".nan") {
        return true;
    }
    let lower = body.to_ascii_lowercase();
    let digits = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'_')
    };
    let prefixed = ["0x", "0o", "0b"]
        .iter()
        .filter_map(|prefix| lower.strip_prefix(prefix))
        .any(|rest| {
            !rest.is_empty()
                && rest
                    .bytes()
                    .all(|byte| byte.is_ascii_hexdigit() || byte == b'_')
        });
    let (mantissa, exponent) = match lower.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (&*lower, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let decimal = digits(whole)
        && digits(fraction)
        && mantissa.bytes().any(|byte| byte.is_ascii_digit())
        && !mantissa.starts_with('_')
        && exponent.is_none_or(|exponent| {
            let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            !exponent.is_empty() && digits(exponent)
        });
    prefixed || decimal
}
