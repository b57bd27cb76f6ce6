//! Arguments of the command.

use clap::{CommandFactory, Parser, Subcommand};

use crate::commands::{self, operations};
use crate::context::Context;
use crate::failure::{EXIT_CODES, Failure};
use crate::global::Global;

/// The StableLink payment gateway from the command line (unofficial): calls, signatures, webhooks, a gateway on localhost
#[derive(Debug, Parser)]
#[command(
    name = "stablelink",
    version,
    max_term_width = 100,
    after_help = "Try it with no account: `stablelink demo`, or `stablelink sandbox` in another terminal.",
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Walk through everything on a gateway of its own, with no account
    Demo(commands::demo::Demo),
    /// Run the gateway on localhost, or steer one that runs
    Sandbox(commands::sandbox::Sandbox),
    /// Keep the secrets of a profile; they are read from the terminal without echo, or from standard input
    Login(commands::login::Login),
    /// Forget the secrets of a profile
    Logout(commands::login::Logout),
    /// Tell which gateway, whose secrets and which token would be used
    Whoami(commands::whoami::Whoami),
    /// Get a token, or show how long the present one lives
    Token(commands::token::Token),
    /// Sign a request or a webhook; prints the signature alone
    Sign(commands::sign::Sign),
    /// Check a signature, and tell which part differs
    Verify(commands::verify::Verify),
    /// Make any signed call
    Api(commands::api::Api),
    /// Find out what the documentation leaves open, by calls that only read
    Probe(commands::probe::Probe),
    /// Receive webhooks, or send a signed one
    #[command(subcommand)]
    Webhook(commands::webhook::Webhook),
    #[command(flatten)]
    Operation(operations::Operation),
    /// Print the completions of a shell
    Completions(commands::generate::Completions),
    /// Print the manual page, or write one for each command
    Man(commands::generate::Man),
}

impl Command {
    /// Whether it runs until it is stopped.
    pub(crate) const fn serves(&self) -> bool {
        match self {
            Self::Demo(demo) => demo.serves(),
            Self::Sandbox(sandbox) => sandbox.serves(),
            Self::Webhook(webhook) => matches!(webhook, commands::webhook::Webhook::Listen(_)),
            _ => false,
        }
    }

    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Demo(demo) => demo.run(context).await,
            Self::Sandbox(sandbox) => sandbox.run(context).await,
            Self::Login(login) => login.run(context).await,
            Self::Logout(logout) => logout.run(context),
            Self::Whoami(whoami) => whoami.run(context).await,
            Self::Token(token) => token.run(context).await,
            Self::Sign(sign) => sign.run(context),
            Self::Verify(verify) => verify.run(context),
            Self::Api(api) => api.run(context).await,
            Self::Probe(probe) => probe.run(context).await,
            Self::Webhook(webhook) => webhook.run(context).await,
            Self::Operation(operation) => operation.run(context).await,
            Self::Completions(completions) => completions.run(context, command()),
            Self::Man(man) => man.run(context, command()),
        }
    }
}

const SETTINGS: &str = "\
Secrets come from the environment variables STABLELINK_API_KEY, STABLELINK_API_SECRET and STABLELINK_SIGN_KEY, or from the
profile that `stablelink login` wrote; never from arguments, which other users of the machine can read. STABLELINK_ENV is as
--env. Profiles lie in $XDG_CONFIG_HOME/stablelink/config.toml, secrets beside it in secrets.toml, which its owner alone may
be able to read; the live token, which all commands share, in $XDG_STATE_HOME/stablelink/tokens.

Results go to standard output, everything else to standard error. Colours are used on a terminal, unless NO_COLOR is set.

[inferred] marks operations that the vendor's pages only name: method, path and fields are guesses.";

/// The command as clap knows it, with the evidence of each operation in its help.
#[must_use]
pub fn command() -> clap::Command {
    let command = Cli::command().after_long_help(format!("{SETTINGS}\n\n{EXIT_CODES}"));
    operations::with_evidence(command)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use stablelink::operations::EvidenceLevel;

    use super::*;
    use crate::commands::operations::places::PLACES;

    #[test]
    fn it_is_well_formed() {
        command().debug_assert();
    }

    #[test]
    fn every_subcommand_has_its_operation() {
        let placed: BTreeSet<Vec<&str>> = PLACES.iter().map(|(place, _)| place.to_vec()).collect();
        let command = command();
        let groups: BTreeSet<&str> = PLACES.iter().map(|(place, _)| place[0]).collect();
        let mut found = BTreeSet::new();
        for group in command
            .get_subcommands()
            .filter(|group| groups.contains(group.get_name()))
        {
            if group.get_subcommands().next().is_none() {
                found.insert(vec![group.get_name()]);
            }
            for leaf in group.get_subcommands() {
                found.insert(vec![group.get_name(), leaf.get_name()]);
            }
        }
        assert_eq!(found, placed);
    }

    #[test]
    fn inferred_ones_are_marked() {
        let command = command();
        for (place, facts) in PLACES {
            let leaf = place.iter().fold(&command, |command, name| {
                command.find_subcommand(name).unwrap()
            });
            let marked = leaf
                .get_about()
                .unwrap()
                .to_string()
                .ends_with("[inferred]");
            assert_eq!(
                marked,
                facts.evidence == EvidenceLevel::Inferred,
                "{place:?}"
            );
        }
    }
}
