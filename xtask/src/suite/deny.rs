//! The dependencies: licences, sources and duplicates, and known vulnerabilities as far as the
//! advisory database can be had.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::job::Job;
use crate::job::call::Limited;
use crate::job::cargo_tool::CargoTool;
use crate::job::install::TOOLS;
use crate::job::stop::Stop;

const DENY: CargoTool = CargoTool {
    name: "cargo-deny",
    version: "0.20.2",
    minutes: 3,
};

/// The `db-path` of `deny.toml`.
const DATABASE: &str = "target/tools/advisories";

/// A network that drops packets would hold git up for minutes.
const FETCH_LIMIT: Duration = Duration::from_secs(60);

pub(super) fn run(job: &mut Job<'_>) -> Result<(), Stop> {
    DENY.ensure(job)?;
    // A licence or duplicate that deny.toml allows and nobody needs is a hole left open.
    let strict = [
        "unnecessary-skip",
        "unmatched-skip",
        "license-exception-not-encountered",
    ];
    let rules = DENY
        .call("--locked check --hide-inclusion-graph")
        .args(strict.iter().flat_map(|lint| ["--deny", lint]))
        .args(["licenses", "bans", "sources"]);
    job.check(&rules)?;
    advisories(job)
}

/// Fetching is a command of its own, so that a network that is not there and a vulnerability that
/// is there can't be taken for each other.
fn advisories(job: &mut Job<'_>) -> Result<(), Stop> {
    let fetch = DENY
        .call("fetch db")
        .env("LC_ALL", "C")
        .env("GIT_TERMINAL_PROMPT", "0");
    let log = job.root.join(TOOLS).join("advisories-fetch.log");
    let limited = job.timed(&fetch, |job| {
        let start = Instant::now();
        fetch.limited(job.root, || start.elapsed() >= FETCH_LIMIT, &log)
    })?;
    match classify(&limited) {
        Fetch::Fetched => {}
        Fetch::Unreachable if has_copy(&job.root.join(DATABASE)) => {
            job.note("advisories: checked against an older copy, database unreachable");
        }
        Fetch::Unreachable => {
            job.note("advisories: not checked, database unreachable");
            return Ok(());
        }
        Fetch::Failed(text) => {
            job.problem(format!(
                "the advisory database could not be fetched, and not for want of a network:\n{text}"
            ));
            return Ok(());
        }
    }
    job.check(&DENY.call("--locked --offline check --hide-inclusion-graph advisories"))
}

#[derive(Debug, PartialEq, Eq)]
enum Fetch<'a> {
    Fetched,
    Unreachable,
    Failed(&'a str),
}

/// What git and curl say when the host can't be reached or is refused by a proxy on the way.
/// Anything else (no git, a wrong address, a full disk) can be mended and must be seen.
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

fn classify(limited: &Limited) -> Fetch<'_> {
    match limited {
        Limited::TimedOut => Fetch::Unreachable,
        Limited::Ended { success: true, .. } => Fetch::Fetched,
        Limited::Ended { text, .. } => {
            let lower = text.to_lowercase();
            if UNREACHABLE.iter().any(|words| lower.contains(words)) {
                Fetch::Unreachable
            } else {
                Fetch::Failed(text)
            }
        }
    }
}

/// Whether an earlier run fetched the database.
fn has_copy(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| {
        entries.any(|entry| entry.is_ok_and(|entry| entry.path().join(".git").is_dir()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_that_is_not_there_is_told_from_what_can_be_mended() {
        let ended = |success, text: &str| Limited::Ended {
            success,
            text: text.to_owned(),
        };
        let unreachable = [
            "failed to fetch advisory database https://host.invalid/db with cli: failed to clone\n\
             fatal: unable to access 'https://host.invalid/db/': Could not resolve host: host.invalid\n",
            "fatal: unable to access 'https://host.invalid/db/': Failed to connect to host.invalid port 443 after 2 ms: Couldn't connect to server",
            "fatal: unable to access 'https://host.invalid/db/': CONNECT tunnel failed, response 403",
        ];
        for text in unreachable {
            assert_eq!(classify(&ended(false, text)), Fetch::Unreachable, "{text}");
        }
        assert_eq!(classify(&Limited::TimedOut), Fetch::Unreachable);

        let failed = [
            "error: advisory database url doesn't have a domain name",
            "failed to clone: No such file or directory (os error 2)",
            "fatal: could not create work tree dir: No space left on device",
            "",
        ];
        for text in failed {
            assert_eq!(classify(&ended(false, text)), Fetch::Failed(text));
        }
        // The words may stand in the output of a fetch that worked at the second try.
        assert_eq!(
            classify(&ended(true, "connection reset, trying again")),
            Fetch::Fetched
        );
    }

    #[test]
    fn only_a_complete_clone_is_a_copy() {
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
