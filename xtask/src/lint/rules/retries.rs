//! Retries: the document states for every operation whether the request may be retried, and the
//! reason.

use serde_json::json;

use crate::lint::{FindingLevel, Findings};
use crate::openapi::schema::properties;
use crate::openapi::{Document, Operation, child, content, has_text, is_true, text};

/// The reason that is given for the default policy, `never`.
const UNDECIDED: &str =
    "Not decided yet. A request that is never retried cannot take effect twice.";

/// Reports operations without `x-retry`, and `x-retry` without a policy or a reason.
pub(super) fn form(document: &Document, findings: &mut Findings) {
    for operation in &document.operations {
        let Some(retry) = operation.value.get("x-retry") else {
            // A request that is never retried cannot take effect twice.
            findings.assume(
                &operation.pointer,
                "the operation has no `x-retry`",
                "add `{policy, reason}` in an overlay",
                json!({"x-retry": {"policy": "never", "reason": UNDECIDED}}),
            );
            continue;
        };
        let place = child(&operation.pointer, "x-retry");
        if !text(retry, "policy").is_some_and(|policy| ["safe", "keyed", "never"].contains(&policy))
        {
            findings.add(
                &place,
                "`x-retry` has no policy",
                "set `policy` to safe, keyed or never",
            );
        }
        if !has_text(retry, "reason") {
            findings.assume(
                &place,
                "`x-retry` has no reason",
                "set `reason` to why the request may or may not be retried",
                json!({"reason": "No reason was given."}),
            );
        }
    }
}

/// Reports a contradiction between the policy and the request body: the policy must be `keyed`,
/// with the name of the idempotency key in `key`, if and only if the request body has an
/// idempotency key.
pub(super) fn key(document: &Document, findings: &mut Findings) {
    for operation in &document.operations {
        let Some(retry) = operation.value.get("x-retry") else {
            continue;
        };
        let is_keyed = text(retry, "policy") == Some("keyed");
        let place = child(&operation.pointer, "x-retry");
        let keys = idempotency_keys(document, operation);
        match (is_keyed, text(retry, "key")) {
            (true, None) => findings.add(
                &place,
                "the policy is keyed, but `key` is missing",
                "set `key` to the property of the request body that is the idempotency key",
            ),
            (true, Some(key)) if !keys.contains(&key) => {
                findings.add(
                    &place,
                    format!("`{key}` is not marked as the idempotency key in the request body"),
                    "add `x-idempotency-key: true` to the property, or correct the name",
                );
                // The page may have renamed the key. Without a key, a retry could take effect twice.
                let never = json!({"x-retry": {"policy": "never", "reason": format!(
                    "The request has no `{key}`, which was the idempotency key."
                )}});
                findings.settle_by(FindingLevel::Assumed, &place, None);
                findings.settle_by(FindingLevel::Assumed, &operation.pointer, Some(never));
            }
            (false, Some(_)) => findings.add(
                &place,
                "`x-retry` has a `key`, but the policy is not keyed",
                "set the policy to keyed, or remove `key`",
            ),
            _ => {}
        }
        if let Some(key) = keys.first()
            && !is_keyed
            && !operation.is_webhook()
        {
            findings.add(
                &place,
                format!(
                    "the request body has the idempotency key `{key}`, but the policy is not keyed"
                ),
                "set the policy to keyed, or remove `x-idempotency-key` from the property",
            );
        }
        if keys.len() > 1 {
            let keys = keys.join(", ");
            findings.add(
                &place,
                format!("the request body has several idempotency keys: {keys}"),
                "mark only the one that the gateway checks",
            );
        }
    }
}

/// Returns the properties of the request body that are marked as idempotency keys.
fn idempotency_keys<'a>(document: &Document<'a>, operation: &Operation<'a>) -> Vec<&'a str> {
    let body = document.request_body(operation);
    let schemas = body
        .iter()
        .flat_map(content)
        .filter_map(|(_, media)| media.value.get("schema"));
    schemas
        .flat_map(|schema| properties(document, schema))
        .filter(|(_, property)| is_true(property, "x-idempotency-key"))
        .map(|(name, _)| name)
        .collect()
}
