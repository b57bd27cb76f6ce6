//! Authentication of calls. Read `check_call` first: address, headers, timestamp, token and
//! signature. `tokens` has the tokens of a client, `signature` the algorithm.

mod signature;
mod tokens;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use secrecy::ExposeSecret;

pub(crate) use signature::{percent_decode, sign, signed_query, webhook_message};
pub use tokens::TokenGrants;
pub(crate) use tokens::Tokens;

use crate::SandboxOperation;
use crate::api_error::ApiError;
use crate::gateway::GatewayState;
use crate::request::{CallerIndex, Connection, ReceivedRequest};

/// Accepts a request with the current token and a valid signature. The token operation requires
/// neither. A request to an unknown path is passed to the router.
pub(crate) async fn check_call(
    State(gateway): State<Arc<GatewayState>>,
    mut request: Request,
    next: Next,
) -> Response {
    let received = request.extensions().get::<ReceivedRequest>().cloned();
    if let Some(received) = received.filter(|received| received.operation.is_some()) {
        let (mut parts, body) = request.into_parts();
        match authenticate(&gateway, &parts, &received) {
            Err(error) => return error.into_response(),
            Ok(None) => {}
            Ok(Some(caller)) => _ = parts.extensions.insert(caller),
        }
        request = Request::from_parts(parts, body);
    }
    next.run(request).await
}

/// Returns the caller, or `None` for the token operation.
fn authenticate(
    gateway: &GatewayState,
    parts: &Parts,
    received: &ReceivedRequest,
) -> Result<Option<CallerIndex>, ApiError> {
    let settings = gateway.settings();
    if settings.reject_address {
        let connection = parts.extensions.get::<Connection>();
        let ip = connection.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), Connection::peer);
        return Err(ApiError::Address(ip));
    }
    if received.operation == Some(SandboxOperation::IssueAccessToken) {
        return Ok(None);
    }
    let authorization = header(parts, AUTHORIZATION.as_str(), "Authorization")?;
    let signature = header(parts, "signature", "SIGNATURE")?;
    let timestamp = header(parts, "timestamp", "TIMESTAMP")?;
    let now = gateway.clock.now_millis();
    check_timestamp(timestamp, now, settings.timestamp_tolerance)?;
    let (index, generation) = find_token(gateway, authorization).ok_or(ApiError::Token)?;
    // The token became valid after the start of the body was read.
    if received.body.len() < received.body_length {
        return Err(ApiError::Token);
    }
    gateway.requests.update(received.number, |record| {
        record.client = Some(index);
        record.token_generation = Some(generation);
    });

    let body: &[u8] = if is_multipart(parts) {
        &[]
    } else {
        &received.body
    };
    let query = (parts.uri.query().unwrap_or_default(), settings.query_form);
    let method = parts.method.as_str();
    let message = signature::request_message(method, timestamp, parts.uri.path(), query, body);
    let client = &gateway.clients[index];
    let is_valid = {
        let credentials = client.credentials();
        signature::verify(credentials.sign_key().expose_secret(), &message, signature)
    };
    gateway.requests.update(received.number, |record| {
        record.is_signature_valid = Some(is_valid);
    });
    if !is_valid {
        return Err(ApiError::Signature);
    }
    let mut tokens = client.tokens();
    if !tokens.count_call(generation, settings.revoke_after_calls) {
        return Err(ApiError::Token);
    }
    Ok(Some(CallerIndex(index)))
}

/// Returns true if a request has the token of a client. Its signature is not verified.
pub(crate) fn has_valid_token(gateway: &GatewayState, parts: &Parts) -> bool {
    let authorization = header(parts, AUTHORIZATION.as_str(), "Authorization");
    authorization.is_ok_and(|it| find_token(gateway, it).is_some())
}

/// Returns the client and the generation of the token of a bearer authorization, if it is valid.
fn find_token(gateway: &GatewayState, authorization: &str) -> Option<(usize, u64)> {
    let token = bearer(authorization)?;
    let now = gateway.clock.now_millis();
    let mut clients = gateway.clients.iter().enumerate();
    clients.find_map(|(index, client)| Some((index, client.tokens().generation(token, now)?)))
}

fn header<'a>(
    parts: &'a Parts,
    name: &str,
    display_name: &'static str,
) -> Result<&'a str, ApiError> {
    let mut values = parts.headers.get_all(name).iter();
    let value = values.next().and_then(|value| value.to_str().ok());
    // It is not known which of two values the gateway would use.
    if values.next().is_some() {
        return Err(ApiError::field(format!(
            "header [{display_name}] is repeated"
        )));
    }
    value
        .filter(|value| !value.is_empty())
        .ok_or(ApiError::MissingHeader(display_name))
}

/// Returns the token of a bearer authorization. The name of the scheme is not case-sensitive.
fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Returns whether the body of a request is a form. The parts of a form are not signed.
pub(crate) fn is_multipart(parts: &Parts) -> bool {
    let content_type = parts.headers.get(CONTENT_TYPE);
    let start = content_type.and_then(|it| it.as_bytes().get(..10));
    start.is_some_and(|start| start.eq_ignore_ascii_case(b"multipart/"))
}

/// Rejects a `TIMESTAMP` that differs from `now` by more than the tolerance, in either direction.
/// A negative tolerance rejects every timestamp.
fn check_timestamp(text: &str, now: i64, tolerance: i64) -> Result<(), ApiError> {
    let timestamp = parse_timestamp(text).ok_or(ApiError::TimestampFormat)?;
    let now = u64::try_from(now).unwrap_or_default();
    if i64::try_from(timestamp.abs_diff(now)).is_ok_and(|difference| difference <= tolerance) {
        Ok(())
    } else {
        Err(ApiError::TimestampAge)
    }
}

/// Accepts only decimal digits without a leading zero: no sign, no spaces, no decimal point.
fn parse_timestamp(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = digits && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| canonical)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn timestamp_within_tolerance_is_accepted() {
        for (text, now, tolerance, expected) in [
            ("5", 5, 0, true),
            ("5", 5, -1, false),
            ("5", 5, i64::MIN, false),
            ("0", i64::MAX, i64::MAX, true),
            ("18446744073709551615", 0, i64::MAX, false),
            ("0", -5, 0, true),
        ] {
            let accepted = check_timestamp(text, now, tolerance).is_ok();
            assert_eq!(accepted, expected, "{text} {now} {tolerance}");
        }
    }

    #[test]
    fn timestamps_agree_with_vectors() {
        let vectors = include_str!("../../../../spec/vectors/signatures.json");
        let vectors: Value = serde_json::from_str(vectors).unwrap();
        for case in vectors["timestamps"].as_array().unwrap() {
            let text = case["text"].as_str().unwrap();
            assert_eq!(
                parse_timestamp(text).is_some(),
                case["valid"] == true,
                "{text}"
            );
        }
        let freshness = &vectors["freshness"];
        let tolerance = freshness["tolerance_ms"].as_i64().unwrap();
        for case in freshness["cases"].as_array().unwrap() {
            let now = case["now"].as_str().unwrap().parse().unwrap();
            let timestamp = case["timestamp"].as_str().unwrap();
            let is_fresh = check_timestamp(timestamp, now, tolerance).is_ok();
            assert_eq!(is_fresh, case["result"] == "fresh", "{case}");
        }
    }
}
