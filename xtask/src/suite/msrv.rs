//! The workspace compiles with the oldest toolchain that it claims to support.

use std::fs;

use super::code::FEATURES;
use super::machine;
use crate::job::Job;
use crate::job::call::Call;
use crate::job::stop::Stop;

/// Apart from the usual one: two toolchains in one folder would rebuild each other's work.
const TARGET: &str = "target/msrv";

pub(super) fn run(job: &mut Job<'_>) -> Result<(), Stop> {
    machine::ensure(job)?;
    let manifest = fs::read_to_string(job.root.join("Cargo.toml"))?;
    let version = rust_version(&manifest).map_err(Stop)?;
    // Otherwise rustup may install the toolchain on the sly, with the default profile.
    let present = Call::new("rustup", ["run", &version, "cargo", "--version"])
        .env("RUSTUP_AUTO_INSTALL", "0")
        .succeeds_quietly(job.root);
    if !present {
        let install = Call::new("rustup", ["toolchain", "install", &version]).args([
            "--profile",
            "minimal",
            "--no-self-update",
        ]);
        job.need(
            &install,
            format!("this step needs rustup, and the network or the toolchain {version}"),
        )?;
    }
    for what in FEATURES {
        let words = format!("check --locked {what} --all-targets --target-dir {TARGET}");
        let call = Call::new("rustup", ["run", &version, "cargo"]).args(words.split(' '));
        job.check(&call)?;
    }
    Ok(())
}

/// The `rust-version` of the workspace as the name of one toolchain: `1.89` is `1.89.0`, for a
/// later patch release proves nothing about the first one.
fn rust_version(manifest: &str) -> Result<String, String> {
    let help = "help: state it as rust-version = \"1.89\" in [workspace.package]";
    let table: toml::Table = manifest
        .parse()
        .map_err(|error| format!("Cargo.toml: {error}"))?;
    let version = table
        .get("workspace")
        .and_then(|workspace| workspace.get("package"))
        .and_then(|package| package.get("rust-version"))
        .and_then(toml::Value::as_str)
        .ok_or_else(|| format!("Cargo.toml states no rust-version\n  {help}"))?;
    let numbers: Vec<&str> = version.split('.').collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    match (numbers.iter().all(is_number), numbers.len()) {
        (true, 2) => Ok(format!("{version}.0")),
        (true, 3) => Ok(version.to_owned()),
        _ => Err(format!(
            "Cargo.toml: rust-version {version:?} is no version\n  {help}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_names_one_toolchain() {
        let cases = [
            ("\"1.89\"", Ok("1.89.0")),
            ("\"1.89.1\"", Ok("1.89.1")),
            ("\"1\"", Err("is no version")),
            ("\"1.\"", Err("is no version")),
            ("\"1.89.0.1\"", Err("is no version")),
            ("\"stable\"", Err("is no version")),
            ("\"\"", Err("is no version")),
            ("1.89", Err("states no rust-version")),
            ("\"1.89", Err("Cargo.toml: ")),
        ];
        for (value, wanted) in cases {
            let manifest = format!("[workspace.package]\nrust-version = {value}\n");
            match (rust_version(&manifest), wanted) {
                (Ok(version), Ok(wanted)) => assert_eq!(version, wanted),
                (Err(error), Err(part)) => assert!(error.contains(part), "{value}: {error}"),
                (found, _) => panic!("{value}: {found:?}"),
            }
        }
    }

    #[test]
    fn the_version_of_a_package_is_not_that_of_the_workspace() {
        let error = rust_version("[package]\nrust-version = \"1.89\"\n").unwrap_err();
        insta::assert_snapshot!(error);
    }
}
