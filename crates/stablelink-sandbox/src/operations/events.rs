//! Events, and their simulation.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::page;
use super::read::{Call, filled};
use crate::Operation;
use crate::clock::local;
use crate::envelope::Reply;
use crate::refusal::Refusal;
use crate::state::books::Event;

#[derive(Deserialize)]
struct Asked {
    event: String,
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

/// Records the event. The sandbox delivers none yet.
pub(crate) async fn simulate(call: Call) -> Result<Reply, Refusal> {
    let Asked { event } = call.json()?;
    filled("event", &event)?;
    let record = Event {
        id: call.gateway.new_id(),
        name: event.clone(),
        request: call.body().clone(),
        created: call.now(),
    };
    let mut books = call.books();
    books.effects.made(Operation::SimulateEvent, event);
    books.events.insert(record.id, record);
    Ok(Reply::DONE)
}

pub(crate) async fn list(call: Call) -> Result<Reply, Refusal> {
    let page = page::Asked::in_body(&call)?;
    let books = call.books();
    page.of(books.events.values(), |event| Shown {
        id: event.id,
        event: &event.name,
        request: serde_json::from_slice(&event.request).ok(),
        created_at: local(event.created),
    })
}
