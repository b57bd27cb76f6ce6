//! What can be done, a file or folder each.

pub(crate) mod api;
pub(crate) mod demo;
pub(crate) mod generate;
pub(crate) mod login;
pub(crate) mod operations;
pub(crate) mod probe;
pub(crate) mod sandbox;
pub(crate) mod sign;
pub(crate) mod token;
pub(crate) mod verify;
pub(crate) mod webhook;
pub(crate) mod whoami;

use crate::cli::Command;
use crate::context::Context;
use crate::failure::Failure;

pub(crate) async fn run(context: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Demo(demo) => demo.run(context).await,
        Command::Sandbox(sandbox) => sandbox.run(context).await,
        Command::Login(login) => login.run(context).await,
        Command::Logout(logout) => logout.run(context),
        Command::Whoami(whoami) => whoami.run(context).await,
        Command::Token(token) => token.run(context).await,
        Command::Sign(sign) => sign.run(context),
        Command::Verify(verify) => verify.run(context),
        Command::Api(api) => api.run(context).await,
        Command::Probe(probe) => probe.run(context).await,
        Command::Webhook(webhook) => webhook.run(context).await,
        Command::Operation(operation) => operation.run(context).await,
        Command::Completions(completions) => completions.run(context),
        Command::Man(man) => man.run(context),
    }
}
