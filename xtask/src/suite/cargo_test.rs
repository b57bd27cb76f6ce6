//! The tests, once for each set of features that changes what they prove.

use std::fs;

use super::debian;
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
const RUNS: [&str; 17] = [
    "--workspace --exclude stablelink-api --exclude stablelink",
    "--package stablelink-cli --features chromium --test pages",
    "--package stablelink-api",
    "--package stablelink-api --features provisional",
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
    debian::ensure(job)?;
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
