//! The tests, once for each set of features that changes what they prove.

use std::fs;

use super::machine;
use super::unused_snapshots;
use crate::job::Job;
use crate::job::call::Call;
use crate::job::counts::Counts;
use crate::job::stop::Stop;

/// The packages and features of each run.
///
/// The clients are never tested together with the rest alone. The importer turns
/// `serde_json/arbitrary_precision` on, cargo unites the features of all packages that it builds
/// at once, and the clients would then only be tested as they behave for users who have that
/// feature on; those without it, most of them, would get code that no test has seen. For the
/// same reason each of their own features is a run of its own, and there is one with all of them and that feature on.
const RUNS: [&str; 18] = [
    "--workspace --exclude stablelink-api --exclude stablelink",
    "--package stablelink-cli --features chromium --test pages",
    "--package stablelink-api",
    "--package stablelink-api --features provisional",
    "--package stablelink-api --features schemars",
    "--package stablelink-api --all-features",
    "--package stablelink-api --features serde_json/arbitrary_precision",
    "--package stablelink",
    "--package stablelink --no-default-features --features native-tls",
    "--package stablelink --no-default-features --features provisional",
    "--package stablelink --no-default-features --features redis",
    // Each kind of TLS alone, for with both of them rustls makes the connection to Redis.
    "--package stablelink --features redis --test redis_tls",
    "--package stablelink --no-default-features --features native-tls,redis --test redis_tls",
    "--package stablelink --no-default-features --features file-store",
    "--package stablelink --no-default-features --features axum",
    "--package stablelink --no-default-features --features metrics",
    "--package stablelink --all-features",
    "--package stablelink --all-features --features serde_json/arbitrary_precision",
];

/// Where insta writes the snapshots that an assertion compared with.
const USED_SNAPSHOTS: &str = "target/suite/used-snapshots.txt";

pub(super) fn run(job: &mut Job<'_>) -> Result<(), Stop> {
    machine::ensure(job)?;
    // The tests run in the folders of their packages.
    let used = std::path::absolute(job.root.join(USED_SNAPSHOTS))?;
    if let Some(folder) = used.parent() {
        fs::create_dir_all(folder)?;
    }
    // insta appends: what an earlier run used must not count.
    fs::write(&used, "")?;

    for what in RUNS {
        let call = Call::cargo(&format!("test --locked --no-fail-fast {what}"))
            // A missing snapshot fails, and nothing in the environment may forgive a wrong one.
            .env("INSTA_UPDATE", "no")
            .env("INSTA_FORCE_PASS", "0")
            .env(
                "INSTA_SNAPSHOT_REFERENCES_FILE",
                used.to_string_lossy().into_owned(),
            );
        one(job, &call, what)?;
    }

    // A failed test may not have come as far as its snapshots.
    if job.is_clean() {
        for path in unused_snapshots::find(job.root, &used)? {
            job.problem(format!(
                "{}: no test uses this snapshot\n  help: delete it, or mend the test that lost it",
                path.display()
            ));
        }
    }
    Ok(())
}

/// One run: its output is passed on and its tests are counted.
fn one(job: &mut Job<'_>, call: &Call, what: &str) -> Result<(), Stop> {
    let mut counts = Counts::default();
    let passed = job.timed(call, |job| {
        call.lines(job.root, |line| {
            if let Some(more) = Counts::parse(&String::from_utf8_lossy(line)) {
                counts = counts.plus(more);
            }
            job.out.write_all(line)
        })
    })?;
    job.add_tests(counts);
    if !passed {
        job.problem(format!(
            "tests failed\n  help: repeat them with cargo test --locked {what}"
        ));
    } else if counts.passed == 0 {
        job.problem(format!("cargo test {what} ran no test"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// What a run builds: `None` is all features, and defaults are left alone unless it says so.
    #[derive(Debug, PartialEq, Eq)]
    struct Built<'a> {
        package: &'a str,
        defaults: bool,
        features: Option<BTreeSet<&'a str>>,
    }

    fn built(run: &str) -> Option<Built<'_>> {
        let mut built = Built {
            package: "",
            defaults: true,
            features: Some(BTreeSet::new()),
        };
        let mut words = run.split(' ');
        while let Some(word) = words.next() {
            match word {
                "--package" => built.package = words.next()?,
                "--no-default-features" => built.defaults = false,
                "--all-features" => built.features = None,
                "--features" => {
                    let more = words.next()?.split(',');
                    built.features.as_mut()?.extend(more);
                }
                // A part of the tests alone, or of the workspace.
                _ => return None,
            }
        }
        Some(built)
    }

    const CRATES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates");

    /// The packages whose features others choose.
    const CLIENTS: [&str; 2] = ["stablelink", "stablelink-api"];

    fn manifest(folder: &Path) -> toml::Table {
        let text = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        text.parse().unwrap()
    }

    fn texts(value: &toml::Value) -> BTreeSet<&str> {
        let items = value.as_array().unwrap().iter();
        items.map(|item| item.as_str().unwrap()).collect()
    }

    #[test]
    #[cfg(unix)]
    fn a_run_that_fails_or_tests_nothing_is_a_problem() {
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
            let call = Call::new("sh", ["-c", &script]);
            one(&mut job, &call, "WHAT").ok().unwrap();
            let wanted: Vec<&str> = problem.into_iter().collect();
            assert_eq!(job.finish().problems, wanted, "{script}");
        }
    }

    /// A new feature has to have its run.
    #[test]
    fn each_feature_is_tested_alone_and_all_of_them_together() {
        let runs: Vec<Built<'_>> = RUNS.iter().filter_map(|run| built(run)).collect();
        for package in CLIENTS {
            let manifest = manifest(&Path::new(CRATES).join(package));
            let features = manifest["features"].as_table().unwrap();
            let defaults = texts(&features["default"]);
            for feature in features.keys().filter(|name| *name != "default") {
                let is_alone = |run: &Built<'_>| {
                    let Some(mut all) = run.features.clone() else {
                        return false;
                    };
                    if run.defaults {
                        all.extend(&defaults);
                    }
                    run.package == package && all == BTreeSet::from([feature.as_str()])
                };
                assert!(runs.iter().any(is_alone), "{package}: {feature} alone");
            }
            let together = Built {
                package,
                defaults: true,
                features: None,
            };
            assert!(runs.contains(&together), "{package}: all together");
        }
    }

    /// Features of the other packages are for their own tests; each has a run too.
    #[test]
    fn no_feature_is_without_a_run() {
        for entry in fs::read_dir(CRATES).unwrap() {
            let manifest = manifest(&entry.unwrap().path());
            let package = manifest["package"]["name"].as_str().unwrap();
            let features = manifest.get("features").and_then(toml::Value::as_table);
            let features = features.into_iter().flat_map(toml::Table::keys);
            for feature in features.filter(|_| !CLIENTS.contains(&package)) {
                let run = format!("--package {package} --features {feature}");
                let has_run = RUNS.iter().any(|it| it.starts_with(&run));
                assert!(has_run, "{run}");
            }
        }
    }

    /// `cargo test --workspace` passes where there is no Redis: the tests that start one are targets that want a feature, and
    /// no package of the workspace turns it on.
    #[test]
    fn a_test_that_starts_redis_wants_its_feature() {
        let root = Path::new(CRATES).parent().unwrap();
        let package = Path::new(CRATES).join("stablelink");
        let targets = manifest(&package);
        let targets = targets["test"].as_array().unwrap();
        let mut seen = 0;
        for entry in fs::read_dir(package.join("tests")).unwrap() {
            let path = entry.unwrap().path();
            let starts = |text: String| text.contains("redis_server");
            if !path.is_file() || !starts(fs::read_to_string(&path).unwrap()) {
                continue;
            }
            let name = path.file_stem().unwrap().to_str().unwrap();
            let target = targets.iter().find(|it| it["name"].as_str() == Some(name));
            let wants = target.map(|target| texts(&target["required-features"]));
            assert_eq!(wants, Some(BTreeSet::from(["redis"])), "{name}");
            seen += 1;
        }
        assert!(seen >= 3, "{seen}");
        let mut folders = vec![root.join("tests"), root.join("xtask")];
        folders.extend(fs::read_dir(CRATES).unwrap().map(|it| it.unwrap().path()));
        for folder in folders {
            let manifest = manifest(&folder);
            for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
                let client = manifest.get(kind).and_then(|all| all.get("stablelink"));
                let features = client.and_then(|client| client.get("features"));
                let features = features.map(texts).unwrap_or_default();
                assert!(!features.contains("redis"), "{} {kind}", folder.display());
            }
        }
    }
}
