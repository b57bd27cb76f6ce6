//! Retries: the document has_text of each operation whether it may be sent again, and why.

use crate::lint::finding::Report;
use crate::openapi::child;
use crate::openapi::schema::properties;
use crate::openapi::{Document, Operation, content};
use crate::openapi::{has_text, text};
use serde_json::Value;

/// `x-retry` has a policy of the three and a reason.
pub(super) fn form(document: &Document, report: &mut Report) {
    for operation in &document.operations {
        let Some(retry) = operation.value.get("x-retry") else {
            report.add(
                &operation.pointer,
                "the operation has no `x-retry`",
                "give it `{policy, reason}` in an overlay",
            );
            continue;
        };
        let place = child(&operation.pointer, "x-retry");
        if !text(retry, "policy").is_some_and(|policy| ["safe", "keyed", "never"].contains(&policy))
        {
            report.add(
                &place,
                "`x-retry` has no policy",
                "write safe, keyed or never",
            );
        }
        if !has_text(retry, "reason") {
            report.add(
                &place,
                "`x-retry` gives no reason",
                "say why the call may or may not be sent again",
            );
        }
    }
}

/// A keyed operation names its idempotency key, and what has such a key is keyed.
pub(super) fn key(document: &Document, report: &mut Report) {
    for operation in &document.operations {
        let Some(retry) = operation.value.get("x-retry") else {
            continue;
        };
        let keyed = text(retry, "policy") == Some("keyed");
        let place = child(&operation.pointer, "x-retry");
        let keys = keys(document, operation);
        match (keyed, text(retry, "key")) {
            (true, None) => report.add(
                &place,
                "the operation is keyed and names no key",
                "name in `key` the property of the request body that is the idempotency key",
            ),
            (true, Some(key)) if !keys.contains(&key) => report.add(
                &place,
                format!("`{key}` is not marked as idempotency key in the request body"),
                "give the property `x-idempotency-key: true`, or correct the name",
            ),
            (false, Some(_)) => report.add(
                &place,
                "an operation that is not keyed names a key",
                "make the policy keyed, or take the key out",
            ),
            _ => {}
        }
        if !keyed
            && !operation.is_webhook()
            && let Some(key) = keys.first()
        {
            report.add(&place, format!("the request body has the idempotency key `{key}`, and the operation is not keyed"), "make the policy keyed, or take the mark off the property");
        }
        if keys.len() > 1 {
            report.add(
                &place,
                format!(
                    "the request body has several idempotency keys: {}",
                    keys.join(", ")
                ),
                "mark the one that the gateway checks",
            );
        }
    }
}

/// Properties of the request body that are marked as idempotency key.
fn keys<'a>(document: &Document<'a>, operation: &Operation<'a>) -> Vec<&'a str> {
    let body = document.request_body(operation);
    let schemas = body
        .iter()
        .flat_map(content)
        .filter_map(|(_, media)| media.value.get("schema"));
    schemas
        .flat_map(|schema| properties(document, schema))
        .filter(|(_, property)| property.get("x-idempotency-key") == Some(&Value::Bool(true)))
        .map(|(name, _)| name)
        .collect()
}

#[cfg(test)]
pub(in crate::lint::house) mod tests {
    use crate::lint::proof::{Case, GET};
    use serde_json::json;

    const ID: &str = "/components/schemas/PriceRequest/properties/requestId/x-idempotency-key";
    const MERCHANT: &str = "/components/schemas/PriceRequest/properties/merchant/x-idempotency-key";

    pub(in crate::lint::house) fn cases() -> Vec<Case> {
        let at = format!("{GET}/x-retry");
        let keyed = json!({"policy": "keyed", "reason": "r", "key": "requestId"});
        vec![
            Case::new("retry-form", 1, vec![(&at, json!(null))]),
            Case::new(
                "retry-form",
                2,
                vec![(&at, json!({"policy": "always", "reason": " "}))],
            ),
            Case::new(
                "retry-key",
                0,
                vec![(&at, keyed.clone()), (ID, json!(true))],
            ),
            Case::new("retry-key", 1, vec![(&at, keyed.clone())]),
            Case::new(
                "retry-key",
                1,
                vec![(&at, keyed.clone()), (ID, json!(false))],
            ),
            Case::new(
                "retry-key",
                1,
                vec![
                    (&at, json!({"policy": "keyed", "reason": "r"})),
                    (ID, json!(true)),
                ],
            ),
            Case::new(
                "retry-key",
                1,
                vec![(
                    &at,
                    json!({"policy": "never", "reason": "r", "key": "requestId"}),
                )],
            ),
            Case::new("retry-key", 1, vec![(ID, json!(true))]),
            Case::new(
                "retry-key",
                1,
                vec![(&at, keyed), (ID, json!(true)), (MERCHANT, json!(true))],
            ),
        ]
    }
}
