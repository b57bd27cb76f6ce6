//! The operations of the gateway as commands.
//!
//! `operation_map` connects commands to operations, `request` builds requests from flags and JSON. `orders`, `customer`, `trade`
//! and `remit` define the commands.

mod customer;
pub(crate) mod operation_map;
mod orders;
mod remit;
mod request;
mod trade;

use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use indicatif::ProgressBar;
use serde::Serialize;
use stablelink::operations::OperationInfo;
use stablelink::{Call, Poller};

use crate::context::Context;
use crate::error::CliError;
use request::{ListArgs, RequestArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum OperationCommand {
    /// Manage checkout orders, which a customer pays on a blockchain
    #[command(subcommand)]
    Checkout(orders::Checkout),
    /// Manage settlement orders, which pay out to a merchant
    #[command(subcommand)]
    Settlement(orders::Settlement),
    /// Manage refund orders, and list abnormal payments
    #[command(subcommand)]
    Refund(orders::Refund),
    /// Get exchange rates
    #[command(subcommand)]
    Rate(trade::Rate),
    /// Manage customer accounts
    #[command(subcommand)]
    User(customer::User),
    /// Submit know-your-business (KYB) reviews of customers
    #[command(subcommand)]
    Kyb(customer::Kyb),
    /// Manage the developer fees of a customer's trades
    #[command(subcommand)]
    Fee(customer::Fee),
    /// Manage on-ramp and off-ramp trades
    #[command(subcommand)]
    Trade(trade::Trade),
    /// Manage payees' bank accounts
    #[command(subcommand)]
    Remit(remit::Remit),
    /// Upload files, such as the receipt of a bank payment
    #[command(subcommand)]
    File(trade::File),
    /// List webhook events, or simulate one
    #[command(subcommand)]
    WebhookEvent(WebhookEvent),
}

impl OperationCommand {
    pub(crate) async fn run(self, context: &Context) -> Result<(), CliError> {
        match self {
            Self::Checkout(command) => command.run(context).await,
            Self::Settlement(command) => command.run(context).await,
            Self::Refund(command) => command.run(context).await,
            Self::Rate(command) => command.run(context).await,
            Self::User(command) => command.run(context).await,
            Self::Kyb(command) => command.run(context).await,
            Self::Fee(command) => command.run(context).await,
            Self::Trade(command) => command.run(context).await,
            Self::Remit(command) => command.run(context).await,
            Self::File(command) => command.run(context).await,
            Self::WebhookEvent(command) => command.run(context).await,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum WebhookEvent {
    /// Make the gateway deliver an event to the URL set in the dashboard
    Simulate(RequestArgs<SimulateArgs>),
    /// List past events
    List(ListArgs),
}

/// An event. Pass its record, `paymentRequestDTO`, with --json.
#[derive(Debug, Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SimulateArgs {
    /// Event name
    #[arg(long)]
    event: Option<String>,
    /// Remark
    #[arg(long)]
    remark: Option<String>,
    /// Developer ID as used by the gateway
    #[arg(long, value_name = "ID")]
    develop_client_id: Option<String>,
}

impl WebhookEvent {
    async fn run(self, context: &Context) -> Result<(), CliError> {
        let events = || context.client().map(|client| client.webhook_events());
        match self {
            Self::Simulate(event) => send(context, events()?.simulate(event.request()?)).await,
            Self::List(list) => send(context, events()?.list(list.request()?)).await,
        }
    }
}

/// Sends a call and prints the response.
async fn send<R, T>(context: &Context, call: Call<R, T>) -> Result<(), CliError>
where
    R: Send + Sync + 'static,
    T: Send + 'static,
{
    let (operation, start) = (call.operation(), Instant::now());
    let response = call.await?;
    let response = response.raw_response();
    context.out.response(operation, response, start.elapsed())
}

/// Polls a record until it has the status `until` or, without one, a final status. Prints the record.
async fn poll<T>(
    context: &Context,
    poller: Poller<T>,
    operation: &OperationInfo,
    until: Option<String>,
    status_of: fn(&T) -> Option<&str>,
) -> Result<(), CliError> {
    let start = Instant::now();
    // The spinner is drawn on standard error if that is a terminal.
    let spinner = ProgressBar::new_spinner().with_message("waiting");
    spinner.enable_steady_tick(Duration::from_millis(120));
    let deadline = context.deadline()?.unwrap_or(Duration::from_secs(600));
    let poller = poller
        .deadline(deadline)
        .initial_delay(Duration::from_millis(500))
        .max_delay(Duration::from_secs(10));
    let result = match until {
        None => poller.until_final().await,
        Some(status) => {
            poller
                .until(|record| status_of(record) == Some(&*status))
                .await
        }
    };
    spinner.finish_and_clear();
    let response = result?;
    let response = response.raw_response();
    context.out.response(operation, response, start.elapsed())
}
