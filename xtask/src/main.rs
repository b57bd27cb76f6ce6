//! `cargo xtask`: see `cargo xtask --help`.

use std::{path::Path, process::ExitCode};

use clap::Parser;
use xtask::{cli::Cli, commands};

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."));
    match commands::run(root, Cli::parse()) {
        Ok(outcome) => ExitCode::from(outcome.code()),
        Err(error) => {
            // Messages name files as a person at the root of the repository would.
            let root = format!("{}/", root.display());
            eprintln!("{}", error.to_string().replace(&root, ""));
            ExitCode::FAILURE
        }
    }
}
