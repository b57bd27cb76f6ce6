//! `webhook-event`.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::request::{Draft, Json, Page};
use super::send::send;
use crate::context::Context;
use crate::failure::Failure;

/// Events that the gateway delivers by webhooks.
#[derive(Debug, Subcommand)]
pub(crate) enum WebhookEvent {
    /// Have the gateway deliver an event to the URL that is set in the dashboard
    Simulate(Simulate),
    /// List past events
    List(Page),
}

/// An event. Its record, paymentRequestDTO, goes into --json.
#[derive(Debug, Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Simulate {
    /// Name of the event
    #[arg(long)]
    event: Option<String>,
    /// A remark
    #[arg(long)]
    remark: Option<String>,
    /// The developer, as the gateway calls it
    #[arg(long, value_name = "ID")]
    develop_client_id: Option<String>,
    #[command(flatten)]
    #[serde(skip)]
    json: Json,
}

impl WebhookEvent {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Simulate(event) => {
                let request = Draft::new(&event.json.json, &event)?.finish()?;
                send(
                    context,
                    context.client()?.webhook_events().simulate(request),
                )
                .await
            }
            Self::List(page) => {
                send(
                    context,
                    context.client()?.webhook_events().list(page.request()?),
                )
                .await
            }
        }
    }
}
