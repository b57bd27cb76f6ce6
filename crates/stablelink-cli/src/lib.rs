//! The `stablelink` command: signed calls, signatures, webhooks, and a local sandbox.
//!
//! **Unofficial**: this project is not affiliated with the vendor; names belong to their owners.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod cli;
mod commands;
mod context;
mod error;
mod input;
mod output;
mod settings;
mod terminal;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::FromArgMatches;

pub use cli::command;

use context::Context;
use error::CliError;

/// Runs the command line, whose first argument is the program name, and returns the exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let parsed = cli::command()
        .try_get_matches_from(arguments)
        .and_then(|matches| cli::Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            // Ignored: if the output is closed, the error cannot be reported either.
            let _ = error.print();
            return ExitCode::from(u8::from(error.use_stderr()) * 2);
        }
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

fn run(context: &Context, command: cli::CliCommand) -> Result<(), CliError> {
    terminal::init_logging(context.verbose());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // Servers handle Ctrl-C themselves and shut down gracefully.
    let is_server = command.is_server();
    let result = runtime.block_on(async {
        tokio::select! {
            biased;
            result = command.run(context) => result,
            _ = tokio::signal::ctrl_c(), if !is_server => Err(CliError::interrupted()),
        }
    });
    // Does not wait for a thread that is blocked on standard input.
    runtime.shutdown_background();
    result
}
