//! Steers a gateway that runs: time, customers, banks and networks.

use clap::{Subcommand, ValueEnum};
use http::header;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use stablelink::scalars::DecimalNumber;

use super::serve::fault;
use crate::commands::webhook::http;
use crate::context::Context;
use crate::failure::{Code, Failure, cause};
use crate::output::plain;

/// What happens outside of the gateway.
#[derive(Debug, Subcommand)]
pub(crate) enum Control {
    /// Move its clock: what is due by then is done
    Advance {
        /// By how much
        seconds: u64,
    },
    /// Give a record a status, as a bank or an officer would
    Set {
        /// What it is
        kind: Kind,
        /// Its number: clientId, requestId or txNo, orderNo, refundOrderNo, settlementOrderNo
        key: String,
        /// Any text, such as APPROVED, Completed or PAID
        status: String,
    },
    /// Pay a checkout order, as its customer would
    Pay {
        /// Its number
        order_no: String,
        /// How much, in coins
        amount: DecimalNumber,
    },
    /// Say where webhooks go from now on
    Webhook {
        /// On this machine, such as http://127.0.0.1:8787/ [default: nowhere]
        url: Option<String>,
    },
    /// Send a webhook once more
    Resend {
        /// Its number on the dashboard
        number: u64,
    },
    /// Add a fault; `stablelink sandbox --help` lists them
    Fault {
        /// Such as reset@createTrade:after
        #[arg(value_parser = fault)]
        fault: String,
    },
}

/// Records that can be given a status.
#[derive(Clone, Copy, Debug, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Kyb,
    Trade,
    Order,
    Refund,
    Settlement,
}

impl Control {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let origin = context.environment()?.value.origin();
        // The vendor's gateways have no such thing, and are all on TLS.
        if !origin.as_str().starts_with("http://") {
            return Err(Failure::usage(format!(
                "{} is no sandbox of this project: nothing steers it",
                origin.as_str()
            ))
            .next("set STABLELINK_ENV to what `stablelink sandbox` printed"));
        }
        let (path, body) = self.asked();
        let answer = http()?
            .post(format!("{}/_sandbox/{path}", origin.as_str()))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string())
            .send()
            .await
            .map_err(|error| unreachable(&error))?;
        let status = answer.status();
        let text = answer.text().await.map_err(|error| unreachable(&error))?;
        let answer: Value = serde_json::from_str(&text).unwrap_or_default();
        if status.is_success() {
            if let Some(now) = time(&answer["now"]).filter(|_| !context.out.is_json()) {
                return context.out.line(format!("it is {now} there"));
            }
            return context.out.record((text != "{}").then_some(text.as_str()));
        }
        let problem = answer["error"].as_str();
        Err(match problem {
            Some(problem) => Failure::new(Code::Refused, plain(problem)),
            None => Failure::other(format!("HTTP {}: this is no sandbox", status.as_u16())),
        })
    }

    /// The path below `/_sandbox/`, and the body.
    fn asked(self) -> (&'static str, Value) {
        match self {
            Self::Advance { seconds } => ("clock", json!({ "advanceSeconds": seconds })),
            Self::Set { kind, key, status } => (
                "records",
                json!({ "kind": kind, "key": key, "status": status }),
            ),
            // As text, for no number may pass a float.
            Self::Pay { order_no, amount } => (
                "pay",
                json!({ "orderNo": order_no, "amount": amount.to_string() }),
            ),
            Self::Webhook { url } => ("webhook", json!({ "url": url })),
            Self::Resend { number } => ("resend", json!({ "number": number })),
            Self::Fault { fault } => ("faults", json!({ "fault": fault })),
        }
    }
}

/// Milliseconds since the epoch as people write them, in UTC.
fn time(millis: &Value) -> Option<Timestamp> {
    Timestamp::from_millisecond(millis.as_i64()?).ok()
}

fn unreachable(error: &reqwest::Error) -> Failure {
    Failure::new(
        Code::Network,
        format!("the sandbox did not answer: {}", cause(error)),
    )
    .next("is `stablelink sandbox` running, and STABLELINK_ENV what it printed?")
}
