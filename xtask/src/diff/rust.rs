//! The words that the generated crate has for parts of a document.
//!
//! A model of the generator, good enough to tell whether a type changes; the generator itself decides
//! what it is called.

use heck::{ToPascalCase, ToSnakeCase};
use serde_json::Value;

use super::{document::Document, view::View};
use crate::openapi::json::{text, truth};

/// The method of an operation.
pub(super) fn method(operation: &Value) -> Option<String> {
    text(operation, "operationId").map(ToSnakeCase::to_snake_case)
}

/// The field of a property, or the argument of a parameter.
pub(super) fn field(name: &str) -> String {
    let snake = name.to_snake_case();
    match snake.as_str() {
        "type" | "match" | "ref" | "self" | "use" | "where" | "in" | "for" | "enum" | "struct"
        | "fn" | "move" | "mod" | "pub" | "loop" | "if" | "else" | "as" | "box" => {
            format!("{snake}_")
        }
        "" => "_".to_owned(),
        _ => snake,
    }
}

/// The type of a component.
pub(super) fn type_name(reference: &str) -> String {
    let name = reference.rsplit('/').next().unwrap_or(reference);
    name.to_pascal_case()
}

/// Whether the generator gives a field this type inside an `Option`. Lists are always: a profile has
/// it so.
pub(super) fn is_optional(view: &View, required: bool) -> bool {
    !required || view.nullable || (view.component.is_none() && view.kind() == Some("array"))
}

/// The type of a schema, without `Option`.
pub(super) fn base(document: Document, view: &View) -> String {
    match view.component {
        Some(_) if view.is_integer_or_text() => "IntegerOrText".to_owned(),
        Some(_) if view.is_any() => "RawJson".to_owned(),
        Some(reference) => type_name(reference),
        None => content(document, view),
    }
}

/// The type that stands behind a name.
pub(super) fn content(document: Document, view: &View) -> String {
    if view.is_any() {
        return "RawJson".to_owned();
    }
    if view.is_integer_or_text() {
        return "IntegerOrText".to_owned();
    }
    if view.word("x-extensible-enum").is_some() {
        return "open enum".to_owned();
    }
    if view.word("enum").is_some() {
        return "enum".to_owned();
    }
    if view.branches().is_some() {
        return "union".to_owned();
    }
    let format = view.text("format").unwrap_or_default();
    let secret = view.parts.iter().any(|part| truth(part, "x-secret"));
    match view.kind() {
        Some("string") if secret || format == "secret" => "Secret".to_owned(),
        Some("string") => string(format).to_owned(),
        Some("number") if format == "decimal" || view.word("x-money").is_some() => {
            "DecimalNumber".to_owned()
        }
        Some("number") => if format == "float" { "f32" } else { "f64" }.to_owned(),
        Some("integer") => integer(format).to_owned(),
        Some("boolean") => "bool".to_owned(),
        Some("array") => format!("Vec<{}>", inner(document, view.word("items"))),
        Some("object") if view.properties().is_empty() => {
            let values = view
                .word("additionalProperties")
                .filter(|it| it.is_object());
            format!("Map<String, {}>", inner(document, values))
        }
        Some("object") => "struct".to_owned(),
        _ => "RawJson".to_owned(),
    }
}

fn inner(document: Document, schema: Option<&Value>) -> String {
    let Some(schema) = schema else {
        return "RawJson".to_owned();
    };
    let view = View::of(document, schema);
    let base = base(document, &view);
    if view.nullable {
        format!("Option<{base}>")
    } else {
        base
    }
}

/// The type of a text with this format.
pub(super) fn string(format: &str) -> &'static str {
    match format {
        "date" => "Date",
        "date-time" => "Timestamp",
        "date-time-local" => "LocalDateTime",
        "decimal" => "DecimalString",
        "uuid" => "Uuid",
        "ip" => "IpAddr",
        "ipv4" => "Ipv4Addr",
        "ipv6" => "Ipv6Addr",
        _ => "String",
    }
}

/// The type of an integer with this format.
pub(super) fn integer(format: &str) -> &'static str {
    match format {
        "int8" => "i8",
        "int16" => "i16",
        "int32" => "i32",
        "uint8" => "u8",
        "uint16" => "u16",
        "uint32" => "u32",
        "uint" | "uint64" => "u64",
        _ => "i64",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_types_that_the_generator_makes() {
        let document = json!({"components": {"schemas": {
            "Retcode": {"oneOf": [{"type": "integer", "format": "int64"}, {"type": "string"}]},
            "Unseen": {"description": "any"},
            "Order": {"type": "object", "properties": {"a": {"type": "string"}}}
        }}});
        let to = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
        let cases = [
            (to("Retcode"), "IntegerOrText"),
            (to("Unseen"), "RawJson"),
            (to("Order"), "Order"),
            (to("Gone"), "Gone"),
            (
                json!({"allOf": [to("Order")], "nullable": true, "type": "object"}),
                "Order",
            ),
            (json!({"type": "string", "format": "email"}), "String"),
            (
                json!({"type": "string", "format": "date-time-local"}),
                "LocalDateTime",
            ),
            (json!({"type": "string", "x-secret": true}), "Secret"),
            (json!({"type": "string", "enum": ["a"]}), "enum"),
            (
                json!({"type": "string", "format": "decimal", "x-money": "string"}),
                "DecimalString",
            ),
            (
                json!({"type": "number", "format": "decimal", "x-money": "number"}),
                "DecimalNumber",
            ),
            (json!({"type": "number"}), "f64"),
            (json!({"type": "integer"}), "i64"),
            (json!({"type": "integer", "format": "int32"}), "i32"),
            (json!({"type": "array", "items": to("Order")}), "Vec<Order>"),
            (
                json!({"type": "array", "items": {"type": "array", "items": {"type": "boolean", "nullable": true}}}),
                "Vec<Vec<Option<bool>>>",
            ),
            (
                json!({"type": "object", "additionalProperties": {}}),
                "Map<String, RawJson>",
            ),
            (json!({"properties": {"a": {}}}), "struct"),
        ];
        for (schema, expected) in cases {
            let document = Document(&document);
            assert_eq!(
                base(document, &View::of(document, &schema)),
                expected,
                "{schema}"
            );
        }
    }

    #[test]
    fn names_are_rust_names() {
        assert_eq!(field("rateExpiryTime"), "rate_expiry_time");
        assert_eq!(field("type"), "type_");
        assert_eq!(
            type_name("#/components/schemas/exchange_rate"),
            "ExchangeRate"
        );
        assert_eq!(
            method(&json!({"operationId": "getExchangeRate"})).unwrap(),
            "get_exchange_rate"
        );
    }
}
