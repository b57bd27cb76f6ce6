//! `webhook`: receives deliveries, or sends a signed one.

mod listen;
mod send;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;

/// Webhooks.
#[derive(Debug, Subcommand)]
pub(crate) enum Webhook {
    /// Receive deliveries on this machine: check, show, forward
    Listen(listen::Listen),
    /// Send a delivery as the gateway would sign it, to test a receiver
    Send(send::Send),
}

impl Webhook {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Listen(listen) => listen.run(context).await,
            Self::Send(send) => send.run(context).await,
        }
    }
}

/// A client that goes where it is told and nowhere else: a redirect would carry a signed delivery to another host.
pub(crate) fn http() -> Result<reqwest::Client, Failure> {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        // Less than the gateway waits.
        .timeout(std::time::Duration::from_secs(14))
        .user_agent(concat!("stablelink-cli/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| Failure::other(format!("the HTTP client could not be made: {error}")))
}
