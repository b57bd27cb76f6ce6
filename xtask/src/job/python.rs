//! Python packages in an environment of their own.

use super::call::Call;
use super::debian::{self, Package};
use super::install;
use super::stop::Stop;
use super::{Job, read};

/// Debian ships Python without the part that makes environments.
const NEEDED: [Package; 1] = [Package {
    name: "python3-venv",
    present: ("python3", &["-c", "import ensurepip, venv"]),
    purpose: "packages of Python go to an environment of their own",
}];

/// The interpreter of the environment in `folder`.
pub(crate) fn interpreter(folder: &str) -> String {
    format!("{folder}/bin/python")
}

/// Sees to it that the environment in `folder` holds what the file `requirements` pins.
pub(crate) fn ensure(job: &mut Job<'_>, folder: &str, requirements: &str) -> Result<(), Stop> {
    debian::ensure(job, &NEEDED)?;
    // An environment belongs to the interpreter that made it.
    let version = Call::new("python3", ["--version"]).text(job.root);
    let pins = read(job.root, requirements)?;
    let wanted = format!("{}\n{pins}", version.unwrap_or_default());
    install::ensure(job, folder, &wanted, |job| {
        let make = Call::new("python3", ["-m", "venv", folder]);
        job.need(&make, "python3 must be able to make an environment")?;
        let pip = Call::new(interpreter(folder), ["-m", "pip", "install"])
            .args(["--quiet", "--disable-pip-version-check"])
            .args(["--requirement", requirements]);
        job.need(&pip, "the Python package index must be reachable")
    })
}

/// The version that the text of a requirements file pins a package to.
pub(crate) fn pinned(requirements: &str, package: &str) -> Option<String> {
    let mut pins = requirements
        .lines()
        .filter_map(|line| line.split_once("=="));
    pins.find(|(name, _)| *name == package)
        .map(|(_, version)| version.to_owned())
}
