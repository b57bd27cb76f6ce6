//! Events, and their simulation.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::page;
use super::read::{Call, filled};
use crate::Operation;
use crate::clock::local;
use crate::envelope::Reply;
use crate::refusal::Refusal;
use crate::state::books::event::Simulated;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    event: String,
    #[serde(rename = "paymentRequestDTO")]
    payment_request: Option<Box<RawValue>>,
    remark: Option<String>,
    develop_client_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    id: i64,
    event: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<&'a RawValue>,
    created_at: String,
}

/// Records the event, and sends it to the receiver of the caller.
pub(crate) async fn simulate(call: Call) -> Result<Reply, Refusal> {
    let asked: Asked = call.json()?;
    filled("event", &asked.event)?;
    let request = serde_json::from_slice(call.body());
    let request = request.map_err(|error| Refusal::internal(&error))?;
    let simulated = Simulated {
        request,
        remark: asked.remark,
        develop_client_id: asked.develop_client_id,
    };
    let (now, mut books) = (call.now(), call.books());
    let effect = asked.event.clone();
    books.effects.made(Operation::SimulateEvent, effect);
    books.simulate(now, asked.event, asked.payment_request, simulated);
    Ok(Reply::DONE)
}

pub(crate) async fn list(call: Call) -> Result<Reply, Refusal> {
    let page = page::Asked::in_body(&call)?;
    let books = call.books();
    page.of(books.events.values(), |event| Shown {
        id: event.id,
        event: &event.name,
        request: event.simulated.as_ref().map(|asked| &*asked.request),
        created_at: local(event.created),
    })
}
