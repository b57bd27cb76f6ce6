//! What the interfaces of the crates would break for those who depend on them, by cargo-semver-checks.

use super::published::{self, Published};
use crate::job::Job;
use crate::job::call::Call;
use crate::job::cargo_tool::CargoTool;
use crate::job::stop::Stop;

const SEMVER_CHECKS: CargoTool = CargoTool {
    name: "cargo-semver-checks",
    version: "0.51.0",
    minutes: 6,
};

/// Compares each crate with itself at `against`.
pub(super) fn in_job(job: &mut Job<'_>, against: Option<&str>) -> Result<(), Stop> {
    let against = match against {
        Some(revision) => revision.to_owned(),
        None => last_tag(job)?,
    };
    SEMVER_CHECKS.ensure(job)?;
    for published in published::find(job.root)? {
        job.check(&compare(&published, &against))?;
    }
    Ok(())
}

fn last_tag(job: &Job<'_>) -> Result<String, Stop> {
    Call::new("git", ["describe", "--tags", "--abbrev=0"])
        .text(job.root)
        .ok_or_else(|| {
            Stop(
                "no tag says what was released last\n  help: name a revision: `cargo xtask release --against HEAD~1`"
                    .to_owned(),
            )
        })
}

fn compare(published: &Published, against: &str) -> Call {
    let call = SEMVER_CHECKS
        .call("semver-checks --only-explicit-features --package")
        .args([published.name.as_str(), "--baseline-rev", against]);
    published
        .features
        .iter()
        .fold(call, |call, name| call.args(["--features", name]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_a_promise_is_compared() {
        let published = Published {
            name: "client".to_owned(),
            features: vec!["default".to_owned(), "redis".to_owned()],
        };
        assert_eq!(
            compare(&published, "v1").to_string(),
            "target/tools/cargo-semver-checks/bin/cargo-semver-checks semver-checks --only-explicit-features \
             --package client --baseline-rev v1 --features default --features redis"
        );
    }
}
