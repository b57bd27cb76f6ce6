//! The arguments of the command line, and the commands `completions` and `man` that print them.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use stablelink::operations::ISSUE_ACCESS_TOKEN;

use crate::commands::{account, api, demo, operations, probe, sandbox, sign, verify, webhook};
use crate::context::Context;
use crate::error::{CliError, EXIT_CODES};
use crate::options::GlobalOptions;

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
            Self::Logout => account::logout(context).await,
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

Results are written to standard output, everything else to standard error, with --output json as one JSON object a line. Output
to a terminal is coloured unless NO_COLOR is set.

[inferred] marks operations that the vendor's pages only name: their method, path and fields are guesses.";

/// Returns the clap command.
pub(crate) fn command() -> clap::Command {
    CliArguments::command()
        .after_long_help(format!("{SETTINGS}\n\n{EXIT_CODES}"))
        .mut_subcommand("token", |token| {
            operations::describe(token, &ISSUE_ACCESS_TOKEN)
        })
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
    use stablelink::operations::{self as op, EvidenceLevel};

    use super::*;

    #[test]
    fn command_is_well_formed() {
        command().debug_assert();
    }

    /// Calls `visit` with each command below this one, and with the words that select it.
    fn visit_commands(
        path: &[String],
        command: &clap::Command,
        visit: &mut impl FnMut(&[String], &clap::Command),
    ) {
        visit(path, command);
        for subcommand in command.get_subcommands() {
            let path = [path, &[subcommand.get_name().to_owned()]].concat();
            visit_commands(&path, subcommand, visit);
        }
    }

    /// Returns the words of a flag or a positional argument with this value. Positional arguments before it have any value.
    fn words_of(arg: &clap::Arg, command: &clap::Command, value: &str) -> Vec<String> {
        if let Some(flag) = arg.get_long() {
            return vec![format!("--{flag}"), value.to_owned()];
        }
        let others = command.get_positionals();
        let others = others.take_while(|other| other.get_id() != arg.get_id());
        let values = others.map(|other| {
            let possible = other.get_possible_values();
            let first = possible.first();
            first.map_or_else(|| "7".to_owned(), |value| value.get_name().to_owned())
        });
        values.chain([value.to_owned()]).collect()
    }

    /// The error names the argument and the accepted form: a negative number is not taken for a flag.
    #[test]
    fn negative_number_is_rejected_by_every_numeric_argument() {
        use clap::error::ErrorKind::ValueValidation;

        let mut root = command();
        root.build();
        let mut checked = 0;
        visit_commands(&["stablelink".to_owned()], &root, &mut |path, command| {
            for arg in command.get_arguments() {
                let is_repeated = arg.is_global_set() && path.len() > 1;
                if is_repeated || !arg.get_action().takes_values() {
                    continue;
                }
                let error_of = |value: &str| {
                    let words = [path, &words_of(arg, command, value)].concat();
                    root.clone().try_get_matches_from(words).err()
                };
                let is_invalid = |value: &str| {
                    error_of(value).is_some_and(|error| error.kind() == ValueValidation)
                };
                let name = &arg.get_value_names().unwrap_or_default()[0];
                if name.contains("JSON") || is_invalid("7") || !is_invalid("x y") {
                    continue;
                }
                checked += 1;
                let error = error_of("-5").unwrap().to_string();
                let flag = arg.get_long().map_or("", |flag| flag);
                assert!(
                    error.contains("invalid value '-5' for '")
                        && error.contains(name.as_str())
                        && error.contains(flag),
                    "{path:?}: {error}"
                );
                let forms = [
                    "expected an integer",
                    "expected a decimal",
                    "expected milliseconds",
                    "not in 0..",
                ];
                assert!(
                    forms.iter().any(|form| error.contains(form)),
                    "{path:?}: {error}"
                );
            }
        });
        assert!(checked > 40, "{checked}");
    }

    /// A new operation of the document has a command without an edit of this crate.
    #[test]
    fn every_operation_has_a_command_with_its_evidence() {
        let command = command();
        let is_group =
            |group: &&clap::Command| !operations::OTHER_COMMANDS.contains(&group.get_name());
        let groups = command.get_subcommands().filter(is_group);
        let leaves: Vec<&clap::Command> = groups
            .flat_map(clap::Command::get_subcommands)
            .chain(command.find_subcommand("token"))
            .collect();
        for operation in op::ALL {
            let call = format!("{} {}\n", operation.method, operation.path);
            let leaf = leaves.iter().find(|leaf| {
                leaf.get_after_help()
                    .is_some_and(|after| after.to_string().contains(&call))
            });
            let leaf = leaf.unwrap_or_else(|| panic!("{}", operation.operation_id));
            let about = leaf.get_about().unwrap().to_string();
            let is_inferred = operation.evidence == EvidenceLevel::Inferred;
            assert_eq!(about.ends_with("[inferred]"), is_inferred, "{about}");
        }
        let others = command.get_subcommands().filter(|group| !is_group(group));
        let others: Vec<&str> = others.map(clap::Command::get_name).collect();
        assert_eq!(
            others.len() + 1,
            operations::OTHER_COMMANDS.len(),
            "{others:?} and help"
        );
    }
}
