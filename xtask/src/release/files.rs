//! The version of a release, and the files that contain it.

use std::{fmt, fs, path::Path, str::FromStr};

use crate::{
    diff::changelog::{self, BASELINE},
    job::{error::JobError, read},
    output_files::OutputFiles,
    profile,
};

/// The heading of the changes since the last release, in both changelogs.
const UNRELEASED: &str = "## Unreleased";

/// A version without a pre-release part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReleaseVersion([u64; 3]);

impl FromStr for ReleaseVersion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |part: &str| {
            let is_plain = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            let is_plain = is_plain && (part == "0" || !part.starts_with('0'));
            is_plain.then(|| part.parse().ok()).flatten()
        };
        let parts: Option<Vec<u64>> = text.split('.').map(number).collect();
        parts
            .and_then(|parts| parts.try_into().ok())
            .map(Self)
            .ok_or_else(|| format!("{text:?}: expected MAJOR.MINOR.PATCH, such as 0.2.0"))
    }
}

impl fmt::Display for ReleaseVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

/// The changes that the step from one version to the next allows, by the rules of cargo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReleaseType {
    /// Breaking changes.
    Major,
    /// Additions.
    Minor,
    /// Corrections.
    Patch,
}

impl ReleaseType {
    /// Returns the value for cargo-semver-checks.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Major => "major",
            Self::Minor => "minor",
            Self::Patch => "patch",
        }
    }
}

impl ReleaseVersion {
    /// Returns what the step from this version to `next` allows. The first number that is not zero counts as the major
    /// version.
    ///
    /// # Errors
    /// Fails if `next` is not later.
    pub(super) fn step_to(self, next: Self) -> Result<ReleaseType, JobError> {
        if next <= self {
            return Err(JobError(format!("version {next} is not later than {self}")));
        }
        let first = self.0.iter().position(|part| *part != 0).unwrap_or(2);
        let changed = (0..3).find(|at| self.0[*at] != next.0[*at]).unwrap_or(2);
        Ok(match changed.checked_sub(first) {
            None | Some(0) => ReleaseType::Major,
            Some(1) => ReleaseType::Minor,
            Some(_) => ReleaseType::Patch,
        })
    }
}

/// Returns the version of the workspace.
///
/// # Errors
/// Fails if the manifest has none.
pub(super) fn current_version(root: &Path) -> Result<ReleaseVersion, JobError> {
    let manifest = read(root, "Cargo.toml")?;
    let manifest: toml::Table =
        toml::from_str(&manifest).map_err(|error| JobError(format!("Cargo.toml: {error}")))?;
    let version = manifest
        .get("workspace")
        .and_then(|workspace| workspace.get("package")?.get("version")?.as_str());
    version
        .unwrap_or_default()
        .parse()
        .map_err(|error| JobError(format!("Cargo.toml: workspace.package.version: {error}")))
}

/// Writes the version into the manifest, and moves the entries of both changelogs to it.
///
/// # Errors
/// Fails if a file cannot be read or written, or if a changelog has no unreleased section; nothing is changed then.
pub(super) fn write(
    root: &Path,
    from: ReleaseVersion,
    to: ReleaseVersion,
    date: &str,
) -> Result<(), JobError> {
    let mut outputs = OutputFiles::default();
    outputs.add("Cargo.toml", bump(&read(root, "Cargo.toml")?, from, to));
    // `cargo xtask changelog` adds the next unreleased section of the document.
    for (file, next) in [("CHANGELOG.md", "## Unreleased\n\n"), (changelog::FILE, "")] {
        let text = read(root, file)?;
        let heading = format!("{UNRELEASED}\n");
        if !text.contains(&heading) {
            return Err(JobError(format!(
                "{file}: there is no section `{UNRELEASED}`"
            )));
        }
        let released = format!("{next}## {to} ({date})\n");
        outputs.add(file, text.replacen(&heading, &released, 1));
    }
    write_all(root, &outputs)
}

/// Makes the current document the baseline of the next release.
///
/// # Errors
/// Fails if the document cannot be read, or the baseline cannot be written.
pub(super) fn write_baseline(root: &Path) -> Result<(), JobError> {
    let mut outputs = OutputFiles::default();
    outputs.add(BASELINE, fs::read(root.join(profile::PUBLISHED))?);
    write_all(root, &outputs)
}

fn write_all(root: &Path, outputs: &OutputFiles) -> Result<(), JobError> {
    let written = outputs.write(root).map(|_| ());
    written.map_err(|error| JobError(error.to_string()))
}

/// Returns the manifest of the workspace with the new version of the workspace and of its crates.
fn bump(manifest: &str, from: ReleaseVersion, to: ReleaseVersion) -> String {
    let (old, new) = (
        format!("version = \"{from}\""),
        format!("version = \"{to}\""),
    );
    let mut bumped: String = manifest
        .lines()
        .map(|line| {
            // Other dependencies may have the same version.
            if line == old || line.contains("path = \"crates/") {
                line.replace(&old, &new)
            } else {
                line.to_owned()
            }
        })
        .collect::<Vec<_>>()
        .join("\n");
    bumped.push('\n');
    bumped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> ReleaseVersion {
        text.parse().unwrap()
    }

    #[test]
    fn version_has_three_plain_numbers() {
        assert_eq!(version("1.20.3").to_string(), "1.20.3");
        for text in [
            "",
            "1",
            "1.2",
            "1.2.3.4",
            "v1.2.3",
            "1.2.3-rc1",
            "1.02.3",
            "1.2.+3",
        ] {
            assert!(text.parse::<ReleaseVersion>().is_err(), "{text}");
        }
    }

    #[test]
    fn step_allows_what_cargo_allows() {
        for (from, to, expected) in [
            ("0.1.0", "0.2.0", Some("major")),
            ("0.1.0", "1.0.0", Some("major")),
            ("0.1.0", "0.1.1", Some("minor")),
            ("0.0.1", "0.0.2", Some("major")),
            ("1.2.3", "2.0.0", Some("major")),
            ("1.2.3", "1.3.0", Some("minor")),
            ("1.2.3", "1.2.4", Some("patch")),
            ("0.1.0", "0.1.0", None),
            ("0.2.0", "0.1.9", None),
        ] {
            let step = version(from).step_to(version(to)).ok();
            assert_eq!(step.map(ReleaseType::as_str), expected, "{from} {to}");
        }
    }

    #[test]
    fn release_moves_changelogs_and_writes_baseline() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        fs::create_dir(root.join("spec")).unwrap();
        let put = |file: &str, text: &str| fs::write(root.join(file), text).unwrap();
        let get = |file: &str| fs::read_to_string(root.join(file)).unwrap();
        let manifest = "[workspace.package]\nversion = \"0.1.0\"\n\n[workspace.dependencies]\n\
                        api = { path = \"crates/api\", version = \"0.1.0\" }\nother = { version = \"0.1.0\" }\n";
        put("Cargo.toml", manifest);
        put("CHANGELOG.md", "# Changes\n\n## Unreleased\n\n- New.\n");
        put(changelog::FILE, "# Document\n");
        put(profile::PUBLISHED, "{\"a\": 1}\n");
        let (from, to) = (version("0.1.0"), version("0.2.0"));
        assert_eq!(current_version(root).unwrap(), from);

        let error = write(root, from, to, "2026-01-02").unwrap_err();
        assert!(
            error
                .0
                .starts_with("spec/CHANGELOG.md: there is no section"),
            "{error}"
        );
        assert_eq!(get("Cargo.toml"), manifest);

        put(changelog::FILE, "# Document\n\n## Unreleased\n\nNone.\n");
        write(root, from, to, "2026-01-02").unwrap();
        assert_eq!(current_version(root).unwrap(), to);
        let manifest = get("Cargo.toml");
        assert!(manifest.contains("api = { path = \"crates/api\", version = \"0.2.0\" }"));
        assert!(manifest.contains("other = { version = \"0.1.0\" }"));
        assert_eq!(
            get("CHANGELOG.md"),
            "# Changes\n\n## Unreleased\n\n## 0.2.0 (2026-01-02)\n\n- New.\n"
        );
        assert_eq!(
            get(changelog::FILE),
            "# Document\n\n## 0.2.0 (2026-01-02)\n\nNone.\n"
        );
        write_baseline(root).unwrap();
        assert_eq!(get(BASELINE), "{\"a\": 1}\n");
    }
}
