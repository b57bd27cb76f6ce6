//! The command `sandbox`: `serve` runs the local sandbox, the subcommands here control a running one.

mod serve;

use clap::{Args, Subcommand, ValueEnum};
use http::{Method, header};
use serde::Serialize;
use serde_json::{Value, json};
use stablelink::RawObject;
use stablelink::scalars::DecimalNumber;

use super::webhook::TIMEOUT;
use crate::context::Context;
use crate::error::{CliError, CliExitCode, root_cause};
use crate::input::{integer_from, parse_amount};

/// Runs the local sandbox, or controls a running one.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = SERVE)]
pub(crate) struct SandboxCommand {
    #[command(subcommand)]
    control: Option<ControlCommand>,
    #[command(flatten)]
    serve: serve::ServeArgs,
}

const SERVE: &str = "\
Without a subcommand, runs the sandbox and prints the environment variables for another terminal: paste them there. All records
are kept in memory. Stop with Ctrl-C. The subcommands control the sandbox that STABLELINK_ENV or --env names: they simulate
events outside the gateway. `stablelink sandbox fault --help` lists the faults.";

const FAULTS: &str = "\
A fault changes the response to the next request, or the connection. Its form is KIND[=ARGUMENT][@TARGET][:OPTION]..., such as
    reset                              the next connection is reset
    reset@createTrade:after            the trade is created, but the response is lost
    status=503@calls:times=3           HTTP 503 three times
    latency=500ms:rate=0.2             a random 20 % of requests is delayed by 500 ms
    date-skew=-90s:always              the clock of the gateway is 90 s slow

Kinds:
  reset                   the connection is reset without a response
  stall                   no response is sent until the client closes the connection
  stall-within-body       half of the response is sent, and then nothing
  truncate                half of the response is sent, and then the connection is closed
  latency=TIME            the response is delayed by TIME, such as 500ms or 2s
  date-skew=TIME          the Date header is shifted by TIME, which may be negative
  status=CODE             HTTP status CODE with an error envelope
  html=CODE               HTTP status CODE with an HTML page, as proxies send it
  unauthorized            HTTP 401, although the token is valid
  rate-limited[=SECONDS]  HTTP 429, with a Retry-After header if SECONDS is set
  malformed-json          HTTP 200 with truncated JSON
  unexpected-json         HTTP 200 with JSON that is not an envelope
  large-error=BYTES       HTTP 500 with a message of this length
  duplicate               a rejection, as if the number of the request had been used before
  null=FIELD              the response with null in FIELD, a path such as retdata.orderStatus
  wrong-type=FIELD        the response with an object in FIELD
  unknown-value=FIELD     the response with an undocumented string in FIELD

Targets (without one, the fault is injected into any request):
  OPERATION               requests of this operation, such as createCheckoutOrder
  token                   token requests
  calls                   all requests except token requests
  /PATH                   requests to this path, such as /trade/exchange-rate

Options:
  before, after           inject it before or after the operation takes effect [default: before, if the kind allows it]
  times=N                 inject it N times [default: 1]
  always                  inject it into every request
  skip=N                  do not inject it into the first N requests
  rate=P, seed=N          inject it at random, with a probability of P (0 to 1); the same seed repeats the choice
  retry-after=SECONDS     add a Retry-After header to a response that replaces that of the gateway
  no-body                 omit the body of a response that replaces that of the gateway";

impl SandboxCommand {
    /// Returns whether the command runs until it is stopped.
    pub(crate) const fn is_server(&self) -> bool {
        self.control.is_none()
    }

    pub(crate) async fn run(self, context: &Context) -> Result<(), CliError> {
        match self.control {
            Some(control) => control.run(context).await,
            None => self.serve.run(context).await,
        }
    }
}

/// Events outside the gateway: time, customers, banks and networks.
#[derive(Debug, Subcommand)]
enum ControlCommand {
    /// Advance the clock and run everything that is due by then
    Advance {
        /// Seconds
        #[arg(allow_negative_numbers = true, value_parser = integer_from(0))]
        seconds: u64,
    },
    /// Set the status of a record, as a bank or a reviewer would
    Set {
        /// Kind of record
        kind: SettableRecord,
        /// Number of the record: clientId, requestId or txNo, orderNo, refundOrderNo, settlementOrderNo
        key: String,
        /// Any status, such as APPROVED, Completed or PAID
        status: String,
    },
    /// Pay a checkout order, as its customer would
    Pay {
        /// Order number
        order_no: String,
        /// Amount in coins
        #[arg(allow_negative_numbers = true, value_parser = parse_amount::<DecimalNumber>)]
        amount: DecimalNumber,
    },
    /// Set the URL that receives webhooks
    Webhook {
        /// URL on this machine, such as http://127.0.0.1:8787/ [default: none]
        url: Option<String>,
    },
    /// Deliver a webhook again
    Resend {
        /// Number of the delivery on the dashboard
        #[arg(allow_negative_numbers = true, value_parser = integer_from(0))]
        number: u64,
    },
    /// Add a fault, such as a lost response or an HTTP error
    #[command(after_help = FAULTS)]
    Fault {
        /// Fault, such as reset@createTrade:after; see below
        #[arg(value_parser = serve::parse_fault)]
        fault: String,
    },
    /// List the faults, or delete all of them
    #[command(subcommand)]
    Faults(FaultsCommand),
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum FaultsCommand {
    /// List the faults, with how often each was injected
    List,
    /// Delete all faults
    Clear,
}

/// The records whose status can be set.
#[derive(Clone, Copy, Debug, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
enum SettableRecord {
    Kyb,
    Trade,
    Order,
    Refund,
    Settlement,
}

impl ControlCommand {
    async fn run(self, context: &Context) -> Result<(), CliError> {
        let origin = context.environment()?.value.origin();
        let origin = origin.as_str();
        // The vendor's gateways cannot be controlled. All of them use TLS.
        if !origin.starts_with("http://") {
            let problem = format!("{origin} is not a local sandbox: it cannot be controlled");
            return Err(CliError::usage(problem)
                .next("set STABLELINK_ENV to the value printed by `stablelink sandbox`"));
        }
        let lists_faults = matches!(self, Self::Faults(FaultsCommand::List));
        let (method, path, body) = self.request();
        let request = context
            .network()?
            .http_client(TIMEOUT)?
            .request(method, format!("{origin}/_sandbox/{path}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string());
        let response = request.send().await.map_err(|error| no_response(&error))?;
        let status = response.status();
        let text = response.text().await.map_err(|error| no_response(&error))?;
        let body: Value = serde_json::from_str(&text).unwrap_or_default();
        if !status.is_success() {
            return Err(match body["error"].as_str() {
                Some(problem) => CliError::new(CliExitCode::Rejected, problem),
                None => CliError::other(format!("HTTP {}: not a local sandbox", status.as_u16())),
            });
        }
        if lists_faults {
            return context.out.record(Some(&body["faults"].to_string()));
        }
        let now = body["now"].as_i64();
        let now = now.and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
        match now.filter(|_| !context.out.is_json()) {
            Some(now) => context.out.line(format!("the sandbox time is {now}")),
            None => {
                let text = match context.out.is_table() {
                    true => without_nulls(&text),
                    false => text,
                };
                context.out.record((text != "{}").then_some(text.as_str()))
            }
        }
    }

    /// Returns the method, the path below `/_sandbox/` and the body.
    fn request(self) -> (Method, &'static str, Value) {
        let (path, body) = match self {
            Self::Advance { seconds } => ("clock", json!({ "advanceSeconds": seconds })),
            Self::Set { kind, key, status } => (
                "records",
                json!({ "kind": kind, "key": key, "status": status }),
            ),
            // The amount is sent as a string to keep its digits.
            Self::Pay { order_no, amount } => (
                "pay",
                json!({ "orderNo": order_no, "amount": amount.to_string() }),
            ),
            Self::Webhook { url } => ("webhook", json!({ "url": url })),
            Self::Resend { number } => ("resend", json!({ "number": number })),
            Self::Fault { fault } => ("faults", json!({ "fault": fault })),
            Self::Faults(FaultsCommand::List) => return (Method::GET, "status", json!({})),
            Self::Faults(FaultsCommand::Clear) => return (Method::DELETE, "faults", json!({})),
        };
        (Method::POST, path, body)
    }
}

/// Returns a JSON object without its fields that are null, and any other text unchanged.
fn without_nulls(json: &str) -> String {
    let Ok(object) = RawObject::parse(json.as_bytes()) else {
        return json.to_owned();
    };
    let fields = object.iter().filter(|(_, value)| *value != "null");
    let fields = fields.map(|(name, value)| format!("{}:{value}", Value::from(name)));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}

fn no_response(error: &reqwest::Error) -> CliError {
    let problem = format!("the sandbox did not respond: {}", root_cause(error));
    CliError::new(CliExitCode::Network, problem)
        .next("is `stablelink sandbox` running, and is STABLELINK_ENV the value that it printed?")
}
