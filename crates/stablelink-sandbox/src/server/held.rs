//! Holds requests and answers to the document.

use std::collections::HashMap;

use axum::body::{Body, to_bytes};
use axum::extract::{Query, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;

use crate::refusal::Refusal;
use crate::state::{Arrival, Gateway, SchemaMismatch};
use crate::{Operation, document};

/// Lets a request pass that the document allows.
pub(crate) async fn request(request: Request, next: Next) -> Response {
    match allowed(&request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

fn allowed(request: &Request) -> Result<(), Refusal> {
    let Some(arrival) = request.extensions().get::<Arrival>() else {
        return Ok(());
    };
    let operation = match arrival.operation {
        // Reads its own parameters, which are texts, and counts what it refuses.
        None | Some(Operation::IssueAccessToken) => return Ok(()),
        Some(operation) => operation,
    };
    let query = Query::<HashMap<String, String>>::try_from_uri(request.uri())
        .map_err(|error| Refusal::field(format!("the query can't be read: {error}")))?;
    let content_type = request.headers().get(CONTENT_TYPE);
    let content_type = content_type.and_then(|kind| kind.to_str().ok());
    let content = (content_type.unwrap_or_default(), &arrival.body[..]);
    document::check_request(operation, &query, content)
}

/// Gives an answer back if the document allows it, else what went wrong.
pub(crate) async fn answer(
    gateway: &Gateway,
    operation: Option<Operation>,
    response: Response,
) -> Response {
    let Some(operation) = operation.filter(|_| gateway.settings().check_responses) else {
        return response;
    };
    // The sandbox says so of itself; there is no such answer of the gateway.
    if response.status().is_server_error() {
        return response;
    }
    let (parts, body) = response.into_parts();
    // The sandbox made the body itself, in memory.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    match document::mismatch(operation, parts.status, &body) {
        None => Response::from_parts(parts, Body::from(body)),
        Some(rule) => {
            let mismatch = SchemaMismatch { operation, rule };
            let text = mismatch.to_string();
            gateway.mismatches.add(mismatch);
            (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::json;
    use crate::{SandboxClock, SandboxCredentials, SandboxSettings};

    #[tokio::test]
    async fn an_answer_that_drifted_is_seen() {
        let credentials = SandboxCredentials::new("a", "b", "c");
        let gateway = Gateway::new(
            SandboxSettings::default(),
            SandboxClock::default(),
            vec![credentials],
        );
        gateway.change_settings(|settings| settings.check_responses = true);
        let operation = Some(Operation::CreateCheckoutOrder);
        let answered = |amount: &str| {
            let body = format!(r#"{{"retcode":"200","retdata":{{"payingAmount":{amount}}}}}"#);
            answer(&gateway, operation, json(StatusCode::OK, body))
        };
        assert_eq!(answered("1.5").await.status(), StatusCode::OK);
        assert!(gateway.mismatches.kept().is_empty());
        let refused = answered("\"1.5\"").await;
        assert_eq!(refused.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let text = to_bytes(refused.into_body(), 1000).await.unwrap();
        let rule = "the answer of createCheckoutOrder is not what the document says: \
                    retdata.payingAmount must be a number";
        assert_eq!(text, rule);
        assert_eq!(gateway.mismatches.kept()[0].to_string(), rule);
        gateway.change_settings(|settings| settings.check_responses = false);
        assert_eq!(answered("\"1.5\"").await.status(), StatusCode::OK);
    }
}
