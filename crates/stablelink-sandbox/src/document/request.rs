//! Requests against the document: parameters, media type, body.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock};

use jsonschema::Validator;
use serde_json::Value;

use super::rule::broken;
use super::{entry, validator};
use crate::refusal::Refusal;
use crate::{Operation, lock};

/// What the document says of the requests of an operation.
struct Rules {
    parameters: Vec<Parameter>,
    media_type: Option<String>,
    body_needed: bool,
    body: Option<Validator>,
}

struct Parameter {
    name: String,
    needed: bool,
    whole_number: bool,
}

/// Refuses a request that the document does not allow, naming the field.
///
/// The schemas say less than the gateway's rules: what they allow may be refused where it is read.
pub(crate) fn check(
    operation: Operation,
    query: &HashMap<String, String>,
    (content_type, body): (&str, &[u8]),
) -> Result<(), Refusal> {
    let rules = rules(operation)?;
    for parameter in &rules.parameters {
        let name = &parameter.name;
        match query.get(name).filter(|value| !value.is_empty()) {
            None if parameter.needed => return Err(Refusal::missing_field(name)),
            Some(value) if parameter.whole_number && value.parse::<i64>().is_err() => {
                return Err(Refusal::field(format!("{name} must be a whole number")));
            }
            _ => {}
        }
    }
    let Some(media_type) = &rules.media_type else {
        return Ok(());
    };
    if body.is_empty() && !rules.body_needed {
        return Ok(());
    }
    let given = content_type.split(';').next().unwrap_or_default().trim();
    if !given.eq_ignore_ascii_case(media_type) {
        return Err(Refusal::field(format!("Content-Type must be {media_type}")));
    }
    // What is no JSON, or has numbers beyond a float, is for the handler to refuse: it reads the
    // text, and this value serves for the shape alone.
    if let (Some(validator), Ok(value)) = (&rules.body, serde_json::from_slice(body))
        && let Some(rule) = broken(validator, &value, "the body")
    {
        return Err(Refusal::field(rule));
    }
    Ok(())
}

fn rules(operation: Operation) -> Result<Arc<Rules>, Refusal> {
    static RULES: OnceLock<Mutex<BTreeMap<Operation, Arc<Rules>>>> = OnceLock::new();
    let rules = RULES.get_or_init(Mutex::default);
    if let Some(rules) = lock(rules).get(&operation) {
        return Ok(Arc::clone(rules));
    }
    let made = Arc::new(read(operation).map_err(|error| Refusal::internal(&error))?);
    lock(rules).insert(operation, Arc::clone(&made));
    Ok(made)
}

fn read(operation: Operation) -> Result<Rules, String> {
    let entry = entry(operation);
    let parameters = entry["parameters"].as_array().map(Vec::as_slice);
    let in_query = |parameter: &&Value| parameter["in"] == "query";
    let content = entry["requestBody"]["content"].as_object();
    let content = content.and_then(|content| content.iter().next());
    let body = match content {
        // The parts of a form are read one by one, and checked there.
        Some((media_type, content)) if media_type == "application/json" => {
            Some(validator(&content["schema"])?)
        }
        _ => None,
    };
    Ok(Rules {
        parameters: parameters
            .unwrap_or_default()
            .iter()
            .filter(in_query)
            .map(|parameter| Parameter {
                name: parameter["name"].as_str().unwrap_or_default().to_owned(),
                needed: parameter["required"] == true,
                whole_number: parameter["schema"]["type"] == "integer",
            })
            .collect(),
        media_type: content.map(|(media_type, _)| media_type.clone()),
        body_needed: entry["requestBody"]["required"] == true,
        body,
    })
}

#[cfg(test)]
mod tests {
    use proptest::proptest;

    use super::*;

    fn refused(operation: Operation, query: &[(&str, &str)], body: &str) -> Option<String> {
        let query = query
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let content = ("Application/JSON; charset=utf-8", body.as_bytes());
        let refused = check(operation, &query.collect(), content).err();
        refused.map(|refusal| refusal.message().to_owned())
    }

    #[test]
    fn every_operation_has_rules() {
        for operation in Operation::ALL {
            let rules = rules(*operation).unwrap();
            let has_body = rules.media_type.is_some();
            let posted = operation.method() == "POST" && *operation != Operation::IssueAccessToken;
            assert_eq!(has_body, posted, "{operation}");
        }
    }

    #[test]
    fn name_the_field() {
        use Operation as O;
        let order = r#"{"orderNo":"A","orderAmount":1,"customerId":"6","merchantId":"1","token":"ETH_USDT"}"#;
        assert_eq!(refused(O::CreateCheckoutOrder, &[], order), None);
        for (operation, from, to, message) in [
            (
                O::CreateCheckoutOrder,
                "\"A\"",
                "\"a-b\"",
                "orderNo must contain only letters and numbers",
            ),
            (
                O::CreateCheckoutOrder,
                "\"A\"",
                "7",
                "orderNo must be a text",
            ),
            (
                O::CreateCheckoutOrder,
                ":1,",
                ":\"1\",",
                "orderAmount must be a number",
            ),
            (
                O::CreateCheckoutOrder,
                "\"customerId\":\"6\",",
                "",
                "customerId must not be empty",
            ),
            (
                O::CreateCheckoutOrder,
                order,
                "[]",
                "the body must be an object",
            ),
            (
                O::CreateSettlementOrder,
                order,
                r#"{"settlementOrderNo":"1","orderNos":[true]}"#,
                "orderNos.0 must be a text",
            ),
            (
                O::CreateSettlementOrder,
                order,
                r#"{"settlementOrderNo":"1","amount":1}"#,
                "amount must be a text",
            ),
            (
                O::CreateTrade,
                order,
                r#"{"requestId":"1","requestType":1.5}"#,
                "requestType must be a whole number or a text",
            ),
            (
                O::CreateTrade,
                order,
                r#"{"requestId":"1","clientId":"1"}"#,
                "clientId must be a whole number",
            ),
            (
                O::CreateTrade,
                order,
                r#"{"requestId":"1","clientId":9223372036854775808}"#,
                "clientId must be a whole number of 64 bits",
            ),
            (
                O::CreateUser,
                order,
                r#"{"clientType":-9223372036854775809}"#,
                "clientType must be a whole number or a text",
            ),
        ] {
            let body = order.replace(from, to);
            assert_eq!(refused(operation, &[], &body).as_deref(), Some(message));
        }
        for (operation, query, message) in [
            (O::GetCheckoutOrder, &[][..], "orderNo must not be empty"),
            (
                O::GetCheckoutOrder,
                &[("orderNo", "")],
                "orderNo must not be empty",
            ),
            (
                O::GetUser,
                &[("clientId", "x")],
                "clientId must be a whole number",
            ),
        ] {
            assert_eq!(refused(operation, query, "").as_deref(), Some(message));
        }
    }

    #[test]
    fn digits_are_not_their_business() {
        let body = |amount: &str| {
            format!(
                r#"{{"orderNo":"A","orderAmount":{amount},"customerId":"6","merchantId":"1","token":"T"}}"#
            )
        };
        for amount in [
            "79228162514264337593543950335",
            "1e400",
            "0.1234567890123456789012345678",
        ] {
            assert_eq!(
                refused(Operation::CreateCheckoutOrder, &[], &body(amount)),
                None
            );
        }
    }

    proptest! {
        #[test]
        fn no_body_makes_them_panic(body: Vec<u8>, at in 0..Operation::ALL.len()) {
            let _ = check(Operation::ALL[at], &HashMap::new(), ("application/json", &body));
        }
    }
}
