//! Events and their simulation.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::call::{AuthenticatedCall, CallResult, require_text};
use crate::SandboxOperation;
use crate::clock::as_local;
use crate::envelope::OperationResult;
use crate::ledger::{Product, SimulatedEvent};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SimulationRequest {
    event: String,
    #[serde(rename = "paymentRequestDTO")]
    payment_request: Option<Box<RawValue>>,
    remark: Option<String>,
    develop_client_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EventRecord<'a> {
    id: i64,
    event: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<&'a RawValue>,
    #[serde(serialize_with = "as_local")]
    created_at: i64,
}

/// Records an event and queues its webhook.
pub(super) fn simulate_event(call: &AuthenticatedCall) -> CallResult {
    let request: SimulationRequest = call.json()?;
    require_text("event", &request.event)?;
    let simulated = SimulatedEvent {
        request: call.json()?,
        remark: request.remark,
        develop_client_id: request.develop_client_id,
    };
    let (now, mut ledger) = (call.now(), call.ledger());
    let effects = &mut ledger.effects;
    effects.record(SandboxOperation::SimulateEvent, request.event.clone());
    let data = (Product::Payments, request.payment_request);
    ledger.add_event(now, &request.event, data, Some(simulated));
    Ok(OperationResult::EMPTY)
}

pub(super) fn list_events(call: &AuthenticatedCall) -> CallResult {
    let page = call.page_in_body()?;
    let ledger = call.ledger();
    page.respond(ledger.events.values().map(|event| EventRecord {
        id: event.id,
        event: &event.name,
        request: event.simulated.as_ref().map(|it| &*it.request),
        created_at: event.created,
    }))
}
