//! The fields of a request in the operation table: parameters, and properties of the body.

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;

use crate::openapi::{self, Document, Operation, schema};

/// Returns a `RequestField` literal for each parameter of the path and the query, and for each
/// property of the body. Headers are not listed: the client sets them.
pub(super) fn literals(document: &Document<'_>, operation: &Operation<'_>) -> Vec<TokenStream> {
    let mut fields = Vec::new();
    for parameter in document.parameters(operation) {
        let parameter = parameter.value;
        let name = openapi::text(parameter, "name").unwrap_or_default();
        let location = match openapi::text(parameter, "in") {
            Some("path") => quote!(FieldLocation::Path),
            Some("query") => quote!(FieldLocation::Query),
            _ => continue,
        };
        let is_required = openapi::is_true(parameter, "required");
        let schema = parameter.get("schema").unwrap_or(&Value::Null);
        let description = description(document, &[parameter, schema]);
        fields.push(literal(
            document,
            name,
            location,
            schema,
            is_required,
            &description,
        ));
    }
    let body = document.request_body(operation);
    let media = body.and_then(|body| openapi::content(&body).into_iter().next());
    if let Some(schema) = media.and_then(|(_, media)| media.value.get("schema")) {
        let required = schema::required(document, schema);
        for (name, property) in schema::properties(document, schema) {
            let location = quote!(FieldLocation::Body);
            let is_required = required.contains(name);
            let description = description(document, &[property]);
            fields.push(literal(
                document,
                name,
                location,
                property,
                is_required,
                &description,
            ));
        }
    }
    fields
}

fn literal(
    document: &Document<'_>,
    name: &str,
    location: TokenStream,
    schema: &Value,
    is_required: bool,
    description: &str,
) -> TokenStream {
    let value_type = value_type(document, schema);
    let schema = document.resolve(schema);
    let values = ["enum", "x-extensible-enum"];
    let values = values
        .iter()
        .flat_map(|keyword| openapi::strings(schema.get(*keyword)));
    let values: Vec<&str> = values.collect();
    quote! {
        RequestField {
            name: #name,
            location: #location,
            value_type: #value_type,
            required: #is_required,
            values: &[#(#values),*],
            description: #description,
        }
    }
}

/// Returns the variant of `FieldType` for a schema.
fn value_type(document: &Document<'_>, schema: &Value) -> TokenStream {
    let resolved = document.resolve(schema);
    let format = openapi::text(resolved, "format");
    match (openapi::text(resolved, "type"), format) {
        (Some("string"), Some("date")) => quote!(FieldType::Date),
        (Some("string"), Some("decimal")) => quote!(FieldType::DecimalText),
        (Some("string"), Some("binary")) => quote!(FieldType::File),
        (Some("string"), _) => quote!(FieldType::Text),
        (Some("integer"), _) => quote!(FieldType::Integer),
        (Some("number"), _) => quote!(FieldType::Decimal),
        (Some("boolean"), _) => quote!(FieldType::Boolean),
        (Some("array"), _) if is_text(document, resolved.get("items")) => {
            quote!(FieldType::TextList)
        }
        _ => {
            let types = schema::json_types(document, resolved);
            match types.into_iter().eq(["number", "string"]) {
                true => quote!(FieldType::IntegerOrText),
                false => quote!(FieldType::Json),
            }
        }
    }
}

fn is_text(document: &Document<'_>, schema: Option<&Value>) -> bool {
    schema.is_some_and(|schema| openapi::text(document.resolve(schema), "type") == Some("string"))
}

/// Returns the first paragraph of the first description in one line: that of a value itself, or of
/// the component it refers to.
fn description(document: &Document<'_>, values: &[&Value]) -> String {
    let own = values
        .iter()
        .find_map(|value| openapi::text(value, "description"));
    let of_component = || {
        let schema = document.resolve(values.last()?);
        // The description of a union is about its branches, not about the field.
        openapi::text(schema, "description").filter(|_| schema.get("oneOf").is_none())
    };
    let text = own.or_else(of_component).unwrap_or_default();
    let paragraph = text.trim_start().split("\n\n").next().unwrap_or_default();
    let words: Vec<&str> = paragraph.split_whitespace().collect();
    let line = words.join(" ");
    line.chars().filter(|c| openapi::is_plain(*c)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn schema_decides_the_value_type() {
        let root = json!({"components": {"schemas": {
            "Id": {"oneOf": [{"type": "integer"}, {"type": "string"}]},
            "Coin": {"type": "string", "x-extensible-enum": ["USDC"]},
        }}});
        let document = Document::new(&root);
        for (schema, variant) in [
            (json!({"type": "string"}), "Text"),
            (json!({"type": "string", "format": "date"}), "Date"),
            (
                json!({"type": "string", "format": "decimal"}),
                "DecimalText",
            ),
            (json!({"type": "string", "format": "binary"}), "File"),
            (json!({"type": "integer"}), "Integer"),
            (json!({"type": "number"}), "Decimal"),
            (json!({"type": "boolean"}), "Boolean"),
            (
                json!({"type": "array", "items": {"type": "string"}}),
                "TextList",
            ),
            (
                json!({"type": "array", "items": {"$ref": "#/components/schemas/Coin"}}),
                "TextList",
            ),
            (
                json!({"type": "array", "items": {"type": "object"}}),
                "Json",
            ),
            (json!({"$ref": "#/components/schemas/Id"}), "IntegerOrText"),
            (
                json!({"allOf": [{"$ref": "#/components/schemas/Coin"}]}),
                "Text",
            ),
            (json!({"type": "object"}), "Json"),
            (json!({}), "Json"),
        ] {
            let tokens = value_type(&document, &schema).to_string();
            assert_eq!(tokens, format!("FieldType :: {variant}"), "{schema}");
        }
    }
}
