//! The command `api`: any signed request.

use std::collections::BTreeSet;
use std::time::Instant;

use clap::Args;
use stablelink::Method;
use stablelink::operations::{self, RetrySafety};

use crate::context::Context;
use crate::error::{CallSubject, CliError};
use crate::input::InputArg;
use crate::output::{retdata, summary};

/// Sends any signed request.
#[derive(Debug, Args)]
#[command(after_help = "\
The request is sent once, unless --safe-to-retry or --key allows retries.

    stablelink api GET /checkout/order/info -q orderNo=7
    stablelink api POST /trade/exchange-rate -d @quote.json --safe-to-retry")]
pub(crate) struct Api {
    /// HTTP method
    method: String,
    /// Path, optionally with an encoded query, such as /checkout/order/info?orderNo=7
    path: String,
    /// Body, sent unchanged: a literal text, @FILE, or @- for standard input
    #[arg(short, long, value_name = "BODY|@FILE|@-")]
    data: Option<InputArg>,
    /// Query parameter; name and value are percent-encoded
    #[arg(short, long = "query", value_name = "NAME=VALUE", value_parser = parse_pair)]
    query: Vec<(String, String)>,
    /// Retry after a lost attempt, because the request has no side effect
    #[arg(long, conflicts_with = "key")]
    safe_to_retry: bool,
    /// Retry after a lost attempt, because the body has this idempotency key
    #[arg(long, value_name = "FIELD=VALUE", value_parser = parse_pair)]
    key: Option<(String, String)>,
}

fn parse_pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

/// Returns the names of the fields that hold an idempotency key.
fn key_fields() -> BTreeSet<&'static str> {
    let rules = operations::ALL.iter().map(|operation| operation.retry);
    rules
        .filter_map(|rule| match rule {
            RetrySafety::Keyed { field } => Some(field),
            _ => None,
        })
        .collect()
}

impl Api {
    pub(crate) async fn run(self, context: &Context) -> Result<(), CliError> {
        let method: Method = self
            .method
            .to_ascii_uppercase()
            .parse()
            .map_err(|_| CliError::usage("invalid HTTP method"))?;
        let mut request = context.client()?.request(method.clone(), self.path.clone());
        for (name, value) in self.query {
            request = request.query(name, value);
        }
        if let Some(data) = &self.data {
            let body = data.read()?;
            if serde_json::from_slice::<&serde_json::value::RawValue>(&body).is_err() {
                context
                    .out
                    .note("the body is not JSON; it is sent unchanged");
            }
            request = request.body(body);
        }
        if self.safe_to_retry {
            request = request.safe_to_retry();
        }
        let path = self.path.split('?').next().unwrap_or_default();
        let known = operations::ALL
            .iter()
            .find(|operation| operation.method == method.as_str() && operation.path == path);
        let may_write = known.map_or(!self.safe_to_retry, CallSubject::may_write);
        let may_have_key = self.key.is_some() || known.is_none_or(CallSubject::has_key);
        if let Some((field, value)) = self.key {
            context.set_key(&field, &value);
            let known = key_fields();
            let field = known.get(field.as_str()).ok_or_else(|| {
                let known: Vec<&str> = known.iter().copied().collect();
                CliError::usage(format!("`{field}` is not an idempotency key"))
                    .next(format!("idempotency keys: {}", known.join(", ")))
            })?;
            request = request.idempotency_key(field, value);
        }
        let (call, start) = (context.begin_call(may_write, may_have_key), Instant::now());
        let response = request
            .await
            .map_err(|error| CliError::of_call(error, &call))?;
        let (response, elapsed) = (response.raw_response(), start.elapsed());
        let printed = match known {
            Some(operation) => context.out.response(operation, response, elapsed),
            None => {
                let summary = summary(response, elapsed);
                context.out.note(format!("unknown operation · {summary}"));
                context.out.record(retdata(response.body()).as_deref())
            }
        };
        printed.map_err(|error| error.after_success(&call))
    }
}
