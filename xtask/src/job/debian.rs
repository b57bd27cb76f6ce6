//! Programs and libraries of the system: installed from Debian when running as root, otherwise reported with the command
//! that installs them.

use super::Job;
use super::command::CommandLine;
use super::error::JobError;

/// A Debian package.
pub(crate) struct DebianPackage {
    pub(crate) name: &'static str,
    /// A command that succeeds if the content of the package is present, even if it was installed
    /// in another way.
    pub(crate) probe: (&'static str, &'static [&'static str]),
    pub(crate) purpose: &'static str,
}

impl DebianPackage {
    fn probe_command(&self) -> CommandLine {
        let (program, args) = self.probe;
        CommandLine::new(program, args.to_vec())
    }
}

/// Installs the packages that are missing, or returns an error that says how to install them.
pub(crate) fn ensure(job: &mut Job<'_>, packages: &[DebianPackage]) -> Result<(), JobError> {
    let missing = find_missing(job, packages);
    if missing.is_empty() {
        return Ok(());
    }
    let reasons: Vec<String> = missing
        .iter()
        .map(|package| format!("{} ({})", package.name, package.purpose))
        .collect();
    let problem = format!("missing on this machine: {}", reasons.join(", "));
    let install = format!("apt-get install -y {}", names(&missing));
    // Other systems use other package names.
    if !CommandLine::new("apt-get", ["--version"]).succeeds(job.root) {
        return Err(JobError(format!(
            "{problem}\n  help: install it with the package manager of this system; on Debian: {install}"
        )));
    }
    let is_root = CommandLine::new("id", ["-u"]).stdout(job.root).as_deref() == Some("0");
    if !is_root {
        return Err(JobError(format!("{problem}\n  help: sudo {install}")));
    }
    job.note(format!("installed from Debian: {}", names(&missing)));
    // On a fresh machine the package lists are empty or outdated.
    job.require(
        &CommandLine::new("apt-get", ["update", "--quiet"]),
        "the Debian package servers must be reachable",
    )?;
    let install = CommandLine::new("apt-get", ["install", "--yes", "--quiet"])
        .args(["--no-install-recommends"])
        .args(missing.iter().map(|package| package.name))
        .env("DEBIAN_FRONTEND", "noninteractive")
        // Prevents the start of services: each test starts its own server.
        .env("RUNLEVEL", "1");
    job.require(&install, format!("install by hand: {}", names(&missing)))?;
    let missing = find_missing(job, packages);
    if missing.is_empty() {
        return Ok(());
    }
    let probes: Vec<String> = missing
        .iter()
        .map(|package| format!("`{}`", package.probe_command()))
        .collect();
    Err(JobError(format!(
        "still missing after the installation: {}\n  help: look at the output of {}; the PATH may find another program of that name first",
        names(&missing),
        probes.join(" and ")
    )))
}

fn find_missing<'a>(job: &Job<'_>, packages: &'a [DebianPackage]) -> Vec<&'a DebianPackage> {
    packages
        .iter()
        .filter(|package| !package.probe_command().succeeds(job.root))
        .collect()
}

fn names(packages: &[&DebianPackage]) -> String {
    let names: Vec<&str> = packages.iter().map(|package| package.name).collect();
    names.join(" ")
}
