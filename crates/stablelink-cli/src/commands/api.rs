//! `api`: any signed call.

use std::time::Instant;

use clap::Args;
use stablelink::{Method, operations};

use crate::context::Context;
use crate::failure::Failure;
use crate::input::Input;
use crate::output::plain;

/// Makes any signed call.
#[derive(Debug, Args)]
#[command(after_help = "\
It is sent once, unless --safe-to-repeat or --key says otherwise.

    stablelink api GET /checkout/order/info -q orderNo=7
    stablelink api POST /trade/exchange-rate -d @quote.json --safe-to-repeat")]
pub(crate) struct Api {
    /// HTTP method
    method: String,
    /// Path below the host; it may end with `?` and a query that is already encoded
    path: String,
    /// Body, sent and signed as it is: a text, @FILE, or @- for standard input
    #[arg(short, long, value_name = "BODY|@FILE|@-")]
    data: Option<Input>,
    /// Adds to the query; name and value are encoded here
    #[arg(short, long = "query", value_name = "NAME=VALUE", value_parser = pair)]
    query: Vec<(String, String)>,
    /// The call changes nothing: repeat it if an attempt is lost
    #[arg(long, conflicts_with = "key")]
    safe_to_repeat: bool,
    /// The body holds this idempotency key, which the gateway takes once: repeat it if an attempt is lost
    #[arg(long, value_name = "FIELD=VALUE", value_parser = pair)]
    key: Option<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

/// Names of idempotency keys on the wire.
const KEYS: [&str; 4] = ["orderNo", "refundOrderNo", "requestId", "settlementOrderNo"];

impl Api {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let method: Method = self
            .method
            .to_ascii_uppercase()
            .parse()
            .map_err(|_| Failure::usage("the method is none"))?;
        let mut request = context.client()?.request(method.clone(), self.path.clone());
        for (name, value) in self.query {
            request = request.query(name, value);
        }
        if let Some(data) = &self.data {
            let body = data.read()?;
            if serde_json::from_slice::<&serde_json::value::RawValue>(&body).is_err() {
                context
                    .out
                    .note("the body is not JSON; it is sent as it is");
            }
            request = request.body(body);
        }
        if self.safe_to_repeat {
            request = request.safe_to_retry();
        }
        if let Some((field, value)) = self.key {
            let field = KEYS
                .into_iter()
                .find(|known| *known == field)
                .ok_or_else(|| {
                    Failure::usage(format!("`{}` is no idempotency key", plain(&field)))
                        .next(format!("known ones: {}", KEYS.join(", ")))
                })?;
            request = request.idempotency_key(field, value);
        }
        let start = Instant::now();
        let answer = request.await?;
        let reply = answer.raw_response();
        let path = self.path.split('?').next().unwrap_or_default();
        let known = operations::ALL
            .iter()
            .find(|facts| facts.method == method.as_str() && facts.path == path);
        match known {
            Some(facts) => context.out.evidence(facts, reply, start.elapsed()),
            None => context.out.note(format!(
                "not in the document · HTTP {}, retcode {} · {} ms",
                reply.status().as_u16(),
                plain(reply.retcode().unwrap_or("none")),
                start.elapsed().as_millis()
            )),
        }
        context.out.data(reply)
    }
}
