//! What the suite needs of the machine beyond the toolchains: a real Redis, a real browser, and a TLS library to link with.

use crate::job::Job;
use crate::job::call::Call;
use crate::job::stop::Stop;

/// A Debian package, and the command that succeeds where what it brings is there, whoever brought it.
struct Package {
    name: &'static str,
    present: (&'static str, &'static [&'static str]),
    purpose: &'static str,
}

const NEEDED: [Package; 4] = [
    Package {
        name: "pkg-config",
        present: ("pkg-config", &["--version"]),
        purpose: "finds the libraries of the machine",
    },
    Package {
        name: "libssl-dev",
        present: ("pkg-config", &["--exists", "openssl"]),
        purpose: "the feature native-tls links with it",
    },
    Package {
        name: "redis-server",
        present: ("redis-server", &["--version"]),
        purpose: "tests share a token over a real Redis, which they start themselves",
    },
    Package {
        name: "chromium",
        present: ("chromium", &["--version"]),
        purpose: "tests look at the pages of the gateway on localhost as a person would",
    },
];

/// Sees to it that all of it is there: installs it where this runs as root, and says so; else names the one command.
pub(super) fn ensure(job: &mut Job<'_>) -> Result<(), Stop> {
    let root = job.root;
    let missing = missing(|program, args| Call::new(program, args.to_vec()).succeeds_quietly(root));
    if missing.is_empty() {
        return Ok(());
    }
    let reasons = reasons(&missing);
    if Call::new("id", ["-u"]).text(job.root).as_deref() != Some("0") {
        return Err(Stop(format!(
            "not on this machine: {reasons}\n  help: sudo apt-get install -y {}",
            names(&missing)
        )));
    }
    job.note(format!("installed from Debian: {}", names(&missing)));
    // The lists of a fresh machine may be empty or old; without them the package is not found.
    job.need(
        &Call::new("apt-get", ["update", "--quiet"]),
        "Debian's packages must be reachable",
    )?;
    let install = Call::new(
        "apt-get",
        ["install", "--yes", "--quiet", "--no-install-recommends"],
    )
    .args(missing.iter().map(|package| package.name))
    .env("DEBIAN_FRONTEND", "noninteractive")
    // No service of the machine is wanted: each test starts its own.
    .env("RUNLEVEL", "1");
    job.need(&install, format!("install by hand: {reasons}"))
}

fn missing(succeeds: impl Fn(&str, &[&'static str]) -> bool) -> Vec<&'static Package> {
    NEEDED
        .iter()
        .filter(|package| !succeeds(package.present.0, package.present.1))
        .collect()
}

fn names(packages: &[&Package]) -> String {
    let names: Vec<&str> = packages.iter().map(|package| package.name).collect();
    names.join(" ")
}

fn reasons(packages: &[&Package]) -> String {
    let reasons: Vec<String> = packages
        .iter()
        .map(|package| format!("{} ({})", package.name, package.purpose))
        .collect();
    reasons.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_not_asked_for() {
        for (there, wanted) in [
            (vec!["pkg-config", "redis-server", "chromium"], ""),
            (vec!["pkg-config"], "redis-server chromium"),
            (vec!["redis-server", "chromium"], "pkg-config libssl-dev"),
            (vec![], "pkg-config libssl-dev redis-server chromium"),
        ] {
            let found = missing(|program, _| there.contains(&program));
            assert_eq!(names(&found), wanted);
        }
    }
}
