//! Python packages in an environment of their own.

use super::call::Call;
use super::install;
use super::stop::Stop;
use super::{Job, read};

/// The interpreter of the environment in `folder`.
pub(crate) fn interpreter(folder: &str) -> String {
    format!("{folder}/bin/python")
}

/// Sees to it that the environment in `folder` holds what the file `requirements` pins.
pub(crate) fn ensure(job: &mut Job<'_>, folder: &str, requirements: &str) -> Result<(), Stop> {
    with_venv(job)?;
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

/// Debian ships Python without the part that makes environments.
fn with_venv(job: &mut Job<'_>) -> Result<(), Stop> {
    let probe = Call::new("python3", ["-c", "import ensurepip, venv"]);
    if probe.succeeds_quietly(job.root) {
        return Ok(());
    }
    let package = "python3-venv";
    let is_root = Call::new("id", ["-u"]).text(job.root).as_deref() == Some("0");
    let has_apt = Call::new("apt-get", ["--version"]).succeeds_quietly(job.root);
    if !(is_root && has_apt) {
        return Err(Stop(format!(
            "python3 is missing, or can't make environments\n  \
             help: on Debian, apt-get install {package}"
        )));
    }
    let help = format!("install {package} by hand");
    job.need(&Call::new("apt-get", ["update", "--quiet"]), &help)?;
    let install = Call::new("apt-get", ["install", "--yes", "--quiet", package])
        .env("DEBIAN_FRONTEND", "noninteractive");
    job.need(&install, &help)?;
    if probe.succeeds_quietly(job.root) {
        return Ok(());
    }
    Err(Stop(format!(
        "the python3 that stands first on the PATH can't make environments, although {package} \
         is installed\n  help: put one that can first"
    )))
}

/// The version that the text of a requirements file pins a package to.
pub(crate) fn pinned(requirements: &str, package: &str) -> Option<String> {
    let mut pins = requirements
        .lines()
        .filter_map(|line| line.split_once("=="));
    pins.find(|(name, _)| *name == package)
        .map(|(_, version)| version.to_owned())
}
