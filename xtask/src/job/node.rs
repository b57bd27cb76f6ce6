//! Packages of npm in a folder of their own.

use std::fs;

use super::call::Call;
use super::install;
use super::stop::Stop;
use super::{Job, read};

/// Sees to it that `<folder>/node_modules` holds what the lock file of the folder `pins` says. No script of a
/// package runs.
pub(crate) fn ensure(job: &mut Job<'_>, folder: &str, pins: &str) -> Result<(), Stop> {
    let files = ["package.json", "package-lock.json"];
    let mut wanted = String::new();
    for file in files {
        wanted += &read(job.root, &format!("{pins}/{file}"))?;
    }
    install::ensure(job, folder, &wanted, |job| {
        for file in files {
            let copy = job.root.join(folder).join(file);
            fs::copy(job.root.join(pins).join(file), copy)?;
        }
        let call = Call::new("npm", ["ci", "--prefix", folder]).args([
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
        ]);
        job.need(
            &call,
            "Node.js 20.19 or later with npm is needed, and the npm registry must be reachable",
        )
    })
}
