//! Parses the arguments of operations.

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command};
use serde_json::value::RawValue;
use stablelink::operations::FieldType;
use stablelink::scalars::{DecimalNumber, DecimalString};

use crate::input::{InputArg, parse_amount};

/// Parses an argument to the JSON text of its value. The known values are for completion: others are accepted too.
#[derive(Clone)]
pub(super) struct FieldParser {
    pub(super) value_type: FieldType,
    pub(super) values: &'static [&'static str],
}

impl TypedValueParser for FieldParser {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        let value_type = self.value_type;
        let parser = StringValueParser::new().try_map(move |text| json_value(value_type, &text));
        parser.parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let values = self.values.iter().map(PossibleValue::new);
        (!self.values.is_empty()).then(|| Box::new(values) as _)
    }
}

/// Returns the JSON text of an argument of this type. Negative numbers are rejected: no field is known to accept one.
fn json_value(value_type: FieldType, text: &str) -> Result<String, String> {
    let quoted = || serde_json::Value::from(text).to_string();
    match value_type {
        FieldType::Integer => match text.parse::<i64>() {
            Ok(number) if number >= 0 => Ok(number.to_string()),
            _ => Err("expected an integer of at least 0".to_owned()),
        },
        // `007` and `+5` are identifiers: as integers, they would change.
        FieldType::IntegerOrText => match text.parse::<i64>() {
            _ if is_negative_number(value_type, text) => {
                Err("expected an integer of at least 0, or a text".to_owned())
            }
            Ok(number) if number.to_string() == text => Ok(number.to_string()),
            _ => Ok(quoted()),
        },
        FieldType::Decimal => parse_amount::<DecimalNumber>(text).and_then(to_json),
        FieldType::DecimalText => parse_amount::<DecimalString>(text).and_then(to_json),
        FieldType::Boolean => match text {
            "true" | "false" => Ok(text.to_owned()),
            _ => Err("expected true or false".to_owned()),
        },
        FieldType::Json => {
            let input = text.parse::<InputArg>()?;
            let json = input.read_text().map_err(|error| error.to_string())?;
            match serde_json::from_str::<&RawValue>(&json) {
                Ok(value) => Ok(value.get().to_owned()),
                Err(_) => Err("expected JSON".to_owned()),
            }
        }
        _ => Ok(quoted()),
    }
}

/// Returns whether the text is a negative number and the type is that of an amount or an integer. `-0` is an identifier in a
/// field that accepts a text.
pub(super) fn is_negative_number(value_type: FieldType, text: &str) -> bool {
    let is_negative = |is_zero_allowed: bool| {
        let number = text.parse::<f64>();
        text.starts_with('-') && number.is_ok_and(|number| number < 0.0 || !is_zero_allowed)
    };
    match value_type {
        FieldType::Integer | FieldType::Decimal | FieldType::DecimalText => is_negative(false),
        FieldType::IntegerOrText => is_negative(true),
        _ => false,
    }
}

fn to_json(value: impl serde::Serialize) -> Result<String, String> {
    serde_json::to_string(&value).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_has_the_json_form_of_its_type() {
        for (value_type, text, json) in [
            (FieldType::Text, "a\"7", Some(r#""a\"7""#)),
            (FieldType::Date, "2026-01-31", Some(r#""2026-01-31""#)),
            (FieldType::Integer, "-7", None),
            (FieldType::Integer, "7.0", None),
            (FieldType::Integer, "9223372036854775808", None),
            (FieldType::Decimal, "1000.233567", Some("1000.233567")),
            (FieldType::Decimal, "0.50", Some("0.50")),
            (FieldType::Decimal, "1,5", None),
            (FieldType::Decimal, "-5", None),
            (FieldType::Decimal, "-0", None),
            (FieldType::DecimalText, "-0.01", None),
            (FieldType::DecimalText, "1000.10", Some(r#""1000.10""#)),
            (FieldType::DecimalText, "a", None),
            (FieldType::Boolean, "true", Some("true")),
            (FieldType::Boolean, "yes", None),
            (FieldType::IntegerOrText, "7", Some("7")),
            (FieldType::IntegerOrText, "-7", None),
            (FieldType::IntegerOrText, "-5.5", None),
            (FieldType::IntegerOrText, "-1e3", None),
            (FieldType::IntegerOrText, "-9223372036854775809", None),
            (FieldType::IntegerOrText, "-a", Some(r#""-a""#)),
            (FieldType::IntegerOrText, "A7", Some(r#""A7""#)),
            (FieldType::IntegerOrText, "007", Some(r#""007""#)),
            (FieldType::IntegerOrText, "+5", Some(r#""+5""#)),
            (FieldType::IntegerOrText, "-0", Some(r#""-0""#)),
            (FieldType::Json, r#"{"a":1.50}"#, Some(r#"{"a":1.50}"#)),
            (FieldType::Json, "{", None),
            (FieldType::Json, "@/no/such", None),
        ] {
            let parsed = json_value(value_type, text).ok();
            assert_eq!(parsed.as_deref(), json, "{value_type:?} {text}");
        }
    }
}
