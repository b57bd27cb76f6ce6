//! The steps that only run cargo commands.

use std::path::Path;

use crate::job::command::CommandLine;
use crate::job::error::JobError;
use crate::job::tools::CargoTool;
use crate::job::{Job, read};

const HACK: CargoTool = CargoTool {
    name: "cargo-hack",
    version: "0.6.46",
    minutes: 1,
};

/// The crates and features to document: all crates with all features, and the published clients with their default
/// features. The clients are documented separately because other workspace members enable `provisional` and
/// `serde_json/arbitrary_precision`.
const SELECTIONS: [&str; 2] = ["--workspace --all-features", CLIENTS];

/// The crates with features that a user selects.
const CLIENTS: &str = "--package stablelink --package stablelink-api";

/// The crates that users depend on or install.
const USER_CRATES: &str = "--workspace --exclude apifox --exclude xtask --exclude stablelink-tests";

pub(super) fn format(job: &mut Job<'_>) -> Result<(), JobError> {
    ensure_component(job, "rustfmt", "fmt")?;
    job.check(&CommandLine::cargo("fmt --all --check"))
}

/// Lints all crates with all features, and the libraries of the clients without features and with each feature. The tests of the
/// clients compile with the sets of features that the `tests` step runs.
pub(super) fn clippy(job: &mut Job<'_>) -> Result<(), JobError> {
    ensure_component(job, "clippy", "clippy")?;
    HACK.ensure(job)?;
    job.check(&CommandLine::cargo(
        "clippy --locked --workspace --all-features --all-targets -- -D warnings",
    ))?;
    // `default` equals `rustls`, `_redis-server` only enables tests, and the first command covers all features.
    let words = format!(
        "hack clippy --locked {CLIENTS} --each-feature --skip default,_redis-server --exclude-all-features --lib -- -D warnings"
    );
    job.check(&HACK.command(&words))
}

pub(super) fn regen(job: &mut Job<'_>) -> Result<(), JobError> {
    // The command that its own error message recommends.
    job.check(&CommandLine::cargo("xtask regen --check"))
}

pub(super) fn docs(job: &mut Job<'_>) -> Result<(), JobError> {
    for selection in SELECTIONS {
        let command = CommandLine::cargo(&format!("doc --locked --no-deps {selection}"));
        job.check(&command.env("RUSTDOCFLAGS", "-D warnings"))?;
    }
    Ok(())
}

/// Compiles the crates that users depend on or install with the oldest toolchain that they support. Contributors need a current
/// toolchain for the tests and for xtask.
pub(super) fn msrv(job: &mut Job<'_>) -> Result<(), JobError> {
    let version = rust_version(&read(job.root, "Cargo.toml")?).map_err(JobError)?;
    // Without the variable, rustup may install the toolchain silently, with the default profile.
    let is_installed = CommandLine::new("rustup", ["run", &version, "cargo", "--version"])
        .env("RUSTUP_AUTO_INSTALL", "0")
        .succeeds(job.root);
    if !is_installed {
        let install = CommandLine::new("rustup", ["toolchain", "install", &version]).args([
            "--profile",
            "minimal",
            "--no-self-update",
        ]);
        let help = format!("this step needs rustup, and the network or the toolchain {version}");
        job.require(&install, help)?;
    }
    // A separate folder: two toolchains in one folder rebuild each other's artifacts.
    let words = format!("check --locked {USER_CRATES} --all-features --target-dir target/msrv");
    let command = CommandLine::new("rustup", ["run", &version, "cargo"]);
    job.check(&command.args(words.split(' ')))
}

/// Compiles the signature crate for a target without I/O, clock and threads.
pub(super) fn wasm(job: &mut Job<'_>) -> Result<(), JobError> {
    const TARGET: &str = "wasm32-unknown-unknown";
    // rustc prints the folder even if it does not exist.
    let folder = CommandLine::new("rustc", ["--print", "target-libdir", "--target", TARGET])
        .stdout(job.root);
    if !folder.is_some_and(|folder| Path::new(&folder).is_dir()) {
        let add = CommandLine::new("rustup", ["target", "add", TARGET]);
        let help = format!("this step needs rustup and the network, or the target {TARGET}");
        job.require(&add, help)?;
    }
    let words = format!("check --locked -p stablelink-signature --target {TARGET}");
    job.check(&CommandLine::cargo(&words))
}

/// Installs a component that the minimal profile of rustup lacks.
fn ensure_component(job: &mut Job<'_>, name: &str, subcommand: &str) -> Result<(), JobError> {
    let probe = CommandLine::cargo(subcommand).args(["--version"]);
    if probe.succeeds(job.root) {
        return Ok(());
    }
    let add = CommandLine::new("rustup", ["component", "add", name]);
    job.require(&add, format!("install {name} for this toolchain"))
}

/// Returns the toolchain of the workspace's `rust-version`. `1.89` is `1.89.0`: a later patch release proves nothing about
/// the first one.
fn rust_version(manifest: &str) -> Result<String, String> {
    let help = "help: set rust-version = \"1.89\" in [workspace.package]";
    let table: toml::Table = manifest
        .parse()
        .map_err(|error| format!("Cargo.toml: {error}"))?;
    let version = table
        .get("workspace")
        .and_then(|workspace| workspace.get("package"))
        .and_then(|package| package.get("rust-version"))
        .and_then(toml::Value::as_str)
        .ok_or_else(|| format!("Cargo.toml has no rust-version\n  {help}"))?;
    let numbers: Vec<&str> = version.split('.').collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    match (numbers.iter().all(is_number), numbers.len()) {
        (true, 2) => Ok(format!("{version}.0")),
        (true, 3) => Ok(version.to_owned()),
        _ => Err(format!(
            "Cargo.toml: rust-version {version:?} is not a version\n  {help}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_version_is_one_toolchain_or_an_error() {
        let workspace = |value: &str| format!("[workspace.package]\nrust-version = {value}\n");
        let package = "[package]\nrust-version = \"1.89\"\n".to_owned();
        let missing = "Cargo.toml has no rust-version\n  help: set rust-version = \"1.89\" in [workspace.package]";
        for (manifest, expected) in [
            (workspace("\"1.89\""), Ok("1.89.0")),
            (workspace("\"1.89.1\""), Ok("1.89.1")),
            (workspace("\"1\""), Err("is not a version")),
            (workspace("\"1.\""), Err("is not a version")),
            (workspace("\"1.89.0.1\""), Err("is not a version")),
            (workspace("\"stable\""), Err("is not a version")),
            (workspace("\"\""), Err("is not a version")),
            (workspace("1.89"), Err("has no rust-version")),
            (workspace("\"1.89"), Err("Cargo.toml: ")),
            (package, Err(missing)),
        ] {
            match (rust_version(&manifest), expected) {
                (Ok(version), Ok(expected)) => assert_eq!(version, expected),
                (Err(error), Err(part)) => assert!(error.contains(part), "{manifest}: {error}"),
                (result, _) => panic!("{manifest}: {result:?}"),
            }
        }
    }
}
