//! The arguments of the command line, and the commands `completions` and `man` that print them.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use crate::commands::{account, api, demo, operations, probe, sandbox, sign, verify, webhook};
use crate::context::Context;
use crate::error::{CliError, EXIT_CODES};
use crate::output::OutputFormat;

/// Command-line client for the StableLink payment gateway (unofficial)
#[derive(Debug, Parser)]
#[command(
    name = "stablelink",
    version,
    max_term_width = 100,
    after_help = "Run `stablelink demo`, or `stablelink sandbox` in another terminal, to try it without an account.",
    arg_required_else_help = true
)]
pub(crate) struct CliArguments {
    #[command(flatten)]
    pub(crate) global: GlobalOptions,
    #[command(subcommand)]
    pub(crate) command: CliCommand,
}

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalOptions {
    /// Environment: sandbox, staging, production, or a URL such as http://127.0.0.1:8080
    #[arg(long, global = true, value_name = "ENV")]
    pub(crate) env: Option<String>,
    /// Profile of the configuration file
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Output format
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        default_value_t,
        hide_possible_values = true,
        help = "Output format: `table` for people, `json` for programs (retdata unchanged)"
    )]
    pub(crate) output: OutputFormat,
    /// Print only this field of the response, such as orderNo
    #[arg(long, global = true, value_name = "FIELD", conflicts_with = "output")]
    pub(crate) get: Option<String>,
    /// Proxy of https connections [variables: STABLELINK_PROXY, HTTPS_PROXY]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) proxy: Option<String>,
    /// File with more trusted CA certificates [variable: STABLELINK_CA_FILE]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Deadline of a call in seconds, including retries [default: 60; uploads and waits: 600]
    #[arg(long, global = true, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) timeout: Option<u64>,
    /// Log to standard error; repeat for more detail
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum CliCommand {
    /// Run a demo of all features against a local sandbox
    Demo(demo::Demo),
    /// Run the local sandbox, or control a running one
    Sandbox(sandbox::SandboxCommand),
    /// Save the secrets of a profile
    Login(account::Login),
    /// Delete the secrets of a profile
    Logout,
    /// Show the environment, the credentials and where the token is
    Whoami(account::Whoami),
    /// Get an access token and show when it expires
    Token(account::Token),
    /// Sign a request or a webhook
    Sign(sign::Sign),
    /// Verify a signature and explain a mismatch
    Verify(verify::Verify),
    /// Send any signed request
    Api(api::Api),
    /// Test undocumented behaviour of the gateway with read-only calls
    Probe(probe::Probe),
    /// Receive webhooks, or send a signed one
    #[command(subcommand)]
    Webhook(webhook::WebhookCommand),
    #[command(flatten)]
    Operation(operations::OperationCommand),
    /// Print a shell completion script
    #[command(
        after_help = "    stablelink completions bash > ~/.local/share/bash-completion/completions/stablelink"
    )]
    Completions {
        /// Shell
        shell: Shell,
    },
    /// Print the manual page, or write one for each command
    #[command(after_help = "    stablelink man | man -l -")]
    Man {
        /// Write one page for each command to this directory
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

impl CliCommand {
    /// Returns whether the command runs until it is stopped.
    pub(crate) const fn is_server(&self) -> bool {
        match self {
            Self::Demo(demo) => demo.is_server(),
            Self::Sandbox(sandbox) => sandbox.is_server(),
            Self::Webhook(webhook) => matches!(webhook, webhook::WebhookCommand::Listen(_)),
            _ => false,
        }
    }

    pub(crate) async fn run(self, context: &Context) -> Result<(), CliError> {
        match self {
            Self::Demo(demo) => demo.run(context).await,
            Self::Sandbox(sandbox) => sandbox.run(context).await,
            Self::Login(login) => login.run(context).await,
            Self::Logout => account::logout(context),
            Self::Whoami(whoami) => whoami.run(context).await,
            Self::Token(token) => token.run(context).await,
            Self::Sign(sign) => sign.run(context),
            Self::Verify(verify) => verify.run(context),
            Self::Api(api) => api.run(context).await,
            Self::Probe(probe) => probe.run(context).await,
            Self::Webhook(webhook) => webhook.run(context).await,
            Self::Operation(operation) => operation.run(context).await,
            Self::Completions { shell } => print_completions(shell, context),
            Self::Man { dir } => print_manual(dir, context),
        }
    }
}

const SETTINGS: &str = "\
Secrets are read from the environment variables STABLELINK_API_KEY, STABLELINK_API_SECRET and STABLELINK_SIGN_KEY, or from the
profile written by `stablelink login`. They are never arguments, which other users of the machine can read. STABLELINK_ENV is
equivalent to --env. Profiles are in $XDG_CONFIG_HOME/stablelink/config.toml, which only its owner may be able to change, and
their secrets in secrets.toml next to it, which only its owner may be able to read. All commands share one access token in
$XDG_STATE_HOME/stablelink/tokens, or in the Redis of STABLELINK_REDIS_URL.

Results are written to standard output, everything else to standard error. Output to a terminal is coloured unless NO_COLOR is
set.

[inferred] marks operations that the vendor's pages only name: their method, path and fields are guesses.";

/// Returns the clap command. The help of each operation includes its evidence.
pub(crate) fn command() -> clap::Command {
    let command = CliArguments::command().after_long_help(format!("{SETTINGS}\n\n{EXIT_CODES}"));
    operations::operation_map::with_evidence(command)
}

fn print_completions(shell: Shell, context: &Context) -> Result<(), CliError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), "stablelink", &mut script);
    let script = String::from_utf8_lossy(&script);
    context.out.line(script.trim_end())
}

fn print_manual(dir: Option<PathBuf>, context: &Context) -> Result<(), CliError> {
    if let Some(dir) = dir {
        std::fs::create_dir_all(&dir)?;
        return Ok(clap_mangen::generate_to(command(), dir)?);
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command()).render(&mut page)?;
    context.out.line(String::from_utf8_lossy(&page).trim_end())
}

/// Returns whether the arguments request JSON output. It is used for errors of the arguments
/// themselves, which are not parsed at that time.
pub(crate) fn wants_json(arguments: &[OsString]) -> bool {
    let arguments = arguments.iter().take_while(|argument| *argument != "--");
    let arguments: Vec<&OsString> = arguments.collect();
    let is_pair = |pair: &[&OsString]| pair[0] == "--output" && pair[1] == "json";
    arguments.windows(2).any(is_pair)
        || arguments
            .iter()
            .any(|argument| *argument == "--output=json")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use stablelink::operations::EvidenceLevel;

    use super::*;
    use crate::commands::operations::operation_map::OPERATION_MAP;

    #[test]
    fn command_is_well_formed() {
        command().debug_assert();
    }

    #[test]
    fn every_operation_subcommand_is_mapped() {
        let mapped: BTreeSet<Vec<&str>> = OPERATION_MAP
            .iter()
            .map(|(path, _)| path.split(' ').collect())
            .collect();
        let groups: BTreeSet<&str> = mapped.iter().map(|path| path[0]).collect();
        let command = command();
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
        assert_eq!(found, mapped);
    }

    #[test]
    fn inferred_operations_are_marked() {
        let command = command();
        for (path, operation) in OPERATION_MAP {
            let leaf = path.split(' ').fold(&command, |command, name| {
                command.find_subcommand(name).unwrap()
            });
            let about = leaf.get_about().unwrap().to_string();
            assert_eq!(
                about.ends_with("[inferred]"),
                operation.evidence == EvidenceLevel::Inferred,
                "{path}"
            );
        }
    }
}
