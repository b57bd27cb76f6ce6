//! Answers against the document.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use http::StatusCode;
use jsonschema::Validator;

use super::rule::broken;
use super::{entry, validator};
use crate::{Operation, lock};

/// Where an answer is not what the document says; `None`: it is.
pub(crate) fn mismatch(operation: Operation, status: StatusCode, body: &[u8]) -> Option<String> {
    let kind = if status.is_success() { "200" } else { "4XX" };
    let validator = match rules(operation, kind) {
        Ok(validator) => validator,
        Err(error) => return Some(error),
    };
    match serde_json::from_slice(body) {
        Ok(value) => broken(&validator, &value, "the answer"),
        Err(error) => Some(format!("the answer is no JSON: {error}")),
    }
}

fn rules(operation: Operation, kind: &'static str) -> Result<Arc<Validator>, String> {
    type Made = BTreeMap<(Operation, &'static str), Arc<Validator>>;
    static RULES: OnceLock<Mutex<Made>> = OnceLock::new();
    let rules = RULES.get_or_init(Mutex::default);
    if let Some(rules) = lock(rules).get(&(operation, kind)) {
        return Ok(Arc::clone(rules));
    }
    let schema = &entry(operation)["responses"][kind]["content"]["application/json"]["schema"];
    if !schema.is_object() {
        return Err(format!("the document has no {kind} answer of {operation}"));
    }
    let made = Arc::new(validator(schema)?);
    lock(rules).insert((operation, kind), Arc::clone(&made));
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_a_success_and_a_refusal() {
        let body = br#"{"retcode":"00008","retmsg":null,"success":false}"#;
        for operation in Operation::ALL {
            for status in [StatusCode::OK, StatusCode::BAD_REQUEST] {
                assert_eq!(mismatch(*operation, status, body), None, "{operation}");
            }
        }
    }

    #[test]
    fn a_mismatch_names_the_field_and_hides_the_value() {
        let ok = StatusCode::OK;
        for (body, expected) in [
            (
                r#"{"retcode":"200","retdata":{"payingAmount":"SECRET"}}"#,
                "retdata",
            ),
            (r#"{"retmsg":"SECRET"}"#, "retcode must not be empty"),
            (r#"{"retcode":"200","success":"SECRET"}"#, "success"),
            ("SECRET", "no JSON"),
        ] {
            let found = mismatch(Operation::CreateCheckoutOrder, ok, body.as_bytes()).unwrap();
            assert!(
                found.contains(expected) && !found.contains("SECRET"),
                "{found}"
            );
        }
    }
}
