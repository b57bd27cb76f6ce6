//! Injects faults, adds the envelope to responses, and checks responses against the document.

use std::collections::BTreeMap;
use std::future::pending;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, StatusCode};
use hyper::body::Frame;
use serde_json::value::RawValue;

use crate::api_error::ApiError;
use crate::envelope::{ResponseRetcode, seal};
use crate::faults::{FaultKind, FaultStage};
use crate::gateway::GatewayState;
use crate::request::{Connection, ReceivedRequest};
use crate::{SandboxOperation, document};

/// Response extension: the skew of the `Date` header in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct DateSkew(pub(super) i64);

/// Runs a request with the faults that are due before and after its effect.
pub(super) async fn inject_faults(
    State(gateway): State<Arc<GatewayState>>,
    request: Request,
    next: Next,
) -> Response {
    let extensions = request.extensions();
    let received = extensions.get::<ReceivedRequest>();
    let target = InjectionTarget {
        connection: extensions.get::<Connection>().cloned(),
        operation: received.and_then(|received| received.operation),
        number: received.map(|received| received.number),
        path: request.uri().path().to_owned(),
        gateway,
    };
    let mut skew = 0;
    let mut replacement = None;
    for kind in target.due(FaultStage::Before) {
        replacement = target.inject(kind, None, &mut skew).await;
    }
    let mut response = match replacement {
        Some(response) => response,
        None => {
            let sealed = target.seal(next.run(request).await);
            check_response(&target.gateway, target.operation, sealed).await
        }
    };
    if response.extensions().get() == Some(&ResponseRetcode::SUCCESS) {
        for kind in target.due(FaultStage::After) {
            response = match target.inject(kind, Some(response), &mut skew).await {
                Some(response) => response,
                // `inject` returns a response if it receives one.
                None => return ApiError::internal(&"a fault lost its response").into_response(),
            };
        }
    }
    if skew != 0 {
        response.extensions_mut().insert(DateSkew(skew));
    }
    response
}

/// A request into which faults can be injected.
struct InjectionTarget {
    gateway: Arc<GatewayState>,
    connection: Option<Connection>,
    operation: Option<SandboxOperation>,
    number: Option<u64>,
    path: String,
}

impl InjectionTarget {
    fn due(&self, stage: FaultStage) -> Vec<FaultKind> {
        let due = self.gateway.faults.due(stage, self.operation, &self.path);
        if let (Some(number), false) = (self.number, due.is_empty()) {
            let ids = due.iter().map(|(id, _)| *id);
            let requests = &self.gateway.requests;
            requests.update(number, |record| record.faults.extend(ids));
        }
        due.into_iter().map(|(_, kind)| kind).collect()
    }

    fn seal(&self, response: Response) -> Response {
        seal(response, self.operation, &self.gateway.settings())
    }

    /// Injects a fault. Returns the response after the fault, or `None` before a response exists.
    async fn inject(
        &self,
        kind: FaultKind,
        response: Option<Response>,
        skew: &mut i64,
    ) -> Option<Response> {
        match kind {
            FaultKind::Latency(delay) => tokio::time::sleep(delay).await,
            FaultKind::DateSkew(millis) => *skew = skew.saturating_add(millis),
            FaultKind::Stall => pending().await,
            FaultKind::Reset => {
                if let Some(connection) = &self.connection {
                    connection.reset();
                }
                pending().await
            }
            FaultKind::Response(stub) => return Some(stub.map(Body::from)),
            FaultKind::Duplicate => {
                let key = self.operation.and_then(SandboxOperation::key_field);
                let error = ApiError::Duplicate(key.unwrap_or("requestId"));
                return Some(self.seal(error.into_response()));
            }
            FaultKind::Truncate => {
                return change_body(response?, |r, b| truncate(r, &b, false)).await;
            }
            FaultKind::StallWithinBody => {
                return change_body(response?, |r, b| truncate(r, &b, true)).await;
            }
            FaultKind::ReplaceField { path, json } => {
                return change_body(response?, |response, body| {
                    let text = std::str::from_utf8(&body).ok();
                    let edited = text.and_then(|text| replace_field(text, &path, &json));
                    response.map(|_| edited.map_or_else(|| Body::from(body), Body::from))
                })
                .await;
            }
        }
        response
    }
}

/// Changes the body of a response.
async fn change_body(
    response: Response,
    change: impl FnOnce(Response, Bytes) -> Response,
) -> Option<Response> {
    let (mut parts, body) = response.into_parts();
    // It is the length of the unchanged body.
    parts.headers.remove(CONTENT_LENGTH);
    let body = read_own_body(body).await;
    Some(change(Response::from_parts(parts, Body::empty()), body))
}

/// Reads a body that the sandbox created in memory, so that no limit is necessary.
pub(super) async fn read_own_body(body: Body) -> Bytes {
    to_bytes(body, usize::MAX).await.unwrap_or_default()
}

/// Replaces a response that the document does not allow by HTTP 500 with the mismatch.
async fn check_response(
    gateway: &GatewayState,
    operation: Option<SandboxOperation>,
    response: Response,
) -> Response {
    let settings = gateway.settings();
    let Some(operation) = operation.filter(|_| settings.check_responses) else {
        return response;
    };
    // The sandbox reports its own errors this way; the document has no such response.
    if response.status().is_server_error() {
        return response;
    }
    let (parts, body) = response.into_parts();
    let body = read_own_body(body).await;
    match document::check_response(operation, (parts.status, &body), &settings) {
        None => Response::from_parts(parts, Body::from(body)),
        Some(mismatch) => {
            let text = mismatch.to_string();
            gateway.add_mismatch(mismatch);
            (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
        }
    }
}

/// Sends half of a body with the `Content-Length` of the whole body. Then the connection ends, or
/// stalls without further data.
fn truncate(mut response: Response, body: &Bytes, stalls: bool) -> Response {
    // For an empty body, one byte is announced that is not sent.
    let length = HeaderValue::from(body.len().max(1));
    response.headers_mut().insert(CONTENT_LENGTH, length);
    let truncated = TruncatedBody {
        part: Some(body.slice(..body.len() / 2)),
        flushed: false,
        stalls,
    };
    response.map(|_| Body::new(truncated))
}

struct TruncatedBody {
    part: Option<Bytes>,
    flushed: bool,
    stalls: bool,
}

impl HttpBody for TruncatedBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(part) = self.part.take() {
            return Poll::Ready(Some(Ok(Frame::data(part))));
        }
        if self.stalls {
            return Poll::Pending;
        }
        if !self.flushed {
            // The server flushes its buffer when a body is pending. An error would discard it.
            self.flushed = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let message = "a fault truncated this response";
        Poll::Ready(Some(Err(io::Error::other(message))))
    }
}

/// Replaces one field of a JSON document. Other values keep their text, including the digits of
/// numbers. Returns `None` if the document has no such field.
fn replace_field(document: &str, path: &str, value: &str) -> Option<String> {
    if path.is_empty() {
        return Some(value.to_owned());
    }
    let (step, rest) = path.split_once('.').unwrap_or((path, ""));
    if let Ok(mut fields) = serde_json::from_str::<BTreeMap<String, &RawValue>>(document) {
        let edited = replace_field(fields.remove(step)?.get(), rest, value)?;
        let others = fields.iter().map(|(name, raw)| (name.as_str(), raw.get()));
        let fields: Option<Vec<_>> = std::iter::once((step, &*edited))
            .chain(others)
            .map(|(name, json)| Some(format!("{}:{json}", serde_json::to_string(name).ok()?)))
            .collect();
        return Some(format!("{{{}}}", fields?.join(",")));
    }
    let items: Vec<&RawValue> = serde_json::from_str(document).ok()?;
    let mut items: Vec<&str> = items.iter().map(|raw| raw.get()).collect();
    let item = items.get_mut(step.parse::<usize>().ok()?)?;
    let edited = replace_field(item, rest, value)?;
    *item = &edited;
    Some(format!("[{}]", items.join(",")))
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert_eq, proptest};

    use super::*;
    use crate::envelope::json_response;
    use crate::{SandboxClock, SandboxCredentials, SandboxSettings};

    proptest! {
        #[test]
        fn replace_field_with_any_input_does_not_panic(document: String, path: String) {
            let _ = replace_field(&document, &path, "null");
        }

        #[test]
        fn replaced_field_has_the_new_value(name in "[a-z\"\\\\ä]{1,5}", index in 0_usize..3) {
            let quoted = serde_json::to_string(&name).unwrap();
            let document = format!("{{{quoted}:[1,2,3],\"other\":0.10}}");
            let edited = replace_field(&document, &format!("{name}.{index}"), "7.70").unwrap();
            let read: BTreeMap<String, &RawValue> = serde_json::from_str(&edited).unwrap();
            let items: Vec<&RawValue> = serde_json::from_str(read[&name].get()).unwrap();
            prop_assert_eq!(items[index].get(), "7.70");
            prop_assert_eq!(read["other"].get(), "0.10");
        }
    }

    #[test]
    fn replace_field_keeps_other_values_and_their_digits() {
        let document = r#"{"a":{"b":[{"n":0.10},{"n":1e400}]},"m":12345678901234567890.10}"#;
        for (path, value, expected) in [
            (
                "a.b.1.n",
                "null",
                Some(r#"{"a":{"b":[{"n":0.10},{"n":null}]},"m":12345678901234567890.10}"#),
            ),
            ("a", "[]", Some(r#"{"a":[],"m":12345678901234567890.10}"#)),
            (
                "m",
                "not json",
                Some(r#"{"m":not json,"a":{"b":[{"n":0.10},{"n":1e400}]}}"#),
            ),
            ("", "7", Some("7")),
            ("a.c", "null", None),
            ("a.b.2", "null", None),
            ("a.b.x", "null", None),
            ("m.x", "null", None),
        ] {
            let edited = replace_field(document, path, value);
            assert_eq!(edited.as_deref(), expected, "{path}");
        }
        assert_eq!(replace_field("<html>", "a", "null"), None);
    }

    #[tokio::test]
    async fn response_that_does_not_match_the_document_is_reported() {
        let credentials = SandboxCredentials::new("a", "b", "c");
        let clients = vec![credentials];
        let gateway =
            GatewayState::new(SandboxSettings::default(), SandboxClock::default(), clients);
        gateway.update_settings(|settings| settings.check_responses = true);
        let operation = Some(SandboxOperation::CreateCheckoutOrder);
        let check = |amount: &str| {
            let body = format!(r#"{{"retcode":"200","retdata":{{"payingAmount":{amount}}}}}"#);
            check_response(&gateway, operation, json_response(StatusCode::OK, body))
        };
        assert_eq!(check("1.5").await.status(), StatusCode::OK);
        assert!(gateway.mismatches().is_empty());
        let response = check("\"1.5\"").await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let text = to_bytes(response.into_body(), 1000).await.unwrap();
        let rule = "the response of createCheckoutOrder does not match the document: \
                    retdata.payingAmount must be a number";
        assert_eq!(text, rule);
        assert_eq!(gateway.mismatches()[0].to_string(), rule);
        gateway.update_settings(|settings| settings.check_responses = false);
        assert_eq!(check("\"1.5\"").await.status(), StatusCode::OK);
    }
}
