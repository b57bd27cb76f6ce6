//! The state of a sandbox as JSON: what the dashboard shows.
//!
//! No secret is in it: no token, key, header or query.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use crate::state::{Delivery, DeliveryState, Gateway, RequestRecord};
use crate::{document, envelope};

/// How many of each kind are shown, the latest.
const SHOWN: usize = 100;

pub(super) async fn status(State(gateway): State<Arc<Gateway>>) -> Response {
    envelope::json(StatusCode::OK, of(&gateway).to_string())
}

fn of(gateway: &Gateway) -> Value {
    let clock = &gateway.clock;
    let clients = (0..gateway.clients.len()).map(|index| client(gateway, index));
    let faults = gateway.faults.list().into_iter().map(
        |fault| json!({"id": fault.id.number(), "text": fault.text, "injections": fault.injections}),
    );
    json!({
        "clock": {
            "now": clock.now_millis(),
            "offsetMillis": clock.offset(),
            "frozen": clock.is_frozen(),
        },
        "clients": clients.collect::<Vec<_>>(),
        "faults": faults.collect::<Vec<_>>(),
        "deliveries": latest(gateway.deliveries.kept().iter(), delivery),
        "requestCount": gateway.requests.arrived_so_far(),
        "requests": gateway.requests.latest(SHOWN).iter().rev().map(request).collect::<Vec<_>>(),
        "mismatches": gateway.mismatches.kept().iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// Of what is kept in the order of its making.
fn latest<T>(all: impl DoubleEndedIterator<Item = T>, show: impl FnMut(T) -> Value) -> Vec<Value> {
    all.rev().take(SHOWN).map(show).collect()
}

/// Of what is kept in the order of the numbers that callers chose; `made` grows from one to the next.
fn latest_by<T>(
    all: impl Iterator<Item = T>,
    made: fn(&T) -> i64,
    show: impl FnMut(T) -> Value,
) -> Vec<Value> {
    let mut all: Vec<T> = all.collect();
    all.sort_by_key(made);
    latest(all.into_iter(), show)
}

fn client(gateway: &Gateway, index: usize) -> Value {
    let client = &gateway.clients[index];
    let token = client.tokens().shown(gateway.clock.now_millis());
    let receiver = client
        .receiver()
        .as_ref()
        .map(|receiver| receiver.url.clone());
    let books = gateway.books(index);
    json!({
        "index": index,
        "token": token,
        "webhookUrl": receiver,
        "customers": latest(books.customers.values(), |customer| json!({
            "clientId": customer.id,
            "kybStatus": customer.kyb_status,
        })),
        "trades": latest(books.trades.values(), |trade| json!({
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
        "orders": latest_by(books.orders.values(), |order| order.sysid, |order| json!({
            "orderNo": order.order_no,
            "token": order.token,
            "payingAmount": order.paying_amount.to_string(),
            "status": order.status,
            "created": order.created,
        })),
        "refunds": latest_by(books.refunds.values(), |refund| refund.sysid, |refund| json!({
            "refundOrderNo": refund.number,
            "amount": refund.amount.to_string(),
            "status": refund.status,
        })),
        "settlements": latest_by(books.settlements.values(), |it| it.sysid, |settlement| json!({
            "settlementOrderNo": settlement.number,
            "token": settlement.token,
            "amount": settlement.amount.map(|amount| amount.to_string()),
            "status": settlement.status,
        })),
        "balances": books.balances.iter().map(|(account, currency, amount)| json!({
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
        "operation": request.operation.map(crate::Operation::id),
        "evidence": request.operation.map(document::evidence),
        "status": request.status,
        "retcode": request.retcode,
        "client": request.client,
        "tokenGeneration": request.token_generation,
        "faults": request.faults.iter().map(|fault| fault.number()).collect::<Vec<_>>(),
    })
}
