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
use crate::error::{CallSubject, CliError};
use request::{ListArgs, RequestArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum OperationCommand {
    /// Manage checkout orders, which a customer pays on a blockchain
    #[command(subcommand)]
    Checkout(orders::CheckoutCommand),
    /// Manage settlement orders, which pay out to a merchant
    #[command(subcommand)]
    Settlement(orders::SettlementCommand),
    /// Manage refund orders, and list abnormal payments
    #[command(subcommand)]
    Refund(orders::RefundCommand),
    /// Get exchange rates
    #[command(subcommand)]
    Rate(trade::RateCommand),
    /// Manage customer accounts
    #[command(subcommand)]
    User(customer::UserCommand),
    /// Submit know-your-business (KYB) reviews of customers
    #[command(subcommand)]
    Kyb(customer::KybCommand),
    /// Manage the developer fees of a customer's trades
    #[command(subcommand)]
    Fee(customer::FeeCommand),
    /// Manage on-ramp and off-ramp trades
    #[command(subcommand)]
    Trade(trade::TradeCommand),
    /// Manage payees' bank accounts
    #[command(subcommand)]
    Remit(remit::RemitCommand),
    /// Upload files, such as the receipt of a bank payment
    #[command(subcommand)]
    File(trade::FileCommand),
    /// List webhook events, or simulate one
    #[command(subcommand)]
    WebhookEvent(WebhookEventCommand),
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
pub(crate) enum WebhookEventCommand {
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

impl WebhookEventCommand {
    async fn run(self, context: &Context) -> Result<(), CliError> {
        let events = || context.client().map(|client| client.webhook_events());
        match self {
            Self::Simulate(event) => send(context, events()?.simulate(event.request()?)).await,
            Self::List(list) => send(context, events()?.list().filter(list.request()?)).await,
        }
    }
}

/// Sends a call and prints the response.
async fn send<R, T>(context: &Context, call: Call<T, R>) -> Result<(), CliError>
where
    R: Send + Sync + 'static,
    T: Send + 'static,
{
    let (operation, start) = (call.operation(), Instant::now());
    let subject = context.begin_call(CallSubject::may_write(operation));
    let response = call
        .await
        .map_err(|error| CliError::of_call(error, &subject))?;
    let response = response.raw_response();
    let printed = context.out.response(operation, response, start.elapsed());
    printed.map_err(|error| error.after_success(&subject))
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
    let subject = context.begin_call(false);
    let result = match until {
        None => poller.until_final().await,
        Some(status) => {
            poller
                .until(|record| status_of(record) == Some(&*status))
                .await
        }
    };
    spinner.finish_and_clear();
    let response = result.map_err(|error| CliError::of_call(error, &subject))?;
    let response = response.raw_response();
    context.out.response(operation, response, start.elapsed())
}
