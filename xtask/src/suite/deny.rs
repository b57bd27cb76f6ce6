//! Checks the dependencies: licences, sources, duplicates, and known vulnerabilities if the advisory database is reachable.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::job::Job;
use crate::job::command::LimitedOutput;
use crate::job::error::JobError;
use crate::job::install::TOOLS;
use crate::job::tools::CargoTool;

const DENY: CargoTool = CargoTool {
    name: "cargo-deny",
    version: "0.20.2",
    minutes: 2,
};

/// The `db-path` of `deny.toml`.
const DATABASE: &str = "target/tools/advisories";

/// The timeout for fetching the database: on a network that drops packets, git would wait for minutes.
const FETCH_TIMEOUT: Duration = Duration::from_secs(60);

pub(super) fn run(job: &mut Job<'_>) -> Result<(), JobError> {
    DENY.ensure(job)?;
    // An exception in deny.toml that nothing needs would allow a future dependency unseen.
    let strict = [
        "unnecessary-skip",
        "unmatched-skip",
        "license-exception-not-encountered",
    ];
    let rules = DENY
        .command("--locked check --hide-inclusion-graph")
        .args(strict.iter().flat_map(|lint| ["--deny", lint]))
        .args(["licenses", "bans", "sources"]);
    job.check(&rules)?;
    check_advisories(job)
}

/// Fetches the database with a separate command, to distinguish an unreachable network from a vulnerability.
fn check_advisories(job: &mut Job<'_>) -> Result<(), JobError> {
    let fetch = DENY
        .command("fetch db")
        .env("LC_ALL", "C")
        .env("GIT_TERMINAL_PROMPT", "0");
    let log = job.root.join(TOOLS).join("advisories-fetch.log");
    let output = job.timed(&fetch, |job| {
        fetch.run_limited(job.root, FETCH_TIMEOUT, &log)
    })?;
    match classify(&output) {
        FetchResult::Fetched => {}
        FetchResult::Unreachable if has_copy(&job.root.join(DATABASE)) => {
            job.note("advisories checked against an older copy: database unreachable");
        }
        FetchResult::Unreachable => {
            job.note("advisories not checked: database unreachable");
            return Ok(());
        }
        FetchResult::Failed(text) => {
            job.problem(format!(
                "the advisory database is reachable, but could not be fetched:\n{text}"
            ));
            return Ok(());
        }
    }
    job.check(&DENY.command("--locked --offline check --hide-inclusion-graph advisories"))
}

#[derive(Debug, PartialEq, Eq)]
enum FetchResult<'a> {
    Fetched,
    Unreachable,
    Failed(&'a str),
}

/// Messages of git and curl if the host is unreachable or a proxy rejects it. Any other failure (git is missing, a wrong
/// address, a full disk) can be repaired and is reported.
const UNREACHABLE: [&str; 12] = [
    "could not resolve host",
    "could not resolve proxy",
    "temporary failure in name resolution",
    "failed to connect to",
    "couldn't connect to server",
    "connection refused",
    "connection reset",
    "connection timed out",
    "operation timed out",
    "network is unreachable",
    "no route to host",
    "connect tunnel failed",
];

fn classify(output: &LimitedOutput) -> FetchResult<'_> {
    match output {
        LimitedOutput::TimedOut => FetchResult::Unreachable,
        LimitedOutput::Exited { success: true, .. } => FetchResult::Fetched,
        LimitedOutput::Exited { text, .. } => {
            let lower = text.to_lowercase();
            if UNREACHABLE.iter().any(|message| lower.contains(message)) {
                FetchResult::Unreachable
            } else {
                FetchResult::Failed(text)
            }
        }
    }
}

/// Returns whether an earlier run fetched the database.
fn has_copy(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| {
        entries.any(|entry| entry.is_ok_and(|entry| entry.path().join(".git").is_dir()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classify_distinguishes_unreachable_from_other_failures() {
        use FetchResult::{Failed, Fetched, Unreachable};

        assert_eq!(classify(&LimitedOutput::TimedOut), Unreachable);
        for (success, text, expected) in [
            (
                false,
                "failed to fetch advisory database https://host.invalid/db with cli: failed to clone\n\
                 fatal: unable to access 'https://host.invalid/db/': Could not resolve host: host.invalid\n",
                Unreachable,
            ),
            (
                false,
                "fatal: unable to access 'https://host.invalid/db/': Failed to connect to host.invalid port 443 after 2 ms: Couldn't connect to server",
                Unreachable,
            ),
            (
                false,
                "fatal: unable to access 'https://host.invalid/db/': CONNECT tunnel failed, response 403",
                Unreachable,
            ),
            (
                false,
                "error: advisory database url doesn't have a domain name",
                Failed("error: advisory database url doesn't have a domain name"),
            ),
            (
                false,
                "failed to clone: No such file or directory (os error 2)",
                Failed("failed to clone: No such file or directory (os error 2)"),
            ),
            (
                false,
                "fatal: could not create work tree dir: No space left on device",
                Failed("fatal: could not create work tree dir: No space left on device"),
            ),
            (false, "", Failed("")),
            // A retry inside git can succeed.
            (true, "connection reset, trying again", Fetched),
        ] {
            let text = text.to_owned();
            assert_eq!(classify(&LimitedOutput::Exited { success, text }), expected);
        }
    }

    #[test]
    fn has_copy_requires_a_complete_clone() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("advisories");
        assert!(!has_copy(&database));
        fs::create_dir_all(database.join("db")).unwrap();
        fs::write(database.join("db.lock"), "").unwrap();
        assert!(!has_copy(&database));
        fs::create_dir(database.join("db/.git")).unwrap();
        assert!(has_copy(&database));
    }
}
