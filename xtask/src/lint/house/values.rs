//! Values: what the gateway may extend is open, and formats are those that have a meaning here.

use crate::lint::finding::Report;
use crate::openapi::Document;
use crate::openapi::SchemaRole;
use crate::openapi::text;
use serde_json::Value;
use std::collections::HashSet;

/// `enum` fixes a parameter to one value; everything else may be extended by the gateway.
pub(super) fn closed_enum(document: &Document, report: &mut Report) {
    for site in &document.schemas {
        let Some(values) = site.schema.get("enum").and_then(Value::as_array) else {
            continue;
        };
        if site.is_received {
            report.add(
                &site.pointer,
                "an `enum` in what is received: one new value would break the whole answer",
                "make it a named component with `x-extensible-enum`",
            );
        } else if values.len() != 1 {
            report.add(
                &site.pointer,
                format!(
                    "an `enum` of {} values: the gateway may take more",
                    values.len()
                ),
                "make it a named component with `x-extensible-enum`, or fix the one value",
            );
        }
    }
}

/// An open enum is a named text with values that are worth a name.
pub(super) fn open_enum(document: &Document, report: &mut Report) {
    for site in &document.schemas {
        let Some(values) = site.schema.get("x-extensible-enum") else {
            continue;
        };
        let mut finding = |message: String, fix: &str| report.add(&site.pointer, message, fix);
        if site.role != SchemaRole::Component {
            finding(
                "an open enum has no name".to_owned(),
                "make it a component and refer to it",
            );
        }
        if text(site.schema, "type") != Some("string") {
            finding(
                "an open enum is not of type string".to_owned(),
                "write `type: string`",
            );
        }
        if site.schema.get("enum").is_some() {
            finding(
                "an open enum has an `enum` too".to_owned(),
                "take the `enum` out",
            );
        }
        let Some(values) = values.as_array().filter(|values| !values.is_empty()) else {
            finding(
                "`x-extensible-enum` is no list of values".to_owned(),
                "list the values that were seen",
            );
            continue;
        };
        let mut seen = HashSet::new();
        for value in values {
            match value
                .as_str()
                .filter(|value| !value.is_empty() && !value.contains(char::is_whitespace))
            {
                None => finding(
                    format!("the value {value} of an open enum is empty, has blanks or is no text"),
                    "give the value as the gateway sends it, or leave it out",
                ),
                Some(value) if !seen.insert(value) => finding(
                    format!("the value `{value}` stands twice in an open enum"),
                    "name it once",
                ),
                Some(_) => {}
            }
        }
    }
}

/// Formats, with the types that they go with. Of dates there are three.
const FORMATS: [(&str, &[&str]); 11] = [
    ("int32", &["integer"]),
    ("int64", &["integer"]),
    ("decimal", &["number", "string"]),
    ("date", &["string"]),
    ("date-time", &["string"]),
    ("date-time-local", &["string"]),
    ("uuid", &["string"]),
    ("email", &["string"]),
    ("uri", &["string"]),
    ("binary", &["string"]),
    ("password", &["string"]),
];

/// A format is one that the generators and readers of this document know.
pub(super) fn format(document: &Document, report: &mut Report) {
    for site in &document.schemas {
        let Some(format) = text(site.schema, "format") else {
            continue;
        };
        // These two have a rule of their own.
        if ["float", "double"].contains(&format) {
            continue;
        }
        match FORMATS.iter().find(|(name, _)| *name == format) {
            None => {
                let names: Vec<&str> = FORMATS.iter().map(|(name, _)| *name).collect();
                report.add(
                    &site.pointer,
                    format!("the format `{format}` is not known here"),
                    format!("use one of {}", names.join(", ")),
                );
            }
            Some((_, types)) => {
                if !text(site.schema, "type").is_some_and(|kind| types.contains(&kind)) {
                    report.add(
                        &site.pointer,
                        format!("the format `{format}` does not go with the type"),
                        format!("write the type {}", types.join(" or ")),
                    );
                }
            }
        }
    }
}

#[cfg(test)]
pub(in crate::lint::house) mod tests {
    use crate::lint::proof::{Case, GET, PRICE};
    use serde_json::json;

    pub(in crate::lint::house) fn cases() -> Vec<Case> {
        let note = format!("{PRICE}/properties/note");
        let status = "/components/schemas/OrderStatus";
        let values = |values: serde_json::Value, count| {
            Case::owned(
                "open-enum",
                count,
                vec![(format!("{status}/x-extensible-enum"), values)],
            )
        };
        let note_format = |kind: &str, format: &str, count| {
            Case::owned(
                "format",
                count,
                vec![(
                    format!("{PRICE}/properties/more"),
                    json!({"type": kind, "format": format, "x-apifox-at": "a:1"}),
                )],
            )
            .also(&["binary-float", "money-form"])
        };
        vec![
            Case::new(
                "closed-enum",
                1,
                vec![(&format!("{note}/enum"), json!(["n"]))],
            ),
            Case::new(
                "closed-enum",
                1,
                vec![(
                    &format!("{GET}/parameters/0/schema/enum"),
                    json!(["spot", "forward"]),
                )],
            ),
            Case::new(
                "closed-enum",
                0,
                vec![(
                    "/components/schemas/PriceRequest/properties/merchant/enum",
                    json!(["m"]),
                )],
            ),
            Case::new(
                "closed-enum",
                1,
                vec![(
                    "/components/schemas/OrderChanged/properties/total/enum",
                    json!(["5"]),
                )],
            ),
            values(json!([]), 1),
            values(json!({"a": 1}), 1),
            values(json!(["PAID", "PAID"]), 1),
            values(json!(["PAID", "", "NOT YET", 5]), 3),
            Case::new(
                "open-enum",
                1,
                vec![(&format!("{status}/enum"), json!(["PAID"]))],
            )
            .also(&["closed-enum"]),
            Case::new(
                "open-enum",
                1,
                vec![(&format!("{status}/type"), json!("integer"))],
            )
            .also(&["example-fits"]),
            Case::new(
                "open-enum",
                1,
                vec![(&format!("{note}/x-extensible-enum"), json!(["n"]))],
            ),
            note_format("string", "datetime", 1),
            note_format("string", "time", 1),
            note_format("integer", "uint8", 1),
            note_format("integer", "date", 1),
            note_format("string", "int64", 1),
            note_format("string", "date-time-local", 0),
        ]
    }
}
