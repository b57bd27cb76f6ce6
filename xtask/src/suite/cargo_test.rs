//! The tests, once for each set of features that changes behaviour. The `clippy` step compiles every other set.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use crate::diff::oasdiff;
use crate::job::Job;
use crate::job::command::CommandLine;
use crate::job::error::JobError;

/// The arguments of each `cargo test`.
///
/// In the first run `serde_json/arbitrary_precision` is on: the importer needs it, and cargo unites the features of all packages
/// of a build. Most users have that feature off, so the other runs test the clients without it. The CLI turns on most features of
/// `stablelink`, and the first run adds the others. It leaves out `native-tls`, with which each client loads the certificates of
/// the system twice. Both kinds of TLS need a run: with both features on, rustls makes the connection to Redis.
///
/// `--tests` leaves out examples and doc tests, which the other runs cover.
const RUNS: [&str; 4] = [
    "--workspace --features stablelink-cli/chromium,stablelink/_redis-server,stablelink/metrics",
    "--package stablelink --package stablelink-api",
    "--package stablelink --package stablelink-api --all-features",
    "--package stablelink --no-default-features --features native-tls,_redis-server --tests",
];

/// The file to which insta appends the path of every snapshot that an assertion reads.
const REFERENCED_SNAPSHOTS: &str = "target/suite/referenced-snapshots.txt";

pub(super) fn run(job: &mut Job<'_>) -> Result<(), JobError> {
    // The path is absolute, because tests run in the folders of their packages.
    let referenced = std::path::absolute(job.root.join(REFERENCED_SNAPSHOTS))?;
    if let Some(folder) = referenced.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&referenced, "")?;

    // Without the program, the tests of `cargo xtask diff` would pass without a comparison.
    let oasdiff = oasdiff::install(job)?;
    let mut total = TestCounts::default();
    for arguments in RUNS {
        let command = CommandLine::cargo(&format!("test --locked --no-fail-fast {arguments}"))
            // A missing or different snapshot is a failure, even if the environment configures insta differently.
            .env("INSTA_UPDATE", "no")
            .env("INSTA_FORCE_PASS", "0")
            .env(oasdiff::PROGRAM_VARIABLE, oasdiff.to_string_lossy())
            .env(
                "INSTA_SNAPSHOT_REFERENCES_FILE",
                referenced.to_string_lossy(),
            );
        total = total.plus(run_tests(job, &command, arguments)?);
    }
    job.note(total.to_string());

    // A test that failed may have stopped before it read its snapshots.
    if !job.has_problems() {
        for path in unreferenced_snapshots(job.root, &fs::read_to_string(referenced)?)? {
            job.problem(format!(
                "{}: no test reads this snapshot\n  help: delete it, or repair the test that read it",
                path.display()
            ));
        }
    }
    Ok(())
}

/// Runs one `cargo test`, prints its output, and counts its tests.
fn run_tests(
    job: &mut Job<'_>,
    command: &CommandLine,
    arguments: &str,
) -> Result<TestCounts, JobError> {
    let mut counts = TestCounts::default();
    let passed = job.timed(command, |job| {
        command.for_each_line(job.root, |line| {
            if let Some(more) = TestCounts::parse(&String::from_utf8_lossy(line)) {
                counts = counts.plus(more);
            }
            job.out.write_all(line)
        })
    })?;
    if !passed {
        job.problem(format!(
            "tests failed\n  help: repeat them with cargo test --locked {arguments}"
        ));
    } else if counts.passed == 0 {
        job.problem(format!("cargo test {arguments} ran no test"));
    }
    Ok(counts)
}

/// Returns the snapshots that are not in `referenced`, a list with one path per line.
///
/// `cargo insta test --unreferenced=reject` does the same from the same file, but compiles for longer than the rest of the
/// step takes to check it.
fn unreferenced_snapshots(root: &Path, referenced: &str) -> Result<Vec<PathBuf>, JobError> {
    let list = CommandLine::new("git", ["ls-files", "--cached", "--others"]).args([
        "--exclude-standard",
        "--deduplicate",
        "*.snap",
    ]);
    let files = list
        .stdout(root)
        .ok_or_else(|| JobError(format!("failed: {list}")))?;
    // insta writes paths with `..`, also of snapshots in temporary folders that no longer exist.
    let referenced: BTreeSet<PathBuf> = referenced
        .lines()
        .filter_map(|line| fs::canonicalize(line).ok())
        .collect();
    let is_unreferenced = |path: &PathBuf| {
        fs::canonicalize(root.join(path)).is_ok_and(|path| !referenced.contains(&path))
    };
    Ok(files
        .lines()
        .map(PathBuf::from)
        .filter(is_unreferenced)
        .collect())
}

/// The number of tests with each result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct TestCounts {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl TestCounts {
    /// Reads the last line of one test binary. Returns `None` for any other line.
    fn parse(line: &str) -> Option<Self> {
        let (_, parts) = line.strip_prefix("test result: ")?.split_once(". ")?;
        let mut counts = Self::default();
        for part in parts.split(';') {
            let Some((number, word)) = part.trim().split_once(' ') else {
                continue;
            };
            let count = match word {
                "passed" => &mut counts.passed,
                "failed" => &mut counts.failed,
                "ignored" => &mut counts.ignored,
                _ => continue,
            };
            *count = number.parse().ok()?;
        }
        Some(counts)
    }

    fn plus(self, other: Self) -> Self {
        Self {
            passed: self.passed.saturating_add(other.passed),
            failed: self.failed.saturating_add(other.failed),
            ignored: self.ignored.saturating_add(other.ignored),
        }
    }
}

impl fmt::Display for TestCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            passed,
            failed,
            ignored,
        } = self;
        write!(f, "{passed} passed, {failed} failed, {ignored} ignored")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crates() -> PathBuf {
        crate::workspace::root().unwrap().join("crates")
    }

    fn manifest(folder: &Path) -> toml::Table {
        let text = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        text.parse().unwrap()
    }

    fn strings(value: &toml::Value) -> BTreeSet<&str> {
        let items = value.as_array().unwrap().iter();
        items.map(|item| item.as_str().unwrap()).collect()
    }

    #[test]
    fn counts_are_parsed_from_result_lines_only_and_added() {
        let counts = |passed, failed, ignored| {
            Some(TestCounts {
                passed,
                failed,
                ignored,
            })
        };
        let cases = [
            (
                "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.01s\n",
                counts(5, 0, 1),
            ),
            (
                "test result: FAILED. 5 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s",
                counts(5, 2, 0),
            ),
            ("test a::b ... ok\n", None),
            ("  test result: ok. 5 passed;\n", None),
            ("test result: ok. x passed; 0 failed\n", None),
            ("", None),
        ];
        for (line, expected) in cases {
            assert_eq!(TestCounts::parse(line), expected, "{line}");
        }
        let one = counts(1, 2, 3).unwrap();
        assert_eq!(one.plus(one).to_string(), "2 passed, 4 failed, 6 ignored");
    }

    #[test]
    #[cfg(unix)]
    fn run_tests_failure_or_no_test_is_a_problem() {
        let result =
            |passed| format!("echo 'test result: ok. {passed} passed; 0 failed; 0 ignored'");
        for (script, problem) in [
            (format!("{}; {}", result(0), result(2)), None),
            (
                "echo 'running 0 tests'".to_owned(),
                Some("cargo test WHAT ran no test"),
            ),
            (result(0), Some("cargo test WHAT ran no test")),
            (
                format!("{}; exit 101", result(2)),
                Some("tests failed\n  help: repeat them with cargo test --locked WHAT"),
            ),
        ] {
            let mut out = Vec::new();
            let mut job = Job::new(Path::new("."), &mut out);
            let command = CommandLine::new("sh", ["-c", &script]);
            run_tests(&mut job, &command, "WHAT").unwrap();
            let expected: Vec<&str> = problem.into_iter().collect();
            assert_eq!(job.finish(Ok(())).problems, expected, "{script}");
        }
    }

    #[test]
    fn unreferenced_snapshots_finds_tracked_and_new_files_only() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        assert!(CommandLine::new("git", ["init", "--quiet"]).succeeds(root));
        for file in [
            "a/snapshots/used.snap",
            "a/snapshots/unused.snap",
            "a/snapshots/no-snapshot.txt",
            "b/unused-too.snap",
            "target/debug/built.snap",
        ] {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        fs::write(root.join(".gitignore"), "target\n").unwrap();
        let used = root.join("a/../a/snapshots/used.snap");
        let referenced = format!("{}\n/removed/folder.snap\n", used.display());
        assert_eq!(
            unreferenced_snapshots(root, &referenced).unwrap(),
            ["a/snapshots/unused.snap", "b/unused-too.snap"].map(PathBuf::from)
        );
    }

    /// Checks that the clients are tested alone as well: a feature that another package of the build turns on can hide a
    /// failure.
    #[test]
    fn clients_are_tested_alone_and_with_other_packages() {
        let clients = "--package stablelink --package stablelink-api";
        let all = format!("{clients} --all-features");
        assert!(RUNS.contains(&clients) && RUNS.contains(&all.as_str()));
        assert!(RUNS[0].starts_with("--workspace "));
    }

    /// `cargo test --workspace` passes without a Redis server: the tests that start one are targets that require a feature,
    /// and no package of the workspace turns it on.
    #[test]
    fn test_that_starts_redis_requires_the_feature() {
        const FEATURE: &str = "_redis-server";
        let root = crate::workspace::root().unwrap();
        let package = crates().join("stablelink");
        let targets = manifest(&package);
        let targets = targets["test"].as_array().unwrap();
        let mut seen = 0;
        for entry in fs::read_dir(package.join("tests")).unwrap() {
            let path = entry.unwrap().path();
            let main = match path.is_dir() {
                true => path.join("main.rs"),
                false => path.clone(),
            };
            let starts = |text: String| text.contains("redis_server");
            if !fs::read_to_string(main).is_ok_and(starts) {
                continue;
            }
            let name = path.file_stem().unwrap().to_str().unwrap();
            let target = targets.iter().find(|it| it["name"].as_str() == Some(name));
            let required = target.map(|target| strings(&target["required-features"]));
            assert_eq!(required, Some(BTreeSet::from([FEATURE])), "{name}");
            seen += 1;
        }
        assert!(seen >= 1, "{seen}");
        let mut folders = vec![root.join("tests"), root.join("xtask")];
        folders.extend(fs::read_dir(crates()).unwrap().map(|it| it.unwrap().path()));
        for folder in folders {
            let manifest = manifest(&folder);
            for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
                let client = manifest.get(kind).and_then(|all| all.get("stablelink"));
                let features = client.and_then(|client| client.get("features"));
                let features = features.map(strings).unwrap_or_default();
                assert!(!features.contains(FEATURE), "{} {kind}", folder.display());
            }
        }
    }
}
