//! The `stablelink` command: signed calls, signatures, webhooks, and a local sandbox.
//!
//! **Unofficial**: this project is not affiliated with the vendor; names belong to their owners.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod cli;
mod commands;
mod context;
mod error;
mod http_server;
mod input;
mod options;
mod output;
mod settings;
mod terminal;
mod token_store;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::FromArgMatches;

use context::Context;
use error::CliError;
use output::{CliOutput, OutputFormat};

/// Runs the command line, whose first argument is the program name, and returns the exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let parsed = cli::command()
        .try_get_matches_from(&arguments)
        .and_then(|matches| cli::CliArguments::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return print_clap_error(&error, &arguments),
    };
    let context = Context::new(cli.global);
    match run(&context, cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            context.out.error(&error);
            error.exit_code()
        }
    }
}

/// Prints the requested help, or the error of an argument.
fn print_clap_error(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    if !error.use_stderr() {
        // The result is ignored: if the output is closed, the error cannot be reported either.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let text = error.render().to_string();
    if cli::wants_json(arguments) {
        let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let problem = one_line(text.split("\n\n").next().unwrap_or_default());
        let tip = text
            .lines()
            .find_map(|line| line.trim_start().strip_prefix("tip: "));
        let next = tip.map_or_else(|| "--help lists the arguments".to_owned(), one_line);
        let error = CliError::usage(problem.trim_start_matches("error: ")).next(next);
        CliOutput::new(OutputFormat::Json, None, false).error(&error);
    } else {
        let text = output::sanitize_lines(&text);
        // The result is ignored: if standard error is closed, the error cannot be reported.
        let _ = writeln!(std::io::stderr(), "{text}");
    }
    ExitCode::from(2)
}

fn run(context: &Context, command: cli::CliCommand) -> Result<(), CliError> {
    terminal::init_logging(context.verbose(), &context.out);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // Servers handle signals themselves and shut down gracefully.
    let stop = match command.is_server() {
        true => None,
        false => Some(terminal::StopSignal::listen(
            context.out.clone(),
            context.state(),
        )?),
    };
    let result = runtime.block_on(async {
        let stopped = async {
            match stop {
                Some(stop) => stop.received().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            result = command.run(context) => result,
            () = stopped => Err(context.state().interrupt().await),
        }
    });
    // Does not wait for a thread that is blocked on standard input.
    runtime.shutdown_background();
    result
}
