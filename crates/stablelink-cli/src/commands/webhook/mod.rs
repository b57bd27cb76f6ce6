//! The commands `webhook listen` and `webhook send`.

mod listen;
mod send;

use clap::Subcommand;

use crate::context::Context;
use crate::error::CliError;
pub(crate) use send::TIMEOUT;

#[derive(Debug, Subcommand)]
pub(crate) enum WebhookCommand {
    /// Receive deliveries on this machine: verify, print and optionally forward them
    Listen(listen::Listen),
    /// Send a delivery signed like the gateway's, to test a receiver
    Send(send::SendArgs),
}

impl WebhookCommand {
    pub(crate) async fn run(self, context: &Context) -> Result<(), CliError> {
        match self {
            Self::Listen(listen) => listen.run(context).await,
            Self::Send(args) => args.send(context).await,
        }
    }
}
