//! The steps that are cargo commands alone.

use super::machine;
use crate::job::Job;
use crate::job::call::Call;
use crate::job::stop::Stop;

/// What compiles must be looked at twice: code may stand behind a feature, or behind its absence.
/// For the whole workspace each time, so that the two share nearly all of the dependencies; that
/// the client also compiles by itself is shown by its tests.
pub(super) const FEATURES: [&str; 2] = ["--workspace", "--workspace --all-features"];

/// As most depend on it: in the workspace others turn `provisional` on.
const CLIENT: &str = "--package stablelink-api --package stablelink";

pub(super) fn format(job: &mut Job<'_>) -> Result<(), Stop> {
    component(job, "rustfmt", "fmt")?;
    job.check(&Call::cargo("fmt --all --check"))
}

pub(super) fn clippy(job: &mut Job<'_>) -> Result<(), Stop> {
    component(job, "clippy", "clippy")?;
    machine::ensure(job)?;
    for what in FEATURES.into_iter().chain([CLIENT]) {
        let words = format!("clippy --locked {what} --all-targets -- -D warnings");
        job.check(&Call::cargo(&words))?;
    }
    Ok(())
}

pub(super) fn regen(job: &mut Job<'_>) -> Result<(), Stop> {
    // A process of its own, so that it is the very command that the message tells people to run.
    job.check(&Call::cargo("xtask regen --check"))
}

pub(super) fn docs(job: &mut Job<'_>) -> Result<(), Stop> {
    machine::ensure(job)?;
    for what in FEATURES {
        let words = format!("doc --locked --no-deps {what}");
        job.check(&Call::cargo(&words).env("RUSTDOCFLAGS", "-D warnings"))?;
    }
    Ok(())
}

/// A toolchain of rustup's minimal profile lacks these two.
fn component(job: &mut Job<'_>, name: &str, command: &str) -> Result<(), Stop> {
    if Call::cargo(command)
        .args(["--version"])
        .succeeds_quietly(job.root)
    {
        return Ok(());
    }
    let add = Call::new("rustup", ["component", "add", name]);
    job.need(&add, format!("install {name} for this toolchain"))
}
