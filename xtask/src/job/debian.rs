//! Programs and libraries of the machine: installed from Debian where this runs as root, else named in one command.

use super::Job;
use super::call::Call;
use super::stop::Stop;

/// A Debian package, and the command that succeeds where what it brings is there, whoever brought it.
pub(crate) struct Package {
    pub(crate) name: &'static str,
    pub(crate) present: (&'static str, &'static [&'static str]),
    pub(crate) purpose: &'static str,
}

/// Sees to it that all of it is there: installs it where this runs as root, and says so; else names the one command.
pub(crate) fn ensure(job: &mut Job<'_>, needed: &[Package]) -> Result<(), Stop> {
    let lacking = missing(job, needed);
    if lacking.is_empty() {
        return Ok(());
    }
    let problem = problem(&lacking);
    // Elsewhere these packages have other names, which nobody guesses here.
    if !Call::new("apt-get", ["--version"]).succeeds_quietly(job.root) {
        return Err(Stop(format!(
            "{problem}\n  help: install it by the means of this system; on Debian: {}",
            command(&lacking)
        )));
    }
    let is_root = Call::new("id", ["-u"]).text(job.root).as_deref() == Some("0");
    if !is_root {
        return Err(Stop(format!(
            "{problem}\n  help: sudo {}",
            command(&lacking)
        )));
    }
    job.note(format!("installed from Debian: {}", names(&lacking)));
    // The lists of a fresh machine may be empty or old; without them the package is not found.
    job.need(
        &Call::new("apt-get", ["update", "--quiet"]),
        "Debian's packages must be reachable",
    )?;
    let install = Call::new(
        "apt-get",
        ["install", "--yes", "--quiet", "--no-install-recommends"],
    )
    .args(lacking.iter().map(|package| package.name))
    .env("DEBIAN_FRONTEND", "noninteractive")
    // No service of the machine is wanted: each test starts its own.
    .env("RUNLEVEL", "1");
    job.need(&install, format!("install by hand: {}", names(&lacking)))?;
    let still = missing(job, needed);
    if still.is_empty() {
        return Ok(());
    }
    let commands: Vec<String> = still.iter().map(|package| shown(package)).collect();
    Err(Stop(format!(
        "installed, and still not found: {}\n  help: see what `{}` says; another program of that name may stand first on the PATH",
        names(&still),
        commands.join("` and `")
    )))
}

fn missing<'a>(job: &Job<'_>, needed: &'a [Package]) -> Vec<&'a Package> {
    let is_missing = |package: &&Package| {
        let (program, args) = package.present;
        !Call::new(program, args.to_vec()).succeeds_quietly(job.root)
    };
    needed.iter().filter(is_missing).collect()
}

/// The command that looks for it.
fn shown(package: &Package) -> String {
    let (program, args) = package.present;
    Call::new(program, args.to_vec()).to_string()
}

/// The one command that brings them.
fn command(packages: &[&Package]) -> String {
    format!("apt-get install -y {}", names(packages))
}

fn names(packages: &[&Package]) -> String {
    let names: Vec<&str> = packages.iter().map(|package| package.name).collect();
    names.join(" ")
}

/// What is not there, and what it is for.
fn problem(packages: &[&Package]) -> String {
    let reasons: Vec<String> = packages
        .iter()
        .map(|package| format!("{} ({})", package.name, package.purpose))
        .collect();
    format!("not on this machine: {}", reasons.join(", "))
}
