//! JSON Schema of the scalars: the form that goes out.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{DecimalNumber, DecimalString, IntegerOrText, LocalDateTime};

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
