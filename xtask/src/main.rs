//! `cargo xtask`: see `cargo xtask --help`.

use std::process::ExitCode;

use clap::Parser;
use xtask::{cli::Cli, commands, workspace};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // `clap` would exit with 2, which `diff` uses for a change that `--fail-on` matches.
            let _ = error.print();
            return ExitCode::from(u8::from(error.use_stderr()));
        }
    };
    let root = match &cli.vendor {
        // Without `.` and a slash at the end, the path is a prefix of the paths in messages.
        Some(folder) if cli.command.takes_vendor() => std::path::absolute(folder)
            .map(|folder| folder.components().collect())
            .map_err(|error| format!("{}: {error}", folder.display())),
        Some(_) => {
            Err("`--vendor` is for regen, curate, docs, profile, diff and changelog".to_owned())
        }
        None => workspace::root().map_err(|error| error.to_string()),
    };
    let root = match root {
        Ok(root) => root,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    match commands::run(&root, cli) {
        Ok(outcome) => ExitCode::from(outcome.code()),
        Err(error) => {
            // Paths in messages are relative to the root of the repository.
            let root = format!("{}/", root.display());
            eprintln!("{}", error.to_string().replace(&root, ""));
            ExitCode::FAILURE
        }
    }
}
