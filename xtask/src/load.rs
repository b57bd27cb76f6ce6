//! Starts the load program of the package `stablelink-tests`, which this one may not depend on: it is built on the generated
//! client.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

/// Why a load did not end well.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is no cargo.
    #[error("cargo could not be started: {0}\n  help: put it on the PATH")]
    NotStarted(#[from] io::Error),
    /// The program did not build, or found something; it said what.
    #[error("the load did not end well: what is wrong stands above")]
    Failed,
}

/// Builds it in release mode and runs it with these arguments, from the root.
///
/// # Errors
///
/// It can't be built, or finds money that was doubled or lost, a wrong balance, or memory that grows.
pub fn run(root: &Path, args: &[String]) -> Result<(), LoadError> {
    let status = Command::new("cargo")
        // Of this package alone: with others cargo would turn features of serde_json on that most users don't have.
        .args(["run", "--release", "--locked"])
        .args(["--package", "stablelink-tests", "--bin", "load", "--"])
        .args(args)
        .current_dir(root)
        .stdin(Stdio::null())
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err(LoadError::Failed)
    }
}
