//! Schemas.

use crate::lint::finding::Report;
use crate::lint::schema::list_without_null;
use crate::openapi::Document;
use crate::openapi::SchemaRole;
use crate::openapi::schema::{find_inside, json_types};
use crate::openapi::text;
use serde_json::Value;

/// An enum is closed: one unknown value fails the whole answer.
pub(super) fn closed_enum(document: &Document, report: &mut Report) {
    for site in &document.schemas {
        let Some(values) = site.schema.get("enum").and_then(Value::as_array) else {
            continue;
        };
        let fixed = matches!(site.role, SchemaRole::Parameter { .. }) && values.len() == 1;
        if !fixed {
            report.add(
                &site.pointer,
                "progenitor closes an `enum`: one unknown value fails the whole answer",
                "make it a component with `x-extensible-enum` in an overlay",
            );
        }
    }
}

/// `anyOf` becomes a struct of its branches, which no text or number can be.
pub(super) fn any_of_scalars(document: &Document, report: &mut Report) {
    for site in &document.schemas {
        let branches = site.schema.get("anyOf").and_then(Value::as_array);
        if branches.into_iter().flatten().any(|branch| {
            json_types(document, branch)
                .iter()
                .any(|kind| *kind != "object")
        }) {
            report.add(
                &site.pointer,
                "progenitor makes a broken struct of an `anyOf` with texts, numbers or enums",
                "write `oneOf`, or an open enum",
            );
        }
    }
}

/// A new field breaks clients.
pub(super) fn closed_object(document: &Document, report: &mut Report) {
    for site in &document.schemas {
        if site.schema.get("additionalProperties") == Some(&Value::Bool(false)) {
            report.add(&site.pointer, "`additionalProperties: false` becomes `deny_unknown_fields`: a new field breaks clients", "take it out");
        }
    }
}

/// `true` beside properties drops unknown fields in silence.
pub(super) fn dropped_fields(document: &Document, report: &mut Report) {
    for site in &document.schemas {
        if site.schema.get("additionalProperties") == Some(&Value::Bool(true))
            && site.schema.get("properties").is_some()
        {
            report.add(&site.pointer, "with `additionalProperties: true` beside properties progenitor drops unknown fields in silence", "write `additionalProperties: {}`");
        }
    }
}

/// An optional list becomes a `Vec` with a default, and null fails.
pub(super) fn nullable_list(document: &Document, report: &mut Report) {
    for site in &document.schemas {
        if let Some(kind) = list_without_null(document, site.role, site.schema) {
            report.add(
                &site.pointer,
                format!("{kind} is optional and not nullable: null would fail the whole value"),
                "write `nullable: true`",
            );
        }
    }
}

/// A number without a conversion becomes f64.
pub(super) fn binary_float(document: &Document, report: &mut Report) {
    for site in &document.schemas {
        if text(site.schema, "type") == Some("number")
            && text(site.schema, "format") != Some("decimal")
        {
            report.add(
                &site.pointer,
                "progenitor makes an f64 of a number",
                "give it `format: decimal`, or make it an integer",
            );
        }
    }
}

/// A union reads numbers through f64, also those of decimals.
pub(super) fn decimal_in_union(document: &Document, report: &mut Report) {
    for site in &document.schemas {
        let branches = site.schema.get("oneOf").and_then(Value::as_array);
        for (index, branch) in branches.into_iter().flatten().enumerate() {
            if let Some(place) = find_inside(document, branch, &|schema| {
                text(schema, "format") == Some("decimal")
            }) {
                report.add(
                    &format!("{}/oneOf/{index}", site.pointer),
                    format!("a decimal stands inside a union: {place}"),
                    "take the union away from above it: an untagged enum cannot read it exactly",
                );
            }
        }
    }
}

/// A discriminator is ignored: the union becomes untagged in silence.
pub(super) fn discriminator(document: &Document, report: &mut Report) {
    for site in &document.schemas {
        if site.schema.get("discriminator").is_some() {
            report.add(&site.pointer, "progenitor ignores `discriminator` and takes the first branch that fits", "let each branch require a property of its own, and take the discriminator out in the profile");
        }
    }
}

#[cfg(test)]
pub(in crate::lint::generator) mod tests {
    use crate::lint::proof::{Case, GET, PRICE};
    use crate::lint::shared::unions::tests::union;
    use serde_json::{Value, json};

    pub(in crate::lint::generator) fn cases() -> Vec<Case> {
        let note = |rule, count, schema: Value| {
            Case::owned(
                rule,
                count,
                vec![(format!("{PRICE}/properties/note"), schema)],
            )
        };
        let price = |rule, count, word: &str, value: Value| {
            Case::owned(rule, count, vec![(format!("{PRICE}/{word}"), value)])
        };
        let of = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
        vec![
            note("closed-enum", 1, json!({"type": "string", "enum": ["a"]})),
            Case::new(
                "closed-enum",
                1,
                vec![(
                    &format!("{GET}/parameters/0/schema/enum"),
                    json!(["a", "b"]),
                )],
            ),
            note(
                "any-of-scalars",
                1,
                json!({"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "string"}]}),
            )
            .also(&["closed-enum"]),
            note(
                "any-of-scalars",
                0,
                json!({"anyOf": [of("PriceLine"), of("Receipt")]}),
            ),
            price("closed-object", 1, "additionalProperties", json!(false)),
            price("dropped-fields", 1, "additionalProperties", json!(true)),
            price("dropped-fields", 0, "additionalProperties", json!({})),
            price("nullable-list", 1, "properties/lines/nullable", json!(null)),
            note(
                "nullable-list",
                1,
                json!({"type": "object", "additionalProperties": {"type": "string"}}),
            ),
            note("nullable-list", 0, json!({"type": "object"})),
            Case::new(
                "nullable-list",
                1,
                vec![(
                    "/components/schemas/PriceRequest/properties/merchant",
                    json!({"type": "array", "items": {"type": "string"}}),
                )],
            ),
            note("binary-float", 1, json!({"type": "number"})),
            note(
                "binary-float",
                1,
                json!({"type": "number", "format": "double"}),
            ),
            Case::new(
                "binary-float",
                1,
                vec![(
                    &format!("{GET}/parameters/0/schema"),
                    json!({"type": "number"}),
                )],
            ),
            Case::owned("one-of-decimal", 1, union(json!([of("Price"), of("One")])))
                .also(&["one-of-exclusive"]),
            Case::owned(
                "one-of-decimal",
                2,
                union(json!([of("PriceEnvelope"), {"type": "string", "format": "decimal"}])),
            ),
            price(
                "discriminator",
                1,
                "discriminator",
                json!({"propertyName": "note"}),
            ),
        ]
    }
}
