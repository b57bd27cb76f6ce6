//! Checks requests and responses against the schemas of the document.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock};

use http::StatusCode;
use jsonschema::Validator;
use serde_json::Value;

use super::operation::SandboxOperation;
use super::schema::{resolve, validator, violation};
use crate::api_error::ApiError;
use crate::settings::{IdForm, SandboxSettings};
use crate::sync::lock;

/// A response of the sandbox that does not match the OpenAPI document.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SchemaMismatch {
    /// The operation that responded.
    pub operation: SandboxOperation,
    /// The field and the rule that it violates, without the value.
    pub rule: String,
}

impl fmt::Display for SchemaMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, rule } = self;
        write!(
            f,
            "the response of {operation} does not match the document: {rule}"
        )
    }
}

/// The schemas of one operation. Each schema is compiled when it is first needed.
struct OperationSchemas {
    parameters: Vec<ParameterRule>,
    media_type: Option<&'static str>,
    body_required: bool,
    body: Option<Validator>,
    /// `None` if the document has no JSON response.
    success: Option<Validator>,
    rejection: Option<Validator>,
}

/// The rule of a parameter in the path or the query.
struct ParameterRule {
    name: &'static str,
    required: bool,
    /// The JSON type of the value. The text of a string is not parsed.
    is_string: bool,
    validator: Validator,
}

fn schemas(operation: SandboxOperation) -> Result<Arc<OperationSchemas>, String> {
    static SCHEMAS: OnceLock<Mutex<BTreeMap<SandboxOperation, Arc<OperationSchemas>>>> =
        OnceLock::new();
    let cache = SCHEMAS.get_or_init(Mutex::default);
    if let Some(schemas) = lock(cache).get(&operation) {
        return Ok(Arc::clone(schemas));
    }
    let schemas = Arc::new(build(operation)?);
    lock(cache).insert(operation, Arc::clone(&schemas));
    Ok(schemas)
}

fn build(operation: SandboxOperation) -> Result<OperationSchemas, String> {
    let spec = operation.spec();
    let parameters = spec["parameters"].as_array().into_iter().flatten();
    let content = spec["requestBody"]["content"].as_object();
    let content = content.and_then(|content| content.iter().next());
    let body = match content {
        // The parts of a form are checked by the handler, which reads them one by one.
        Some((media_type, content)) if media_type == "application/json" => {
            Some(validator(&content["schema"])?)
        }
        _ => None,
    };
    let response = |statuses: &[&str]| {
        let content = response_content(operation, statuses);
        content
            .map(|content| validator(&content["schema"]))
            .transpose()
    };
    Ok(OperationSchemas {
        parameters: parameters
            .filter(|parameter| parameter["in"] == "query" || parameter["in"] == "path")
            .map(|parameter| {
                Ok(ParameterRule {
                    name: parameter["name"].as_str().unwrap_or_default(),
                    required: parameter["required"] == true,
                    is_string: resolve(&parameter["schema"])["type"] == "string",
                    validator: validator(&parameter["schema"])?,
                })
            })
            .collect::<Result<_, String>>()?,
        media_type: content.map(|(media_type, _)| media_type.as_str()),
        body_required: spec["requestBody"]["required"] == true,
        body,
        success: response(&SUCCESS)?,
        rejection: response(&["4XX", "default"])?,
    })
}

/// The names under which the document can have the response of a success.
pub(super) const SUCCESS: [&str; 4] = ["200", "201", "2XX", "default"];

/// Returns the JSON content of the first response with one of these statuses, if it has a schema.
pub(super) fn response_content(
    operation: SandboxOperation,
    statuses: &[&str],
) -> Option<&'static Value> {
    let responses = &operation.spec()["responses"];
    let mut responses = statuses.iter().filter_map(|status| responses.get(status));
    let content = responses.next()?.pointer("/content/application~1json")?;
    content["schema"].is_object().then_some(content)
}

/// Rejects a request that the document does not allow, with the name of the field.
///
/// The schemas have fewer rules than the gateway: the handlers check the others.
pub(crate) fn check_request(
    operation: SandboxOperation,
    parameters: &HashMap<String, String>,
    (content_type, body): (&str, &[u8]),
    settings: &SandboxSettings,
) -> Result<(), ApiError> {
    let schemas = schemas(operation).map_err(|error| ApiError::internal(&error))?;
    for rule in &schemas.parameters {
        match parameters.get(rule.name).filter(|value| !value.is_empty()) {
            None if rule.required => return Err(ApiError::missing_field(rule.name)),
            None => {}
            Some(text) => {
                let parsed = serde_json::from_str(text).ok().filter(|_| !rule.is_string);
                let value = parsed.unwrap_or_else(|| Value::String(text.clone()));
                if let Some(rule) = violation(&rule.validator, &value, rule.name, &[]) {
                    return Err(ApiError::field(rule));
                }
            }
        }
    }
    let Some(media_type) = schemas.media_type else {
        return Ok(());
    };
    if body.is_empty() && !schemas.body_required {
        return Ok(());
    }
    let actual = content_type.split(';').next().unwrap_or_default().trim();
    if !actual.eq_ignore_ascii_case(media_type) {
        return Err(ApiError::field(format!(
            "Content-Type must be {media_type}"
        )));
    }
    // The handler rejects a body that is not JSON or has numbers beyond a float: it reads the
    // text. The parsed value is only used for the structure.
    let optional: &[&str] = match settings.require_merchant_id {
        true => &[],
        false => &["merchantId"],
    };
    if let (Some(validator), Ok(value)) = (&schemas.body, serde_json::from_slice(body))
        && let Some(rule) = violation(validator, &value, "the body", optional)
    {
        return Err(ApiError::field(rule));
    }
    Ok(())
}

/// Returns the mismatch if the document does not allow a response. Ids in the form of integers are
/// not checked, because the document can have another type for them.
pub(crate) fn check_response(
    operation: SandboxOperation,
    (status, body): (StatusCode, &[u8]),
    settings: &SandboxSettings,
) -> Option<SchemaMismatch> {
    let ignored: &[&str] = match settings.checkout_ids {
        IdForm::String => &[],
        IdForm::Integer => &["sysid", "customerId", "merchantId"],
    };
    let rule = match schemas(operation) {
        Err(error) => Some(error),
        Ok(schemas) => {
            let validator = match status.is_success() {
                true => &schemas.success,
                false => &schemas.rejection,
            };
            match (validator, serde_json::from_slice::<Value>(body)) {
                (None, _) => None,
                (_, Err(error)) => Some(format!("the response is not JSON: {error}")),
                (Some(validator), Ok(value)) => {
                    violation(validator, &value, "the response", ignored)
                }
            }
        }
    };
    rule.map(|rule| SchemaMismatch { operation, rule })
}

#[cfg(test)]
mod tests {
    use SandboxOperation as O;
    use proptest::proptest;

    use super::*;

    fn rejection(
        operation: SandboxOperation,
        query: &[(&str, &str)],
        body: &str,
    ) -> Option<String> {
        let query = query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let content = ("Application/JSON; charset=utf-8", body.as_bytes());
        let settings = SandboxSettings::default();
        let error = check_request(operation, &query.collect(), content, &settings).err();
        error.map(|error| error.to_string())
    }

    #[test]
    fn every_operation_has_schemas() {
        let rejection = br#"{"retcode":"00008","retmsg":null,"success":false}"#;
        for operation in SandboxOperation::all() {
            let schemas = schemas(operation).unwrap();
            if matches!(operation, O::Other(_)) {
                continue;
            }
            let is_post = operation.method() == "POST" && operation != O::IssueAccessToken;
            assert_eq!(schemas.media_type.is_some(), is_post, "{operation}");
            assert!(schemas.success.is_some() && schemas.rejection.is_some());
            for status in [StatusCode::OK, StatusCode::BAD_REQUEST] {
                let response = (status, &rejection[..]);
                let mismatch = check_response(operation, response, &SandboxSettings::default());
                assert_eq!(mismatch, None, "{operation}");
            }
        }
    }

    #[test]
    fn rejection_names_the_field() {
        let order = r#"{"orderNo":"A","orderAmount":1,"customerId":"6","merchantId":"1","token":"ETH_USDT"}"#;
        assert_eq!(rejection(O::CreateCheckoutOrder, &[], order), None);
        let no_customer = order.replace("\"customerId\":\"6\",", "");
        for (body, message) in [
            (
                order.replace("\"A\"", "\"a-b\""),
                "orderNo must contain only letters and numbers",
            ),
            (order.replace("\"A\"", "7"), "orderNo must be a string"),
            (
                order.replace(":1,", ":\"1\","),
                "orderAmount must be a number",
            ),
            (no_customer, "customerId must not be empty"),
            ("[]".to_owned(), "the body must be an object"),
        ] {
            let actual = rejection(O::CreateCheckoutOrder, &[], &body);
            assert_eq!(actual.as_deref(), Some(message));
        }
        // An operation, its body, and the expected message.
        let cases = r#"
createSettlementOrder {"settlementOrderNo":"1","orderNos":[true]} orderNos.0 must be a string
createSettlementOrder {"settlementOrderNo":"1","amount":1} amount must be a string
createTrade {"requestId":"1","requestType":1.5} requestType must be a whole number or a string
createTrade {"requestId":"1","clientId":"1"} clientId must be a whole number
createTrade {"requestId":"1","clientId":9223372036854775808} clientId must be a whole number of 64 bits
createUser {"clientType":-9223372036854775809} clientType must be a whole number or a string"#;
        for case in cases.trim().lines() {
            let mut parts = case.splitn(3, ' ');
            let [operation, body, message] = [(); 3].map(|()| parts.next().unwrap());
            let actual = rejection(operation.parse().unwrap(), &[], body);
            assert_eq!(actual.as_deref(), Some(message));
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
            assert_eq!(rejection(operation, query, "").as_deref(), Some(message));
        }
    }

    #[test]
    fn amount_with_many_digits_passes_the_schema() {
        for amount in [
            "79228162514264337593543950335",
            "1e400",
            "0.1234567890123456789012345678",
        ] {
            let body = format!(
                r#"{{"orderNo":"A","orderAmount":{amount},"customerId":"6","merchantId":"1","token":"T"}}"#
            );
            assert_eq!(rejection(O::CreateCheckoutOrder, &[], &body), None);
        }
    }

    #[test]
    fn mismatch_names_the_field_and_hides_the_value() {
        for (body, expected) in [
            (
                r#"{"retcode":"200","retdata":{"payingAmount":"SECRET"}}"#,
                "retdata",
            ),
            (r#"{"retmsg":"SECRET"}"#, "retcode must not be empty"),
            (r#"{"retcode":"200","success":"SECRET"}"#, "success"),
            ("SECRET", "not JSON"),
        ] {
            let response = (StatusCode::OK, body.as_bytes());
            let settings = SandboxSettings::default();
            let mismatch = check_response(O::CreateCheckoutOrder, response, &settings);
            let rule = mismatch.unwrap().rule;
            assert!(
                rule.contains(expected) && !rule.contains("SECRET"),
                "{rule}"
            );
        }
    }

    proptest! {
        #[test]
        fn request_with_any_body_does_not_panic(body: Vec<u8>, at in 0..SandboxOperation::all().count()) {
            let content = ("application/json", &body[..]);
            let settings = SandboxSettings::default();
            let operation = SandboxOperation::all().nth(at).unwrap();
            let _ = check_request(operation, &HashMap::new(), content, &settings);
        }
    }
}
