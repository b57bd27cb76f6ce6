//! Money: every amount is a decimal with a known JSON type, and never a binary float.

use serde_json::{Value, json};

use crate::lint::Findings;
use crate::openapi::schema::find_inside;
use crate::openapi::{Document, SchemaRole, list, text};

/// The last words of names that are about money or a rate.
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

/// Further last words of names that may be about money. A whole number of this name is an item to review,
/// because an example may show a whole amount by chance.
const AMBIGUOUS_WORDS: [&str; 14] = [
    "available",
    "charge",
    "credit",
    "debit",
    "discount",
    "frozen",
    "limit",
    "paid",
    "quota",
    "remaining",
    "sum",
    "tax",
    "total",
    "value",
];

/// Reports properties and parameters that have the name of an amount or a rate, but no `x-money`.
pub(super) fn by_name(document: &Document, findings: &mut Findings) {
    for site in &document.schemas {
        let (SchemaRole::Property { name, .. } | SchemaRole::Parameter { name }) = site.role else {
            continue;
        };
        let schema = document.resolve(site.schema);
        let is_scalar = matches!(text(schema, "type"), Some("string" | "number" | "integer"));
        let is_marked = [site.schema, schema]
            .iter()
            .any(|schema| schema.get("x-money").is_some());
        // `binary_float` reports numbers, and `form` decimals.
        let has_default = text(site.schema, "type") == Some("number")
            || text(site.schema, "format") == Some("decimal");
        let is_money_name = has_last_word(name, &WORDS)
            || text(schema, "type") == Some("integer") && has_last_word(name, &AMBIGUOUS_WORDS);
        if is_scalar && is_money_name && !is_marked && !has_default {
            let money = match text(schema, "type") {
                Some("string") => json!({"x-money": "string", "format": "decimal"}),
                _ => json!({"type": "number", "x-money": "number", "format": "decimal"}),
            };
            // A string or an integer keeps all digits.
            findings.propose(
                &site.pointer,
                format!("`{name}` has the name of an amount or a rate, but no `x-money`"),
                "add `x-money: number` or `x-money: string`, whichever is sent, with the same type and `format: decimal`",
                money,
            );
        }
    }
}

/// Returns whether the last word of a camelCase or snake_case name is in a list. `Bps` is not: basis points
/// are whole numbers.
fn has_last_word(name: &str, words: &[&str]) -> bool {
    let start = name
        .rfind(|letter: char| letter.is_ascii_uppercase() || letter == '_')
        .unwrap_or(0);
    let last = name
        .get(start..)
        .unwrap_or_default()
        .trim_start_matches('_')
        .to_ascii_lowercase();
    words
        .iter()
        .any(|word| last == *word || last.strip_suffix('s') == Some(word))
}

/// Reports `x-money` that differs from the type of the schema, `x-money` without `format: decimal`,
/// and `format: decimal` without `x-money`.
pub(super) fn form(document: &Document, findings: &mut Findings) {
    for site in &document.schemas {
        let json_type = text(site.schema, "type");
        let is_decimal = text(site.schema, "format") == Some("decimal");
        let Some(money) = site.schema.get("x-money") else {
            if is_decimal {
                let message = "`format: decimal` without `x-money`";
                let fix = "set `x-money` to the JSON type that is sent: number or string";
                match json_type {
                    Some("string") => {
                        findings.assume(&site.pointer, message, fix, json!({"x-money": "string"}));
                    }
                    // `binary_float` reports numbers.
                    Some("number") => {}
                    _ => findings.add(&site.pointer, message, fix),
                }
            }
            continue;
        };
        let is_same = money
            .as_str()
            .is_some_and(|money| ["number", "string"].contains(&money) && json_type == Some(money));
        if !is_same {
            let json_type = json_type.unwrap_or("missing");
            findings.add(
                &site.pointer,
                format!("`x-money` is {money}, but the type is {json_type}"),
                "set both to the JSON type that is sent: number or string",
            );
        }
        if !is_decimal {
            findings.add(
                &site.pointer,
                "`x-money` without `format: decimal`",
                "add the format",
            );
        }
    }
}

/// Reports numbers that would become a binary float.
pub(super) fn binary_float(document: &Document, findings: &mut Findings) {
    for site in &document.schemas {
        let has_money = site.schema.get("x-money").is_some_and(|it| !it.is_null());
        if let Some(format @ ("float" | "double")) = text(site.schema, "format") {
            findings.add(
                &site.pointer,
                format!("`format: {format}` is a binary float"),
                "use `format: decimal`, or an integer",
            );
        } else if text(site.schema, "type") == Some("number") && !has_money {
            // An exact decimal loses no digit, whether or not the number is an amount.
            findings.assume(
                &site.pointer,
                "a number without `x-money` becomes a binary float",
                "add `x-money: number` and `format: decimal`, or use an integer",
                json!({"x-money": "number", "format": "decimal"}),
            );
        }
    }
}

/// Reports money in a union: an untagged union reads numbers as binary floats.
pub(super) fn in_unions(document: &Document, findings: &mut Findings) {
    let is_money = |schema: &Value| schema.get("x-money").is_some();
    for site in &document.schemas {
        for (index, branch) in list(site.schema.get("oneOf")).enumerate() {
            if let Some(place) = find_inside(document, branch, &is_money) {
                findings.add(
                    &format!("{}/oneOf/{index}", site.pointer),
                    format!("a branch of `oneOf` contains money: {place}"),
                    "remove the union above the money: a union reads numbers as binary floats",
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{WORDS, has_last_word};

    #[test]
    fn money_name_is_recognised_by_its_last_word() {
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
            assert!(has_last_word(name, &WORDS), "{name}");
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
            assert!(!has_last_word(name, &WORDS), "{name}");
        }
    }
}
