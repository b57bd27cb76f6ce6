//! Money: a decimal in every language, with its form on the wire, and never a binary float.

use crate::lint::finding::Report;
use crate::openapi::Document;
use crate::openapi::text;
use crate::openapi::{SchemaRole, SchemaSite};
use serde_json::Value;

/// The last word of a name that means money, or a rate of it.
const WORDS: [&str; 9] = [
    "amount",
    "balance",
    "commission",
    "cost",
    "deposit",
    "fee",
    "payout",
    "price",
    "rate",
];

/// A property or parameter that is named like money is money.
pub(super) fn money(document: &Document, report: &mut Report) {
    for site in &document.schemas {
        let (SchemaRole::Property { name, .. } | SchemaRole::Parameter { name }) = site.role else {
            continue;
        };
        let schema = document.resolve(site.schema);
        let scalar = matches!(text(schema, "type"), Some("string" | "number" | "integer"));
        if scalar
            && means_money(name)
            && [site.schema, schema]
                .iter()
                .all(|schema| schema.get("x-money").is_none())
        {
            report.add(
                &site.pointer,
                format!("`{name}` is named like money and has no `x-money`"),
                "give it `x-money: number` or `x-money: string`, the form on the wire, the same type, and `format: decimal`",
            );
        }
    }
}

/// Whether the last word of a camelCase or snake_case name is one of money. `Bps` are basis points, whole numbers.
fn means_money(name: &str) -> bool {
    let start = name
        .rfind(|letter: char| letter.is_ascii_uppercase() || letter == '_')
        .unwrap_or(0);
    let last = name
        .get(start..)
        .unwrap_or_default()
        .trim_start_matches('_')
        .to_ascii_lowercase();
    WORDS
        .iter()
        .any(|word| last == *word || last.strip_suffix('s') == Some(word))
}

/// `x-money` is number or string, as the type is, with the format decimal.
pub(super) fn form(document: &Document, report: &mut Report) {
    for site in &document.schemas {
        let kind = text(site.schema, "type");
        let decimal = text(site.schema, "format") == Some("decimal");
        match site.schema.get("x-money") {
            None if decimal => report.add(
                &site.pointer,
                "a decimal has no `x-money`",
                "give it `x-money` with the form on the wire: number or string",
            ),
            None => {}
            Some(form) => {
                let agrees = form
                    .as_str()
                    .is_some_and(|form| ["number", "string"].contains(&form) && kind == Some(form));
                if !agrees {
                    report.add(
                        &site.pointer,
                        format!(
                            "`x-money` is {form}, the type is {}",
                            kind.unwrap_or("not said")
                        ),
                        "write number or string in both, as it is on the wire",
                    );
                }
                if !decimal {
                    report.add(
                        &site.pointer,
                        "money has no `format: decimal`",
                        "give it the format",
                    );
                }
            }
        }
    }
}

/// Nothing becomes a binary float.
pub(super) fn binary_float(document: &Document, report: &mut Report) {
    for site in &document.schemas {
        if let Some(format @ ("float" | "double")) = text(site.schema, "format") {
            report.add(
                &site.pointer,
                format!("`format: {format}` is a binary float"),
                "write `format: decimal`, or an integer",
            );
        } else if is_bare_number(site) {
            report.add(
                &site.pointer,
                "a number without `x-money` becomes a binary float",
                "give it `x-money: number` and `format: decimal`, or make it an integer",
            );
        }
    }
}

fn is_bare_number(site: &SchemaSite) -> bool {
    text(site.schema, "type") == Some("number")
        && site.schema.get("x-money").is_none_or(Value::is_null)
}

#[cfg(test)]
pub(in crate::lint::house) mod tests {
    use super::means_money;
    use crate::lint::proof::{Case, GET, PRICE};
    use serde_json::json;

    #[test]
    fn money_is_known_by_the_last_word() {
        for name in [
            "amount",
            "payingAmount",
            "totalFee",
            "channelRate",
            "refunded_amount",
            "fees",
            "sellBalance",
            "developerFixAmount",
        ] {
            assert!(means_money(name), "{name}");
        }
        for name in [
            "markupBps",
            "rateExpiryTime",
            "amountCurrency",
            "feeConfigId",
            "corporate",
            "",
            "_",
            "Rated",
            "coffee",
        ] {
            assert!(!means_money(name), "{name}");
        }
    }

    pub(in crate::lint::house) fn cases() -> Vec<Case> {
        let more = |name: &str, schema: serde_json::Value| {
            vec![(format!("{PRICE}/properties/{name}"), schema)]
        };
        let at = |word: &str| format!("{PRICE}/properties/price/{word}");
        vec![
            Case::owned(
                "money",
                1,
                more("totalFee", json!({"type": "integer", "x-apifox-at": "a:1"})),
            ),
            Case::owned(
                "money",
                1,
                more(
                    "channelRate",
                    json!({"type": "string", "x-apifox-at": "a:1"}),
                ),
            ),
            Case::owned(
                "money",
                1,
                more(
                    "channelRate",
                    json!({"$ref": "#/components/schemas/OrderStatus"}),
                ),
            ),
            Case::owned(
                "money",
                0,
                more(
                    "markupBps",
                    json!({"type": "integer", "x-apifox-at": "a:1"}),
                ),
            ),
            Case::owned(
                "money",
                0,
                more(
                    "rateExpiryTime",
                    json!({"type": "string", "x-apifox-at": "a:1"}),
                ),
            ),
            Case::new(
                "money",
                1,
                vec![(&format!("{GET}/parameters/0/name"), json!("amount"))],
            ),
            Case::new("money-form", 1, vec![(&at("x-money"), json!("number"))]),
            Case::new("money-form", 1, vec![(&at("x-money"), json!(true))]),
            Case::new("money-form", 1, vec![(&at("format"), json!(null))]),
            Case::owned(
                "money-form",
                1,
                more(
                    "share",
                    json!({"type": "string", "format": "decimal", "x-apifox-at": "a:1"}),
                ),
            ),
            Case::owned(
                "binary-float",
                1,
                more("share", json!({"type": "number", "x-apifox-at": "a:1"})),
            ),
            Case::owned(
                "binary-float",
                1,
                more(
                    "share",
                    json!({"type": "number", "format": "double", "x-apifox-at": "a:1"}),
                ),
            ),
            Case::owned(
                "binary-float",
                1,
                more(
                    "share",
                    json!({"type": "string", "format": "float", "x-apifox-at": "a:1"}),
                ),
            ),
            Case::new(
                "binary-float",
                1,
                vec![(
                    &format!("{PRICE}/properties/lines/items"),
                    json!({"type": "number"}),
                )],
            )
            .also(&["unused-component"]),
        ]
    }
}
