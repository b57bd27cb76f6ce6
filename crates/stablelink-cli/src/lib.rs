//! The `stablelink` command: signed calls, signatures, webhooks, and a gateway on localhost to try them on.
//!
//! **Unofficial**: this project is not the vendor's; names belong to their owners.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod cli;
mod commands;
mod context;
mod failure;
mod global;
mod input;
mod output;
mod settings;
mod terminal;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::FromArgMatches;

pub use cli::command;

use context::Context;
use failure::Failure;

/// Runs the command with these arguments, the first of which is its name, and gives its exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let parsed = cli::command()
        .try_get_matches_from(arguments)
        .and_then(|matches| cli::Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            // Nothing is left to say where standard output is gone.
            let _ = error.print();
            return ExitCode::from(u8::from(error.use_stderr()) * 2);
        }
    };
    let context = Context::new(cli.global);
    match run(&context, cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            context.out.failed(&failure);
            failure.exit()
        }
    }
}

fn run(context: &Context, command: cli::Command) -> Result<(), Failure> {
    terminal::watch(context.verbose());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // Those end well by Ctrl-C, and see to it themselves.
    let serves = command.serves();
    let outcome = runtime.block_on(async {
        tokio::select! {
            biased;
            outcome = command.run(context) => outcome,
            _ = tokio::signal::ctrl_c(), if !serves => Err(Failure::interrupted()),
        }
    });
    // A thread that waits for standard input must not keep the process.
    runtime.shutdown_background();
    outcome
}
