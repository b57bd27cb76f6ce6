//! The JSON state of a sandbox that the dashboard shows, and the details of one request. They contain
//! no token and no key.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::actions::ControlError;
use super::redact_secrets::{SecretRedactor, redact_header};
use crate::envelope::{self, FROM_DOCUMENT};
use crate::gateway::GatewayState;
use crate::request_log::RequestRecord;
use crate::webhooks::{Delivery, DeliveryState};
use crate::{SandboxOperation, auth};

/// Maximum number of records of each kind. The latest ones are listed.
const MAX_LISTED: usize = 100;

/// Maximum number of characters of a string, so that the values of callers cannot make the state
/// large. The dashboard requests it every second.
const MAX_CHARACTERS: usize = 2_000;

pub(super) async fn get_status(State(gateway): State<Arc<GatewayState>>) -> Response {
    let mut status = status(&gateway);
    shorten(&mut status);
    envelope::json_response(StatusCode::OK, status.to_string())
}

/// Replaces the end of each long string by an ellipsis.
fn shorten(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some((end, _)) = text.char_indices().nth(MAX_CHARACTERS) {
                text.truncate(end);
                text.push('…');
            }
        }
        Value::Array(items) => items.iter_mut().for_each(shorten),
        Value::Object(fields) => fields.values_mut().for_each(shorten),
        _ => {}
    }
}

/// Returns one request with its headers and bodies. Secrets are replaced.
pub(super) async fn get_request(
    State(gateway): State<Arc<GatewayState>>,
    Path(number): Path<u64>,
) -> Result<Response, ControlError> {
    let record = gateway.requests.get(number).ok_or_else(|| {
        let problem = "the log has no request with this number";
        ControlError::new(StatusCode::NOT_FOUND, problem)
    })?;
    let mut detail = request(&record);
    for (name, value) in [
        ("query", json!(record.query)),
        ("headers", headers(&record.headers)),
        ("body", json!(request_body(&record))),
        ("bodyLength", json!(record.body_length)),
        ("isSignatureValid", json!(record.is_signature_valid)),
        ("signedParts", signed_parts(&record)),
        ("responseHeaders", headers(&record.response_headers)),
        (
            "responseBody",
            json!(String::from_utf8_lossy(&record.response_body)),
        ),
    ] {
        detail[name] = value;
    }
    redact(&mut detail, &SecretRedactor::new(&gateway));
    Ok(envelope::json_response(StatusCode::OK, detail.to_string()))
}

/// Returns the text of a request body. A body that can contain a file is replaced, because files
/// contain personal data such as identity documents.
fn request_body(record: &RequestRecord) -> Cow<'_, str> {
    let is_upload = record.operation == Some(SandboxOperation::UploadFile) || is_form(record);
    match std::str::from_utf8(&record.body) {
        _ if record.body.is_empty() => Cow::default(),
        _ if is_upload => Cow::from("[redacted: a file upload]"),
        // Bytes that are not text can be a file too. The log can cut a text within its last character.
        Err(error) if error.error_len().is_some() => Cow::from("[redacted: not a text]"),
        _ => String::from_utf8_lossy(&record.body),
    }
}

fn is_form(record: &RequestRecord) -> bool {
    header(&record.headers, "content-type")
        .is_some_and(|it| it.trim().to_ascii_lowercase().starts_with("multipart/"))
}

/// Returns the parts of the signed message. The body of a form is not signed.
fn signed_parts(record: &RequestRecord) -> Value {
    let query = auth::signed_query(&record.query, record.query_form);
    let body = if is_form(record) {
        Cow::default()
    } else {
        request_body(record)
    };
    json!([
        record.method.as_str().to_uppercase(),
        header(&record.headers, "timestamp"),
        record.path,
        String::from_utf8_lossy(&query),
        body,
    ])
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn headers(headers: &HeaderMap) -> Value {
    let headers = headers.iter();
    headers
        .map(|(name, value)| {
            let text = String::from_utf8_lossy(value.as_bytes());
            json!([name.as_str(), redact_header(name.as_str(), &text)])
        })
        .collect()
}

fn redact(value: &mut Value, redactor: &SecretRedactor) {
    match value {
        Value::String(text) => *text = redactor.redact(text),
        Value::Array(items) => items.iter_mut().for_each(|it| redact(it, redactor)),
        Value::Object(fields) => fields.values_mut().for_each(|it| redact(it, redactor)),
        _ => {}
    }
}

fn status(gateway: &GatewayState) -> Value {
    let clock = &gateway.clock;
    let clients = (0..gateway.clients.len()).map(|index| client(gateway, index));
    let faults = gateway.faults.list().into_iter().map(|fault| {
        json!({"id": fault.id.number(), "text": fault.text, "injections": fault.injections})
    });
    let requests = gateway.requests.latest(MAX_LISTED);
    let mismatches = gateway.mismatches();
    json!({
        "clock": {
            "now": clock.now_millis(),
            "offsetMillis": clock.offset(),
            "frozen": clock.is_frozen(),
        },
        "clients": clients.collect::<Vec<_>>(),
        "faults": faults.collect::<Vec<_>>(),
        "deliveries": latest(gateway.deliveries.latest().iter(), delivery),
        "requestCount": gateway.requests.count(),
        "requests": latest(requests.iter(), request),
        "mismatches": mismatches.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// Lists the latest records of an iterator that is ordered by creation.
fn latest<T>(
    all: impl DoubleEndedIterator<Item = T>,
    to_json: impl FnMut(T) -> Value,
) -> Vec<Value> {
    all.rev().take(MAX_LISTED).map(to_json).collect()
}

/// Lists the latest records of an iterator that is ordered by a number of the caller. Ids are
/// in the order of creation.
fn latest_by<T>(
    all: impl Iterator<Item = T>,
    id: fn(&T) -> i64,
    to_json: impl FnMut(T) -> Value,
) -> Vec<Value> {
    let mut all: Vec<T> = all.collect();
    all.sort_by_key(id);
    latest(all.into_iter(), to_json)
}

fn client(gateway: &GatewayState, index: usize) -> Value {
    let client = &gateway.clients[index];
    let token = client.tokens().status(gateway.clock.now_millis());
    let webhook_url = client.receiver().as_ref().map(|it| it.url.clone());
    let ledger = gateway.ledger(index);
    json!({
        "index": index,
        "token": token,
        "webhookUrl": webhook_url,
        "customers": latest(ledger.customers.values(), |customer| json!({
            "clientId": customer.id,
            "kybStatus": customer.kyb_status,
        })),
        "trades": latest(ledger.trades.values(), |trade| json!({
            "requestId": trade.request_id,
            "txNo": trade.tx_no,
            "clientId": trade.client_id,
            "requestType": trade.request_type,
            "fromCurrency": trade.from_currency,
            "toCurrency": trade.to_currency,
            "amount": trade.amount.to_string(),
            "totalFee": trade.total_fee.to_string(),
            "status": trade.status,
            "created": trade.created,
        })),
        "orders": latest_by(ledger.orders.values(), |it| it.id, |order| json!({
            "orderNo": order.order_no,
            "token": order.token,
            "payingAmount": order.paying_amount.to_string(),
            "status": order.status,
            "created": order.created,
        })),
        "refunds": latest_by(ledger.refunds.values(), |it| it.id, |refund| json!({
            "refundOrderNo": refund.number,
            "amount": refund.amount.to_string(),
            "status": refund.status,
        })),
        "settlements": latest_by(ledger.settlements.values(), |it| it.id, |settlement| json!({
            "settlementOrderNo": settlement.number,
            "token": settlement.token,
            "amount": settlement.amount.map(|amount| amount.to_string()),
            "status": settlement.status,
        })),
        "balances": ledger.balances.iter().map(|(account, currency, amount)| json!({
            "account": format!("{account:?}"),
            "currency": currency,
            "amount": amount.map(|amount| amount.to_string()),
        })).collect::<Vec<_>>(),
    })
}

fn delivery(delivery: &Delivery) -> Value {
    let (state, due_at) = match delivery.state {
        DeliveryState::Pending { due_at } => ("pending", Some(due_at)),
        DeliveryState::InProgress => ("in progress", None),
        DeliveryState::Delivered => ("delivered", None),
        DeliveryState::Abandoned => ("abandoned", None),
    };
    let attempts = delivery.attempts.iter().map(|attempt| {
        json!({
            "timestamp": attempt.timestamp,
            "signature": attempt.signature,
            "status": attempt.status,
            "error": attempt.error,
        })
    });
    json!({
        "number": delivery.number,
        "client": delivery.client,
        "eventId": delivery.event_id,
        "event": delivery.event,
        "request": delivery.request,
        "url": delivery.url,
        "body": String::from_utf8_lossy(&delivery.body),
        "created": delivery.created,
        "state": state,
        "dueAt": due_at,
        "attempts": attempts.collect::<Vec<_>>(),
    })
}

fn request(request: &RequestRecord) -> Value {
    json!({
        "number": request.number,
        "at": request.at,
        "method": request.method.as_str(),
        "path": request.path,
        "operation": request.operation.map(SandboxOperation::id),
        "evidence": request.operation.map(SandboxOperation::evidence),
        "status": request.status,
        "retcode": request.retcode,
        "fromDocument": header(&request.response_headers, FROM_DOCUMENT.as_str()),
        "client": request.client,
        "tokenGeneration": request.token_generation,
        "faults": request.faults.iter().map(|fault| fault.number()).collect::<Vec<_>>(),
    })
}
