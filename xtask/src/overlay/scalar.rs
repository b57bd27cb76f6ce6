//! Plain scalars of YAML: which of them are numbers, truths, or text.

use serde_json::{Number, Value};

/// Why a scalar is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Doubt {
    pub(super) text: String,
    pub(super) help: String,
}

/// A plain scalar by the rules of JSON. What YAML readers disagree about is refused rather than guessed.
pub(super) fn plain(text: &str) -> Result<Value, Doubt> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "true" | "True" | "TRUE" => return Ok(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Value::Bool(false)),
        _ => {}
    }
    if ["yes", "no", "on", "off"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word))
    {
        return Err(Doubt {
            text: format!("`{text}` is text for some YAML readers and a boolean for others"),
            help: format!("write \"{text}\" in quotes, or true or false"),
        });
    }
    if !numeric(text) {
        return Ok(Value::String(text.to_owned()));
    }
    // `Number` keeps the text it was made of, but writes some exponents anew: only what comes back
    // unchanged is taken.
    match text.parse::<Number>() {
        Ok(number) if number.to_string() == text => Ok(Value::Number(number)),
        _ => Err(Doubt {
            text: format!("`{text}` is a number that JSON cannot hold digit for digit"),
            help: "write it in decimal digits as JSON does, or in quotes if it is text".to_owned(),
        }),
    }
}

/// Whether some YAML reader takes a plain scalar for a number.
fn numeric(text: &str) -> bool {
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    if [".inf", ".nan"]
        .iter()
        .any(|word| body.eq_ignore_ascii_case(word))
    {
        return true;
    }
    let prefixed = ["0x", "0o", "0b"].iter().any(|prefix| {
        body.get(..2)
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
            && body.len() > 2
            && body
                .bytes()
                .skip(2)
                .all(|byte| byte.is_ascii_hexdigit() || byte == b'_')
    });
    let (mantissa, exponent) = body
        .split_once(['e', 'E'])
        .map_or((body, None), |(m, e)| (m, Some(e)));
    let digits = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'_')
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let decimal = digits(whole)
        && digits(fraction)
        && mantissa.bytes().any(|byte| byte.is_ascii_digit())
        && !mantissa.starts_with('_')
        && exponent.is_none_or(|text| {
            let text = text.strip_prefix(['+', '-']).unwrap_or(text);
            !text.is_empty() && digits(text)
        });
    prefixed || decimal
}
