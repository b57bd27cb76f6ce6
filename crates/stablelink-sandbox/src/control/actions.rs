//! Control requests that change a sandbox.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode, Uri};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::envelope;
use crate::external_events::{SandboxRecordKind, UnknownRecord};
use crate::faults::FaultId;
use crate::gateway::GatewayState;
use crate::money::Amount;
use crate::webhooks::ReceiverAddress;

/// The error response of a control request.
pub(super) struct ControlError {
    status: StatusCode,
    message: String,
}

impl ControlError {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, message }
    }

    fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }
}

impl From<UnknownRecord> for ControlError {
    fn from(unknown: UnknownRecord) -> Self {
        Self::new(StatusCode::NOT_FOUND, unknown.to_string())
    }
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.message }).to_string();
        envelope::json_response(self.status, body)
    }
}

type ControlResult = Result<Response, ControlError>;
type SharedGateway = State<Arc<GatewayState>>;

fn ok(body: &Value) -> ControlResult {
    Ok(envelope::json_response(StatusCode::OK, body.to_string()))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ControlError> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let parsed = serde_path_to_error::deserialize(&mut deserializer);
    let value = parsed.map_err(|error| match error.path().to_string().as_str() {
        "." => ControlError::invalid(error.inner().to_string()),
        path => ControlError::invalid(format!("{path}: {}", error.inner())),
    })?;
    let end = deserializer.end();
    end.map_err(|error| ControlError::invalid(error.to_string()))?;
    Ok(value)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ClockRequest {
    advance_seconds: Option<u64>,
    offset_millis: Option<i64>,
    frozen: Option<bool>,
}

pub(super) async fn set_clock(State(gateway): SharedGateway, body: Bytes) -> ControlResult {
    let request: ClockRequest = parse(&body)?;
    let clock = &gateway.clock;
    match request.frozen {
        Some(true) => clock.freeze(),
        Some(false) => clock.unfreeze(),
        None => {}
    }
    if let Some(millis) = request.offset_millis {
        clock.set_offset(millis);
    }
    if let Some(seconds) = request.advance_seconds {
        clock.advance(Duration::from_secs(seconds));
    }
    ok(&json!({ "now": clock.now_millis() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EmptyRequest {}

pub(super) async fn add_customer(State(gateway): SharedGateway, body: Bytes) -> ControlResult {
    let EmptyRequest {} = parse(&body)?;
    ok(&json!({ "clientId": gateway.add_customer() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatusRequest {
    kind: SandboxRecordKind,
    key: String,
    status: String,
}

pub(super) async fn set_record_status(State(gateway): SharedGateway, body: Bytes) -> ControlResult {
    let StatusRequest { kind, key, status } = parse(&body)?;
    if matches!(kind, SandboxRecordKind::Kyb) && key.parse::<i64>().is_err() {
        return Err(ControlError::invalid(
            "key: must be the clientId of a customer",
        ));
    }
    gateway.set_status(kind, &key, &status)?;
    ok(&json!({}))
}

fn positive(amount: Amount) -> Result<Decimal, ControlError> {
    if amount.0 > Decimal::ZERO {
        Ok(amount.0)
    } else {
        Err(ControlError::invalid("amount: must be greater than 0"))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PaymentRequest {
    order_no: String,
    amount: Amount,
    tx_hash: Option<String>,
}

pub(super) async fn pay_order(State(gateway): SharedGateway, body: Bytes) -> ControlResult {
    let request: PaymentRequest = parse(&body)?;
    let tx_hash = request.tx_hash.unwrap_or_else(|| format!("0x{:064x}", 1));
    let amount = positive(request.amount)?;
    let abnormal = gateway.pay_order(&request.order_no, amount, &tx_hash)?;
    ok(&json!({ "abnormalPaymentNo": abnormal }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DepositRequest {
    client_id: i64,
    currency: String,
    network: String,
    amount: Amount,
}

pub(super) async fn deposit(State(gateway): SharedGateway, body: Bytes) -> ControlResult {
    let request: DepositRequest = parse(&body)?;
    let coin = (request.currency.as_str(), request.network.as_str());
    let id = gateway.deposit(request.client_id, coin, positive(request.amount)?)?;
    ok(&json!({ "id": id }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookRequest {
    #[serde(default)]
    client: usize,
    url: Option<String>,
}

/// Accepts only URLs on this machine, so that a request cannot make the sandbox send requests to
/// other machines.
pub(super) async fn set_webhook_url(State(gateway): SharedGateway, body: Bytes) -> ControlResult {
    let WebhookRequest { client, url } = parse(&body)?;
    if client >= gateway.clients.len() {
        let problem = "client: there is no such client; the first client is 0";
        return Err(ControlError::new(StatusCode::NOT_FOUND, problem));
    }
    let receiver = url.map(|url| url.parse::<ReceiverAddress>()).transpose();
    let receiver = receiver.map_err(|error| ControlError::invalid(format!("url: {error}")))?;
    if receiver.as_ref().is_some_and(|it| !it.is_loopback()) {
        let problem = "url: must be on this machine; the Rust API accepts other machines";
        return Err(ControlError::invalid(problem));
    }
    gateway.set_receiver(client, receiver);
    ok(&json!({}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResendRequest {
    number: u64,
}

pub(super) async fn resend(State(gateway): SharedGateway, body: Bytes) -> ControlResult {
    let ResendRequest { number } = parse(&body)?;
    let kind = "delivery";
    let number = gateway.resend(number).ok_or(UnknownRecord { kind })?;
    ok(&json!({ "number": number }))
}

pub(super) async fn revoke_tokens(State(gateway): SharedGateway, body: Bytes) -> ControlResult {
    let EmptyRequest {} = parse(&body)?;
    for client in &gateway.clients {
        client.tokens().revoke();
    }
    ok(&json!({}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultRequest {
    fault: String,
}

pub(super) async fn add_fault(State(gateway): SharedGateway, body: Bytes) -> ControlResult {
    let FaultRequest { fault } = parse(&body)?;
    let id = gateway.faults.add_text(&fault);
    let id = id.map_err(|error| ControlError::invalid(error.to_string()))?;
    ok(&json!({ "id": id.number() }))
}

pub(super) async fn clear_faults(State(gateway): SharedGateway) -> ControlResult {
    gateway.faults.clear();
    ok(&json!({}))
}

pub(super) async fn remove_fault(
    State(gateway): SharedGateway,
    Path(number): Path<u64>,
) -> ControlResult {
    if gateway.faults.remove(FaultId(number)) {
        ok(&json!({}))
    } else {
        let problem = "there is no fault with this number";
        Err(ControlError::new(StatusCode::NOT_FOUND, problem))
    }
}

pub(super) async fn not_found(method: Method, uri: Uri) -> ControlError {
    let message = format!("there is no {method} {}", uri.path());
    ControlError::new(StatusCode::NOT_FOUND, message)
}
