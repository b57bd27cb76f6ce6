//! Tools of cargo that are compiled from the registry, once for each pinned version.

use std::fs;

use super::Job;
use super::call::Call;
use super::install::{self, TOOLS};
use super::stop::Stop;

/// A tool whose package and program have one name.
pub(crate) struct CargoTool {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// How long its build takes on two cores.
    pub(crate) minutes: u8,
}

impl CargoTool {
    /// Installs it where it is not there yet.
    pub(crate) fn ensure(&self, job: &mut Job<'_>) -> Result<(), Stop> {
        let Self {
            name,
            version,
            minutes,
        } = self;
        let folder = format!("{TOOLS}/{name}");
        install::ensure(job, &folder, &format!("{name} {version}\n"), |job| {
            // Kept apart from the tool and only removed at the end: an interrupted build goes on
            // where it stopped.
            let build = format!("{TOOLS}/{name}-build");
            let words = format!(
                "install {name} --locked --version {version} --root {folder} --target-dir {build}"
            );
            job.need(
                &Call::cargo(&words),
                format!(
                    "the crates registry must be reachable; about {minutes} minutes on 2 cores"
                ),
            )?;
            fs::remove_dir_all(job.root.join(build))?;
            Ok(())
        })
    }

    /// The tool itself with words parted by blanks.
    pub(crate) fn call(&self, words: &str) -> Call {
        let name = self.name;
        Call::new(
            format!("{TOOLS}/{name}/bin/{name}"),
            words.split_whitespace(),
        )
    }
}
