//! Responses from the document: for operations without a hand-written handler, and for records that a handler does not know.

use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use serde_json::{Map, Value};

use super::Handler;
use super::call::AuthenticatedCall;
use crate::SandboxOperation;
use crate::api_error::ApiError;
use crate::document::{SampleResponse, sample_response};
use crate::envelope::{FROM_DOCUMENT, OperationResult};

/// Responds from the document. The request already matches the document. A call that can have an
/// effect is counted, and a repeated idempotency key is rejected.
pub(super) fn respond(call: &AuthenticatedCall, operation: SandboxOperation) -> Response {
    let sample = call.fields(operation).and_then(|request| {
        record_effect(call, operation, &request)?;
        Ok(sample_response(operation, &request))
    });
    sample
        .and_then(|sample| write(&sample))
        .unwrap_or_else(IntoResponse::into_response)
}

/// Responds with the result of a hand-written handler. If the handler returns no data, but a page that was captured later shows
/// a record, the record is made from the document: a client rejects a response without it.
pub(super) fn respond_after(
    handler: Handler,
    call: &AuthenticatedCall,
    operation: SandboxOperation,
) -> Response {
    let result = match handler(call) {
        Ok(OperationResult::Data(None)) => call.fields(operation),
        result => return result.into_response(),
    };
    result
        .and_then(|request| {
            let sample = missing_record(operation, &request);
            sample.map_or_else(
                || Ok(OperationResult::EMPTY.into_response()),
                |it| write(&it),
            )
        })
        .unwrap_or_else(IntoResponse::into_response)
}

/// Returns a response with the record that the document describes, or `None` if it describes no record.
fn missing_record(
    operation: SandboxOperation,
    request: &Map<String, Value>,
) -> Option<SampleResponse> {
    let sample = sample_response(operation, request);
    let fields = sample.data.as_ref().and_then(Value::as_object);
    fields
        .is_some_and(|fields| !fields.is_empty())
        .then_some(sample)
}

fn write(sample: &SampleResponse) -> Result<Response, ApiError> {
    let result = match (&sample.data, sample.has_envelope) {
        (None, _) => OperationResult::EMPTY,
        (Some(data), true) => OperationResult::data(data)?,
        (Some(data), false) => OperationResult::bare(data)?,
    };
    let source = if sample.is_example {
        "example"
    } else {
        "schema"
    };
    let mut response = result.into_response();
    let source = HeaderValue::from_static(source);
    response.headers_mut().insert(FROM_DOCUMENT, source);
    Ok(response)
}

/// Counts the effect of an operation that the document does not call safe.
fn record_effect(
    call: &AuthenticatedCall,
    operation: SandboxOperation,
    request: &Map<String, Value>,
) -> Result<(), ApiError> {
    if operation.spec()["x-retry"]["policy"] == "safe" {
        return Ok(());
    }
    let field = operation.key_field();
    let key = match field.and_then(|field| request.get(field)) {
        Some(Value::String(key)) => key.clone(),
        Some(key) => key.to_string(),
        None => String::new(),
    };
    let reject_duplicates = call.gateway.settings().reject_duplicates;
    let mut ledger = call.ledger();
    if let Some(field) = field.filter(|_| reject_duplicates && !key.is_empty())
        && ledger.effects.count(operation, &key) > 0
    {
        return Err(ApiError::Duplicate(field));
    }
    ledger.effects.record(operation, key);
    Ok(())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;
    use serde_json::json;

    use super::*;
    use crate::{Sandbox, auth};

    /// Calls an operation of `tests/new_operations.json`, and returns the source and the response.
    async fn call(sandbox: &Sandbox, token: &str, target: (&str, &str), body: &str) -> [String; 2] {
        let (method, path) = target;
        let (now, credentials) = (sandbox.clock().now_millis(), sandbox.credentials());
        let message = format!("{method}{now}{}{body}", path.replace('?', ""));
        let signature = auth::sign(credentials.sign_key().expose_secret(), message.as_bytes());
        let url = format!("{}{path}", sandbox.url());
        let request = reqwest::Client::new()
            .request(method.parse().unwrap(), url)
            .bearer_auth(token)
            .header("TIMESTAMP", now.to_string())
            .header("SIGNATURE", signature)
            .header("Content-Type", "application/json")
            .body(body.to_owned());
        let response = request.send().await.unwrap();
        let source = response.headers().get(FROM_DOCUMENT.as_str());
        let source = source.map_or("", |it| it.to_str().unwrap()).to_owned();
        [source, response.text().await.unwrap()]
    }

    #[test]
    fn record_is_made_only_if_the_document_describes_one() {
        let request = json!({"vault": "v-1", "text": "hello"});
        let record = |id: &str| {
            let sample = missing_record(id.parse().unwrap(), request.as_object().unwrap());
            sample.and_then(|sample| sample.data)
        };
        assert_eq!(record("createVaultNote").unwrap()["text"], "hello");
        // The data of the first one is unknown, and the other one returns a list.
        for id in ["deleteVaultNotes", "listVaultNotes"] {
            assert_eq!(record(id), None, "{id}");
        }
    }

    #[tokio::test]
    async fn new_operation_of_the_document_is_validated_and_responded_to() {
        let sandbox = Sandbox::start().await.unwrap();
        let credentials = sandbox.credentials();
        let url = format!(
            "{}/user/auth/oauth2/token?grant_type=client_credentials&api_key={}&api_secret={}",
            sandbox.url(),
            credentials.api_key().expose_secret(),
            credentials.api_secret().expose_secret(),
        );
        let grant = reqwest::Client::new().post(url).send().await.unwrap();
        let grant: Value = serde_json::from_str(&grant.text().await.unwrap()).unwrap();
        let token = grant["retdata"]["access_token"].as_str().unwrap();
        let put =
            |path: &'static str, body: &'static str| call(&sandbox, token, ("PUT", path), body);
        let note = r#"{"noteId":"n1","text":"hello"}"#;
        for (path, body, rule) in [
            ("/vaults/x/notes", note, "vault must match ^v-[0-9]+$"),
            (
                "/vaults/v-1/notes?order=left",
                note,
                "order violates the rule enum",
            ),
            (
                "/vaults/v-1/notes",
                r#"{"noteId":"n1"}"#,
                "text must not be empty",
            ),
            (
                "/vaults/v-1/notes",
                r#"{"noteId":"n1","text":"a","weight":0}"#,
                "weight violates the rule exclusiveMinimum",
            ),
        ] {
            let [_, response] = put(path, body).await;
            assert!(response.contains(rule), "{response}");
        }
        for body in ["hello", "", "{} x"] {
            let [source, response] = put("/vaults/v-1/notes", body).await;
            assert!(
                source.is_empty() && response.contains("\"00008\""),
                "{body}: {response}"
            );
        }
        let [source, response] = put("/vaults/v%2D1/notes?order=up", note).await;
        let response: Value = serde_json::from_str(&response).unwrap();
        assert_eq!(source, "schema");
        assert_eq!(
            (&response["retcode"], &response["success"]),
            (&json!("200"), &json!(true))
        );
        assert_eq!(response["retdata"]["text"], "hello");
        assert_eq!(response["retdata"]["vault"], "v-1");
        let [_, repeated] = put("/vaults/v-2/notes", note).await;
        assert!(repeated.contains("noteId already exists"), "{repeated}");
        let operation: SandboxOperation = "createVaultNote".parse().unwrap();
        assert_eq!(sandbox.effects().count(operation, "n1"), 1);

        let list = call(&sandbox, token, ("GET", "/vaults/v-1/notes"), "").await;
        assert_eq!(
            list,
            ["example".to_owned(), r#"[{"vault":"v-1"}]"#.to_owned()]
        );
        let [_, wrong_method] = call(&sandbox, token, ("POST", "/vaults/v-1/notes"), "").await;
        assert!(
            wrong_method.contains("does not support POST"),
            "{wrong_method}"
        );
        assert_eq!(sandbox.mismatches(), []);
    }
}
