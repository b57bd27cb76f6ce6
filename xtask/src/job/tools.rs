//! Pinned tools of other package managers, each in its own folder below `target`.

use std::fs;

use super::command::CommandLine;
use super::debian::{self, DebianPackage};
use super::error::JobError;
use super::install::{self, TOOLS};
use super::{Job, read};

/// A cargo subcommand that is compiled from the registry, once for each pinned version.
pub(crate) struct CargoTool {
    /// The name of the package and of the program.
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// The duration of its build on two cores.
    pub(crate) minutes: u8,
}

impl CargoTool {
    pub(crate) fn ensure(&self, job: &mut Job<'_>) -> Result<(), JobError> {
        let Self {
            name,
            version,
            minutes,
        } = self;
        let folder = format!("{TOOLS}/{name}");
        // The tool is built without optimisation: it runs for seconds, and optimising takes most of the build
        // time.
        let pin = format!("{name} {version} debug\n");
        install::ensure(job, &folder, &pin, |job| {
            // A separate build folder, removed at the end, so that an interrupted build can continue.
            let build = format!("{TOOLS}/{name}-build");
            let words = format!(
                "install {name} --locked --debug --version {version} --root {folder} --target-dir {build}"
            );
            let install = CommandLine::cargo(&words)
                .env("CARGO_PROFILE_DEV_DEBUG", "false")
                .env("CARGO_INCREMENTAL", "0");
            job.require(
                &install,
                format!(
                    "the crates registry must be reachable; about {minutes} minutes on 2 cores"
                ),
            )?;
            fs::remove_dir_all(job.root.join(build))?;
            Ok(())
        })
    }

    /// Returns a command line of the tool, with arguments separated by spaces.
    pub(crate) fn command(&self, args: &str) -> CommandLine {
        let name = self.name;
        CommandLine::new(
            format!("{TOOLS}/{name}/bin/{name}"),
            args.split_whitespace(),
        )
    }
}

/// Installs the packages of the lock file in the folder `pins` into `<folder>/node_modules`. No package script
/// runs.
pub(crate) fn ensure_node(job: &mut Job<'_>, folder: &str, pins: &str) -> Result<(), JobError> {
    let files = ["package.json", "package-lock.json"];
    let mut pinned = String::new();
    for file in files {
        pinned += &read(job.root, &format!("{pins}/{file}"))?;
    }
    install::ensure(job, folder, &pinned, |job| {
        for file in files {
            let copy = job.root.join(folder).join(file);
            fs::copy(job.root.join(pins).join(file), copy)?;
        }
        let options = ["--ignore-scripts", "--no-audit", "--no-fund"];
        job.require(
            &CommandLine::new("npm", ["ci", "--prefix", folder]).args(options),
            "Node.js 20.19 or later with npm is needed, and the npm registry must be reachable",
        )
    })
}

/// Debian ships Python without the module that creates virtual environments.
const VENV: [DebianPackage; 1] = [DebianPackage {
    name: "python3-venv",
    probe: ("python3", &["-c", "import ensurepip, venv"]),
    purpose: "Python packages are installed into a virtual environment",
}];

/// Returns the interpreter of the virtual environment in `folder`.
pub(crate) fn python(folder: &str) -> String {
    format!("{folder}/bin/python")
}

/// Installs the packages that the file `requirements` pins into a virtual environment in `folder`.
pub(crate) fn ensure_python(
    job: &mut Job<'_>,
    folder: &str,
    requirements: &str,
) -> Result<(), JobError> {
    debian::ensure(job, &VENV)?;
    // A virtual environment works only with the interpreter that created it.
    let version = CommandLine::new("python3", ["--version"]).stdout(job.root);
    let pins = read(job.root, requirements)?;
    let pinned = format!("{}\n{pins}", version.unwrap_or_default());
    install::ensure(job, folder, &pinned, |job| {
        let create = CommandLine::new("python3", ["-m", "venv", folder]);
        job.require(
            &create,
            "python3 must be able to create a virtual environment",
        )?;
        let install = CommandLine::new(python(folder), ["-m", "pip", "install"])
            .args(["--quiet", "--disable-pip-version-check"])
            .args(["--requirement", requirements]);
        job.require(&install, "the Python package index must be reachable")
    })
}

/// Returns the version of a package in the text of a requirements file.
pub(crate) fn python_pin(requirements: &str, package: &str) -> Option<String> {
    let mut pins = requirements
        .lines()
        .filter_map(|line| line.split_once("=="));
    pins.find(|(name, _)| *name == package)
        .map(|(_, version)| version.to_owned())
}
