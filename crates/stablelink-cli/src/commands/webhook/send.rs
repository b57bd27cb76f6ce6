//! `webhook send`.

use std::time::{Instant, SystemTime};

use clap::Args;
use stablelink::testing::TestDelivery;

use super::http;
use crate::commands::sign::now;
use crate::context::Context;
use crate::failure::{Code, Failure, cause};
use crate::input::Input;
use crate::output::plain;

/// Sends a delivery as the gateway would sign it.
#[derive(Debug, Args)]
pub(crate) struct Send {
    /// Type of the event, such as CHECKOUT_ORDER_CHANGED
    #[arg(long, value_name = "TYPE", required_unless_present = "body")]
    event: Option<String>,
    /// Where it is sent
    #[arg(long, value_name = "URL")]
    to: String,
    /// Its data, as JSON: a text, @FILE, or @- for standard input
    #[arg(short, long, value_name = "JSON|@FILE|@-")]
    data: Option<Input>,
    /// Its eventId [default: one is made]
    #[arg(long)]
    id: Option<String>,
    /// The whole body, sent and signed as it is, in place of an event
    #[arg(long, value_name = "BODY|@FILE|@-", conflicts_with_all = ["event", "data", "id"])]
    body: Option<Input>,
}

impl Send {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let key = context.sign_key()?;
        let delivery = match (&self.body, &self.event) {
            (Some(body), _) => TestDelivery::raw(body.read()?),
            (None, event) => {
                let id = self
                    .id
                    .unwrap_or_else(|| format!("evt_{}", stablelink::request_id()));
                let seconds = i64::try_from(now()?.as_millis() / 1000).unwrap_or_default();
                let delivery = TestDelivery::new(event.clone().unwrap_or_default())
                    .id(id)
                    .timestamp(seconds);
                match &self.data {
                    Some(data) => delivery.data(data.read_text()?.trim()),
                    None => delivery,
                }
            }
        };
        let signed = delivery.signed(&key, SystemTime::now())?;
        let start = Instant::now();
        let answer = http()?
            .post(&self.to)
            .headers(signed.headers)
            .body(signed.body)
            .send()
            .await
            .map_err(|error| {
                Failure::new(
                    Code::Network,
                    format!("the delivery did not come through: {}", cause(&error)),
                )
                .next("is the receiver running? `stablelink webhook listen` is one")
            })?;
        let status = answer.status();
        let body = answer.text().await.unwrap_or_default();
        let shown: String = plain(body.trim()).chars().take(200).collect();
        context.out.note(format!(
            "HTTP {} · {} ms",
            status.as_u16(),
            start.elapsed().as_millis()
        ));
        context.out.line(shown)?;
        if status.is_success() {
            return Ok(());
        }
        Err(Failure::other(format!(
            "the receiver did not take it: HTTP {}",
            status.as_u16()
        ))
        .next("the gateway would come again, up to 14 times"))
    }
}
