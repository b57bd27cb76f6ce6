//! Changes to a sandbox, asked for by JSON.

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
use crate::money::Amount;
use crate::outside::UnknownRecord;
use crate::state::{Gateway, Receiver};

/// Why something could not be done.
pub(super) struct Failed {
    status: StatusCode,
    message: String,
}

impl Failed {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, message }
    }

    fn wrong(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }
}

impl From<UnknownRecord> for Failed {
    fn from(unknown: UnknownRecord) -> Self {
        Self::new(StatusCode::NOT_FOUND, unknown.to_string())
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.message }).to_string();
        envelope::json(self.status, body)
    }
}

type Done = Result<Response, Failed>;
type Shared = State<Arc<Gateway>>;

fn done(answer: &Value) -> Done {
    Ok(envelope::json(StatusCode::OK, answer.to_string()))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failed> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let read = serde_path_to_error::deserialize(&mut deserializer);
    let value = read.map_err(|error| match error.path().to_string().as_str() {
        "." => Failed::wrong(error.inner().to_string()),
        path => Failed::wrong(format!("{path}: {}", error.inner())),
    })?;
    let end = deserializer.end();
    end.map_err(|error| Failed::wrong(error.to_string()))?;
    Ok(value)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Clock {
    advance_seconds: Option<u64>,
    offset_millis: Option<i64>,
    frozen: Option<bool>,
}

pub(super) async fn clock(State(gateway): Shared, body: Bytes) -> Done {
    let asked: Clock = read(&body)?;
    let clock = &gateway.clock;
    match asked.frozen {
        Some(true) => clock.freeze(),
        Some(false) => clock.unfreeze(),
        None => {}
    }
    if let Some(millis) = asked.offset_millis {
        clock.set_offset(millis);
    }
    if let Some(seconds) = asked.advance_seconds {
        clock.advance(Duration::from_secs(seconds));
    }
    done(&json!({ "now": clock.now_millis() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

pub(super) async fn customer(State(gateway): Shared, body: Bytes) -> Done {
    let Nothing {} = read(&body)?;
    done(&json!({ "clientId": gateway.add_customer() }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Kind {
    Kyb,
    Trade,
    Order,
    Refund,
    Settlement,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    kind: Kind,
    key: String,
    status: String,
}

pub(super) async fn record(State(gateway): Shared, body: Bytes) -> Done {
    let Record { kind, key, status } = read(&body)?;
    match kind {
        Kind::Kyb => {
            let id = key.parse();
            let id = id.map_err(|_| Failed::wrong("key: must be the clientId of a customer"))?;
            gateway.set_kyb_status(id, &status)?;
        }
        Kind::Trade => gateway.set_trade_status(&key, &status)?,
        Kind::Order => gateway.set_order_status(&key, &status)?,
        Kind::Refund => gateway.set_refund_status(&key, &status)?,
        Kind::Settlement => gateway.set_settlement_status(&key, &status)?,
    }
    done(&json!({}))
}

fn positive(amount: Amount) -> Result<Decimal, Failed> {
    let positive = amount.0 > Decimal::ZERO;
    let refused = || Failed::wrong("amount: must be greater than 0");
    positive.then_some(amount.0).ok_or_else(refused)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Payment {
    order_no: String,
    amount: Amount,
    #[serde(default = "Payment::hash")]
    tx_hash: String,
}

impl Payment {
    fn hash() -> String {
        format!("0x{:064x}", 1)
    }
}

pub(super) async fn pay(State(gateway): Shared, body: Bytes) -> Done {
    let Payment {
        order_no,
        amount,
        tx_hash,
    } = read(&body)?;
    let abnormal = gateway.pay_order(&order_no, positive(amount)?, &tx_hash)?;
    done(&json!({ "abnormalPaymentNo": abnormal }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Deposit {
    client_id: i64,
    currency: String,
    network: String,
    amount: Amount,
}

pub(super) async fn deposit(State(gateway): Shared, body: Bytes) -> Done {
    let asked: Deposit = read(&body)?;
    let coin = (asked.currency.as_str(), asked.network.as_str());
    let id = gateway.deposit(asked.client_id, coin, positive(asked.amount)?)?;
    done(&json!({ "id": id }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Webhook {
    #[serde(default)]
    client: usize,
    url: Option<String>,
}

/// Only to this machine: nobody should be able to make a sandbox knock at other doors from here.
pub(super) async fn webhook(State(gateway): Shared, body: Bytes) -> Done {
    let Webhook { client, url } = read(&body)?;
    if client >= gateway.clients.len() {
        return Err(Failed::new(
            StatusCode::NOT_FOUND,
            "client: there is no such client; the first is 0",
        ));
    }
    let receiver = url.map(|url| url.parse::<Receiver>()).transpose();
    let receiver = receiver.map_err(|error| Failed::wrong(format!("url: {error}")))?;
    if receiver.as_ref().is_some_and(|it| !it.is_loopback()) {
        return Err(Failed::wrong(
            "url: must be of this machine; the library can register others",
        ));
    }
    gateway.set_receiver(client, receiver);
    done(&json!({}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resend {
    number: u64,
}

pub(super) async fn resend(State(gateway): Shared, body: Bytes) -> Done {
    let Resend { number } = read(&body)?;
    let kind = "delivery";
    let number = gateway.resend(number).ok_or(UnknownRecord { kind })?;
    done(&json!({ "number": number }))
}

pub(super) async fn revoke_tokens(State(gateway): Shared, body: Bytes) -> Done {
    let Nothing {} = read(&body)?;
    for client in &gateway.clients {
        client.tokens().revoke();
    }
    done(&json!({}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewFault {
    fault: String,
}

pub(super) async fn add_fault(State(gateway): Shared, body: Bytes) -> Done {
    let NewFault { fault } = read(&body)?;
    let id = gateway.faults.add_text(&fault);
    let id = id.map_err(|error| Failed::wrong(error.to_string()))?;
    done(&json!({ "id": id.number() }))
}

pub(super) async fn clear_faults(State(gateway): Shared) -> Done {
    gateway.faults.clear();
    done(&json!({}))
}

pub(super) async fn remove_fault(State(gateway): Shared, Path(number): Path<u64>) -> Done {
    if gateway.faults.remove_number(number) {
        done(&json!({}))
    } else {
        let missing = "there is no fault with this number";
        Err(Failed::new(StatusCode::NOT_FOUND, missing))
    }
}

pub(super) async fn unknown(method: Method, uri: Uri) -> Failed {
    let message = format!("there is no {method} {}", uri.path());
    Failed::new(StatusCode::NOT_FOUND, message)
}
