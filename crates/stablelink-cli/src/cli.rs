//! Arguments of the command.

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::commands::{self, operations};
use crate::failure::EXIT_CODES;
use crate::output::Form;

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

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// Which gateway: sandbox, staging, production, or an address such as http://127.0.0.1:8080
    #[arg(long, global = true, value_name = "ENV")]
    pub(crate) env: Option<String>,
    /// Which profile of the settings
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// How answers are written
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORM",
        default_value_t,
        hide_possible_values = true,
        help = "How answers are written: `table` for people, `json` for programs (retdata as it came)"
    )]
    pub(crate) output: Form,
    /// Print this member of the answer alone, such as orderNo
    #[arg(long, global = true, value_name = "MEMBER", conflicts_with = "output")]
    pub(crate) get: Option<String>,
    /// How long a call may take in all, in seconds [default: 60; uploads and waits: 600]
    #[arg(long, global = true, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) timeout: Option<u64>,
    /// Show on standard error what is done; twice: more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
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
    use super::*;

    #[test]
    fn it_is_well_formed() {
        command().debug_assert();
    }
}
