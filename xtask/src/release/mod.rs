//! `cargo xtask release`: checks whether the published crates can be released, and lists the changes that would break their
//! users. With a version, it also makes the release: versions, changelogs, baseline, commit and tag. Nothing is uploaded.

mod files;

pub use files::ReleaseVersion;

use std::error::Error;
use std::io::Write;
use std::path::Path;

use serde_json::Value;

use crate::diff::{self, changelog, command::Format, oasdiff::Oasdiff};
use crate::job::Job;
use crate::job::command::CommandLine;
use crate::job::error::{JobError, JobProblems};
use crate::job::tools::CargoTool;
use crate::output_files::FileState;
use crate::{profile, regen};
use files::ReleaseType;

const SEMVER_CHECKS: CargoTool = CargoTool {
    name: "cargo-semver-checks",
    version: "0.51.0",
    minutes: 4,
};

/// The feature without a promise of stability: its operations are inferred and may prove wrong.
const UNSTABLE_FEATURE: &str = "provisional";

/// Files that every package must contain. Both licences require their text in each copy.
const REQUIRED_FILES: [&str; 3] = ["README.md", "LICENSE-APACHE", "LICENSE-MIT"];

/// Compares the interfaces with those of the revision `against` (the last tag if `None`), and packages the crates. With a
/// version, refuses one that is too small for the changes, and otherwise makes the release.
///
/// # Errors
/// All problems of all crates. Without a commit, no file is changed.
pub fn run(
    root: &Path,
    against: Option<&str>,
    version: Option<ReleaseVersion>,
    out: &mut dyn Write,
) -> Result<(), JobProblems> {
    let mut job = Job::new(root, out);
    let checked = check(&mut job, against, version);
    let result = match (checked, version) {
        (Ok(()), Some(version)) if !job.has_problems() => make(&mut job, version),
        (checked, _) => checked,
    };
    job.into_result(result)
}

fn check(
    job: &mut Job<'_>,
    against: Option<&str>,
    version: Option<ReleaseVersion>,
) -> Result<(), JobError> {
    let step = match version {
        Some(version) => {
            require_clean_tree(job.root, version)?;
            let current = files::current_version(job.root)?;
            require_one_version(&published_crates(job.root)?, current)?;
            let step = current.step_to(version)?;
            check_document(job, step)?;
            Some(step)
        }
        None => None,
    };
    // The crates are packaged even if the comparison fails.
    if let Err(JobError(reason)) = compare_interfaces(job, against, step) {
        job.problem(reason);
    }
    package(job)
}

/// Fails if a published crate has another version than the workspace. A crate re-exports types of the other crates, so a
/// change of one is a change of all.
fn require_one_version(crates: &[PublishedCrate], current: ReleaseVersion) -> Result<(), JobError> {
    match crates.iter().find(|it| it.version != current.to_string()) {
        None => Ok(()),
        Some(other) => Err(JobError(format!(
            "{} has version {}, but the workspace has {current}\n  help: use `version.workspace = true`",
            other.name, other.version
        ))),
    }
}

/// Fails if the tree has uncommitted changes, or if the tag of the version exists.
fn require_clean_tree(root: &Path, version: ReleaseVersion) -> Result<(), JobError> {
    let output = |args: &[&str]| {
        let command = git(args);
        command
            .stdout(root)
            .ok_or_else(|| JobError(format!("failed: {command}")))
    };
    let changes = output(&["status", "--porcelain", "--untracked-files=normal"])?;
    if !changes.trim().is_empty() {
        return Err(JobError(format!(
            "the tree has uncommitted changes\n{changes}  help: commit them first; the release is a separate commit"
        )));
    }
    let tag = format!("v{version}");
    if output(&["tag", "--list", &tag])?.trim().is_empty() {
        Ok(())
    } else {
        Err(JobError(format!("the tag {tag} exists already")))
    }
}

/// Reports generated files that are stale, items to review, and changes of the document that the version is too small for.
fn check_document(job: &mut Job<'_>, step: ReleaseType) -> Result<(), JobError> {
    let failed = |error: Box<dyn Error>| JobError(error.to_string());
    let built = regen::build(job.root).map_err(|error| failed(error.into()))?;
    let states = built
        .outputs
        .compare(job.root)
        .map_err(|error| failed(error.into()))?;
    if states
        .iter()
        .any(|(_, state)| *state != FileState::Unchanged)
    {
        job.problem("generated files are stale\n  help: cargo xtask regen");
    }
    if !built.review.is_empty() {
        job.problem(format!(
            "spec/REVIEW.md has {} items: a release assumes nothing\n  help: decide them with `cargo xtask curate OPERATION`",
            built.review.len()
        ));
    }
    let oasdiff = oasdiff(job.root)?;
    let (old, new) = (changelog::BASELINE, profile::PUBLISHED);
    let report = diff::command::run(job.root, &oasdiff, old, new, Format::Text).map_err(failed)?;
    if report.is_breaking && step != ReleaseType::Major {
        job.problem(format!(
            "the document has breaking changes, so this version is too small\n{}",
            report.text
        ));
    }
    Ok(())
}

/// Makes the release. If a step fails, the tree and the branch are restored.
fn make(job: &mut Job<'_>, version: ReleaseVersion) -> Result<(), JobError> {
    // The tree may have changed during the checks, which take minutes.
    require_clean_tree(job.root, version)?;
    let command = git(&["rev-parse", "HEAD"]);
    let head = command
        .stdout(job.root)
        .ok_or_else(|| JobError(format!("failed: {command}")))?;
    if let Err(error) = write_and_tag(job, version) {
        restore(job, head.trim())?;
        return Err(error);
    }
    job.note(format!(
        "v{version} is tagged; next: git push --follow-tags, then cargo publish"
    ));
    Ok(())
}

/// Resets the branch and the tree to a commit. Untracked files are stashed, not deleted: a person may have created one of
/// them since the tree was checked.
fn restore(job: &mut Job<'_>, head: &str) -> Result<(), JobError> {
    job.require(
        &git(&["reset", "--hard", "--quiet", head]),
        "reset the branch by hand",
    )?;
    job.check(&git(&[
        "stash",
        "push",
        "--include-untracked",
        "--quiet",
        "--message",
        "files of a failed release",
    ]))
}

/// Writes the files of the release, commits and tags them.
fn write_and_tag(job: &mut Job<'_>, version: ReleaseVersion) -> Result<(), JobError> {
    const RESTORED: &str = "the release is undone, and its new files are in the git stash; correct the cause and run the command again";
    let root = job.root;
    diff::command::update_changelog(root, &oasdiff(root)?)
        .map_err(|error| JobError(error.to_string()))?;
    let date = jiff::Zoned::now().date().to_string();
    files::write(root, files::current_version(root)?, version, &date)?;
    // The new version is compiled into the program that generates the document.
    job.require(
        &CommandLine::cargo("run --package xtask -- regen"),
        RESTORED,
    )?;
    files::write_baseline(root)?;
    let (message, tag) = (format!("chore(release): {version}"), format!("v{version}"));
    job.require(&git(&["add", "--all"]), RESTORED)?;
    job.require(
        &git(&["commit", "--quiet", "--message", &message]),
        RESTORED,
    )?;
    job.require(
        &git(&["tag", "--annotate", "--message", &tag, &tag]),
        RESTORED,
    )
}

fn git(args: &[&str]) -> CommandLine {
    CommandLine::new("git", args.iter().copied())
}

fn oasdiff(root: &Path) -> Result<Oasdiff, JobError> {
    Oasdiff::find_or_install(root).map_err(|error| JobError(error.to_string()))
}

/// Packages the published crates, and builds each from its package with the packages of the others as dependencies.
pub(crate) fn package(job: &mut Job<'_>) -> Result<(), JobError> {
    // A new folder for each run: Cargo never unpacks or compiles a package of the same path and version again, and would
    // build a crate with the packages of an earlier run.
    let target = std::path::absolute(job.root.join("target"))?;
    std::fs::create_dir_all(&target)?;
    let target = tempfile::tempdir_in(target)?;
    let mut publish = CommandLine::cargo("publish --dry-run --locked --allow-dirty --target-dir")
        .args([target.path().to_string_lossy()]);
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
///
/// The crates have one version. `stablelink` re-exports types of the other crates, which cargo-semver-checks does not
/// follow: a change of such a type is found in the crate that has it, and counts for all crates.
fn compare_interfaces(
    job: &mut Job<'_>,
    against: Option<&str>,
    step: Option<ReleaseType>,
) -> Result<(), JobError> {
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
        job.check(&compare_command(&published, &against, step))?;
    }
    Ok(())
}

/// Returns the command that compares a crate. Without a version to release, it fails on any breaking change.
fn compare_command(
    published: &PublishedCrate,
    against: &str,
    step: Option<ReleaseType>,
) -> CommandLine {
    let features = published.features.iter();
    let step = step.unwrap_or(ReleaseType::Minor).as_str();
    SEMVER_CHECKS
        .command("semver-checks --only-explicit-features --package")
        .args([published.name.as_str(), "--baseline-rev", against])
        .args(["--release-type", step])
        .args(features.flat_map(|name| ["--features", name.as_str()]))
}

/// A crate of the workspace that is published to a registry.
#[derive(Debug, PartialEq, Eq)]
struct PublishedCrate {
    name: String,
    version: String,
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
            version: package["version"].as_str().unwrap_or_default().to_owned(),
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
            version: "0.1.0".to_owned(),
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
            compare_command(&client(["default", "redis"]), "v1", None).to_string(),
            "target/tools/cargo-semver-checks/bin/cargo-semver-checks semver-checks --only-explicit-features \
             --package client --baseline-rev v1 --release-type minor --features default --features redis"
        );
    }

    #[test]
    fn parse_metadata_skips_unpublished_crates_and_the_unstable_feature() {
        let metadata = r#"{"packages": [
            {"name": "tool", "publish": [], "features": {}},
            {"name": "client", "version": "0.1.0", "publish": null, "features": {"default": ["a"], "a": [], "provisional": []}}
        ]}"#;
        assert_eq!(
            parse_metadata(metadata).unwrap(),
            [client(["default", "a"])]
        );
        assert_eq!(parse_metadata("{}").unwrap(), []);
        assert!(parse_metadata("").is_err());
    }

    #[test]
    fn crates_of_a_release_have_one_version() {
        let crates = [client(["default", "redis"])];
        require_one_version(&crates, "0.1.0".parse().unwrap()).unwrap();
        let error = require_one_version(&crates, "0.2.0".parse().unwrap()).unwrap_err();
        assert!(
            error
                .0
                .starts_with("client has version 0.1.0, but the workspace has 0.2.0"),
            "{error}"
        );
    }

    #[test]
    fn failed_release_restores_commit_and_tree() {
        let root = repository();
        let root = root.path();
        let run = |args: &[&str]| assert!(git(args).succeeds(root), "{args:?}");
        std::fs::write(root.join("file"), "old").unwrap();
        run(&["add", "file"]);
        run(&["commit", "--quiet", "--message", "first"]);
        let head = git(&["rev-parse", "HEAD"]).stdout(root).unwrap();
        // The commit is made, but the tag is not.
        std::fs::write(root.join("file"), "new").unwrap();
        run(&["commit", "--quiet", "--all", "--message", "release"]);
        std::fs::create_dir(root.join("folder")).unwrap();
        std::fs::write(root.join("folder/created"), "").unwrap();
        let mut out = Vec::new();
        let mut job = Job::new(root, &mut out);
        restore(&mut job, head.trim()).unwrap();
        assert!(!job.has_problems());
        assert_eq!(git(&["rev-parse", "HEAD"]).stdout(root).unwrap(), head);
        assert_eq!(std::fs::read_to_string(root.join("file")).unwrap(), "old");
        assert!(!root.join("folder").exists());
    }

    fn repository() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for args in [
            &["init", "--quiet"][..],
            &["config", "user.name", "a"],
            &["config", "user.email", "a@a.example"],
        ] {
            assert!(git(args).succeeds(root.path()), "{args:?}");
        }
        root
    }

    #[test]
    fn release_needs_clean_tree_and_new_tag() {
        let root = repository();
        let root = root.path();
        let run = |args: &[&str]| assert!(git(args).succeeds(root), "{args:?}");
        std::fs::write(root.join("file"), "").unwrap();
        let version: ReleaseVersion = "0.2.0".parse().unwrap();
        let error = require_clean_tree(root, version).unwrap_err();
        assert!(error.0.contains("uncommitted changes\n?? file"), "{error}");
        run(&["add", "file"]);
        run(&["commit", "--quiet", "--message", "first"]);
        require_clean_tree(root, version).unwrap();
        run(&["tag", "v0.2.0"]);
        let error = require_clean_tree(root, version).unwrap_err();
        assert_eq!(error.0, "the tag v0.2.0 exists already");
    }
}
