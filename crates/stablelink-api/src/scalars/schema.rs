//! The JSON Schemas of the scalars. They describe the serialised form.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{DecimalNumber, DecimalString, IntegerOrText, LocalDateTime, RawJson, Secret};

impl JsonSchema for DecimalNumber {
    fn schema_name() -> Cow<'static, str> {
        "DecimalNumber".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "format": "decimal" })
    }
}

impl JsonSchema for DecimalString {
    fn schema_name() -> Cow<'static, str> {
        "DecimalString".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "decimal",
            "pattern": r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$",
        })
    }
}

impl JsonSchema for IntegerOrText {
    fn schema_name() -> Cow<'static, str> {
        "IntegerOrText".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["integer", "string"] })
    }
}

impl JsonSchema for LocalDateTime {
    fn schema_name() -> Cow<'static, str> {
        "LocalDateTime".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?$",
        })
    }
}

impl JsonSchema for RawJson {
    fn schema_name() -> Cow<'static, str> {
        "RawJson".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        true.into()
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "password" })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Record {
        code: IntegerOrText,
        amount: DecimalNumber,
        #[serde(flatten)]
        more: BTreeMap<String, LocalDateTime>,
    }

    #[test]
    fn schema_describes_written_form() {
        let schema = schemars::schema_for!(Record).to_value();
        for (place, expected) in [
            ("/$defs/IntegerOrText/type/0", "integer"),
            ("/$defs/DecimalNumber/type", "number"),
            ("/$defs/DecimalNumber/format", "decimal"),
            ("/additionalProperties/$ref", "#/$defs/LocalDateTime"),
        ] {
            assert_eq!(
                schema.pointer(place).and_then(|v| v.as_str()),
                Some(expected),
                "{place} of {schema}"
            );
        }
        let text = schemars::schema_for!(DecimalString).to_value();
        assert_eq!(text["type"], "string");
    }
}
