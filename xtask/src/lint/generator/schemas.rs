//! Schemas and their names.

use std::collections::HashMap;

use serde_json::Value;

use super::words;
use crate::lint::{Findings, shared};
use crate::openapi::schema::{find_inside, json_types};
use crate::openapi::{Document, SchemaRole, child, component_name, list, text};

/// The keywords that OpenAPI 3.1 added to schemas. A 3.0 reader ignores or rejects them.
const LATER_KEYWORDS: [&str; 18] = [
    "$defs",
    "$id",
    "$schema",
    "$anchor",
    "$comment",
    "const",
    "contains",
    "contentEncoding",
    "contentMediaType",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "if",
    "patternProperties",
    "prefixItems",
    "propertyNames",
    "then",
    "unevaluatedProperties",
];

/// Reports syntax of OpenAPI 3.1.
pub(super) fn later_keywords(document: &Document, findings: &mut Findings) {
    for keyword in ["webhooks", "jsonSchemaDialect"] {
        if document.root.get(keyword).is_some() {
            findings.add(
                &format!("/{keyword}"),
                format!("`{keyword}` is a keyword of 3.1"),
                "use `x-webhooks`, or remove it",
            );
        }
    }
    for site in &document.schemas {
        let mut add = |message: String, fix: &str| findings.add(&site.pointer, message, fix);
        for keyword in LATER_KEYWORDS {
            if site.schema.get(keyword).is_some() {
                add(
                    format!("`{keyword}` is a keyword of 3.1"),
                    "use keywords of 3.0, or remove it",
                );
            }
        }
        match site.schema.get("type") {
            Some(Value::Array(_)) => add(
                "a list of types is syntax of 3.1".to_owned(),
                "use one type, and `nullable: true`",
            ),
            Some(Value::String(name)) if name == "null" => add(
                "the type null is syntax of 3.1".to_owned(),
                "add `nullable: true` to the other type",
            ),
            _ => {}
        }
        let is_parameter = matches!(site.role, SchemaRole::Parameter { .. });
        if site.schema.get("examples").is_some() && !is_parameter {
            add(
                "`examples` in a schema is syntax of 3.1".to_owned(),
                "use `example`, or `examples` of the media type",
            );
        }
        for keyword in ["exclusiveMinimum", "exclusiveMaximum"] {
            if site.schema.get(keyword).is_some_and(Value::is_number) {
                add(
                    format!("`{keyword}` with a number is syntax of 3.1"),
                    "use the number as the limit, and `true` here",
                );
            }
        }
    }
}

/// Reports component names and references that are percent-encoded or not ASCII.
pub(super) fn plain_names(document: &Document, findings: &mut Findings) {
    for (name, _) in &document.components {
        if !name.is_ascii() || name.contains('%') {
            findings.add(
                &child("/components/schemas", name),
                format!("the component name `{name}` is not plain ASCII"),
                "set `x-schema-name` in an overlay",
            );
        }
    }
    for (pointer, reference) in &document.references {
        let name = component_name(reference).unwrap_or(reference);
        if !name.is_ascii() || name.contains('%') {
            findings.add(
                pointer,
                format!("the reference `{reference}` is percent-encoded or not ASCII"),
                "set `x-schema-name` of the component in an overlay",
            );
        }
    }
}

/// Reports components that become the same type.
pub(super) fn type_names(document: &Document, findings: &mut Findings) {
    let mut seen: HashMap<String, &str> = HashMap::new();
    for (component, _) in &document.components {
        let name: String = words(component).iter().map(|word| pascal(word)).collect();
        if let Some(other) = seen.insert(name.clone(), component) {
            findings.add(
                &child("/components/schemas", component),
                format!("the components `{other}` and `{component}` both become the type `{name}`"),
                "set `x-schema-name` of one of them in an overlay",
            );
        }
    }
}

fn pascal(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters.flat_map(char::to_lowercase)).collect()
}

/// Reports an `enum`, except for a parameter with one value. The generator closes an `enum`, so
/// that an unknown value makes the whole response unreadable.
pub(super) fn closed_enum(document: &Document, findings: &mut Findings) {
    for site in &document.schemas {
        let Some(values) = site.schema.get("enum").and_then(Value::as_array) else {
            continue;
        };
        let is_constant = matches!(site.role, SchemaRole::Parameter { .. }) && values.len() == 1;
        if !is_constant {
            findings.add(
                &site.pointer,
                "progenitor closes an `enum`: an unknown value makes the whole response unreadable",
                "make it a component with `x-extensible-enum` in an overlay",
            );
        }
    }
}

/// Reports an `anyOf` with a branch that is not an object. The generator turns `anyOf` into a
/// struct of its branches, which cannot hold a string or a number.
pub(super) fn any_of_scalars(document: &Document, findings: &mut Findings) {
    for site in &document.schemas {
        let has_scalar = list(site.schema.get("anyOf")).any(|branch| {
            let types = json_types(document, branch);
            types.iter().any(|name| *name != "object")
        });
        if has_scalar {
            findings.add(
                &site.pointer,
                "progenitor generates a broken struct for an `anyOf` with strings, numbers or enums",
                "use `oneOf`, or an open enum",
            );
        }
    }
}

/// Reports `additionalProperties: true` next to properties: the generator drops unknown fields.
pub(super) fn dropped_fields(document: &Document, findings: &mut Findings) {
    for site in &document.schemas {
        let is_open = site.schema.get("additionalProperties") == Some(&Value::Bool(true));
        if is_open && site.schema.get("properties").is_some() {
            findings.add(
                &site.pointer,
                "with `additionalProperties: true` next to properties, progenitor silently drops unknown fields",
                "use `additionalProperties: {}`",
            );
        }
    }
}

/// Reports optional arrays and maps that are not nullable. The generator represents an optional array as a `Vec` with a
/// default value, which does not accept null.
pub(super) fn nullable_list(document: &Document, findings: &mut Findings) {
    for site in &document.schemas {
        if let Some(name) = shared::collection_without_null(document, site) {
            findings.add(
                &site.pointer,
                format!(
                    "{name} is optional, but not nullable: null makes the whole value unreadable"
                ),
                "add `nullable: true`",
            );
        }
    }
}

/// Reports numbers without `format: decimal`: the generator makes them an f64.
pub(super) fn binary_float(document: &Document, findings: &mut Findings) {
    for site in &document.schemas {
        let is_number = text(site.schema, "type") == Some("number");
        if is_number && text(site.schema, "format") != Some("decimal") {
            findings.add(
                &site.pointer,
                "progenitor generates an f64 for a number",
                "add `format: decimal`, or use an integer",
            );
        }
    }
}

/// Reports decimals in a union. A union reads all numbers as f64, including decimals.
pub(super) fn decimal_in_union(document: &Document, findings: &mut Findings) {
    let is_decimal = |schema: &Value| text(schema, "format") == Some("decimal");
    for site in &document.schemas {
        for (index, branch) in list(site.schema.get("oneOf")).enumerate() {
            if let Some(place) = find_inside(document, branch, &is_decimal) {
                findings.add(
                    &format!("{}/oneOf/{index}", site.pointer),
                    format!("a union contains a decimal: {place}"),
                    "remove the union above it: an untagged enum cannot read it exactly",
                );
            }
        }
    }
}

/// Reports discriminators. The generator ignores a discriminator, so that the union is untagged.
pub(super) fn discriminator(document: &Document, findings: &mut Findings) {
    for site in &document.schemas {
        if site.schema.get("discriminator").is_some() {
            findings.add(
                &site.pointer,
                "progenitor ignores `discriminator` and takes the first branch that matches",
                "require a different property in each branch, and remove the discriminator in the profile",
            );
        }
    }
}
