//! `cargo xtask`: see `cargo xtask --help`.

use std::{path::Path, process::ExitCode};

use clap::Parser;
use xtask::{cli::Cli, commands};

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."));
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // `clap` would exit with 2, which `diff` uses for a change that `--fail-on` matches.
            let _ = error.print();
            return ExitCode::from(u8::from(error.use_stderr()));
        }
    };
    match commands::run(root, cli) {
        Ok(outcome) => ExitCode::from(outcome.code()),
        Err(error) => {
            // Paths in messages are relative to the root of the repository.
            let root = format!("{}/", root.display());
            eprintln!("{}", error.to_string().replace(&root, ""));
            ExitCode::FAILURE
        }
    }
}
