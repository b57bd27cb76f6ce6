//! The readers of npm: pinned, installed in one folder, and run with the Node.js that is installed beside them.

use crate::job::call::Call;
use crate::job::{Job, node as npm, stop::Stop};

/// Where all that is surveyed is installed and writes to, below the root.
pub(super) const TARGET: &str = "target/interop/survey";

/// Pins of what npm has of it.
pub(super) const PINS: &str = "tests/interop/survey";

/// Sees to it that all of them are there.
pub(super) fn ensure(job: &mut Job<'_>) -> Result<(), Stop> {
    npm::ensure(job, TARGET, PINS)
}

/// A script of an installed package, with the Node.js that is installed beside it: some want a newer one than a machine has.
pub(super) fn node(script: &str) -> Call {
    let arch = match std::env::consts::ARCH {
        "aarch64" => "arm64",
        _ => "x64",
    };
    let modules = format!("{TARGET}/node_modules");
    let program = format!("{modules}/node-{}-{arch}/bin/node", std::env::consts::OS);
    Call::new(program, [format!("{modules}/{script}")]).env("NO_COLOR", "1")
}
