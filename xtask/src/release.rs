//! `cargo xtask release`: checks whether the published crates can be released, and lists the changes that would break their
//! users.

use std::io::Write;
use std::path::Path;

use serde_json::Value;

use crate::job::Job;
use crate::job::command::CommandLine;
use crate::job::error::{JobError, JobProblems};
use crate::job::tools::CargoTool;

const SEMVER_CHECKS: CargoTool = CargoTool {
    name: "cargo-semver-checks",
    version: "0.51.0",
    minutes: 4,
};

/// The feature without a promise of stability: its operations are inferred and may prove wrong.
const UNSTABLE_FEATURE: &str = "provisional";

/// Files that every package must contain. Both licences require their text in each copy.
const REQUIRED_FILES: [&str; 3] = ["README.md", "LICENSE-APACHE", "LICENSE-MIT"];

/// Compares the interfaces with those of the revision `against` (the last tag if `None`), and packages the crates. Uploads
/// nothing.
///
/// # Errors
/// All problems of all crates.
pub fn run(root: &Path, against: Option<&str>, out: &mut dyn Write) -> Result<(), JobProblems> {
    let mut job = Job::new(root, out);
    // The crates are packaged even if the comparison fails.
    if let Err(JobError(reason)) = compare_interfaces(&mut job, against) {
        job.problem(reason);
    }
    let packaged = package(&mut job);
    job.into_result(packaged)
}

/// Packages the published crates, and builds each from its package with the packages of the others as dependencies.
pub(crate) fn package(job: &mut Job<'_>) -> Result<(), JobError> {
    // The verification builds share the dependencies of the other builds instead of a new folder for each crate.
    let target = std::path::absolute(job.root.join("target"))?;
    let mut publish = CommandLine::cargo("publish --dry-run --locked --allow-dirty --target-dir")
        .args([target.to_string_lossy()]);
    for PublishedCrate { name, .. } in published_crates(job.root)? {
        // `--allow-dirty`, because the suite also runs on uncommitted changes.
        let list = CommandLine::cargo("package --list --locked --allow-dirty --package");
        let list = list.args([&name]);
        let files = list
            .stdout(job.root)
            .ok_or_else(|| JobError(format!("failed: {list}")))?;
        for file in missing_files(&files) {
            job.problem(format!(
                "the package of {name} has no {file}\n  help: add it to the folder of its Cargo.toml"
            ));
        }
        publish = publish.args(["--package", &name]);
    }
    job.check(&publish)
}

fn missing_files(list: &str) -> impl Iterator<Item = &'static str> {
    REQUIRED_FILES
        .into_iter()
        .filter(move |file| !list.lines().any(|line| line == *file))
}

/// Compares the interface of each crate with its interface at the revision `against`.
fn compare_interfaces(job: &mut Job<'_>, against: Option<&str>) -> Result<(), JobError> {
    let against = match against {
        Some(revision) => revision.to_owned(),
        None => CommandLine::new("git", ["describe", "--tags", "--abbrev=0"])
            .stdout(job.root)
            .ok_or_else(|| {
                JobError(
                    "no tag marks the last release\n  help: name a revision: `cargo xtask release --against HEAD~1`"
                        .to_owned(),
                )
            })?,
    };
    SEMVER_CHECKS.ensure(job)?;
    for published in published_crates(job.root)? {
        job.check(&compare_command(&published, &against))?;
    }
    Ok(())
}

fn compare_command(published: &PublishedCrate, against: &str) -> CommandLine {
    let features = published.features.iter();
    SEMVER_CHECKS
        .command("semver-checks --only-explicit-features --package")
        .args([published.name.as_str(), "--baseline-rev", against])
        .args(features.flat_map(|name| ["--features", name.as_str()]))
}

/// A crate of the workspace that is published to a registry.
#[derive(Debug, PartialEq, Eq)]
struct PublishedCrate {
    name: String,
    /// All features except [`UNSTABLE_FEATURE`].
    features: Vec<String>,
}

fn published_crates(root: &Path) -> Result<Vec<PublishedCrate>, JobError> {
    let command = CommandLine::cargo("metadata --locked --no-deps --format-version 1");
    let text = command
        .stdout(root)
        .ok_or_else(|| JobError(format!("failed: {command}")))?;
    let crates = parse_metadata(&text)
        .map_err(|error| JobError(format!("the output of `{command}`: {error}")))?;
    if crates.is_empty() {
        return Err(JobError("the workspace has no published crate".to_owned()));
    }
    Ok(crates)
}

fn parse_metadata(metadata: &str) -> serde_json::Result<Vec<PublishedCrate>> {
    let metadata: Value = serde_json::from_str(metadata)?;
    let packages = metadata["packages"].as_array();
    Ok(packages
        .into_iter()
        .flatten()
        // `publish = false` is an empty list of registries.
        .filter(|package| package["publish"].is_null())
        .map(|package| PublishedCrate {
            name: package["name"].as_str().unwrap_or_default().to_owned(),
            features: package["features"]
                .as_object()
                .into_iter()
                .flat_map(|features| features.keys())
                .filter(|name| *name != UNSTABLE_FEATURE)
                .cloned()
                .collect(),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(features: [&str; 2]) -> PublishedCrate {
        PublishedCrate {
            name: "client".to_owned(),
            features: features.map(str::to_owned).to_vec(),
        }
    }

    #[test]
    fn missing_files_are_found_at_the_top_level_only() {
        let missing = |list| missing_files(list).collect::<Vec<_>>();
        let complete = "Cargo.toml\nLICENSE-APACHE\nLICENSE-MIT\nREADME.md\nsrc/lib.rs";
        assert_eq!(missing(complete), [""; 0]);
        assert_eq!(
            missing("LICENSE-MIT\ndocs/README.md"),
            ["README.md", "LICENSE-APACHE"]
        );
    }

    #[test]
    fn compare_command_names_every_stable_feature() {
        assert_eq!(
            compare_command(&client(["default", "redis"]), "v1").to_string(),
            "target/tools/cargo-semver-checks/bin/cargo-semver-checks semver-checks --only-explicit-features \
             --package client --baseline-rev v1 --features default --features redis"
        );
    }

    #[test]
    fn parse_metadata_skips_unpublished_crates_and_the_unstable_feature() {
        let metadata = r#"{"packages": [
            {"name": "tool", "publish": [], "features": {}},
            {"name": "client", "publish": null, "features": {"default": ["a"], "a": [], "provisional": []}}
        ]}"#;
        assert_eq!(
            parse_metadata(metadata).unwrap(),
            [client(["default", "a"])]
        );
        assert_eq!(parse_metadata("{}").unwrap(), []);
        assert!(parse_metadata("").is_err());
    }
}
