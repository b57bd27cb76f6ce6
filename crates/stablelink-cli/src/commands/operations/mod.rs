//! Every operation of the gateway as a subcommand.

mod checkout;
mod fee;
mod file;
mod kyb;
pub(crate) mod places;
mod rate;
mod refund;
mod remit;
mod request;
mod send;
mod settlement;
mod trade;
mod user;
mod webhook_event;

use clap::Subcommand;

pub(crate) use places::with_evidence;

use crate::context::Context;
use crate::failure::Failure;

/// The operations, by what they are about.
#[derive(Debug, Subcommand)]
pub(crate) enum Operation {
    /// Orders that a customer pays on a chain
    #[command(subcommand)]
    Checkout(checkout::Checkout),
    /// Payouts of paid orders to a merchant
    #[command(subcommand)]
    Settlement(settlement::Settlement),
    /// Refunds of orders and of abnormal payments
    #[command(subcommand)]
    Refund(refund::Refund),
    /// Rates between currencies
    #[command(subcommand)]
    Rate(rate::Rate),
    /// Customer accounts of the developer
    #[command(subcommand)]
    User(user::User),
    /// Know-your-business reviews of customers
    #[command(subcommand)]
    Kyb(kyb::Kyb),
    /// The fees that a developer takes of a customer's trades
    #[command(subcommand)]
    Fee(fee::Fee),
    /// On-ramp and off-ramp trades
    #[command(subcommand)]
    Trade(trade::Trade),
    /// Bank accounts of payees
    #[command(subcommand)]
    Remit(remit::Remit),
    /// Files for the gateway, such as the receipt of a bank payment
    #[command(subcommand)]
    File(file::File),
    /// Events that the gateway delivers by webhooks
    #[command(subcommand)]
    WebhookEvent(webhook_event::WebhookEvent),
}

impl Operation {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
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
